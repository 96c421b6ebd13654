"""Baskets that are drawn where the plan gives none: 7 to 12 sources, no weight above 15 %."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from indexlab.market.seeds import stream
from indexlab.market.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from indexlab.market.source import Basket

__all__ = ["FEWEST", "FEWEST_SHARED", "LARGEST_WEIGHT", "MOST", "NAMES", "currency_users", "drawn_basket", "independent", "shared_groups", "spared"]

FEWEST: Final = 7
FEWEST_SHARED: Final = FEWEST + 2
"""The fewest where some count as one: as many are independent, and none that counts once need have more than its 15 %."""
MOST: Final = 12
LARGEST_WEIGHT: Final = 0.15
NAMES: Final = ("kraken", "coinbase", "bitstamp", "gemini", "binance", "okx", "bybit", "bitfinex", "kucoin", "gateio", "lmax", "coinbase-intl")
_ALIKE: Final = (
    ("kraken", "kraken-futures", "kraken-pro", "krak", "kraken2", "Kraken", "okx", "okx-eu", "okx-us", "okcoin", "ok", "kraken-f"),
    ("a", "a1", "a10", "a11", "a2", "a100", "a01", "b", "b1", "ab", "A", "aa"),
    ("10", "1", "2", "100", "11", "21", "0", "3", "110", "01", "20", "9"),
)
"""Names of which one is the beginning of another, or that another order puts elsewhere: numbers as text, capitals."""
_MIXED: Final = ("USD", "USDT", "USD", "USDC", "USDT", "USD", "EUR", "USDT")
"""Quote currencies of a mixed basket, over and over: dollars most, one of them used by a single source in small baskets."""
_FOREIGN: Final = ("USDT", "USD", "USDT", "EUR", "USDT", "USDT", "USDC")
"""Another mix, in which most sources quote in one currency that is not the index's own: the middle of all prices is then one of theirs."""
_SHARE_ALIKE: Final = 0.4
_SPREADS: Final = (0.0, 0.3, 1.0)
_SCALES: Final = (1.0, 1.0, 100.0, 0.5, 1.00000001)
"""Given weights need not sum to 1: Binance's published sample sums to 1.00000001."""


def drawn_basket(count: int, seed: int, *, mixed: bool = False, foreign: bool = False, shared: bool = False, spread: float | None = None) -> Basket:
    """Return `count` sources whose given weights are lopsided by the seed, none above 15 % of the sum.

    `spread` is how lopsided (the standard deviation of the logarithm of a weight, before the cap; 0: equal weights), None lets the seed say. With `mixed` they
    quote in several currencies, with `foreign` most of them in one that is not the index's. They are independent of one another but for `shared`: then some
    have the venue or the upstream of another, and those that count as one have together what one source may have.
    """
    draw = stream("basket", seed)
    usual = float(draw.choice(_SPREADS))
    raw = np.exp(draw.normal(0.0, usual if spread is None else spread, count))
    venue, fed = _sharers(count, seed) if shared else ((), ())
    weights = np.round(_weights(raw, (venue, fed)), 4) * float(draw.choice(_SCALES))
    names = draw.permutation(len(NAMES))
    alike = stream("names", seed)
    family = _ALIKE[int(alike.integers(len(_ALIKE)))] if alike.random() < _SHARE_ALIKE else NAMES
    ids = [family[names[k]] if k < len(family) else f"venue{k}" for k in range(count)]
    basket = tuple(Source(id=name, venue=name, weight=float(weight)) for name, weight in zip(ids, weights, strict=True))
    quotes = _FOREIGN if foreign else _MIXED if mixed else ()
    if quotes:
        basket = tuple(msgspec.structs.replace(source, quote=quotes[k % len(quotes)]) for k, source in enumerate(basket))
    made = list(basket)
    for place in venue:
        made[place] = msgspec.structs.replace(made[place], venue=made[venue[0]].venue)
    for place in fed:
        made[place] = msgspec.structs.replace(made[place], upstream="aggregator")
    return tuple(made)


def _sharers(count: int, seed: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    # two legs of one venue, and two sources with one upstream
    order = [int(place) for place in stream("shared", seed).permutation(count)]
    return tuple(order[:2]) if count > 1 else (), tuple(order[2:4]) if count > 3 else ()


def _weights(raw: NDArray[np.float64], groups: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """Return the shares of sources: capped for each that counts as one, and spread evenly over its members."""
    lead, members = np.arange(len(raw)), np.ones(len(raw))
    for group in groups:
        lead[list(group)], members[list(group)] = min(group, default=0), len(group)
    heads, which = np.unique(lead, return_inverse=True)
    share = _capped(raw[heads] / raw[heads].sum(), max(LARGEST_WEIGHT, 1.0 / len(heads)))
    return np.asarray(share[which] / members)


def shared_groups(basket: Basket) -> tuple[tuple[int, ...], ...]:
    """Return the positions of sources that are not independent of one another, group by group (of two or more): a venue or an upstream joins them."""
    leader = list(range(len(basket)))
    for name in ("venue", "upstream"):
        first: dict[str, int] = {}
        for place, source in enumerate(basket):
            key = getattr(source, name)
            if key is None:
                continue
            mine, theirs = leader[place], leader[first.setdefault(key, place)]
            leader = [theirs if each == mine else each for each in leader]
    groups = (tuple(place for place in range(len(basket)) if leader[place] == each) for each in dict.fromkeys(leader))
    return tuple(group for group in groups if len(group) > 1)


def spared(basket: Basket, least: int, cap: float) -> tuple[int, ...]:
    """Return the positions that may be absent, the lightest first, so that `least` are left and none of them has more than `cap` of what is left."""
    order = sorted(range(len(basket)), key=lambda place: (basket[place].weight, place))
    left = sum(source.weight for source in basket)
    heaviest = max(source.weight for source in basket)
    gone: list[int] = []
    for place in order[: max(len(basket) - least, 0)]:
        left -= basket[place].weight
        if heaviest > cap * left:
            break
        gone.append(place)
    return tuple(sorted(gone))


def independent(basket: Basket, positions: Iterable[int]) -> int:
    """Return how many of these sources are independent of one another: those of one group count once."""
    chosen = set(positions)
    return len(chosen) - sum(max(len(chosen & set(group)) - 1, 0) for group in shared_groups(basket))


def currency_users(basket: Basket) -> dict[str, tuple[int, ...]]:
    """Return for each quote currency of a basket the positions of the sources that quote in it, in order of first use."""
    return {currency: tuple(place for place, each in enumerate(basket) if each.quote == currency) for currency in dict.fromkeys(s.quote for s in basket)}


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
