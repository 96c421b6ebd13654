"""The compiled loops of the mark price: what remembers the publications before. NaN is no value; times are microseconds.

Sums over a window are never corrected by subtraction: one huge wrong price would leave its rounding behind. They are a queue of two parts instead, sums from
each entry to a seam, and one sum beyond the seam; when the window's start passes the seam, what lies beyond is summed anew, so that each entry is added twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.market.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["decaying_average", "follow", "keep_samples", "limit_steps", "plain_average", "time_average", "warm", "weighted_medians"]


@compiled
def keep_samples(times: NDArray[np.int64], value: NDArray[np.float64], step: int, out: NDArray[np.float64]) -> None:
    """Keep the first value in each step of time, blank the others."""
    seen, newest = False, 0
    for n in range(times.shape[0]):
        out[n] = np.nan
        if np.isnan(value[n]):
            continue
        slot = times[n] // step
        if not seen or slot != newest:
            out[n] = value[n]
        seen, newest = True, slot


@compiled
def plain_average(times: NDArray[np.int64], value: NDArray[np.float64], window: int, out: NDArray[np.float64]) -> None:
    """Write the mean of the values in (t - window, t]; NaN where there is none."""
    length = times.shape[0]
    held, held_at, to_seam = np.empty(length), np.empty(length, dtype=np.int64), np.empty(length)
    first, seam, count, beyond = 0, 0, 0, 0.0
    for n in range(length):
        if not np.isnan(value[n]):
            held[count], held_at[count] = value[n], times[n]
            beyond += value[n]
            count += 1
        while first < count and held_at[first] <= times[n] - window:
            first += 1
        if first > seam:
            seam, beyond, total = count, 0.0, 0.0
            for i in range(count - 1, first - 1, -1):
                total += held[i]
                to_seam[i] = total
        before = to_seam[first] if first < seam else 0.0
        out[n] = (before + beyond) / (count - first) if first < count else np.nan


@compiled
def decaying_average(times: NDArray[np.int64], value: NDArray[np.float64], constant: int, out: NDArray[np.float64]) -> None:
    """Write the average that forgets with a time constant, each value weighted by the time since the value before."""
    weighted, weight, current, newest, seen = 0.0, 0.0, np.nan, 0, False
    for n in range(times.shape[0]):
        if not np.isnan(value[n]):
            since = float(times[n] - newest) if seen else 0.0
            kept = np.exp(-since / constant)
            weighted = weighted * kept + value[n] * since
            weight = weight * kept + since
            current = weighted / weight if weight > 0.0 else value[n]
            newest, seen = times[n], True
        out[n] = current


@compiled
def time_average(times: NDArray[np.int64], value: NDArray[np.float64], window: int, out: NDArray[np.float64]) -> None:
    """Write the average over the time in (t - window, t], each value counting up to the next publication; NaN where there is no value now."""
    length = times.shape[0]
    height, ends, lasts = np.empty(length), np.empty(length, dtype=np.int64), np.empty(length, dtype=np.int64)
    to_seam = np.empty(length + 1)
    first, seam, count, beyond, whole = 0, 0, 0, 0.0, 0
    for n in range(length):
        lasted = times[n] - times[n - 1] if n > 0 else 0
        if lasted > 0 and not np.isnan(value[n - 1]):
            height[count], ends[count], lasts[count] = value[n - 1], times[n], lasted
            beyond += value[n - 1] * lasted
            whole += lasted
            count += 1
        start = times[n] - window
        while first < count and ends[first] <= start:
            whole -= lasts[first]
            first += 1
        after = min(first + 1, count)
        if after > seam:
            seam, beyond, total = count, 0.0, 0.0
            for i in range(count - 1, after - 1, -1):
                total += height[i] * lasts[i]
                to_seam[i] = total
        rest = (to_seam[after] if after < seam else 0.0) + beyond
        inside = min(lasts[first], ends[first] - start) if first < count else 0
        counted = whole - lasts[first] + inside if first < count else 0
        area = rest + height[first] * inside if first < count else 0.0
        out[n] = np.nan if np.isnan(value[n]) else area / counted if counted > 0 else value[n]


@compiled
def weighted_medians(prices: NDArray[np.float64], weights: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Write the weighted median of each row of prices [T, K]; NaN where none has weight."""
    venues = prices.shape[1]
    sorted_price, sorted_weight = np.empty(venues), np.empty(venues)
    for n in range(prices.shape[0]):
        count, total = 0, 0.0
        for k in range(venues):
            if np.isnan(prices[n, k]) or weights[k] <= 0.0:
                continue
            i = count
            while i > 0 and sorted_price[i - 1] > prices[n, k]:
                sorted_price[i], sorted_weight[i] = sorted_price[i - 1], sorted_weight[i - 1]
                i -= 1
            sorted_price[i], sorted_weight[i] = prices[n, k], weights[k]
            total += weights[k]
            count += 1
        out[n] = np.nan
        below = 0.0
        for i in range(count):
            below += sorted_weight[i]
            if 2.0 * below >= total:
                out[n] = 0.5 * (sorted_price[i] + sorted_price[i + 1]) if 2.0 * below == total and i + 1 < count else sorted_price[i]
                break


@compiled
def limit_steps(times: NDArray[np.int64], value: NDArray[np.float64], step: float, out: NDArray[np.float64], cut: NDArray[np.bool_]) -> None:
    """Write the values, each moved to within `step` a second of the one before where it is further away; `cut` says where."""
    before, newest, seen = 0.0, 0, False
    for n in range(times.shape[0]):
        cut[n] = False
        out[n] = value[n]
        if np.isnan(value[n]):
            continue
        if seen:
            room = step * ((times[n] - newest) / 1e6)
            kept = min(max(value[n], before * (1.0 - room)), before * (1.0 + room))
            cut[n] = kept != value[n]
            out[n] = kept
        before, newest, seen = out[n], times[n], True


@compiled
def follow(times: NDArray[np.int64], value: NDArray[np.float64], growth: float, pauses: NDArray[np.int64], out: NDArray[np.float64]) -> None:
    """Write a price that follows the values by at most `growth` a second; `pauses` are its shortest and the longest that counts (0: any)."""
    stable, moved_at, seen = 0.0, 0, False
    for n in range(times.shape[0]):
        out[n] = np.nan
        if np.isnan(value[n]):
            continue
        since = times[n] - moved_at
        if not seen:
            stable, moved_at, seen = value[n], times[n], True
        elif since >= pauses[0]:
            counted = min(since, pauses[1]) if pauses[1] > 0 else since
            room = growth * (counted / 1e6)
            stable = min(max(value[n], stable * (1.0 - room)), stable * (1.0 + room))
            moved_at = times[n]
        out[n] = stable


def warm() -> None:
    """Compile and cache every loop."""
    times, value, out = np.arange(2), np.ones(2), np.empty(2)
    keep_samples(times, value, 1, out)
    plain_average(times, value, 1, out)
    decaying_average(times, value, 1, out)
    time_average(times, value, 1, out)
    weighted_medians(np.ones((2, 1)), np.ones(1), out)
    limit_steps(times, value, 0.1, out, np.empty(2, dtype=np.bool_))
    follow(times, value, 0.1, np.zeros(2, dtype=np.int64), out)
