"""Compiled: one value of the prices that the specimen's outlier rule has left."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from indexlab.index.kernel_numbers import mean, rank_values
from indexlab.index.kernel_rules import TIE
from indexlab.market.compiled import inlined
from indexlab.targets.planted import switches as w
from indexlab.targets.planted.kernel_filter import middle
from indexlab.targets.planted.memory import LAST, LOWER, MEDIAN, SPOKE_LAST, UPPER, WEIGHTED_MEAN, WEIGHTED_MEDIAN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.targets.planted.memory import Memory, Method, Space

__all__ = ["value_of"]


@inlined
def value_of(x: NDArray[np.float64], method: Method, left: int, total_live: float, listed: int, memory: Memory, space: Space) -> float:
    """Make one value of the prices of the sources in the pool; `total_live` is the weight of the live ones before the outlier rule."""
    if left == 0:
        return math.nan
    if x[w.LAST_ARRIVAL_WINS] > 0.0:
        return float(space.price[memory.counts[SPOKE_LAST]])
    if x[w.HIGHEST_WINS] > 0.0 or x[w.LOWEST_WINS] > 0.0:
        found = space.price[space.pool[0]]
        for k in range(left):
            p = space.price[space.pool[k]]
            found = max(p, found) if x[w.HIGHEST_WINS] > 0.0 else min(p, found)
        return float(found)
    if method.aggregation == WEIGHTED_MEAN:
        return _mean(x, left, total_live, listed, memory, space)
    if method.aggregation == WEIGHTED_MEDIAN:
        return _weighted_median(x, method, left, listed, space)
    for k in range(left):
        space.ranked[k] = space.price[space.pool[k]]
    if method.aggregation == MEDIAN:
        if x[w.INCLUDES_LAST] > 0.0 and not math.isnan(memory.numbers[LAST]) and left < listed:
            space.ranked[left] = memory.numbers[LAST]
            return middle(x, left + 1, listed, space)
        return middle(x, left, listed, space)
    return _trimmed(x, left, space)


@inlined
def _mean(x: NDArray[np.float64], left: int, total_live: float, listed: int, memory: Memory, space: Space) -> float:
    total, weighted, whole, heaviest = 0.0, 0.0, 0.0, space.pool[0]
    for s in range(listed):
        whole += space.weight[s]
    for k in range(left):
        s = space.pool[k]
        weight = space.weight[k] if x[w.WEIGHTS_BY_POSITION] > 0.0 else space.weight[s]
        if x[w.WEIGHTS_WHOLE_PERCENT] > 0.0:
            weight = math.floor(100.0 * weight / whole)
        if x[w.WEIGHTS_BY_MESSAGES] > 0.0:
            weight *= 1.0 + memory.fresh[s]
        if x[w.FIRST_TWICE] > 0.0 and s == 0:
            weight *= x[w.FIRST_TWICE]
        total += weight
        weighted += weight * space.price[s]
        heaviest = s if space.weight[s] > space.weight[heaviest] else heaviest
    if x[w.WEIGHTS_HEAVIEST] > 0.0:
        return float(space.price[heaviest])
    if x[w.WEIGHTS_NOT_RENORMALISED] > 0.0:
        total = whole
    if x[w.WEIGHTS_KEPT] > 0.0:
        total = total_live
    if x[w.WEIGHTS_WHOLE_PERCENT] > 0.0:
        total = 100.0
    if x[w.INCLUDES_LAST] > 0.0 and not math.isnan(memory.numbers[LAST]):
        weighted += 99.0 * total * memory.numbers[LAST]
        total *= 100.0
    return weighted / total


@inlined
def _weighted_median(x: NDArray[np.float64], method: Method, left: int, listed: int, space: Space) -> float:
    order, ranked = space.order, space.ranked
    total = 0.0
    for k in range(left):
        s = space.pool[k]
        p = space.price[s]
        total += space.weight[s]
        j = k
        while j > 0 and ranked[j - 1] > p and not x[w.UNSORTED] > 0.0:
            ranked[j] = ranked[j - 1]
            order[j] = order[j - 1]
            j -= 1
        ranked[j] = p
        order[j] = s
    if x[w.HALF_OF_LIST] > 0.0:
        total = 0.0
        for s in range(listed):
            total += space.weight[s]
    if x[w.HALF_IS] > 0.0:
        total *= 2.0 * x[w.HALF_IS]
    reached = 0.0
    for k in range(left):
        reached += space.weight[space.pool[k] if x[w.WEIGHTS_UNSORTED] > 0.0 else order[k]]
        if 2.0 * reached >= total * (1.0 - TIE):
            tied = 2.0 * reached <= total * (1.0 + TIE) and k + 1 < left
            low, high = ranked[k], ranked[k + 1] if tied else ranked[k]
            if method.tie == LOWER:
                return float(low)
            return float(high) if method.tie == UPPER else mean(low, high)
    return math.nan if x[w.HALF_OF_LIST] > 0.0 else float(ranked[left - 1])


@inlined
def _trimmed(x: NDArray[np.float64], left: int, space: Space) -> float:
    """Return the plain mean without the lowest and the highest of three and more."""
    if not x[w.TRIM_BY_PLACE] > 0.0:
        rank_values(left, space.ranked)
    low, high = (1, left - 1) if left >= 3 else (0, left)
    if x[w.TRIM_TOP_ONLY] > 0.0:
        low = 0
    if x[w.TRIM_TOO_MUCH] > 0.0:
        cut = math.ceil(x[w.TRIM_TOO_MUCH] * left)
        low, high = cut, left - cut
    total = 0.0
    for k in range(low, high):
        total += space.ranked[k]
    return total / (high - low) if high > low else math.nan
