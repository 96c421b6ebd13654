"""Compiled: the outlier rule of the specimen: what prices are compared with, who is out, and what is done with them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from indexlab.index.kernel_numbers import mean, rank_values
from indexlab.index.kernel_rules import TIE
from indexlab.market.compiled import inlined
from indexlab.targets.planted import switches as w
from indexlab.targets.planted.memory import CLAMP, DROP, HAD_VALUE, NO_RULE, PUBLISHED, SPOKE_LAST, VALUES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.targets.planted.memory import Memory, Method, Space

__all__ = ["filtered", "middle"]


@inlined
def middle(x: NDArray[np.float64], live: int, listed: int, space: Space) -> float:
    """Return the median of the first `live` prices of `ranked`, sorted (but with `unsorted`)."""
    ranked = space.ranked
    if not x[w.UNSORTED] > 0.0:
        rank_values(live, ranked)
    n = live
    if x[w.MIDDLE_OF_LIST] > 0.0:
        for k in range(live, listed):
            ranked[k] = 0.0
        rank_values(listed, ranked)
        n = max(live, listed)
    low, high = ranked[(n - 1) // 2], ranked[n // 2]
    if n % 2 == 0:
        if x[w.MIDDLE_OF_ENDS] > 0.0:
            return mean(ranked[0], ranked[n - 1])
        if x[w.MIDDLE_WRAPS] > 0.0:
            total = (low + high) * x[w.MIDDLE_WRAPS]
            if total >= 2.0**63:
                total -= 2.0**64
            return float(0.5 * total / x[w.MIDDLE_WRAPS])
        if x[w.MIDDLE_FIRST] > 0.0:
            for k in range(len(space.pool)):
                s = space.pool[k]
                if space.price[s] == low or space.price[s] == high:
                    return float(space.price[s])
    return mean(low, high)


@inlined
def _reference(x: NDArray[np.float64], live: int, listed: int, memory: Memory, space: Space) -> float:
    """Return what prices are compared with."""
    price, pool, ranked = space.price, space.pool, space.ranked
    if x[w.REFERENCE_FIRST] > 0.0:
        return float(price[pool[0]])
    if x[w.REFERENCE_NEWEST] > 0.0:
        return float(price[memory.counts[SPOKE_LAST]])
    if x[w.REFERENCE_HEAVIEST] > 0.0:
        best = pool[0]
        for k in range(live):
            best = pool[k] if space.weight[pool[k]] > space.weight[best] else best
        return float(price[best])
    if x[w.REFERENCE_FIRST_PAIR] > 0.0:
        for k in range(live):
            for j in range(k + 1, live):
                if abs(price[pool[k]] - price[pool[j]]) <= x[w.REFERENCE_FIRST_PAIR] * price[pool[k]]:
                    return mean(price[pool[k]], price[pool[j]])
    n = 0
    for k in range(live):
        ranked[n] = price[pool[k]]
        n += 1
    if x[w.REFERENCE_STALE] > 0.0 or x[w.REFERENCE_ZEROS] > 0.0:
        for s in range(listed):
            if space.is_stale[s] and n < listed:
                ranked[n] = 0.0 if x[w.REFERENCE_ZEROS] > 0.0 else price[s]
                n += 1
    if x[w.REFERENCE_LOWEST] > 0.0:
        lowest = ranked[0]
        for k in range(n):
            lowest = min(lowest, ranked[k])
        return float(lowest)
    return middle(x, n, listed, space)


@inlined
def _is_out(x: NDArray[np.float64], method: Method, p: float, reference: float) -> bool:
    width = method.band * abs(reference)
    if x[w.BAND_ABSOLUTE] > 0.0:
        width = x[w.BAND_ABSOLUTE]
    if (x[w.ONLY_ABOVE] > 0.0 and p < reference) or (x[w.ONLY_BELOW] > 0.0 and p > reference):
        return False
    beyond = abs(p - reference) - width
    margin = TIE * max(abs(p), abs(reference))
    out = beyond > margin or (method.out_at_band and beyond >= -margin)
    return bool(out) != bool(x[w.BAND_INVERTED] > 0.0)


@inlined
def _is_asked(x: NDArray[np.float64], live: int, memory: Memory) -> bool:
    """Say whether the outlier rule is asked at this publication."""
    if x[w.FIRST_UNFILTERED] > 0.0 and math.isnan(memory.numbers[VALUES]):
        return False
    if x[w.GAP_UNFILTERED] > 0.0 and memory.counts[HAD_VALUE] == 0 and not math.isnan(memory.numbers[VALUES]):
        return False
    if x[w.FILTER_BELOW] > 0.0 and live >= x[w.FILTER_BELOW]:
        return False
    return not (x[w.FILTER_EVERY] > 0.0 and memory.counts[PUBLISHED] % int(x[w.FILTER_EVERY]) != 0)


@inlined
def _judge(x: NDArray[np.float64], method: Method, live: int, listed: int, reference: float, memory: Memory, space: Space) -> int:
    """Mark who is out; return how many."""
    out = 0
    wide = 0.0
    if x[w.SIGMAS] > 0.0:
        reference, wide = _spread(x, live, space)
    for k in range(live):
        s = space.pool[k]
        p = space.price[s]
        is_out = abs(p - reference) - wide > TIE * abs(reference) if x[w.SIGMAS] > 0.0 else _is_out(x, method, p, reference)
        if (x[w.LAST_UNFILTERED] > 0.0 and s == listed - 1) or (x[w.NEW_FILTERED] > 0.0 and memory.fresh[s] == 0):
            is_out = False
        if is_out:
            memory.outs[s] += 1
            if x[w.CONFIRMED] > 0.0 and memory.outs[s] >= x[w.CONFIRMED]:
                is_out = False
            if x[w.OUT_FLAPS] > 0.0 and memory.counts[PUBLISHED] % 2 == 1:
                is_out = False
        else:
            memory.outs[s] = 0
        space.is_out[s] = is_out
        out += is_out
    if x[w.OUT_ALSO_NEXT] > 0.0 and out > 0:
        for k in range(live - 1, 0, -1):
            if space.is_out[space.pool[k - 1]] and not space.is_out[space.pool[k]]:
                space.is_out[space.pool[k]] = True
                out += 1
    return out


@inlined
def _spread(x: NDArray[np.float64], live: int, space: Space) -> tuple[float, float]:
    """Return the mean of the live prices and so many standard deviations."""
    total, squares = 0.0, 0.0
    for k in range(live):
        total += space.price[space.pool[k]] / live
    for k in range(live):
        squares += (space.price[space.pool[k]] - total) ** 2 / live
    if x[w.SIGMAS_WRONG_COUNT] > 0.0:
        squares /= live
    return total, x[w.SIGMAS] * math.sqrt(squares)


@inlined
def filtered(x: NDArray[np.float64], method: Method, live: int, listed: int, memory: Memory, space: Space) -> tuple[int, float]:
    """Apply the outlier rule; return how many are left, and the median where it is the value instead (else NaN)."""
    rule = DROP if x[w.SIGMAS] > 0.0 else method.rule
    if rule == NO_RULE or not _is_asked(x, live, memory):
        return live, math.nan
    reference = _reference(x, live, listed, memory, space)
    out = _judge(x, method, live, listed, reference, memory, space)
    if out == 0:
        return live, math.nan
    if x[w.OUT_STOPS_ALL] > 0.0:
        return 0, math.nan
    if out > 1 and method.several_median and not x[w.SIGMAS] > 0.0:
        for k in range(live):
            space.ranked[k] = space.price[space.pool[k]]
        return live, middle(x, live, listed, space)
    left = 0
    for k in range(live):
        s = space.pool[k]
        if space.is_out[s]:
            if rule == DROP:
                memory.out[s] = 2 if memory.out[s] < 3 else memory.out[s]
                memory.right[s] = -1
                continue
            half = method.band * abs(reference)
            if x[w.CLAMP_TO_WIDTH] > 0.0:
                space.price[s] = half
            else:
                space.price[s] = reference + half if space.price[s] > reference else reference - half
            if (x[w.NEVER_BACK] > 0.0 or x[w.OUT_HELD] > 0.0) and rule == CLAMP:
                memory.out[s] = 2
        space.pool[left] = s
        left += 1
    return left, math.nan
