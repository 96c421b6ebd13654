"""The events of a run: small, frozen, and all that the terminal, the report files and the journal know of an audit."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

__all__ = [
    "AuditFinished",
    "AuditResult",
    "AuditStarted",
    "Event",
    "FaultWindow",
    "Finding",
    "FindingFound",
    "Note",
    "Picture",
    "Progress",
    "PropertyResult",
    "SourcePath",
    "TableRow",
    "TargetFinished",
    "TargetResult",
    "TargetStarted",
    "Verdict",
    "Worst",
]

Verdict: TypeAlias = Literal["holds", "inconclusive", "violated", "waived", "not-applicable"]


class Worst(msgspec.Struct, frozen=True, omit_defaults=True):
    """The worst case of a property: `value` in `unit` ("ratio", "us", "count"), `text` as a person reads it, where it was seen."""

    value: float
    unit: str
    text: str
    scenario: str = ""
    fault: str = ""


class TableRow(msgspec.Struct, frozen=True):
    """One line of a finding's table; all cells are text as printed, `mark` is set on the line of the first breach."""

    time: str
    source: str
    event: str
    price: str
    index: str
    other: str
    mark: str = ""


class SourcePath(msgspec.Struct, frozen=True):
    """What one source said in a finding's scenario: times in microseconds, prices with None for null, in the clean and the broken twin."""

    id: str
    times: list[int]
    prices: list[float | None]
    broken_times: list[int]
    broken_prices: list[float | None]
    faulty: bool


class FaultWindow(msgspec.Struct, frozen=True):
    """A fault of a finding's scenario, in microseconds; `end` None: to the end."""

    fault: str
    source: str
    start: int
    end: int | None


class Picture(msgspec.Struct, frozen=True):
    """What the charts of a finding draw: index and reference index by publication (None: no value), sources, windows, margin states.

    `other_name` says what the reference is ("clean twin", "kraken absent"). `states` and `other_states` hold one state a publication for `account`.
    """

    times: list[int]
    index: list[float | None]
    status: list[str]
    other_name: str
    other: list[float | None]
    other_status: list[str]
    sources: list[SourcePath]
    windows: list[FaultWindow]
    breach_at: int | None
    account: str = ""
    states: list[str] = []
    other_states: list[str] = []


class Finding(msgspec.Struct, frozen=True):
    """A property, a target, and the smallest scenario that breaks it.

    `sentence` says what happened, `promised` and `seen` hold it against the promise; `file` is relative to the run's folder; `sources`,
    `quotes`, `faults` count the shrunk scenario, `from_*` the one it came from; `evaluations` counts what shrinking cost; `log` is the
    target's own standard error; `seed` told the run differently where a metamorphic statement is broken.
    """

    id: str
    property: str
    target: str
    scenario: str
    sentence: str
    promised: str
    seen: str
    table: list[TableRow]
    other_column: str
    footnote: str
    sources: int
    quotes: int
    faults: int
    from_sources: int
    from_quotes: int
    from_faults: int
    evaluations: int
    shrink_note: str
    file: str
    reproduce: str
    fault_names: list[str]
    picture: Picture | None = None
    log: str = ""
    waived: str = ""
    seed: int = 0


class PropertyResult(msgspec.Struct, frozen=True):
    """One property of one target: the verdict, its reason, in how many scenarios it was judged and its premise met, the worst case, the finding."""

    id: str
    statement: str
    verdict: Verdict
    reason: str
    scenarios: int
    premise_met: int
    worst: Worst | None = None
    finding: Finding | None = None
    breaches: int = 0


class TargetResult(msgspec.Struct, frozen=True):
    """All of one target. `expect` is the promise it was held to, as people write it; `cut` the scenario at which a time limit stopped it."""

    target: str
    name: str
    version: str
    kind: str
    expect: dict[str, object]
    properties: list[PropertyResult]
    measures: dict[str, object]
    scenarios: int
    evaluations: int
    cut: int | None = None
    notes: list[str] = []


class AuditResult(msgspec.Struct, frozen=True):
    """The whole audit; `survey` says that nobody was judged; `plan` is the effective plan; `seconds` is the only field that may differ between equal runs."""

    version: str
    seed: int
    profile: str
    survey: bool
    plan: dict[str, object]
    targets: list[TargetResult]
    interrupted: bool = False
    seconds: float = 0.0
    started: str = ""


class AuditStarted(msgspec.Struct, frozen=True, tag=True):
    """The audit begins; `folder` is where its report goes, as text for people."""

    version: str
    seed: int
    profile: str
    survey: bool
    targets: list[str]
    properties: list[str]
    folder: str
    jobs: int


class TargetStarted(msgspec.Struct, frozen=True, tag=True):
    """A target answered (or failed) its `describe`; `planned` scenarios will be run."""

    target: str
    name: str
    version: str
    kind: str
    planned: int


class Progress(msgspec.Struct, frozen=True, tag=True):
    """`done` of `planned` scenarios of this target are judged; `phase` is "search" or "shrink"."""

    target: str
    done: int
    planned: int
    phase: str = "search"
    breaches: int = 0


class Note(msgspec.Struct, frozen=True, tag=True):
    """Something the user should know, said once."""

    target: str
    text: str


class FindingFound(msgspec.Struct, frozen=True, tag=True):
    """A finding is shrunk and saved."""

    finding: Finding


class TargetFinished(msgspec.Struct, frozen=True, tag=True):
    """A target is done."""

    result: TargetResult


class AuditFinished(msgspec.Struct, frozen=True, tag=True):
    """The audit is done, or was interrupted with what it had."""

    result: AuditResult


Event: TypeAlias = AuditStarted | TargetStarted | Progress | Note | FindingFound | TargetFinished | AuditFinished
