"""Coverage: which fault kinds were seen in which market regimes, for which properties; counts as they come, and the table with its blanks.

A twin with several kinds of fault counts for each of them that touched a quote; what was judged of the run without faults stands in the row of no fault.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from indexlab.audit.events import Coverage, CoverageCell, FaultEffect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from indexlab.audit.events import Worst
    from indexlab.properties.property import ByTwin, Property
    from indexlab.properties.run import Run

__all__ = ["BEARS_ON", "NO_FAULT", "RECORDED", "Cell", "CoverageTally", "Judged", "coverage", "has_blanks", "regime_of"]

NO_FAULT: Final = ""
"""The row of what was judged of runs without faults."""
RECORDED: Final = "recorded"
"""The regime of a stretch of a fixture."""
_EVERY: Final = "every"
_ANY: Final = "any"

BEARS_ON: Final[dict[str, str | frozenset[str]]] = {
    "single-source": _EVERY,
    "margin-stability": _EVERY,
    "recovery": _EVERY,
    "hull": frozenset({NO_FAULT}),
    "responsiveness": frozenset({NO_FAULT}),
    "partial-move": frozenset({NO_FAULT}),
    "availability": frozenset({NO_FAULT}),
    "unanimity": frozenset({NO_FAULT}),
    "invalid-values": frozenset({"null", "zero", "negative", "crossed-book", "empty-side"}),
    "isolation": frozenset({"null", "zero", "negative"}),
    "future-time": frozenset({"skew", "timezone"}),
    "silent-source": frozenset({"stop", "gap"}),
    "lagging-source": frozenset({"lag"}),
    "volume-capture": frozenset({"wash", "volume-zero", "volume-null"}),
    "quote-depeg": frozenset({"depeg"}),
    "small-bias": frozenset({"level"}),
    "start-up": frozenset({"stop", "level"}),
    "quorum": frozenset({"stop", "null"}),
    "no-silent-freeze": frozenset({"stop"}),
    "margin-recovery": frozenset({"level"}),
    "no-flapping": frozenset({"threshold-rider"}),
}
"""Which fault kinds are expected to meet a property's premise: every kind, these (`NO_FAULT`: runs without one), or, for a property that is not listed
(the metamorphic ones, a third party's), any at all. What is met beyond that is counted too."""

_ABOUT_FEW: Final = frozenset({"single-source", "margin-stability"})
_OF_SEVERAL: Final = frozenset({"reorder-across-sources"})
"""A fault that is one only between sources does not bear on what is promised of a few of them."""


class Judged(Protocol):
    """The counts of one property in one batch, and what was found in each twin."""

    @property
    def scenarios(self) -> int:
        """Scenarios judged."""

    @property
    def premise_met(self) -> int:
        """Those whose premise was met."""

    @property
    def breached(self) -> int:
        """Those that broke the promise."""

    @property
    def worst(self) -> Worst | None:
        """The worst case."""

    @property
    def by_twin(self) -> ByTwin | None:
        """What was found in each broken twin; None where they were not told apart."""


def regime_of(run: Run) -> str:
    """Return the regime of a run's market; "recorded" where its quotes are a fixture's or were written out."""
    market = run.batch.base.market
    return RECORDED if market is None else market.regime


@dataclass(slots=True)
class Cell:
    """A fault kind in a regime: twins in which it touched a quote; a row a property of judged, met, broken; the worst size a property."""

    twins: int
    counts: NDArray[np.int64]
    worst: NDArray[np.float64]

    def add(self, rows: list[int], twins: int, counts: NDArray[np.int64], worst: NDArray[np.float64]) -> None:
        """Count what was seen of the properties in these rows."""
        self.twins += twins
        self.counts[rows] += counts
        self.worst[rows] = np.maximum(self.worst[rows], worst)

    def widened(self, by: int) -> None:
        """Make room for more properties."""
        self.counts = np.concatenate((self.counts, np.zeros((by, 3), dtype=np.int64)))
        self.worst = np.concatenate((self.worst, np.zeros(by)))


@dataclass(slots=True)
class CoverageTally:
    """Counts by (fault kind, regime) and property, and what each kind did; mergeable in any order."""

    names: tuple[str, ...] = ()
    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)
    effects: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def see(self, run: Run, judged: Mapping[str, Judged]) -> None:
        """Count a judged batch; `judged` are its properties' counts, each with what was found by twin."""
        rows = self._rows(tuple(judged))
        kinds, member, touched = _kinds(run)
        self._effects(run, kinds, member, touched)
        regime = regime_of(run)
        twins = len(run.twins)
        met, broken, size, told = _stacked(judged.values(), twins)
        clean = np.array([[each.scenarios, each.premise_met, each.breached] for each in judged.values()], dtype=np.int64).reshape(-1, 3)
        # of a property that told its twins apart, the rest is the clean run's
        clean[told, 1:] = np.maximum(clean[told, 1:] - np.stack([met[told].sum(axis=1), broken[told].sum(axis=1)], axis=1), 0)
        clean[told, 0] = clean[told, 1]
        worst = np.array([0.0 if each.worst is None or told[row] else each.worst.value for row, each in enumerate(judged.values())])
        self._cell((NO_FAULT, regime)).add(rows, 1, clean, worst)
        if not kinds:
            return
        bit = (touched > 0).astype(np.int64)
        counts = np.stack([np.outer(told, bit.sum(axis=0)), met @ bit, broken @ bit], axis=2)
        for column, kind in enumerate(kinds):
            mine = bit[:, column] > 0
            if mine.any():
                self._cell((kind, regime)).add(rows, int(mine.sum()), counts[:, column], size[:, mine].max(axis=1))

    def merge(self, other: CoverageTally) -> None:
        """Take in another stretch of the same audit."""
        rows = self._rows(other.names)
        for key, cell in other.cells.items():
            self._cell(key).add(rows, cell.twins, cell.counts, cell.worst)
        for kind, counts in other.effects.items():
            self.effects[kind] = self.effects.get(kind, np.zeros(5, dtype=np.int64)) + counts

    def _rows(self, names: Sequence[str]) -> list[int]:
        """Return the rows of these properties; those that were not judged before get one: a sweep judges fewer than a batch does."""
        new = [name for name in names if name not in self.names]
        if new:
            self.names += tuple(new)
            for cell in self.cells.values():
                cell.widened(len(new))
        place = {name: row for row, name in enumerate(self.names)}
        return [place[name] for name in names]

    def _cell(self, key: tuple[str, str]) -> Cell:
        if key not in self.cells:
            self.cells[key] = Cell(0, np.zeros((len(self.names), 3), dtype=np.int64), np.zeros(len(self.names)))
        return self.cells[key]

    def _effects(self, run: Run, kinds: Sequence[str], member: NDArray[np.bool_], touched: NDArray[np.int64]) -> None:
        if not kinds:
            return
        value, clean = run.broken.value, run.clean.value[0]
        same = ((value == clean) | (np.isnan(value) & np.isnan(clean))) & (run.broken.status == run.clean.status[0])
        differing = (~same).sum(axis=1)
        for column, kind in enumerate(kinds):
            mine = touched[:, column] > 0
            counted = (member[:, column].sum(), mine.sum(), touched[:, column].sum(), mine.sum() * len(run.times), differing[mine].sum())
            self.effects[kind] = self.effects.get(kind, np.zeros(5, dtype=np.int64)) + np.array(counted, dtype=np.int64)


def _kinds(run: Run) -> tuple[list[str], NDArray[np.bool_], NDArray[np.int64]]:
    """Return the fault kinds of a batch, and [twins, kinds]: whether a twin was given it, and how many quotes it touched there."""
    kinds = list(dict.fromkeys(name for twin in run.twins for name in twin.faults))
    place = {kind: column for column, kind in enumerate(kinds)}
    member = np.zeros((len(run.twins), len(kinds)), dtype=np.bool_)
    touched = np.zeros((len(run.twins), len(kinds)), dtype=np.int64)
    for row, twin in enumerate(run.twins):
        for number, name in enumerate(twin.faults):
            member[row, place[name]] = True
            touched[row, place[name]] += twin.touched_each[number] if twin.touched_each else twin.touched
    return kinds, member, touched


def _stacked(judged: Iterable[Judged], twins: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return [properties, twins] whether the premise was met, whether it broke, how large; and which properties told the twins apart."""
    counts = list(judged)
    met, broken = (np.zeros((len(counts), twins), dtype=np.int64) for _ in range(2))
    size, told = np.zeros((len(counts), twins)), np.zeros(len(counts), dtype=np.bool_)
    for row, each in enumerate(counts):
        by_twin = each.by_twin
        if by_twin is not None and len(by_twin.met) == twins:
            told[row] = True
            met[row], size[row] = by_twin.met, by_twin.size
            if each.breached:  # a breach that was not confirmed is none
                broken[row] = by_twin.broken
    return met, broken, size, told


def coverage(tally: CoverageTally, properties: Sequence[Property], faults: Sequence[str], regimes: Sequence[str]) -> Coverage:
    """Return the table of a target: what was seen of `properties` (those that apply) under `faults` in `regimes` (those that are expected), and the blanks.

    A cell is filled where the fault touched a quote in that regime and the property's premise was met with that fault in some regime; it is expected where
    the fault bears on the property (`BEARS_ON`). A property on which any fault may bear has one cell of its own: that its premise was met at all.
    """
    seen_regimes = [*regimes, *sorted({regime for _, regime in tally.cells} - set(regimes))]
    rows = [NO_FAULT, *faults, *sorted({fault for fault, _ in tally.cells} - set(faults) - {NO_FAULT})]
    expected = {prop.id: _expected(prop, faults) for prop in properties}
    met = {prop.id: _met(tally, prop.id) for prop in properties}
    seen = {key for key, cell in tally.cells.items() if cell.twins}
    filled = wanted = 0
    for prop in properties:
        if expected[prop.id] is None:
            wanted, filled = wanted + 1, filled + bool(met[prop.id])
            continue
        for fault in expected[prop.id] or ():
            wanted += len(regimes)
            filled += sum((fault, regime) in seen for regime in regimes) if fault in met[prop.id] else 0
    cells = [_told(tally.cells[fault, regime], fault, regime) for fault in rows for regime in seen_regimes if (fault, regime) in tally.cells]
    bears = {fault: [name for name, mine in expected.items() if fault in (mine or ())] for fault in rows}
    effects = [FaultEffect(kind, *(int(number) for number in tally.effects[kind])) for kind in rows if kind in tally.effects]
    blanks = [*_unseen(seen, faults, regimes), *_unmet(properties, expected, met, {NO_FAULT, *(fault for fault, _ in seen)})]
    return Coverage(wanted, filled, rows, seen_regimes, list(tally.names), bears, cells, effects, blanks)


def has_blanks(found: Coverage) -> bool:
    """Say whether a table has a blank."""
    return found.filled < found.expected


def _expected(prop: Property, faults: Sequence[str]) -> list[str] | None:
    """Return the rows in which a property is expected; None where any one will do."""
    bears = BEARS_ON.get(prop.id, _ANY)
    if bears == _ANY:
        return None
    if bears == _EVERY:
        return [fault for fault in faults if prop.id not in _ABOUT_FEW or fault not in _OF_SEVERAL]
    return [fault for fault in (NO_FAULT, *faults) if fault in bears]


def _met(tally: CoverageTally, name: str) -> set[str]:
    if name not in tally.names:
        return set()
    row = tally.names.index(name)
    return {fault for (fault, _), cell in tally.cells.items() if cell.counts[row, 1]}


def _told(cell: Cell, fault: str, regime: str) -> CoverageCell:
    judged, met, broken = (column.tolist() for column in cell.counts.T)
    # six digits are enough to compare, and keep the table small
    worst = [float(f"{size:.6g}") for size in cell.worst.tolist()]
    return CoverageCell(fault, regime, cell.twins, judged, met, broken, worst)


def _unseen(seen: set[tuple[str, str]], faults: Sequence[str], regimes: Sequence[str]) -> list[str]:
    lines = []
    for fault in faults:
        missing = [regime for regime in regimes if (fault, regime) not in seen]
        if len(missing) == len(regimes):
            lines.append(f"{fault} touched no quote in any regime")
        elif missing:
            lines.append(f"{fault} touched no quote in {', '.join(missing)}")
    never = [regime for regime in regimes if (NO_FAULT, regime) not in seen]
    return [*lines, *([f"there was no market of regime {', '.join(never)}"] if never else [])]


def _unmet(properties: Sequence[Property], expected: Mapping[str, list[str] | None], met: Mapping[str, set[str]], touching: set[str]) -> list[str]:
    # a fault that never touched a quote has a line of its own
    lines = []
    for prop in properties:
        rows = expected[prop.id]
        if rows is None:
            missing = [] if met[prop.id] else ["any fault or without one"]
        else:
            missing = [fault or "no fault" for fault in rows if fault in touching and fault not in met[prop.id]]
        if missing:
            lines.append(f"{prop.id}: its premise was never met with {', '.join(missing)}")
    return lines
