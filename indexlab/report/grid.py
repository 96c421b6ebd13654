"""Aligned columns of plain text, for everything that a terminal shows."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from indexlab.report.plain import width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["aligned", "stacked", "wrapped"]


def aligned(rows: Sequence[Sequence[str]], *, gap: int = 2, right: frozenset[int] = frozenset(), indent: int = 0) -> list[str]:
    """Return the rows as lines whose columns stand under one another; the columns in `right` end there, the others begin there."""
    widths = [max(width_of(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [_padded(cell, width, at_right=place in right) for place, (cell, width) in enumerate(zip(row, widths, strict=True))]
        lines.append((" " * indent + (" " * gap).join(cells)).rstrip())
    return lines


def stacked(row: Sequence[list[str]]) -> list[list[str]]:
    """Return one row whose cells have several lines as several rows, the short cells filled below."""
    height = max(len(cell) for cell in row)
    return [[cell[line] if line < len(cell) else "" for cell in row] for line in range(height)]


def wrapped(text: str, columns: int, *, indent: int = 0) -> list[str]:
    """Return `text` in lines of at most `columns`, each indented; words that are longer are kept whole."""
    space = " " * indent
    return textwrap.wrap(text, columns, initial_indent=space, subsequent_indent=space, break_long_words=False, break_on_hyphens=False)


def _padded(text: str, width: int, *, at_right: bool) -> str:
    space = " " * (width - width_of(text))
    return space + text if at_right else text + space
