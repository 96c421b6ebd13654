"""The words that statements are made of: the same, displacement, windows, continuity. Pure functions of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.scenarios.expect import Expect

__all__ = ["apart", "beyond", "clean_range", "displacement", "held_for", "since_when", "windows"]


def windows(times: NDArray[np.int64], before: int, after: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return for each time t the half-open range of publications within [t - before, t + after]."""
    return np.searchsorted(times, times - before, side="left"), np.searchsorted(times, times + after, side="right")


def _reduce(function: np.ufunc, values: NDArray[np.float64], low: NDArray[np.intp], high: NDArray[np.intp], empty: float) -> NDArray[np.float64]:
    # reduceat over [low, high) pairs along the first axis; the extra row keeps `high` inside
    padded = np.concatenate([values, np.full((1, *values.shape[1:]), empty)])
    pairs = np.column_stack([low, high]).ravel()
    reduced = function.reduceat(padded, pairs, axis=0)[::2]
    shape = (-1, *([1] * (values.ndim - 1)))
    return np.where((low < high).reshape(shape), reduced, empty)


def range_over(values: NDArray[np.float64], low: NDArray[np.intp], high: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and highest number of each window along the first axis, NaN passed over; (inf, -inf) where there is none."""
    nothing = np.isnan(values)
    lowest = _reduce(np.minimum, np.where(nothing, np.inf, values), low, high, np.inf)
    highest = _reduce(np.maximum, np.where(nothing, -np.inf, values), low, high, -np.inf)
    return lowest, highest


def clean_range(
    times: NDArray[np.int64], value: NDArray[np.float64], lag: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return of a run's index [times] over [t - lag, t + lag]: lowest, highest, whether a value is always there, whether it is never there."""
    low, high = windows(times, lag, lag)
    lowest, highest = range_over(value, low, high)
    gone = np.concatenate(([0], np.cumsum(np.isnan(value))))
    missing = gone[high] - gone[low]
    return lowest, highest, missing == 0, missing == high - low


def displacement(value: NDArray[np.float64], lowest: NDArray[np.float64], highest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the relative distance of a value from a range, 0 inside it, 0 where either is missing."""
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        below = (lowest - value) / np.abs(lowest)
        above = (value - highest) / np.abs(highest)
        distance = np.maximum(np.maximum(below, above), 0.0)
    known = ~np.isnan(value) & np.isfinite(lowest) & np.isfinite(highest)
    return np.where(known, distance, 0.0)


def apart(one: NDArray[np.float64], other: NDArray[np.float64], expect: Expect) -> NDArray[np.bool_]:
    """Say where two values are not the same: further apart than max(0.1 bp, one «tick»). A missing value is not judged here."""
    return beyond(one, other, expect.same_ratio, expect.tick)


def beyond(one: NDArray[np.float64], other: NDArray[np.float64], ratio: float, tick: float) -> NDArray[np.bool_]:
    """Say where two values are further apart than a ratio of the second and than one tick. A missing value is not judged here."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(np.abs(one - other) > np.maximum(ratio * np.abs(other), tick))


def since_when(times: NDArray[np.int64], condition: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for how long, in microseconds, a condition [..., times] has held without a break up to each publication; -1 where it does not hold."""
    places = np.arange(len(times))
    broken = np.maximum.accumulate(np.where(condition, -1, places), axis=-1)
    start = times[np.minimum(broken + 1, len(times) - 1)] if len(times) else times
    return np.where(condition, times - start, -1)


def held_for(times: NDArray[np.int64], condition: NDArray[np.bool_], span: int) -> NDArray[np.bool_]:
    """Say where a condition [..., times] has held without a break for at least `span` microseconds."""
    return np.asarray(since_when(times, condition) >= span)
