"""Baskets that are drawn where the plan gives none: 7 to 12 sources, no weight above 15 %."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.market.seeds import stream
from indexlab.market.source import Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.market.source import Basket

__all__ = ["FEWEST", "LARGEST_WEIGHT", "MOST", "drawn_basket"]

FEWEST: Final = 7
MOST: Final = 12
LARGEST_WEIGHT: Final = 0.15
_NAMES: Final = ("kraken", "coinbase", "bitstamp", "gemini", "binance", "okx", "bybit", "bitfinex", "kucoin", "gateio", "lmax", "coinbase-intl")
_SCALES: Final = (1.0, 1.0, 100.0, 0.5, 1.00000001)
"""Given weights need not sum to 1: Binance's published sample sums to 1.00000001."""


def drawn_basket(count: int, seed: int) -> Basket:
    """Return `count` independent sources whose given weights are lopsided by the seed, none above 15 % of the sum."""
    draw = stream("basket", seed)
    raw = np.exp(draw.normal(0.0, draw.choice([0.0, 0.3, 1.0]), count))
    weights = np.round(_capped(raw / raw.sum(), max(LARGEST_WEIGHT, 1.0 / count)), 4) * float(draw.choice(_SCALES))
    names = draw.permutation(len(_NAMES))
    ids = [_NAMES[names[k]] if k < len(_NAMES) else f"venue{k}" for k in range(count)]
    return tuple(Source(id=name, venue=name, weight=float(weight)) for name, weight in zip(ids, weights, strict=True))


def _capped(share: NDArray[np.float64], cap: float) -> NDArray[np.float64]:
    # what is above the cap goes to the others in proportion; a hair below, so that rounding keeps the promise
    limit = cap * (1.0 - 1e-3) if cap * len(share) > 1.0 + 1e-2 else cap
    full = np.zeros(len(share), dtype=bool)
    while True:
        above = ~full & (share > limit)
        if not above.any():
            return share
        # who was cut once stays at the cap: what others lose later must not lift it again
        full |= above
        if full.all():
            return np.full(len(share), 1.0 / len(share))
        share = np.where(full, limit, share * (1.0 - limit * full.sum()) / share[~full].sum())
