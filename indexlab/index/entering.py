"""What each source brings to each publication: the price of its newest valid observation, how old that is, and why there is none.

The same as-of rule as `indexlab.market.panel`, here over many runs in one pass and with the source's own state besides (a source that an invalid
observation has put out); per-source rules with memory belong here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from indexlab.market.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.index.rules import Declaration
    from indexlab.market.quotes import Quotes

__all__ = ["Entered", "enter", "entering_price"]

# Numba caches by this file alone, so the positions in REASONS are written out; a test holds them to `determination`.
_USED, _INVALID, _ABSENT = 0, 4, 6
_NEVER: Final = 2**62


class Entered(NamedTuple):
    """Arrays [rows, sources], the runs one after another.

    `price` of the newest valid observation (NaN: none), its `age` in microseconds by the declared clock, and `why`: the position in REASONS of "used" where it
    may count, of "invalid" or "absent" where it may not.
    """

    price: NDArray[np.float64]
    age: NDArray[np.int64]
    why: NDArray[np.int8]


def entering_price(declaration: Declaration, quotes: Quotes) -> NDArray[np.float64]:
    """Return the price that each observation brings, NaN where it is invalid."""
    validity = declaration.validity
    positive = validity.accept == "positive"
    price = _mid(quotes, positive=positive) if declaration.input.price == "mid" else quotes.price
    valid = np.isfinite(price) & (quotes.event_time - quotes.receive_time <= validity.max_ahead_us)
    if positive:
        valid &= price > 0
    return np.where(valid, price, np.nan)


def _mid(quotes: Quotes, *, positive: bool) -> NDArray[np.float64]:
    bid, ask = quotes.bid, quotes.ask
    no_book = np.isnan(bid) & np.isnan(ask)
    with np.errstate(invalid="ignore", over="ignore"):
        good = np.isfinite(bid) & np.isfinite(ask) & ~(bid > ask)
        if positive:
            good &= bid > 0
        total = bid + ask
        mid = np.where(np.isinf(total), 0.5 * bid + 0.5 * ask, 0.5 * total)
    return np.where(no_book, quotes.price, np.where(good, mid, np.nan))


def enter(declaration: Declaration, runs: Quotes, price: NDArray[np.float64], bounds: NDArray[np.int64], times: NDArray[np.int64], n_sources: int) -> Entered:
    """Sample what `n_sources` sources bring at `times` in each run; run r is the rows bounds[r] to bounds[r + 1] of `runs`, with the prices that enter."""
    shape = ((len(bounds) - 1) * len(times), n_sources)
    entered = Entered(np.empty(shape), np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int8))
    by_event = declaration.staleness.clock == "event"
    excludes = declaration.validity.invalid == "exclude"
    _enter(runs.receive_time, runs.event_time, runs.source, price, bounds, times, by_event, excludes, *entered)
    return entered


@compiled
def _enter(  # noqa: PLR0913, PLR0917 - arrays go to the compiled loop one by one
    receive: NDArray[np.int64],
    event: NDArray[np.int64],
    source: NDArray[np.int32],
    price: NDArray[np.float64],
    bounds: NDArray[np.int64],
    times: NDArray[np.int64],
    by_event: bool,  # noqa: FBT001 - Numba takes no keywords here
    excludes: bool,  # noqa: FBT001
    entered: NDArray[np.float64],
    age: NDArray[np.int64],
    why: NDArray[np.int8],
) -> None:
    n = entered.shape[1]
    newest = np.empty(n)
    stamp = np.empty(n, dtype=np.int64)
    state = np.empty(n, dtype=np.int8)
    out = 0
    for run in range(len(bounds) - 1):
        newest[:] = np.nan
        stamp[:] = -1
        state[:] = _ABSENT
        row = bounds[run]
        for t in range(len(times)):
            while row < bounds[run + 1] and receive[row] <= times[t]:
                s = source[row]
                moment = event[row] if by_event else receive[row]
                if moment >= stamp[s]:
                    if not np.isnan(price[row]):
                        newest[s], stamp[s], state[s] = price[row], moment, _USED
                    elif excludes or stamp[s] < 0:
                        state[s] = _INVALID
                row += 1
            for s in range(n):
                entered[out, s] = newest[s]
                age[out, s] = times[t] - stamp[s] if stamp[s] >= 0 else _NEVER
                why[out, s] = state[s]
            out += 1
