"""empty-side: one side of the book is gone: the asks ("down": a naive mid halves) or the bids ("up"). A stream without a book is left alone.

The missing best price is null at even seeds, 0 at odd ones, as venues send either; its levels are gone. It stands for books in a crash, whose one side was
swept or withdrawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Change, Fault, chosen
from indexlab.market.levels import Levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    quotes, touched = stream.quotes, chosen(stream, rows, spec)
    side = "bid" if spec.direction == "up" else "ask"
    was = getattr(quotes, side)[touched]
    book = None if quotes.book is None else _without_side(quotes.book.take(touched), side)
    return Change(touched, {side: np.where(np.isnan(was), was, 0.0 if spec.seed % 2 else np.nan)}, book=book)


def _without_side(book: Levels, side: str) -> Levels:
    nothing = np.zeros(len(book), dtype=np.int32)
    if side == "ask":
        return Levels(book.start, book.bids, nothing, book.price, book.size)
    return Levels(book.start + book.bids, nothing, book.asks, book.price, book.size)


FAULT = Fault("empty-side", "garbage", "one side of the book is gone", sized=False, apply=_apply, directed=True, example_direction="down", example_seed=0)
