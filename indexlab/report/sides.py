"""Both sides of a disagreement as text: a row a source, the first target's view left, the second's right, and what the written rules say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.report.grid import aligned, wrapped
from indexlab.report.plain import plain

if TYPE_CHECKING:
    from indexlab.audit.events import SideRow, Sides

__all__ = ["sides_text"]

_WIDTH: Final = 100
_LABEL: Final = 60
_CELL: Final = 24
_LINE: Final = 800
_NUMBERS: Final = frozenset({"price", "weight"})
_COLUMNS: Final = ("price", "weight", "reason")


def sides_text(sides: Sides | None) -> list[str]:
    """Return the lines of both explanations, columns that nobody fills left out; nothing where there are none."""
    if sides is None:
        return []
    columns = [(side, name) for side in ("A", "B") for name in _COLUMNS if any(_cell(row, side, name) for row in sides.rows)]
    lines = ["", f"  where they part first, A is {plain(sides.target, most=_LABEL)}", f"{' ' * 24}and B is {plain(sides.other, most=_LABEL)}"]
    if columns:
        head = ["source", *(f"{side}: {name}" if place == 0 or columns[place - 1][0] != side else name for place, (side, name) in enumerate(columns))]
        table = [head, *([plain(row.source, most=_CELL), *(_cell(row, side, name) for side, name in columns)] for row in sides.rows)]
        marks = ["", *(f"   ← {plain(row.mark, most=_CELL)}" if row.mark else "" for row in sides.rows)]
        right = frozenset(place for place, (_, name) in enumerate(columns, 1) if name in _NUMBERS)
        lines += [line + mark for line, mark in zip(aligned(table, right=right, indent=4), marks, strict=True)]
    for note in sides.notes:
        lines += wrapped(plain(note, most=_LINE), _WIDTH, indent=4)
    for letter in ("B", "A"):
        told = [rule.removeprefix(f"{letter}: ") for rule in sides.rules if rule.startswith(f"{letter}: ")]
        lines += wrapped(plain(f"the rules of {letter}: {'; '.join(told)}", most=_LINE), _WIDTH, indent=4) if told else []
    return lines


def _cell(row: SideRow, side: str, name: str) -> str:
    return plain(str(getattr(row, name if side == "A" else f"other_{name}")), most=_CELL)
