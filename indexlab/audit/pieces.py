"""What an audit keeps of each finished unit, as a record that is taken up again to the bit.

A tally is kept as what it adds to all that came before it: a breach of a kind that is known, or a worst case that is not the worst, would be dropped where
tallies are merged, and is not written. JSON has no word for some floats: they are texts ("inf"). The counts of the coverage are most of a tally and mean
little by themselves: they are packed.
"""

from __future__ import annotations

import base64
import math
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, TypeVar

import msgspec
import numpy as np

from indexlab.audit.coverage import Cell, CoverageTally
from indexlab.audit.estimate import EstimateTally
from indexlab.audit.events import Finding, TargetResult, Worst
from indexlab.audit.tally import Candidate, PropertyTally, Tally
from indexlab.audit.work import ShrunkFinding
from indexlab.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "estimate_of",
    "estimate_piece",
    "finding_of",
    "finding_piece",
    "result_of",
    "result_piece",
    "tally_of",
    "tally_piece",
]

Record = TypeVar("Record")
Number: TypeAlias = float | str
_BY_FAULT: Final = "worst_displacement_by_fault"


class _Breach(msgspec.Struct, frozen=True):
    """A candidate as it is kept."""

    property: str
    scenario_id: str
    scenario: Scenario
    setting_seed: int
    retold: bool
    what: str
    said: str = ""


class _Words(NamedTuple):
    """What a property's tally says in words."""

    unmet: str
    no_occasion: str
    errors: str


class _Covered(msgspec.Struct, frozen=True):
    """The coverage of a stretch; `names` are the properties that the rows of its cells stand for."""

    names: tuple[str, ...]
    cells: list[_Seen]
    effects: dict[str, list[int]]


class _Seen(msgspec.Struct, frozen=True, array_like=True):
    """A cell of the coverage: `rows` of (property, judged, met, broken) where one of them is not 0, `worst` of (property, size) where it grew."""

    fault: str
    regime: str
    twins: int
    rows: list[tuple[int, int, int, int]]
    worst: list[tuple[int, Number]]


class _TallyPiece(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tally; `counts` are (scenarios, premise met, breached, ties) of every property in its order, and the rest is there where there is something new."""

    counts: dict[str, tuple[int, int, int, int]]
    scenarios: int
    evaluations: int
    headroom: Number
    missing: int
    publications: int
    status_changes: int
    worst: dict[str, tuple[Number, Worst]] = {}
    words: dict[str, _Words] = {}
    breaches: list[_Breach] = []
    by_fault: dict[str, Number] = {}
    notes: list[str] = []
    failed_faults: list[str] = []
    borders: dict[str, int] = {}
    second_failed: str = ""
    coverage: str = ""


class _EstimatePiece(msgspec.Struct, frozen=True, omit_defaults=True):
    """Cases that were run; `counts` are (property, fault, regime, n, k)."""

    done: int
    counts: list[tuple[str, str, str, int, int]] = []
    breaches: list[_Breach] = []
    errors: dict[str, str] = {}
    unrun: str = ""


class _FindingPiece(msgspec.Struct, frozen=True):
    """A finding with what its file holds; the finding as `result_piece` writes numbers, the scenario as its file has it."""

    finding: msgspec.Raw
    scenario: Scenario


def tally_piece(part: Tally, before: Tally) -> bytes:
    """Return what `part` adds to `before`, as a record."""
    known = {name: before.properties.get(name, PropertyTally()) for name in part.properties}
    grown = {fault: size for fault, size in part.by_fault.items() if fault not in before.by_fault or size > before.by_fault[fault]}
    piece = _TallyPiece(
        counts={name: (each.scenarios, each.premise_met, each.breached, each.ties) for name, each in part.properties.items()},
        scenarios=part.scenarios,
        evaluations=part.evaluations,
        headroom=_told(part.headroom),
        missing=part.missing,
        publications=part.publications,
        status_changes=part.status_changes,
        worst={name: _worse(each.worst) for name, each in part.properties.items() if each.worst is not None and _is_worse(each.worst, known[name].worst)},
        words={name: said for name, each in part.properties.items() if any(said := _new_words(each, known[name]))},
        breaches=[_breach(one) for name, each in part.properties.items() for one in _new_breaches(each.candidates, known[name])],
        by_fault={fault: _told(size) for fault, size in grown.items()},
        notes=[note for note in part.notes if note not in before.notes],
        failed_faults=[failure for failure in part.failed_faults if failure not in before.failed_faults],
        borders=part.borders,
        second_failed="" if before.second_failed else part.second_failed,
        coverage=_packed(part.coverage, before.coverage),
    )
    return msgspec.json.encode(piece)


def tally_of(piece: bytes) -> Tally:
    """Return a tally that, merged into what it was kept beside, gives what the tally it was made of would have given."""
    kept = msgspec.json.decode(piece, type=_TallyPiece)
    tally = Tally(
        scenarios=kept.scenarios,
        evaluations=kept.evaluations,
        by_fault={fault: float(size) for fault, size in kept.by_fault.items()},
        headroom=float(kept.headroom),
        missing=kept.missing,
        publications=kept.publications,
        notes=list(kept.notes),
        failed_faults=list(kept.failed_faults),
        coverage=_unpacked(kept.coverage),
        borders=dict(kept.borders),
        status_changes=kept.status_changes,
        second_failed=kept.second_failed,
    )
    for name, (scenarios, premise_met, breached, ties) in kept.counts.items():
        value, worst = kept.worst.get(name, (0.0, None))
        worst = None if worst is None else msgspec.structs.replace(worst, value=float(value))
        tally.properties[name] = PropertyTally(scenarios, premise_met, breached, ties, worst, *kept.words.get(name, ("", "", "")))
    for breach in kept.breaches:
        tally.properties[breach.property].candidates.append(_candidate(breach))
    return tally


def estimate_piece(part: EstimateTally, before: EstimateTally) -> bytes:
    """Return what `part` adds to `before`, as a record."""
    counts = [(name, *stratum, n, k) for name, strata in part.counts.items() for stratum, (n, k) in strata.items()]
    breaches = [_breach(found[0]) for name, found in part.candidates.items() if found and name not in before.candidates]
    return msgspec.json.encode(_EstimatePiece(part.done, counts, breaches, part.errors, part.unrun))


def estimate_of(piece: bytes) -> EstimateTally:
    """Return cases as they were counted."""
    kept = msgspec.json.decode(piece, type=_EstimatePiece)
    tally = EstimateTally(done=kept.done, errors=dict(kept.errors), unrun=kept.unrun)
    for name, fault, regime, n, k in kept.counts:
        tally.counts.setdefault(name, {})[fault, regime] = (n, k)
    for breach in kept.breaches:
        tally.candidates[breach.property] = [_candidate(breach)]
    return tally


def finding_piece(made: ShrunkFinding) -> bytes:
    """Return a finding with what its file holds, as a record."""
    return msgspec.json.encode(_FindingPiece(msgspec.Raw(msgspec.json.encode(_told_all(msgspec.to_builtins(made.finding)))), made.scenario))


def finding_of(piece: bytes) -> ShrunkFinding:
    """Return a finding as it was made."""
    kept = msgspec.json.decode(piece, type=_FindingPiece)
    return ShrunkFinding(msgspec.json.decode(kept.finding, type=Finding, strict=False), kept.scenario)


def result_piece(result: TargetResult) -> bytes:
    """Return all of one target as a record."""
    return msgspec.json.encode(_told_all(msgspec.to_builtins(result)))


def result_of(piece: bytes) -> TargetResult:
    """Return all of one target as it was."""
    kept = msgspec.json.decode(piece, type=TargetResult, strict=False)
    sizes = kept.measures.get(_BY_FAULT)
    if isinstance(sizes, dict):  # the one measure that may have no bound
        kept.measures[_BY_FAULT] = {fault: float(size) for fault, size in sizes.items()}
    return kept


def _told(value: float) -> Number:
    return float(value) if math.isfinite(value) else str(float(value))


def _told_all(value: object) -> object:
    if isinstance(value, float):
        return _told(value)
    if isinstance(value, dict):
        return {name: _told_all(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_told_all(inner) for inner in value]
    return value


def _is_worse(new: Worst, known: Worst | None) -> bool:
    return known is None or new.value > known.value


def _worse(worst: Worst) -> tuple[Number, Worst]:
    return _told(worst.value), msgspec.structs.replace(worst, value=0.0)


def _new_words(part: PropertyTally, known: PropertyTally) -> _Words:
    return _Words("" if known.unmet else part.unmet, "" if known.no_occasion else part.no_occasion, "" if known.errors else part.errors)


def _new_breaches(found: Iterable[Candidate], known: PropertyTally) -> list[Candidate]:
    # what would be kept, in the order in which it would be
    merged = PropertyTally(candidates=list(known.candidates))
    for one in found:
        merged.keep(one)
    return merged.candidates[len(known.candidates) :]


def _breach(one: Candidate) -> _Breach:
    return _Breach(one.property, one.scenario_id, one.scenario, one.setting_seed, one.retold, one.what, one.said)


def _candidate(breach: _Breach) -> Candidate:
    return Candidate(breach.property, breach.scenario_id, breach.scenario, breach.setting_seed, breach.retold, breach.what, breach.said)


def _cells(part: CoverageTally, before: CoverageTally) -> list[_Seen]:
    """Return the cells by their rows that say something; a size is one where it is larger than it was."""
    place = {name: row for row, name in enumerate(before.names)}
    rows = [place.get(name) for name in part.names]
    seen = []
    for key, cell in part.cells.items():
        known = before.cells.get(key)
        least = np.array([0.0 if known is None or row is None else known.worst[row] for row in rows])
        counted = [(row, *cell.counts[row].tolist()) for row in np.flatnonzero(cell.counts.any(axis=1)).tolist()]
        grown = [(row, _told(cell.worst[row])) for row in np.flatnonzero(cell.worst > least).tolist()]
        seen.append(_Seen(*key, cell.twins, counted, grown))
    return seen


def _packed(part: CoverageTally, before: CoverageTally) -> str:
    covered = _Covered(part.names, _cells(part, before), {kind: counts.tolist() for kind, counts in part.effects.items()})
    return base64.b64encode(zlib.compress(msgspec.json.encode(covered))).decode("ascii")


def _unpacked(packed: str) -> CoverageTally:
    kept = msgspec.json.decode(zlib.decompress(base64.b64decode(packed)), type=_Covered)
    tally = CoverageTally(names=kept.names, effects={kind: np.array(counts, dtype=np.int64) for kind, counts in kept.effects.items()})
    for seen in kept.cells:
        counts, worst = np.zeros((len(kept.names), 3), dtype=np.int64), np.zeros(len(kept.names))
        for row, *numbers in seen.rows:
            counts[row] = numbers
        for row, size in seen.worst:
            worst[row] = float(size)
        tally.cells[seen.fault, seen.regime] = Cell(seen.twins, counts, worst)
    return tally
