"""The events of a run: small, frozen, and all that the terminal, the report files and the journal know of an audit."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

__all__ = [
    "AuditFinished",
    "AuditResult",
    "AuditStarted",
    "BaselineUse",
    "Bound",
    "Coverage",
    "CoverageCell",
    "Estimate",
    "Event",
    "FaultEffect",
    "FaultWindow",
    "Finding",
    "FindingFound",
    "Known",
    "KnownFinding",
    "Note",
    "Picture",
    "Progress",
    "PropertyEstimate",
    "PropertyResult",
    "SideRow",
    "Sides",
    "SourcePath",
    "StratumEstimate",
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


class SideRow(msgspec.Struct, frozen=True):
    """One source as two targets took it: the price as it entered, the effective weight, the reason, all as printed, "" where it was not said.

    `mark` says in what they differ, "" where they do not.
    """

    source: str
    price: str
    weight: str
    reason: str
    other_price: str
    other_weight: str
    other_reason: str
    mark: str = ""


class Sides(msgspec.Struct, frozen=True):
    """How two targets explain themselves where they part: `target` and `other` are their labels, `rows` their sources.

    `notes` say who explains nothing, `rules` what a written methodology says of it, each behind "A: " or "B: ". `what` is one word for what happened and for
    the reasons that either gives.
    """

    target: str
    other: str
    rows: list[SideRow]
    notes: list[str]
    rules: list[str]
    what: str = ""


class Known(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the baseline says of a finding: why it is known, until which day (2027-01-31), whose it is; `expired`: that day is over, and it fails."""

    reason: str
    until: str
    owner: str = ""
    expired: bool = False


class Finding(msgspec.Struct, frozen=True):
    """A property, a target, and the smallest scenario that breaks it.

    `sentence` says what happened, `promised` and `seen` hold it against the promise; `file` is relative to the run's folder; `sources`,
    `quotes`, `faults` count the shrunk scenario, `from_*` the one it came from; `evaluations` counts what shrinking cost; `log` is the
    target's own standard error; `seed` told the run differently where a metamorphic statement is broken. `what` is one word for what happened: findings of
    one property are told apart by it and by the kinds of fault. `fingerprint` is the same for the same finding of another run; `known` is what the baseline
    says of it, None where it is new. `sides` is how both explain themselves where two targets were held against one another.
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
    what: str = ""
    fingerprint: str = ""
    known: Known | None = None
    sides: Sides | None = None


class PropertyResult(msgspec.Struct, frozen=True):
    """One property of one target: the verdict, its reason, in how many scenarios it was judged and its premise met, the worst case, what was found.

    `findings` are all distinct ones, the first of them `finding`; where only that one is given, it is the only one. `known`: all that was found stands in the
    baseline, and the verdict is "waived" for that reason.
    """

    id: str
    statement: str
    verdict: Verdict
    reason: str
    scenarios: int
    premise_met: int
    worst: Worst | None = None
    finding: Finding | None = None
    breaches: int = 0
    findings: list[Finding] = []
    known: bool = False

    @property
    def all_findings(self) -> list[Finding]:
        """Every distinct finding, the first one first."""
        return self.findings or ([] if self.finding is None else [self.finding])


class Bound(msgspec.Struct, frozen=True):
    """`k` of `n` independent cases broke; `upper_95` and `upper_99` are one-sided Clopper-Pearson upper bounds on the probability (1 where n is 0)."""

    n: int
    k: int
    upper_95: float
    upper_99: float


class StratumEstimate(msgspec.Struct, frozen=True):
    """One stratum of a property: a fault kind in a regime, the share of cases that are drawn into it, and what was seen there."""

    fault: str
    regime: str
    weight: float
    bound: Bound


class PropertyEstimate(msgspec.Struct, frozen=True):
    """One property in the estimate: over all cases whose premise was met; for the family (Bonferroni); weighted over strata; by stratum.

    `weighted_95` and `weighted_99` bound the sum over strata of weight times probability, the weights those declared and renormalised over the
    `strata` in which the premise was met; None where it was met in none.
    """

    id: str
    bound: Bound
    family_95: float
    family_99: float
    weighted_95: float | None
    weighted_99: float | None
    strata: list[StratumEstimate]


class Estimate(msgspec.Struct, frozen=True):
    """What independent cases of a declared distribution say: `done` of `planned` cases; `sentence` says what the probabilities are probabilities of.

    `distribution` is the declaration, as (what, how it is drawn); `family` the number of bounds that hold together in the family-wise line;
    `stopped` says why fewer cases than planned were run, or "".
    """

    planned: int
    done: int
    seed: int
    family: int
    sentence: str
    distribution: list[tuple[str, str]]
    properties: list[PropertyEstimate]
    stopped: str = ""


class CoverageCell(msgspec.Struct, frozen=True):
    """A fault kind ("" is none) in a regime: the broken twins in which it touched a quote (of "": the clean runs), and counts, one a property.

    The lists stand in the order of `Coverage.properties`: judged twins, those whose premise was met, those that broke the promise, the largest size seen
    (in the property's own unit).
    """

    fault: str
    regime: str
    twins: int
    judged: list[int]
    met: list[int]
    broken: list[int]
    worst: list[float]


class FaultEffect(msgspec.Struct, frozen=True):
    """What a fault kind did in a search: twins it was injected into, twins in which it touched a quote, quotes touched, determinations that differ.

    `determinations` and `differing` count publications of the broken twins in which it touched a quote; one differs where value or status is not
    that of the clean twin.
    """

    fault: str
    twins: int
    touching: int
    quotes: int
    determinations: int
    differing: int


class Coverage(msgspec.Struct, frozen=True):
    """Which cells of fault kind x regime x property were looked at: `filled` of `expected` ones, the `blanks` in words, the counts.

    `faults` and `regimes` are the rows and columns, `""` the row of no fault; `bears` says for each row which properties are expected to be met there.
    """

    expected: int
    filled: int
    faults: list[str]
    regimes: list[str]
    properties: list[str]
    bears: dict[str, list[str]]
    cells: list[CoverageCell]
    effects: list[FaultEffect]
    blanks: list[str]


class TargetResult(msgspec.Struct, frozen=True):
    """All of one target. `expect` is the promise it was held to, as people write it; `cut` the scenario at which a time limit stopped it.

    `estimate` is None where none was asked for, `coverage` where nothing was searched. `failed_faults` says of third parties' faults what went wrong with them:
    what they were to break was not judged, which is as inconclusive as a property that was not.
    """

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
    estimate: Estimate | None = None
    coverage: Coverage | None = None
    failed_faults: list[str] = []


class KnownFinding(msgspec.Struct, frozen=True):
    """An entry of the baseline as reports name it; `until` as a person writes it: 2027-01-31."""

    fingerprint: str
    target: str
    property: str
    reason: str
    until: str
    owner: str
    summary: str


class BaselineUse(msgspec.Struct, frozen=True):
    """What a baseline did in an audit: its file's name, how many findings it knew, entries that are `expired` and fail, those that occur no longer (`gone`)."""

    file: str
    entries: int
    known: int
    expired: list[KnownFinding]
    gone: list[KnownFinding]


class AuditResult(msgspec.Struct, frozen=True):
    """The whole audit; `survey` says that nobody was judged; `plan` is the effective plan; `seconds` is the only field that may differ between equal runs.

    `require_coverage`: a blank cell of a target's coverage counts as inconclusive. `baseline` is None where there was none.
    """

    version: str
    seed: int
    profile: str
    survey: bool
    plan: dict[str, object]
    targets: list[TargetResult]
    interrupted: bool = False
    seconds: float = 0.0
    started: str = ""
    require_coverage: bool = False
    baseline: BaselineUse | None = None


class AuditStarted(msgspec.Struct, frozen=True, tag=True):
    """The audit begins; `folder` is where its report goes, as text for people; `against` is what all targets are held against, "" for nothing."""

    version: str
    seed: int
    profile: str
    survey: bool
    targets: list[str]
    properties: list[str]
    folder: str
    jobs: int
    against: str = ""


class TargetStarted(msgspec.Struct, frozen=True, tag=True):
    """A target answered (or failed) its `describe`; `planned` scenarios will be run."""

    target: str
    name: str
    version: str
    kind: str
    planned: int


class Progress(msgspec.Struct, frozen=True, tag=True):
    """`done` of `planned` scenarios of this target are judged; `phase` is "search", "estimate" or "shrink"."""

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
