"""The engine's liquidation price of an account: the nearest change along a walk of its first position's mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.margin.engine_path import Walk
from indexlab.margin.engine_walk import nearest_change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.engine_book import Book

__all__ = ["liquidation_price"]


def liquidation_price(book: Book, marks: Sequence[float], prices: dict[str, float]) -> float | None:
    """Return the mark of the first leg at which `liquidation` begins, None where it does nowhere.

    The marks of the same contract move with it, everything else stays.
    """
    if not book.legs:
        return None
    first = book.legs[0].contract
    m = nearest_change(Walk(book, tuple(marks), tuple(leg.contract is first for leg in book.legs), prices))
    return None if m is None else marks[0] * m
