"""Compiled: one value of what is left after the outlier rule, and the effective weight of each source."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.kernel_numbers import mean, middle_value, rank_values, same, weighted_middles
from indexlab.index.kernel_rules import LOWER, MEDIAN, TIE, UPPER, USED, WEIGHTED_MEAN, WEIGHTED_MEDIAN
from indexlab.market.compiled import compiled, inlined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.index.kernel_rules import Extra, Rules

__all__ = ["aggregate", "give_middle", "median_instead", "partitioned", "plain_mean", "voted"]


@inlined
def weighted_mean(
    n: int,
    pool: NDArray[np.uint32],
    weights: NDArray[np.float64],
    price: NDArray[np.float64],
    share: NDArray[np.float64],
    detail: bool,
) -> float:
    """Return the weighted mean of the sources in `pool`."""
    total = 0.0
    weighted = 0.0
    for k in range(n):
        s = pool[k]
        total += weights[s]
        weighted += weights[s] * price[s]
    if detail:
        share[:] = 0.0
        for k in range(n):
            share[pool[k]] = weights[pool[k]] / total
    return weighted / total


@inlined
def plain_mean(n: int, pool: NDArray[np.uint32], price: NDArray[np.float64], share: NDArray[np.float64]) -> float:
    """Return the unweighted mean of the sources in `pool`."""
    total = 0.0
    share[:] = 0.0
    for k in range(n):
        total += price[pool[k]]
        share[pool[k]] = 1.0 / n
    if math.isinf(total):
        total = 0.0
        for k in range(n):
            total += price[pool[k]] / n
        return total
    return total / n


@inlined
def trimmed_mean(
    rules: Rules,
    n: int,
    pool: NDArray[np.uint32],
    weights: NDArray[np.float64],
    price: NDArray[np.float64],
    share: NDArray[np.float64],
    ranked: NDArray[np.float64],
) -> float:
    """Return the weighted mean without so many highest and lowest; who ties at an end of what is kept shares the loss."""
    cut = 1 if rules.trim < 0.0 else math.floor(rules.trim * n + 1e-9)
    if n < rules.trim_from or n < 3 or 2 * cut >= n:
        cut = 0
    low, high = -math.inf, math.inf
    keep_low, keep_high = 1.0, 1.0
    if cut > 0:
        for k in range(n):
            ranked[k] = price[pool[k]]
        rank_values(n, ranked)
        low, high = ranked[cut - 1], ranked[n - cut]
        keep_low, keep_high = _kept_of_ties(ranked, n, cut, low), _kept_of_ties_above(ranked, n, cut, high)
    share[:] = 0.0
    total = 0.0
    weighted = 0.0
    for k in range(n):
        s = pool[k]
        kept = weights[s] * _kept(price[s], cut, low, high, keep_low, keep_high)
        share[s] = kept
        total += kept
        weighted += kept * price[s]
    for k in range(n):
        share[pool[k]] /= total
    return weighted / total


@inlined
def _kept_of_ties(ranked: NDArray[np.float64], n: int, cut: int, end: float) -> float:
    """Return the share that each source at the lower cut keeps: those of the same price that are not among the `cut` lowest, over all of them."""
    tied, gone = 0, 0
    for k in range(n):
        if same(ranked[k], end):
            tied += 1
            gone += k < cut
    return 1.0 - gone / tied


@inlined
def _kept_of_ties_above(ranked: NDArray[np.float64], n: int, cut: int, end: float) -> float:
    tied, gone = 0, 0
    for k in range(n):
        if same(ranked[k], end):
            tied += 1
            gone += k >= n - cut
    return 1.0 - gone / tied


@inlined
def _kept(p: float, cut: int, low: float, high: float, keep_low: float, keep_high: float) -> float:
    if cut == 0:
        return 1.0
    at_low, at_high = same(p, low), same(p, high)
    if (p < low and not at_low) or (p > high and not at_high):
        return 0.0
    return 1.0 - (1.0 - keep_low if at_low else 0.0) - (1.0 - keep_high if at_high else 0.0)


@inlined
def weighted_median(
    rules: Rules,
    n: int,
    pool: NDArray[np.uint32],
    order: NDArray[np.uint32],
    ranked: NDArray[np.float64],
    weights: NDArray[np.float64],
    price: NDArray[np.float64],
    share: NDArray[np.float64],
    detail: bool,
) -> float:
    """Return the weighted median of the sources in `pool`, whose prices are sorted in `ranked`."""
    low, high = weighted_middles(n, order, ranked, weights)
    if detail:
        give_middle(rules.tie, low, high, n, pool, weights, price, share)
    return middle_value(rules.tie, 1.0, low, high, True)


@inlined
def give_middle(
    mode: int,
    low: float,
    high: float,
    n: int,
    pool: NDArray[np.uint32],
    weights: NDArray[np.float64],
    price: NDArray[np.float64],
    share: NDArray[np.float64],
) -> None:
    """Give the sources that hold the middle two prices the weight."""
    if mode == LOWER:
        high = low
    elif mode == UPPER:
        low = high
    share[:] = 0.0
    _give(low, 0.5, n, pool, weights, price, share)
    _give(high, 0.5, n, pool, weights, price, share)


@inlined
def _give(
    target: float,
    amount: float,
    n: int,
    pool: NDArray[np.uint32],
    weights: NDArray[np.float64],
    price: NDArray[np.float64],
    share: NDArray[np.float64],
) -> None:
    """Give `amount` of effective weight to the sources at a price, each its part by weight."""
    total = 0.0
    for k in range(n):
        if same(price[pool[k]], target):
            total += weights[pool[k]]
    for k in range(n):
        if same(price[pool[k]], target):
            share[pool[k]] += amount * weights[pool[k]] / total


@compiled
def voted(
    rules: Rules,
    n: int,
    pool: NDArray[np.uint32],
    confidence: NDArray[np.float64],
    price: NDArray[np.float64],
    share: NDArray[np.float64],
    votes: NDArray[np.float64],
) -> tuple[float, float]:
    """Return value and confidence of three votes a source (NaN: no value)."""
    share[:] = 0.0
    for k in range(n):
        s = pool[k]
        votes[3 * k] = price[s] - confidence[s]
        votes[3 * k + 1] = price[s]
        votes[3 * k + 2] = price[s] + confidence[s]
        share[s] = 1.0 / n
    m = 3 * n
    rank_values(m, votes)
    low, high = votes[(m - 1) // 2], votes[m // 2]
    found = middle_value(rules.even, rules.unit, low, high, m % 2 == 1)
    low, high = votes[m // 4], votes[m - 1 - m // 4]
    wide = max(0.0 if same(found, low) else found - low, 0.0 if same(found, high) else high - found)
    if not wide > 0.0:
        return math.nan, math.nan
    return found, wide


@compiled
def partitioned(
    rules: Rules,
    now: int,
    n: int,
    pool: NDArray[np.uint32],
    takes_part: NDArray[np.bool_],
    row: int,
    extra: Extra,
    share: NDArray[np.float64],
) -> float:
    """Return the mean over the parts of the window of the median price by size of the sources in `pool` (NaN: no part has any)."""
    takes_part[:] = False
    share[:] = 0.0
    for k in range(n):
        takes_part[pool[k]] = True
    start = now - rules.window_us
    total, parts, traded = 0.0, 0, 0.0
    first, after = extra.first[row], extra.after[row]
    price, weight = np.empty(after - first), np.empty(after - first)
    for part in range(rules.partitions):
        m = 0
        for at in range(first, after):
            p, size, s = extra.said[at], extra.size[at], extra.source[at]
            inside = start <= extra.event[at] < now and (extra.event[at] - start) * rules.partitions // rules.window_us == part
            if inside and takes_part[s] and not math.isnan(p) and size > 0.0:
                j = m
                while j > 0 and price[j - 1] > p:
                    price[j], weight[j] = price[j - 1], weight[j - 1]
                    j -= 1
                price[j], weight[j] = p, size
                share[s] += size
                traded += size
                m += 1
        if m > 0:
            total += _median_by_size(rules, price, weight, m)
            parts += 1
    if parts == 0:
        return math.nan
    for k in range(n):
        share[pool[k]] /= traded
    return total / parts


@compiled
def _median_by_size(rules: Rules, price: NDArray[np.float64], weight: NDArray[np.float64], m: int) -> float:
    half = 0.0
    for k in range(m):
        half += weight[k]
    reached = 0.0
    for k in range(m):
        reached += weight[k]
        if 2.0 * reached >= half * (1.0 - TIE):
            high = price[k + 1] if 2.0 * reached <= half * (1.0 + TIE) and k + 1 < m else price[k]
            return middle_value(rules.tie, 1.0, price[k], high, True)
    return float(price[m - 1])


@inlined
def aggregate(
    rules: Rules,
    n: int,
    pool: NDArray[np.uint32],
    order: NDArray[np.uint32],
    ranked: NDArray[np.float64],
    space: NDArray[np.float64],
    price: NDArray[np.float64],
    share: NDArray[np.float64],
    given: NDArray[np.float64],
    detail: bool,
) -> float:
    """Make one value of the prices of the sources in the pool."""
    if rules.aggregation == WEIGHTED_MEAN:
        return weighted_mean(n, pool, given, price, share, detail)
    if rules.aggregation == MEDIAN:
        low, high = ranked[(n - 1) // 2], ranked[n // 2]
        if detail:
            give_middle(rules.even, low, high, n, pool, given, price, share)
        return middle_value(rules.even, rules.unit, low, high, n % 2 == 1)
    if rules.aggregation == WEIGHTED_MEDIAN:
        return weighted_median(rules, n, pool, order, ranked, given, price, share, detail)
    return trimmed_mean(rules, n, pool, given, price, share, space)


@inlined
def median_instead(
    n: int,
    pool: NDArray[np.uint32],
    ranked: NDArray[np.float64],
    weights: NDArray[np.float64],
    price: NDArray[np.float64],
    share: NDArray[np.float64],
    judged: NDArray[np.int8],
    detail: bool,
) -> float:
    """Return the median of all live sources; who carries it is used, however far out."""
    low, high = ranked[(n - 1) // 2], ranked[n // 2]
    if detail:
        give_middle(0, low, high, n, pool, weights, price, share)
        for k in range(n):
            if share[pool[k]] > 0.0:
                judged[pool[k]] = USED
    return mean(low, high)
