"""Compiled: what sources traded over windows of time: volume for weights, and prices weighted by size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.kernel_rules import STALE, USED
from indexlab.market.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["by_source", "new_sums", "volumes", "window_prices"]


def new_sums(runs: int, n_sources: int) -> NDArray[np.float64]:
    """Return what `volumes` remembers of so many runs: by run and source the sum of the window, in two doubles, and how many amounts are in it."""
    return np.zeros((runs * n_sources, 3))


def by_source(source: NDArray[np.int32], bounds: NDArray[np.int64], n_sources: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of each run and source one after another, in their order, and where each of them begins [runs * sources + 1]."""
    run = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    cell = run * n_sources + source
    order = np.argsort(cell, kind="stable")
    begins = np.zeros((len(bounds) - 1) * n_sources + 1, dtype=np.int64)
    np.cumsum(np.bincount(cell, minlength=len(begins) - 1), out=begins[1:])
    return order.astype(np.int64), begins


@compiled
def _add(high: float, low: float, term: float) -> tuple[float, float]:
    """Add to a sum held in two doubles: what comes and goes again leaves nothing behind."""
    total = high + term
    back = total - high
    low += (high - (total - back)) + (term - back)
    return total, low


@compiled
def volumes(
    order: NDArray[np.int64],
    begins: NDArray[np.int64],
    receive: NDArray[np.int64],
    volume: NDArray[np.float64],
    times: NDArray[np.int64],
    window: int,
    refresh: int,
    before: int,
    sums: NDArray[np.float64],
    found: NDArray[np.float64],
) -> None:
    """Fill `found` [rows, sources] with what each source traded in the window before each publication (or before the last refresh).

    `sums` is carried on from one piece of a run to the next: `before` is the moment that it is of (-1: none yet); the rows in its window and later ones
    are there.
    """
    n = found.shape[1]
    for run in range((len(begins) - 1) // n):
        for s in range(n):
            begin, end = begins[run * n + s], begins[run * n + s + 1]
            first, after = begin, begin
            while first < end and receive[order[first]] <= before - window:
                first += 1
            while after < end and receive[order[after]] <= before:
                after += 1
            high, low, held = sums[run * n + s, 0], sums[run * n + s, 1], int(sums[run * n + s, 2])
            for t in range(len(times)):
                now = times[t] - times[t] % refresh if refresh > 0 else times[t]
                while after < end and receive[order[after]] <= now:
                    if volume[order[after]] > 0.0:
                        high, low = _add(high, low, volume[order[after]])
                        held += 1
                    after += 1
                while first < after and receive[order[first]] <= now - window:
                    if volume[order[first]] > 0.0:
                        high, low = _add(high, low, -volume[order[first]])
                        held -= 1
                    first += 1
                if held == 0:
                    high, low = 0.0, 0.0
                found[run * len(times) + t, s] = high + low
            sums[run * n + s, 0], sums[run * n + s, 1], sums[run * n + s, 2] = high, low, held


@compiled
def window_prices(
    order: NDArray[np.int64],
    begins: NDArray[np.int64],
    receive: NDArray[np.int64],
    event: NDArray[np.int64],
    price: NDArray[np.float64],
    size: NDArray[np.float64],
    times: NDArray[np.int64],
    window: int,
    max_ahead: int,
    least_weight: float,
    by_time: bool,
    least_size: float,
    entered: NDArray[np.float64],
    why: NDArray[np.int8],
    traded: NDArray[np.float64],
) -> None:
    """Replace `entered` by the mean price by size over the window (T - window, T], and fill `traded` with the size behind it; nothing there: stale."""
    n = entered.shape[1]
    for run in range((len(begins) - 1) // n):
        for s in range(n):
            begin, end = begins[run * n + s], begins[run * n + s + 1]
            first, after = begin, begin
            for t in range(len(times)):
                now = times[t]
                while after < end and receive[order[after]] <= now:
                    after += 1
                while first < after and receive[order[first]] <= now - window - max_ahead:
                    first += 1
                total, weighted = 0.0, 0.0
                for k in range(first, after):
                    row = order[k]
                    if now - window < event[row] <= now and not np.isnan(price[row]) and size[row] > 0.0 and size[row] >= least_size:
                        weight = size[row]
                        if by_time:
                            weight *= least_weight + (1.0 - least_weight) * ((window - (now - event[row])) / window)
                        total += weight
                        weighted += weight * price[row]
                out = run * len(times) + t
                traded[out, s] = total
                if total > 0.0:
                    entered[out, s] = weighted / total
                else:
                    entered[out, s] = np.nan
                    if why[out, s] == USED or why[out, s] > STALE + 3:
                        why[out, s] = STALE
