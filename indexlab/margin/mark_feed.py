"""What a mark price is made of, as columns over publication times, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from indexlab.market.errors import InputError
from indexlab.market.units import MINUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["MarkFeed", "MarkPath", "mark_feed"]

_EIGHT_HOURS: Final = 8 * 60 * MINUTE
Numbers: TypeAlias = "Sequence[float | None] | NDArray[np.float64]"
Moments: TypeAlias = "Sequence[int] | NDArray[np.int64]"


@dataclass(frozen=True, eq=False)
class MarkFeed:
    """T publications of one contract, and K other venues' perpetuals. Prices are in the quote currency, NaN: none; times in microseconds, never descending.

    `trusted` [T]: whether the index may be used (its status is ok or degraded). `bid` and `ask` [T] are the best prices, or impact prices where the rule has an
    impact notional. `funding_rate` [T] is of the interval `funding_interval` [T] that ends at `next_funding` [T]. `others` [T, K] are mids, `weights` [K].
    """

    times: NDArray[np.int64]
    index: NDArray[np.float64]
    trusted: NDArray[np.bool_]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    last: NDArray[np.float64]
    funding_rate: NDArray[np.float64]
    next_funding: NDArray[np.int64]
    funding_interval: NDArray[np.int64]
    others: NDArray[np.float64]
    weights: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MarkPath:
    """The mark at each publication [T], NaN where it is missing.

    `saturated`: the band cut it; `limited`: the rate limit did. `long_mark` and `short_mark` are what longs and shorts are marked at for margin: the mark, but
    where the rule is strict.
    """

    mark: NDArray[np.float64]
    saturated: NDArray[np.bool_]
    limited: NDArray[np.bool_]
    long_mark: NDArray[np.float64]
    short_mark: NDArray[np.float64]


def mark_feed(
    times: Moments,
    index: Numbers,
    *,
    trusted: Sequence[bool] | NDArray[np.bool_] | None = None,
    book: tuple[Numbers, Numbers] | None = None,
    last: Numbers | None = None,
    funding: tuple[Numbers, Moments] | None = None,
    funding_interval: int | Moments = _EIGHT_HOURS,
    others: tuple[Sequence[Numbers], Sequence[float]] | None = None,
) -> MarkFeed:
    """Return a feed of what there is. None or NaN is no number.

    `book` is (bid, ask), `funding` (rate, time of the next funding), `others` (a series a venue, a weight a venue). Raises InputError where lengths differ,
    times descend, a funding interval is not above 0, or a weight is no finite number of at least 0.
    """
    when = np.asarray(times, dtype=np.int64)
    n = when.shape[0]
    bid, ask = book if book is not None else (None, None)
    rate, following = funding if funding is not None else (None, when)
    mids, weights = others if others is not None else ((), ())
    feed = MarkFeed(
        times=when,
        index=_column(index, n, "index"),
        trusted=np.ones(n, dtype=np.bool_) if trusted is None else np.asarray(trusted, dtype=np.bool_),
        bid=_column(bid, n, "bid"),
        ask=_column(ask, n, "ask"),
        last=_column(last, n, "last"),
        funding_rate=_column(rate, n, "funding_rate"),
        next_funding=np.asarray(following, dtype=np.int64),
        funding_interval=np.broadcast_to(np.asarray(funding_interval, dtype=np.int64), (n,)) if np.ndim(funding_interval) == 0 else _moments(funding_interval),
        others=np.ascontiguousarray(np.stack([_column(one, n, "others") for one in mids], axis=1)) if len(mids) else np.empty((n, 0)),
        weights=np.asarray(weights, dtype=np.float64),
    )
    _check(feed, n)
    return feed


def _check(feed: MarkFeed, n: int) -> None:
    for name in ("trusted", "next_funding", "funding_interval"):
        found = getattr(feed, name).shape
        if found != (n,):
            problem = f"must have a value for each of {n} times, had the shape {found}"
            raise InputError(problem, key=name)
    if np.any(np.diff(feed.times) < 0):
        problem = "must not descend"
        raise InputError(problem, key="times")
    if np.any(feed.funding_interval <= 0):
        problem = f"must be above 0, was {feed.funding_interval.min()}"
        raise InputError(problem, key="funding_interval")
    if feed.weights.shape != (feed.others.shape[1],):
        problem = f"must be one for each of {feed.others.shape[1]} venues, were {feed.weights.shape[0]}"
        raise InputError(problem, key="weights")
    if not np.all(np.isfinite(feed.weights) & (feed.weights >= 0)):
        problem = "must be finite numbers of at least 0"
        raise InputError(problem, key="weights")


def _moments(given: int | Moments) -> NDArray[np.int64]:
    return np.asarray(given, dtype=np.int64)


def _column(given: Numbers | None, n: int, name: str) -> NDArray[np.float64]:
    column = np.full(n, np.nan) if given is None else np.array([np.nan if one is None else one for one in given], dtype=np.float64)
    if column.shape != (n,):
        problem = f"must have a value for each of {n} times, had the shape {column.shape}"
        raise InputError(problem, key=name)
    return column
