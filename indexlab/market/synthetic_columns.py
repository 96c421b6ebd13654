"""Columns that only some methodologies need, made beside a synthetic market's quotes: confidence, the size of the last trade, order books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.market.levels import Levels
from indexlab.market.seeds import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexlab.market.quotes import Quotes

__all__ = ["EXTRA_COLUMNS", "with_columns"]

EXTRA_COLUMNS: Final = ("confidence", "trade_size", "book")
"""The columns that a market has only where it is asked for them."""
LEVELS_A_SIDE: Final = 5
_CONFIDENCE: Final = (2e-4, 8e-4)
"""Half the width that a source claims, as a share of its price."""


def with_columns(
    quotes: Quotes, columns: Sequence[str], tick: NDArray[np.float64], half_spread: NDArray[np.float64], seed: int, *, even: bool = False
) -> Quotes:
    """Return the quotes with the columns asked for (of EXTRA_COLUMNS), a function of the seed; `tick` and `half_spread` (a ratio) are by source.

    The usual columns are left as they are. Each column has a stream of its own: asking for one does not change another. Of `even` books both sides
    have the same sizes, so that a price weighed by size is the middle too.
    """
    made: dict[str, NDArray[np.float64] | Levels] = {}
    if "confidence" in columns:
        share = stream("confidence", seed).uniform(*_CONFIDENCE, len(tick))
        made["confidence"] = np.asarray(np.ceil(quotes.price * share[quotes.source] / tick[quotes.source]) * tick[quotes.source])
    if "trade_size" in columns:
        made["trade_size"] = np.asarray(np.round(np.exp(stream("trade-size", seed).normal(-3.0, 1.5, len(quotes))), 6) + 1e-6)
    if "book" in columns:
        made["book"] = _books(quotes, tick, half_spread, seed, even=even)
    return quotes.with_columns(**made) if made else quotes


def _books(quotes: Quotes, tick: NDArray[np.float64], half_spread: NDArray[np.float64], seed: int, *, even: bool) -> Levels:
    # five levels a side, a few ticks apart, the best where the quote's own bid and ask are (or around its price where it has none)
    rows, mine = len(quotes), tick[quotes.source]
    draw = stream("book", seed)
    lead = np.maximum(quotes.price * half_spread[quotes.source], mine)
    best_bid = np.where(np.isnan(quotes.bid), np.maximum(quotes.price - lead, mine), quotes.bid)
    best_ask = np.where(np.isnan(quotes.ask), quotes.price + lead, quotes.ask)
    apart = np.concatenate([np.zeros((rows, 1)), np.cumsum(draw.integers(1, 6, (rows, LEVELS_A_SIDE - 1)), axis=1)], axis=1) * mine[:, None]
    size = np.round(np.exp(draw.normal(0.0, 1.0, (rows, 2 * LEVELS_A_SIDE))), 4) + 1e-4
    if even:
        size[:, LEVELS_A_SIDE:] = size[:, :LEVELS_A_SIDE]
    bids = np.maximum(best_bid[:, None] - apart, best_bid[:, None] / 2.0)
    price = np.concatenate([bids, best_ask[:, None] + apart], axis=1)
    count = np.full(rows, LEVELS_A_SIDE, dtype=np.int32)
    start = np.arange(rows, dtype=np.int64) * (2 * LEVELS_A_SIDE)
    return Levels(start, count, count, price.ravel(), np.asarray(size.ravel(), dtype=np.float64))
