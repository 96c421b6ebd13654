"""Compiled arithmetic that every rule uses: means, ties, ranks, medians, rounding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from indexlab.index.kernel_rules import AWAY, BORDER, BORDER_RELATIVE, DOWN, FLOOR, HALF_DOWN, HALF_UP, LARGEST_COUNT, LOWER, TIE, UP, UPPER
from indexlab.market.compiled import compiled, inlined

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.index.kernel_rules import Rules

__all__ = [
    "mean",
    "mean_of",
    "median_in_ranks",
    "median_with",
    "middle_value",
    "rank",
    "rank_prices",
    "rank_values",
    "round_to_tick",
    "same",
    "weighted_middles",
    "whole",
]


@inlined
def mean(a: float, b: float) -> float:
    """Return the mean of two numbers, without overflow."""
    total = a + b
    if math.isinf(total):
        return 0.5 * a + 0.5 * b
    return 0.5 * total


@compiled
def mean_of(values: NDArray[np.float64], n: int) -> float:
    """Return the mean of the first `n` numbers, without overflow."""
    total = 0.0
    for k in range(n):
        total += values[k]
    if math.isinf(total):
        total = 0.0
        for k in range(n):
            total += values[k] / n
        return total
    return total / n


@inlined
def same(a: float, b: float) -> bool:
    """Say whether two numbers are the same by the tie rule."""
    return abs(a - b) <= TIE * max(abs(a), abs(b))


@inlined
def rank(n: int, pool: NDArray[np.uint32], price: NDArray[np.float64], order: NDArray[np.uint32], ranked: NDArray[np.float64]) -> None:
    """Sort the sources of `pool` by price (insertion: baskets are small, and what is almost sorted is quick)."""
    for k in range(n):
        s = pool[k]
        p = price[s]
        j = k
        while j > 0 and ranked[j - 1] > p:
            ranked[j] = ranked[j - 1]
            order[j] = order[j - 1]
            j -= 1
        ranked[j] = p
        order[j] = s


@inlined
def rank_prices(n: int, pool: NDArray[np.uint32], price: NDArray[np.float64], ranked: NDArray[np.float64]) -> None:
    """Sort the prices of the sources of `pool`."""
    for k in range(n):
        p = price[pool[k]]
        j = k
        while j > 0 and ranked[j - 1] > p:
            ranked[j] = ranked[j - 1]
            j -= 1
        ranked[j] = p


@compiled
def rank_values(n: int, values: NDArray[np.float64]) -> None:
    """Sort the first `n` numbers in place: a heap where they are many."""
    if n > 64:
        values[:n].sort()
        return
    for k in range(1, n):
        p = values[k]
        j = k
        while j > 0 and values[j - 1] > p:
            values[j] = values[j - 1]
            j -= 1
        values[j] = p


@inlined
def median_in_ranks(ranked: NDArray[np.float64], n: int, skipped: int) -> float:
    """Return the median of `n` sorted numbers without the one at `skipped` (-1: of all)."""
    if skipped < 0:
        return mean(ranked[(n - 1) // 2], ranked[n // 2])
    low, high = (n - 2) // 2, (n - 1) // 2
    return mean(ranked[low if low < skipped else low + 1], ranked[high if high < skipped else high + 1])


@inlined
def median_with(ranked: NDArray[np.float64], n: int, p: float) -> float:
    """Return the median of `n` sorted numbers and one more."""
    place = 0
    while place < n and ranked[place] < p:
        place += 1
    low, high = n // 2, (n + 1) // 2
    a = ranked[low] if low < place else p if low == place else ranked[low - 1]
    b = ranked[high] if high < place else p if high == place else ranked[high - 1]
    return 0.5 * a + 0.5 * b


@inlined
def weighted_middles(n: int, order: NDArray[np.uint32], ranked: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Return the price at which the cumulative weight reaches half, and the next one where it is exactly half there (else the same again)."""
    total = 0.0
    for k in range(n):
        total += weights[order[k]]
    reached = 0.0
    for k in range(n):
        reached += weights[order[k]]
        if 2.0 * reached >= total * (1.0 - TIE):
            tied = 2.0 * reached <= total * (1.0 + TIE) and k + 1 < n
            return ranked[k], ranked[k + 1] if tied else ranked[k]
    return ranked[n - 1], ranked[n - 1]


@inlined
def middle_value(mode: int, unit: float, low: float, high: float, odd: bool) -> float:
    """Make one value of the middle two, by the declared mode."""
    if mode == LOWER:
        return low
    if mode == UPPER:
        return high
    found = mean(low, high)
    if odd or mode not in (FLOOR, AWAY):
        return found
    count = abs(found / unit) if mode == AWAY else found / unit
    if abs(count) >= LARGEST_COUNT:
        return found
    count = whole(count, UP if mode == AWAY else DOWN)
    return math.copysign(count, found) * unit if mode == AWAY else count * unit


@compiled
def whole(count: float, mode: int) -> float:
    """Round to a whole number; what is within the margin of a border counts as at it."""
    margin = max(BORDER, BORDER_RELATIVE * abs(count))
    base = math.floor(count)
    rest = count - base
    if rest <= margin:
        return float(base)
    if rest >= 1.0 - margin or mode == UP:
        return base + 1.0
    if mode == DOWN or rest < 0.5 - margin:
        return float(base)
    if rest > 0.5 + margin or mode == HALF_UP:
        return base + 1.0
    if mode == HALF_DOWN:
        return float(base)
    return base + (base % 2)


@inlined
def round_to_tick(rules: Rules, found: float) -> float:
    """Round a value to whole ticks."""
    if rules.tick <= 0.0 or not abs(found) < math.inf:
        return found
    count = found / rules.tick
    if abs(count) >= LARGEST_COUNT:
        return found
    count = whole(count, rules.rounding)
    inverse = round(1.0 / rules.tick)
    if inverse >= 1 and same(inverse * rules.tick, 1.0):
        return count / inverse
    return count * rules.tick
