"""What a report says of the coverage: the grid of fault kinds and regimes, what each kind did, and the blanks; and its one line for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexlab.report.plain import plain
from indexlab.report.words import NOTHING, count

if TYPE_CHECKING:
    from indexlab.audit.events import AuditResult, Coverage, CoverageCell, FaultEffect, TargetResult

__all__ = ["COUNTED", "CoverageSheet", "CoverageSquare", "blank_cells", "coverage_line", "coverage_sheet"]

_NAME: Final = 60
_BLANK: Final = 400
_SAID: Final = 3
COUNTED: Final = (
    "A cell is a fault kind, a market regime and a property on which that kind bears. It is filled where the fault touched a quote in that regime and the "
    "property's premise was met with that fault in some regime; it is blank where the fault touched no quote in that regime, or the premise was met with it "
    "in no regime at all. A property on which any fault may bear has one cell: that its premise was met."
)
"""What counts as a cell, and as a blank."""


@dataclass(frozen=True)
class CoverageSquare:
    """One square of the grid: for how many of the properties that bear on it the premise was met there, as text; `tone` blank, part or full."""

    text: str
    tone: str
    title: str = ""


@dataclass(frozen=True)
class CoverageRow:
    """A fault kind: its squares, one a regime, and what it did."""

    fault: str
    squares: list[CoverageSquare]
    quotes: str
    differing: str


@dataclass(frozen=True)
class MetRow:
    """A property: in how many twins (or clean runs) its premise was met, a regime a cell, and with how many kinds of fault."""

    id: str
    met: list[str]
    kinds: str


@dataclass(frozen=True)
class CoverageSheet:
    """One target's coverage as the page shows it."""

    name: str
    filled: str
    regimes: list[str]
    rows: list[CoverageRow]
    properties: list[MetRow]
    blanks: list[str]


def blank_cells(target: TargetResult) -> int:
    """Return how many cells of a target's coverage are blank."""
    return 0 if target.coverage is None else target.coverage.expected - target.coverage.filled


def coverage_line(target: TargetResult, result: AuditResult) -> str:
    """Return the one line of the terminal: how many cells are filled, and the first blanks; empty where nothing was counted."""
    found = target.coverage
    if found is None or not found.expected:
        return ""
    line = f"coverage: {count(found.filled)} of {count(found.expected)} cells of fault, regime and property"
    if not found.blanks:
        return line
    said = "; ".join(plain(blank, most=80) for blank in found.blanks[:_SAID])
    more = len(found.blanks) - _SAID
    required = " (coverage is required: inconclusive)" if result.require_coverage and blank_cells(target) else ""
    return f"{line}{required}, blanks: {said}{f'; and {count(more)} more, in the report' if more > 0 else ''}"


def coverage_sheet(target: TargetResult, name: str, *, brief: bool = False) -> CoverageSheet | None:
    """Return what the page shows of a target's coverage; None where nothing was counted. `brief` leaves out what is only seen by pointing at a square."""
    found = target.coverage
    if found is None or not found.expected:
        return None
    cells = {(cell.fault, cell.regime): cell for cell in found.cells}
    effects = {effect.fault: effect for effect in found.effects}
    return CoverageSheet(
        name=name,
        filled=f"{count(found.filled)} of {count(found.expected)} cells",
        regimes=[plain(regime, most=_NAME) for regime in found.regimes],
        rows=[_row(found, fault, cells, effects.get(fault), brief=brief) for fault in found.faults],
        properties=[_met(found, place, cells) for place in range(len(found.properties))],
        blanks=[plain(blank, most=_BLANK) for blank in found.blanks],
    )


def _row(found: Coverage, fault: str, cells: dict[tuple[str, str], CoverageCell], effect: FaultEffect | None, *, brief: bool) -> CoverageRow:
    bears = set(found.bears.get(fault, []))
    squares = [_square(found, bears, cells.get((fault, regime)), brief=brief) for regime in found.regimes]
    quotes = NOTHING if effect is None else count(effect.quotes)
    differing = NOTHING if effect is None or not effect.determinations else f"{count(effect.differing)} of {count(effect.determinations)}"
    return CoverageRow(plain(fault, most=_NAME) or "no fault", squares, quotes, differing)


def _square(found: Coverage, bears: set[str], cell: CoverageCell | None, *, brief: bool) -> CoverageSquare:
    if cell is None or not cell.twins:
        return CoverageSquare("blank", "blank")
    met = {name for name, number in zip(found.properties, cell.met, strict=True) if number}
    missing = sorted(bears - met)
    title = f"{count(cell.twins)} runs; {'premise not met there: ' + ', '.join(missing) if missing else 'every premise met'}"
    tone = "full" if not missing else "part" if met & bears else "blank"
    return CoverageSquare(f"{len(bears & met)}/{len(bears)}", tone, "" if brief else plain(title, most=_BLANK))


def _met(found: Coverage, place: int, cells: dict[tuple[str, str], CoverageCell]) -> MetRow:
    by_regime = dict.fromkeys(found.regimes, 0)
    kinds = set()
    for (fault, regime), cell in cells.items():
        by_regime[regime] += cell.met[place]
        if cell.met[place] and fault:
            kinds.add(fault)
    return MetRow(plain(found.properties[place], most=_NAME), [count(number) if number else NOTHING for number in by_regime.values()], count(len(kinds)))
