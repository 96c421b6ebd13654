"""The baseline: findings that are known, and do not fail an audit until the day they are known until.

A baseline says who answers for a finding and until when. What it knows is shown all the same; a finding whose day is over fails as a new one does, and an
entry whose finding occurs no longer is named, so that the file gets shorter. Surveys judge nobody and have no baseline.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.audit.events import AuditFinished, BaselineUse, FindingFound, Known, KnownFinding, TargetFinished
from indexlab.audit.fingerprint import FINGERPRINT
from indexlab.market.errors import InputError
from indexlab.market.tables import read_table, record, refuse_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from indexlab.audit.events import AuditResult, Event, Finding, PropertyResult, TargetResult
    from indexlab.audit.save import Saved

__all__ = ["BASELINE_NAME", "Baseline", "Entry", "entries_of", "find_baseline", "read_baseline", "with_baseline"]

BASELINE_NAME: Final = "indexlab-baseline.toml"
_LONGEST: Final = 1_000


class Entry(msgspec.Struct, frozen=True):
    """One known finding; `until` is the last day on which it is known. What it was, is written beside it for those who read the file."""

    fingerprint: str
    target: str
    property: str
    reason: str
    until: date
    what: str = ""
    owner: str = ""
    summary: str = ""

    def order(self) -> tuple[str, str, str]:
        """Where it stands in the file: by target, then by property."""
        return self.target, self.property, self.fingerprint


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries of a baseline's file, and the day on which they are looked at."""

    path: Path
    entries: tuple[Entry, ...]
    today: date

    def names(self, fingerprint: str) -> bool:
        """Say whether an entry is about a finding with this fingerprint, expired or not."""
        return any(entry.fingerprint == fingerprint for entry in self.entries)

    def said_of(self, finding: Finding) -> Known | None:
        """Return what the baseline says of a finding, or None."""
        for entry in self.entries:
            if entry.fingerprint == finding.fingerprint:
                return Known(entry.reason, entry.until.isoformat(), entry.owner, expired=self.today > entry.until)
        return None


def find_baseline(here: Path) -> Path | None:
    """Return the baseline at or above a folder."""
    return next((folder / BASELINE_NAME for folder in (here, *here.parents) if (folder / BASELINE_NAME).is_file()), None)


def read_baseline(path: Path, today: date) -> Baseline:
    """Read a baseline's file strictly. Raises InputError that names the file, the entry, the key and the remedy."""
    return Baseline(path, entries_of(read_table(path), path), today)


def entries_of(table: dict[str, object], path: Path) -> tuple[Entry, ...]:
    """Return the entries of a baseline's top table. Raises InputError."""
    refuse_unknown(table, ["known"], file=path)
    listed = table.get("known", [])
    if not isinstance(listed, list):
        problem = "must be a list of tables"
        raise InputError(problem, file=path, key="known", remedy="write [[known]] above each entry")
    entries = tuple(_entry(one, f"known[{place}]", path) for place, one in enumerate(listed, 1))
    seen: set[str] = set()
    for place, entry in enumerate(entries, 1):
        if entry.fingerprint in seen:
            problem = f'stands there twice, was "{entry.fingerprint}"'
            raise InputError(problem, file=path, key=f"known[{place}].fingerprint", remedy="remove one of the two")
        seen.add(entry.fingerprint)
    return entries


def _entry(given: object, key: str, path: Path) -> Entry:
    entry = record(given, Entry, key=key, file=path)
    if not FINGERPRINT.fullmatch(entry.fingerprint):
        problem = f'must be 12 hexadecimal digits, was "{entry.fingerprint[:40]}"'
        raise InputError(problem, file=path, key=f"{key}.fingerprint", remedy="copy it from the finding, or write the entry with `indexlab baseline add`")
    for name in ("target", "property", "reason", "owner", "summary"):
        text = getattr(entry, name)
        if len(text) > _LONGEST:
            problem = f"must have at most {_LONGEST} letters, was {len(text)} long"
            raise InputError(problem, file=path, key=f"{key}.{name}")
    if not entry.reason.strip():
        problem = "must say something"
        raise InputError(problem, file=path, key=f"{key}.reason", remedy="say why the finding is known and not mended")
    return entry


def with_baseline(events: Iterable[tuple[Event, Saved | None]], baseline: Baseline | None, name: str = "") -> Iterator[tuple[Event, Saved | None]]:
    """Give the events of an audit on, with what the baseline knows said of findings, properties and the whole; `name` is the plan's for its target."""
    for event, saved in events:
        yield (event if baseline is None else _marked(event, baseline, name)), saved


def _marked(event: Event, baseline: Baseline, name: str) -> Event:
    if isinstance(event, FindingFound):
        return FindingFound(_finding(event.finding, baseline))
    if isinstance(event, TargetFinished):
        return TargetFinished(_target(event.result, baseline))
    if isinstance(event, AuditFinished):
        return AuditFinished(_result(event.result, baseline, name))
    return event


def _finding(finding: Finding, baseline: Baseline) -> Finding:
    return msgspec.structs.replace(finding, known=None if finding.waived else baseline.said_of(finding))


def _target(target: TargetResult, baseline: Baseline) -> TargetResult:
    return msgspec.structs.replace(target, properties=[_property(one, baseline) for one in target.properties])


def _property(one: PropertyResult, baseline: Baseline) -> PropertyResult:
    """Return a property with its findings marked; where all are known, and none of them expired, it does not fail."""
    found = [_finding(finding, baseline) for finding in one.all_findings]
    if not found:
        return one
    marked = msgspec.structs.replace(one, finding=found[0], findings=found if one.findings else [])
    said = [finding.known for finding in found if finding.known is not None and not finding.known.expired]
    if one.verdict != "violated" or len(said) < len(found):
        return marked
    reasons = dict.fromkeys(f"known until {known.until}{f' ({known.owner})' if known.owner else ''}: {known.reason}" for known in said)
    return msgspec.structs.replace(marked, verdict="waived", known=True, reason="; ".join(reasons))


def _result(result: AuditResult, baseline: Baseline, name: str) -> AuditResult:
    targets = [_target(target, baseline) for target in result.targets]
    found = {finding.fingerprint: finding for target in targets for one in target.properties for finding in one.all_findings}
    known = [finding for finding in found.values() if finding.known is not None]
    use = BaselineUse(
        file=baseline.path.name,
        entries=len(baseline.entries),
        known=sum(finding.known is not None and not finding.known.expired for finding in known),
        expired=[_named(entry) for entry in baseline.entries if entry.fingerprint in found and baseline.today > entry.until],
        gone=[]
        if result.interrupted
        else [_named(entry) for entry in baseline.entries if entry.fingerprint not in found and _was_judged(entry, targets, name)],
    )
    return msgspec.structs.replace(result, targets=targets, baseline=use)


def _was_judged(entry: Entry, targets: list[TargetResult], name: str) -> bool:
    """Say whether an entry's finding would have been found: its target was audited to the end, and its property came to a verdict."""
    return any(
        entry.target in {target.target, name or target.target}
        and target.cut is None
        and any(one.id == entry.property and one.verdict not in {"inconclusive", "not-applicable"} for one in target.properties)
        for target in targets
    )


def _named(entry: Entry) -> KnownFinding:
    return KnownFinding(entry.fingerprint, entry.target, entry.property, entry.reason, entry.until.isoformat(), entry.owner, entry.summary)
