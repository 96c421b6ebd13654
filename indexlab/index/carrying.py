"""What a run that goes on piece by piece needs of rows that it has heard: some rules look at a window of rows again, or at the newest row of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.bringing import bring
from indexlab.index.entering import enter
from indexlab.index.panels import joined_runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.index.entering import Memory
    from indexlab.index.rules import Declaration
    from indexlab.market.quotes import Quotes

__all__ = ["hear", "needed"]


def hear(declaration: Declaration, quotes: Quotes, n_sources: int, heard: int, memory: Memory) -> None:
    """Leave `memory` as the rows from `heard` on leave it, without a publication."""
    joined, _ = joined_runs([quotes], n_sources)
    if len(joined) > heard:
        price = np.full(len(joined), np.nan)
        price[heard:] = bring(declaration, joined.take(np.arange(heard, len(joined)))).price
        enter(declaration, joined, price, np.array([heard, len(joined)], dtype=np.int64), joined.receive_time[-1:].copy(), memory)


def needed(declaration: Declaration, quotes: Quotes, memory: Memory, before: int | None) -> NDArray[np.int64]:
    """Return which rows later publications may look at again, in their order; the newest rows in `memory` are renumbered to be positions among them.

    `before` is the last publication (None: there was none); all rows were received before the next one.
    """
    begin = _window_begin(declaration, quotes.receive_time, before)
    rows = np.arange(begin, len(quotes), dtype=np.int64)
    newest = memory.newest[0]
    if _looks_at_newest(declaration):
        rows = np.concatenate((np.unique(newest[(newest >= 0) & (newest < begin)]), rows))
        newest[:] = np.where(newest >= 0, np.searchsorted(rows, newest), -1)
    else:
        newest[:] = -1
    return rows


def _looks_at_newest(declaration: Declaration) -> bool:
    return declaration.aggregation.rule in {"votes", "order-book"} or declaration.weights.kind == "traded"


def _window_begin(declaration: Declaration, received: NDArray[np.int64], before: int | None) -> int:
    """Return the first row that a window may still hold."""
    given, weights = declaration.input, declaration.weights
    begin = len(received)
    if begin and (given.price in {"vwap", "tvwap"} or declaration.aggregation.rule == "partitions"):
        now = max(int(received[-1]), -1 if before is None else before)
        begin = int(np.searchsorted(received, now - (given.window_us or 0) - declaration.validity.max_ahead_us, side="left"))
    if weights.kind == "volume":  # the sum over the window is carried on from `before`: what leaves it must be there to be taken off
        now = -1 if before is None else before - before % weights.refresh_us if weights.refresh_us > 0 else before
        begin = min(begin, int(np.searchsorted(received, now - (weights.window_us or 0), side="left")))
    return begin
