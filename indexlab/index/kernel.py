"""The compiled engine: one loop over publications, run after run, that follows the rules of a declaration.

It takes what each source brings (`entering`) and gives value and status, and on request the effective weights, the entered prices and the reasons. Nothing is
allocated per publication; what a rule remembers from one publication to the next lives in `state`, one row a run, which the caller starts and may carry
on. The rules are small integers, so that one compiled body serves every declaration and the processor predicts its branches.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from indexlab.market.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.index.rules import Declaration

__all__ = ["STATE_WIDTH", "Rules", "determine_rows", "rules_of"]

STATE_WIDTH: Final = 1
"""Numbers that a run remembers: [0] the last value published with ok or degraded (NaN: none)."""

# Numba caches by this file alone, so what the compiled code holds is written out here; a test holds it to `rules` and `determination`.
_TIE: Final = 1e-12
_BORDER: Final = 1e-6
_BORDER_RELATIVE: Final = 1e-14
_LARGEST_COUNT: Final = 2.0**53
_NEVER: Final = 2**62
_OK, _DEGRADED, _HELD, _HALTED = 0, 1, 2, 3
_USED, _CLAMPED, _OUTLIER, _STALE, _ABSENT = 0, 1, 2, 3, 6
_NO_RULE, _DROP, _CLAMP = 0, 1, 2
_WEIGHTED_MEAN, _MEDIAN, _WEIGHTED_MEDIAN, _TRIMMED = 0, 1, 2, 3
_MEAN, _FLOOR, _AWAY, _LOWER, _UPPER = 0, 1, 2, 3, 4
_HALT, _HOLD, _DEGRADE = 0, 1, 2
_HALF_EVEN, _HALF_UP, _DOWN, _UP = 0, 1, 2, 3

_OUTLIER_RULES: Final = {"none": _NO_RULE, "drop": _DROP, "clamp": _CLAMP}
_AGGREGATIONS: Final = {"weighted-mean": _WEIGHTED_MEAN, "median": _MEDIAN, "weighted-median": _WEIGHTED_MEDIAN, "drop-highest-and-lowest": _TRIMMED}
_MIDDLES: Final = {"mean": _MEAN, "floor": _FLOOR, "away-from-zero": _AWAY, "lower": _LOWER, "upper": _UPPER}
_BELOW: Final = {"halt": _HALT, "hold": _HOLD, "degrade": _DEGRADE}
_ROUNDINGS: Final = {"half-even": _HALF_EVEN, "half-up": _HALF_UP, "down": _DOWN, "up": _UP}


class Rules(NamedTuple):
    """A declaration as the kernel reads it: words are small integers, numbers are in the units of the declaration."""

    silence_us: int
    stale_at_limit: bool
    outlier: int
    band: float
    out_at_band: bool
    median_if_several: bool
    from_sources: int
    aggregation: int
    even: int
    unit: float
    tie: int
    ok_from: int
    below: int
    tick: float
    rounding: int
    sorts: bool


def rules_of(declaration: Declaration) -> Rules:
    """Return the rules of a declaration as small numbers."""
    staleness, outlier, aggregation, rounding = declaration.staleness, declaration.outlier, declaration.aggregation, declaration.rounding
    return Rules(
        silence_us=_NEVER if staleness.silence_us is None else staleness.silence_us,
        stale_at_limit=staleness.at_limit == "stale",
        outlier=_OUTLIER_RULES[outlier.rule],
        band=outlier.band,
        out_at_band=outlier.comparison == ">=",
        median_if_several=outlier.several == "median",
        from_sources=outlier.from_sources,
        aggregation=_AGGREGATIONS[aggregation.rule],
        even=_MIDDLES[aggregation.even],
        unit=aggregation.unit,
        tie=_MIDDLES[aggregation.tie],
        ok_from=declaration.quorum.ok_from,
        below=_BELOW[declaration.quorum.below],
        tick=0.0 if rounding is None else rounding.tick,
        rounding=_HALF_EVEN if rounding is None else _ROUNDINGS[rounding.mode],
        sorts=outlier.rule != "none" or aggregation.rule in {"median", "weighted-median"},
    )


@compiled
def determine_rows(
    rules: Rules,
    weights: NDArray[np.float64],
    entered: NDArray[np.float64],
    age: NDArray[np.int64],
    why: NDArray[np.int8],
    times: int,
    state: NDArray[np.float64],
    detail: bool,
    value: NDArray[np.float64],
    status: NDArray[np.int8],
    weight: NDArray[np.float64],
    used: NDArray[np.float64],
    reason: NDArray[np.int8],
) -> None:
    """Fill value and status [rows], and with `detail` weight, used and reason [rows, sources]; `times` rows a run.

    `weights` [sources] are the given ones, with a sum of at most 1; `entered`, `age` and `why` [rows, sources] come from `entering`; `state` [runs,
    STATE_WIDTH] is read before a run's first row and left as its last row left it. Without `detail` the last three arrays may have no rows.
    """
    n = entered.shape[1]
    pool = np.empty(n, dtype=np.int64)  # who takes part, in the order of the basket
    order = np.empty(n, dtype=np.int64)  # the same, by price
    ranked = np.empty(n)  # their prices, by price
    price = np.empty(n)  # by position in the basket, after clamping
    share = np.empty(n)  # effective weight, by position in the basket
    judged = np.empty(n, dtype=np.int8)
    for run in range(len(state)):
        last = state[run, 0]
        for row in range(run * times, (run + 1) * times):
            n_live = _take_live(rules, weights, entered, age, why, row, pool, price, judged)
            enough = n_live >= rules.ok_from
            found = math.nan
            if enough or (rules.below == _DEGRADE and n_live > 0):
                found = _value(rules, weights, n_live, pool, order, ranked, price, share, judged, detail)
            if 0.0 < found < math.inf:
                last = found
                value[row] = found
                status[row] = _OK if enough else _DEGRADED
            elif rules.below == _HOLD and not math.isnan(last):
                value[row] = last
                status[row] = _HELD
                found = math.nan
            else:
                value[row] = math.nan
                status[row] = _HALTED
                found = math.nan
            if detail:
                _explain(math.isnan(found), price, share, judged, row, weight, used, reason)
        state[run, 0] = last


@compiled
def _take_live(
    rules: Rules,
    weights: NDArray[np.float64],
    entered: NDArray[np.float64],
    age: NDArray[np.int64],
    why: NDArray[np.int8],
    row: int,
    pool: NDArray[np.int64],
    price: NDArray[np.float64],
    judged: NDArray[np.int8],
) -> int:
    """List the live sources of a publication in `pool` and give each source its reason so far; return how many are live."""
    n_live = 0
    for s in range(len(pool)):
        price[s] = entered[row, s]
        if weights[s] <= 0.0:
            judged[s] = _ABSENT
        elif why[row, s] != _USED:
            judged[s] = why[row, s]
        elif age[row, s] > rules.silence_us or (rules.stale_at_limit and max(age[row, s], 0) >= rules.silence_us):
            judged[s] = _STALE
        else:
            judged[s] = _USED
            pool[n_live] = s
            n_live += 1
    return n_live


@compiled
def _value(
    rules: Rules,
    weights: NDArray[np.float64],
    n_live: int,
    pool: NDArray[np.int64],
    order: NDArray[np.int64],
    ranked: NDArray[np.float64],
    price: NDArray[np.float64],
    share: NDArray[np.float64],
    judged: NDArray[np.int8],
    detail: bool,
) -> float:
    """Apply the outlier rule, aggregate, round; return the value (NaN: all were dropped). `pool` shrinks to who takes part, `share` gets their weights."""
    if rules.sorts:
        _rank(n_live, pool, price, order, ranked)
    n = n_live
    if rules.outlier != _NO_RULE and n_live >= rules.from_sources:
        middle = _mean(ranked[(n - 1) // 2], ranked[n // 2])
        n_out = _judge(rules, middle, n, pool, price, judged)
        if n_out > 1 and rules.median_if_several:
            return _round_to_tick(rules, _median_instead(n, pool, ranked, weights, price, share, judged, detail))
        if n_out > 0:
            n = _throw_out(rules, middle, n, pool, price, judged)
            if n == 0:
                return math.nan
            if rules.aggregation in (_MEDIAN, _WEIGHTED_MEDIAN):
                _rank(n, pool, price, order, ranked)
    if rules.aggregation == _WEIGHTED_MEAN:
        found = _weighted_mean(n, pool, weights, price, share, detail)
    elif rules.aggregation == _MEDIAN:
        low, high = ranked[(n - 1) // 2], ranked[n // 2]
        found = _middle(rules, rules.even, low, high, n, pool, weights, price, share, detail)
    elif rules.aggregation == _WEIGHTED_MEDIAN:
        low, high = _weighted_middles(n, order, ranked, weights)
        found = _middle(rules, rules.tie, low, high, n, pool, weights, price, share, detail)
    else:
        found = _trimmed_mean(n, pool, weights, price, share)
    return _round_to_tick(rules, found)


@compiled
def _mean(a: float, b: float) -> float:
    """Return the mean of two numbers, without overflow."""
    total = a + b
    if math.isinf(total):
        return 0.5 * a + 0.5 * b
    return 0.5 * total


@compiled
def _same(a: float, b: float) -> bool:
    return abs(a - b) <= _TIE * max(abs(a), abs(b))


@compiled
def _rank(n: int, pool: NDArray[np.int64], price: NDArray[np.float64], order: NDArray[np.int64], ranked: NDArray[np.float64]) -> None:
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


@compiled
def _judge(rules: Rules, middle: float, n: int, pool: NDArray[np.int64], price: NDArray[np.float64], judged: NDArray[np.int8]) -> int:
    """Mark who is out of the band around the median; return how many."""
    half_band = rules.band * abs(middle)
    n_out = 0
    for k in range(n):
        p = price[pool[k]]
        beyond = abs(p - middle) - half_band
        margin = _TIE * max(abs(p), abs(middle))
        if beyond > margin or (rules.out_at_band and beyond >= -margin):
            judged[pool[k]] = _OUTLIER
            n_out += 1
    return n_out


@compiled
def _throw_out(rules: Rules, middle: float, n: int, pool: NDArray[np.int64], price: NDArray[np.float64], judged: NDArray[np.int8]) -> int:
    """Drop who is out, or move its price to the end of the band; return how many take part."""
    half_band = rules.band * abs(middle)
    left = 0
    for k in range(n):
        s = pool[k]
        if judged[s] == _OUTLIER and rules.outlier == _DROP:
            continue
        if judged[s] == _OUTLIER:
            judged[s] = _CLAMPED
            price[s] = middle + half_band if price[s] > middle else middle - half_band
        pool[left] = s
        left += 1
    return left


@compiled
def _weighted_mean(
    n: int, pool: NDArray[np.int64], weights: NDArray[np.float64], price: NDArray[np.float64], share: NDArray[np.float64], detail: bool
) -> float:
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


@compiled
def _trimmed_mean(n: int, pool: NDArray[np.int64], weights: NDArray[np.float64], price: NDArray[np.float64], share: NDArray[np.float64]) -> float:
    """Return the weighted mean without one highest and one lowest; who is highest or lowest together shares the loss."""
    low, high = math.inf, -math.inf
    for k in range(n):
        low = min(low, price[pool[k]])
        high = max(high, price[pool[k]])
    n_low, n_high = 0, 0
    for k in range(n):
        n_low += _same(price[pool[k]], low)
        n_high += _same(price[pool[k]], high)
    share[:] = 0.0
    total = 0.0
    weighted = 0.0
    for k in range(n):
        s = pool[k]
        kept = weights[s]
        if n >= 3:
            kept *= 1.0 - (1.0 / n_low if _same(price[s], low) else 0.0) - (1.0 / n_high if _same(price[s], high) else 0.0)
        share[s] = kept
        total += kept
        weighted += kept * price[s]
    for k in range(n):
        share[pool[k]] /= total
    return weighted / total


@compiled
def _weighted_middles(n: int, order: NDArray[np.int64], ranked: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Return the price at which the cumulative weight reaches half, and the next one where it is exactly half there (else the same again)."""
    total = 0.0
    for k in range(n):
        total += weights[order[k]]
    reached = 0.0
    for k in range(n):
        reached += weights[order[k]]
        if 2.0 * reached >= total * (1.0 - _TIE):
            tied = 2.0 * reached <= total * (1.0 + _TIE) and k + 1 < n
            return ranked[k], ranked[k + 1] if tied else ranked[k]
    return ranked[n - 1], ranked[n - 1]


@compiled
def _middle(
    rules: Rules,
    mode: int,
    low: float,
    high: float,
    n: int,
    pool: NDArray[np.int64],
    weights: NDArray[np.float64],
    price: NDArray[np.float64],
    share: NDArray[np.float64],
    detail: bool,
) -> float:
    """Make one value of the middle two prices (equal where there is one), and give the sources that hold them the weight."""
    if mode == _LOWER:
        high = low
    elif mode == _UPPER:
        low = high
    if detail:
        share[:] = 0.0
        _give(low, 0.5, n, pool, weights, price, share)
        _give(high, 0.5, n, pool, weights, price, share)
    found = _mean(low, high)
    if n % 2 == 1 or mode not in (_FLOOR, _AWAY):
        return found
    count = abs(found / rules.unit) if mode == _AWAY else found / rules.unit
    if abs(count) >= _LARGEST_COUNT:
        return found
    count = _whole(count, _UP if mode == _AWAY else _DOWN)
    return math.copysign(count, found) * rules.unit if mode == _AWAY else count * rules.unit


@compiled
def _give(
    target: float,
    amount: float,
    n: int,
    pool: NDArray[np.int64],
    weights: NDArray[np.float64],
    price: NDArray[np.float64],
    share: NDArray[np.float64],
) -> None:
    """Give `amount` of effective weight to the sources at a price, each its part by weight."""
    total = 0.0
    for k in range(n):
        if _same(price[pool[k]], target):
            total += weights[pool[k]]
    for k in range(n):
        if _same(price[pool[k]], target):
            share[pool[k]] += amount * weights[pool[k]] / total


@compiled
def _median_instead(
    n: int,
    pool: NDArray[np.int64],
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
        share[:] = 0.0
        _give(low, 0.5, n, pool, weights, price, share)
        _give(high, 0.5, n, pool, weights, price, share)
        for k in range(n):
            if share[pool[k]] > 0.0:
                judged[pool[k]] = _USED
    return _mean(low, high)


@compiled
def _whole(count: float, mode: int) -> float:
    """Round to a whole number; what is within the margin of a border counts as at it."""
    margin = max(_BORDER, _BORDER_RELATIVE * abs(count))
    base = math.floor(count)
    rest = count - base
    if rest <= margin:
        return float(base)
    if rest >= 1.0 - margin or mode == _UP:
        return base + 1.0
    if mode == _DOWN or rest < 0.5 - margin:
        return float(base)
    if rest > 0.5 + margin or mode == _HALF_UP:
        return base + 1.0
    return base + (base % 2)


@compiled
def _round_to_tick(rules: Rules, found: float) -> float:
    if rules.tick <= 0.0 or not abs(found) < math.inf:
        return found
    count = found / rules.tick
    if abs(count) >= _LARGEST_COUNT:
        return found
    count = _whole(count, rules.rounding)
    inverse = round(1.0 / rules.tick)
    if inverse >= 1 and _same(inverse * rules.tick, 1.0):
        return count / inverse
    return count * rules.tick


@compiled
def _explain(
    silent: bool,
    price: NDArray[np.float64],
    share: NDArray[np.float64],
    judged: NDArray[np.int8],
    row: int,
    weight: NDArray[np.float64],
    used: NDArray[np.float64],
    reason: NDArray[np.int8],
) -> None:
    """Write the row's weights, entered prices and reasons; where no value was made (`silent`) there are no weights and no prices."""
    for s in range(len(price)):
        counts = (judged[s] == _USED or judged[s] == _CLAMPED) and not silent
        weight[row, s] = share[s] if counts else 0.0
        used[row, s] = price[s] if counts else math.nan
        reason[row, s] = judged[s]
