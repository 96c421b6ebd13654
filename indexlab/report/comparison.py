"""Two runs held against each other: verdicts, worst cases, findings, measures, coverage; and which of the differences are regressions.

A verdict that got worse is one whatever the tolerance, and so is a finding that was not there before, or a property that is not judged any more. Sizes
are held to the tolerance: a worst case, or the worst displacement by a fault, that grew by more than it (and by more than a basis point), and the share of
filled cells of the coverage that shrank by more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from indexlab.market.errors import InputError
from indexlab.report.stored import displacements, number
from indexlab.report.words import NOTHING, displacement_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexlab.report.stored import StoredCoverage, StoredFinding, StoredProperty, StoredReport, StoredTarget, StoredWorst

__all__ = ["Comparison", "Mark", "Row", "TargetComparison", "compare"]

Mark: TypeAlias = Literal["worse", "better", "changed", "same"]
_GRADE: Final = {"holds": 0, "inconclusive": 1, "violated": 2}
_SMALLEST: Final = 1e-4
_JUDGED_UNITS: Final = ("ratio", "us")
_NOT_ASKED: Final = NOTHING
_LET_PASS: Final = frozenset({"waived", "known"})
_TOLD_CELLS: Final = 3
_OF_NO_ACCOUNT: Final = frozenset({"seed", "targets"})


@dataclass(frozen=True, slots=True)
class Row:
    """One thing side by side: what it is, what the old and the new run say, how they differ, and why that is a regression, or ""."""

    what: str
    old: str
    new: str
    mark: Mark
    why: str = ""


@dataclass(frozen=True, slots=True)
class TargetComparison:
    """One target in both runs, or in one of them (`only` says in which). `unlike` says what the two were not asked alike."""

    target: str
    verdicts: tuple[Row, ...] = ()
    worst: tuple[Row, ...] = ()
    findings: tuple[Row, ...] = ()
    measures: tuple[Row, ...] = ()
    coverage: tuple[Row, ...] = ()
    only: Literal["", "old", "new"] = ""
    unlike: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, in the order of a report."""
        return (*self.verdicts, *self.worst, *self.findings, *self.measures, *self.coverage)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs. `heads` describe them in a line each; `unlike` says what they were not asked alike, so that sizes may differ for that reason alone."""

    heads: tuple[str, str]
    unlike: tuple[str, ...]
    targets: tuple[TargetComparison, ...]
    tolerance: float

    @property
    def regressions(self) -> list[tuple[str, Row]]:
        """What got worse beyond the tolerance, with its target."""
        gone = [(one.target, Row("target", "audited", "not audited", "worse", "it was not audited any more")) for one in self.targets if one.only == "old"]
        return gone + [(one.target, row) for one in self.targets for row in one.rows if row.mark == "worse"]

    @property
    def improvements(self) -> int:
        """How many things got better."""
        return sum(row.mark == "better" for one in self.targets for row in one.rows)


def compare(old: StoredReport, new: StoredReport, tolerance: float) -> Comparison:
    """Hold two reports against each other; `tolerance` is a ratio (0.1: sizes may grow by a tenth). Raises InputError where it is none."""
    if not (0 <= tolerance < math.inf):
        raise InputError(f"must be a ratio of at least 0, was {tolerance}", key="--tolerance", remedy='write "10%"')
    return Comparison((_head(old), _head(new)), tuple(_unlike(old, new)), tuple(_targets(old, new, tolerance)), tolerance)


def _head(report: StoredReport) -> str:
    told = report.run.get("started")
    started = f", {told}" if isinstance(told, str) and told else ""
    return f"indexlab {report.indexlab}, profile {report.profile}, seed {report.seed}{started}{', interrupted' if report.interrupted else ''}"


def _unlike(old: StoredReport, new: StoredReport) -> Iterator[str]:
    for what, before, after in (("indexlab", old.indexlab, new.indexlab), ("seed", old.seed, new.seed)):
        if before != after:
            yield f"{what}: {before} and {after}"
    for key in sorted({*old.plan, *new.plan} - _OF_NO_ACCOUNT):
        if old.plan.get(key) != new.plan.get(key):
            yield f"{key}: {_short(old.plan.get(key))} and {_short(new.plan.get(key))}"
    if old.interrupted or new.interrupted:
        yield "one of them was interrupted"


def _short(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} = {inner}" for key, inner in sorted(value.items())) or "nothing"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return "not given" if value is None else str(value)


def _targets(old: StoredReport, new: StoredReport, tolerance: float) -> Iterator[TargetComparison]:
    if len(old.targets) == len(new.targets) == 1:
        # one target each are meant for one another, whatever they are called
        [before], [after] = old.targets, new.targets
        yield _target(before, after, tolerance)
        return
    before_by = {target.target: target for target in old.targets}
    after_by = {target.target: target for target in new.targets}
    for label in dict.fromkeys((*before_by, *after_by)):
        if label not in after_by:
            yield TargetComparison(label, only="old")
        elif label not in before_by:
            yield TargetComparison(label, only="new")
        else:
            yield _target(before_by[label], after_by[label], tolerance)


def _target(old: StoredTarget, new: StoredTarget, tolerance: float) -> TargetComparison:
    label = new.target if old.target == new.target else f"{old.target} → {new.target}"
    befores, afters = ({one.id: one for one in target.properties} for target in (old, new))
    pairs = [(name, befores.get(name), afters.get(name)) for name in dict.fromkeys((*befores, *afters))]
    unlike = []
    if old.version != new.version:
        unlike.append(f"version: {old.version or 'not given'} and {new.version or 'not given'}")
    if old.expect != new.expect:
        changed = sorted(key for key in {*old.expect, *new.expect} if old.expect.get(key) != new.expect.get(key))
        unlike.append("promised otherwise: " + ", ".join(f"{key} {_short(old.expect.get(key))} → {_short(new.expect.get(key))}" for key in changed))
    if (old.cut is None) != (new.cut is None):
        unlike.append(f"the {'old' if new.cut is None else 'new'} run was cut by its time limit")
    return TargetComparison(
        target=label,
        verdicts=tuple(_verdict(name, before, after) for name, before, after in pairs),
        worst=tuple(row for name, before, after in pairs if (row := _worst(name, before, after, tolerance)) is not None),
        findings=tuple(row for name, before, after in pairs for row in _findings(name, before, after)),
        measures=tuple(_measures(old, new, tolerance)),
        coverage=tuple(_coverage(old.coverage, new.coverage, tolerance)),
        unlike=tuple(unlike),
    )


def _verdict(name: str, old: StoredProperty | None, new: StoredProperty | None) -> Row:
    before, after = (_NOT_ASKED if one is None else one.word for one in (old, new))
    if before == after:
        return Row(name, before, after, "same")
    was, now = _GRADE.get(before), _GRADE.get(after)
    if now is None:
        if before == "holds":
            said = f"is {after} now" if after in _LET_PASS else "is not judged any more"
            return Row(name, before, after, "worse", f"it held, and {said}")
        return Row(name, before, after, "changed")
    if was is None:
        return Row(name, before, after, "worse" if now else "changed", f"it is {after} now" if now else "")
    return Row(name, before, after, "worse", f"from {before} to {after}") if now > was else Row(name, before, after, "better")


def _worst(name: str, old: StoredProperty | None, new: StoredProperty | None, tolerance: float) -> Row | None:
    """Hold the worst cases of a property that is judged in both runs against each other; a count of what was seen is no size of what is wrong."""
    before, after = (None if one is None or one.verdict == "not-applicable" else one.worst for one in (old, new))
    if before is None or after is None or before.unit != after.unit or before.unit not in _JUDGED_UNITS:
        return None
    mark, why = _grown(number(before.value), number(after.value), tolerance)
    return Row(f"{name}, worst", _told(before), _told(after), mark, why)


def _told(worst: StoredWorst) -> str:
    return f"{worst.text}{f' ({worst.fault})' if worst.fault and worst.fault not in worst.text else ''}"


def _grown(old: float | None, new: float | None, tolerance: float) -> tuple[Mark, str]:
    """Say whether a size grew beyond the tolerance and a basis point; no number is beyond all."""
    was, now = (math.inf if value is None or math.isnan(value) else value for value in (old, new))
    if was == now:
        return "same", ""
    if now > was * (1 + tolerance) and now - was > _SMALLEST:
        return "worse", "it was next to nothing" if was < _SMALLEST else "it has no bound now" if math.isinf(
            now
        ) else f"it grew by {(now / was - 1) * 100:.3g} %"
    if was > now * (1 + tolerance) and was - now > _SMALLEST:
        return "better", ""
    return "same", ""


def _findings(name: str, old: StoredProperty | None, new: StoredProperty | None) -> Iterator[Row]:
    befores, afters = ({_identity(finding): finding for finding in ([] if one is None else one.findings)} for one in (old, new))
    for identity in dict.fromkeys((*befores, *afters)):
        before, after = befores.get(identity), afters.get(identity)
        if after is None:
            looked = new is not None and new.is_judged
            yield Row(f"{name}, finding", _found(befores[identity]), "not found" if looked else "not judged", "better" if looked else "changed")
        elif before is None:
            yield Row(f"{name}, finding", "not found", _found(after), "worse", "it was not found before")
        else:
            yield Row(f"{name}, finding", _found(before), _found(after), "same")


def _identity(finding: StoredFinding) -> str:
    return finding.fingerprint or " + ".join(finding.fault_names)


def _found(finding: StoredFinding) -> str:
    return f"{finding.fingerprint} {finding.summary}".strip()


def _measures(old: StoredTarget, new: StoredTarget, tolerance: float) -> Iterator[Row]:
    before, after = displacements(old.measures), displacements(new.measures)
    for fault in sorted(fault for fault in {*before, *after} if "+" not in fault):  # of two faults at once few are drawn, and never the same
        was, now = before.get(fault), after.get(fault)
        if was is None or now is None:
            yield Row(f"displacement by {fault}", _size(was), _size(now), "changed")
            continue
        mark, why = _grown(was, now, tolerance)
        yield Row(f"displacement by {fault}", _size(was), _size(now), mark, why)
    key = "share_of_publications_without_value"
    was, now = number(old.measures.get(key)), number(new.measures.get(key))
    if was is not None and now is not None:
        mark, why = _grown(was, now, tolerance)
        yield Row("publications without a value", f"{was * 100:.3g} %", f"{now * 100:.3g} %", mark, why)
    yield Row("scenarios", str(old.scenarios), str(new.scenarios), "same" if old.scenarios == new.scenarios else "changed")


def _size(ratio: float | None) -> str:
    return "not injected" if ratio is None else displacement_text(ratio)


def _coverage(old: StoredCoverage | None, new: StoredCoverage | None, tolerance: float) -> Iterator[Row]:
    if old is None or new is None:
        return
    shares = [one.filled / one.expected if one.expected else 1.0 for one in (old, new)]
    lost = sorted(_filled(old) - _filled(new))
    before, after = (f"{one.filled} of {one.expected} cells" for one in (old, new))
    if shares[1] < shares[0] * (1 - tolerance):
        yield Row("coverage", before, after, "worse", f"{len(lost)} cells that were looked at are not any more")
    else:
        yield Row("coverage", before, after, "better" if shares[1] > shares[0] * (1 + tolerance) else "same")
    for prop in sorted({cell[2] for cell in lost}):
        blank = [f"{fault or 'no fault'} × {regime}" for fault, regime, other in lost if other == prop]
        told = ", ".join(blank[:_TOLD_CELLS]) + (f" and {len(blank) - _TOLD_CELLS} more" if len(blank) > _TOLD_CELLS else "")
        yield Row(f"{prop}, not looked at any more", "", told, "changed")


def _filled(coverage: StoredCoverage) -> set[tuple[str, str, str]]:
    return {(cell.fault, cell.regime, prop) for cell in coverage.cells for prop, met in zip(coverage.properties, cell.met, strict=False) if met > 0}
