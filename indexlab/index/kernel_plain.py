"""Compiled: the short loop for the usual rules: silence, a band around the median, a weighted mean, nothing remembered but the last value.

What it gives is what `kernel` gives, to the bit (a property test says so); it only carries less. Rules are plain arguments here, which stay in registers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.kernel_aggregate import give_middle
from indexlab.index.kernel_numbers import mean, rank_prices, round_to_tick
from indexlab.index.kernel_rules import (
    ABSENT,
    BELOW_DEGRADE,
    BELOW_HOLD,
    BY_MEDIAN,
    CLAMP,
    CLAMPED,
    DEGRADED,
    DROP,
    EACH,
    HALTED,
    HELD,
    NEVER,
    NO_RULE,
    OK,
    OUTLIER,
    SEVERAL_MEDIAN,
    STALE,
    TIE,
    USED,
    WEIGHTED_MEAN,
)
from indexlab.market.compiled import compiled, inlined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.index.kernel_rules import Few, Rules

__all__ = ["is_plain", "plain_rows"]


@compiled
def is_plain(rules: Rules, few: Few, why: NDArray[np.int8]) -> bool:
    """Say whether the short loop follows these rules; `why` must not hold sources that are only in the reference."""
    usual = rules.aggregation == WEIGHTED_MEAN and not rules.grouped and rules.weight_share <= 0.0 and rules.own < 0
    usual &= not (rules.has_two or rules.has_one or rules.readmits_outliers or rules.readmits_stale or rules.keeps_all)
    usual &= rules.smoothing <= 0.0 and rules.step <= 0.0 and rules.own_band <= 0.0 and rules.drop_beyond <= 0.0 and rules.exempt_share >= 1.0
    usual &= few.rule == NO_RULE or few.rule == DROP or few.rule == CLAMP
    usual &= few.rule == NO_RULE or (few.reference == BY_MEDIAN and few.sigmas <= 0.0)
    usual &= rules.several == EACH or (rules.several == SEVERAL_MEDIAN and rules.several_from == 2)
    usual &= rules.below <= BELOW_DEGRADE and rules.least == 1 and not rules.varied and (rules.then_holds == (rules.below == BELOW_HOLD))
    if not usual or rules.stale_is_beside or rules.remove_us < NEVER:
        return False
    for row in range(len(why)):
        for s in range(why.shape[1]):
            if why[row, s] > ABSENT:
                return False
    return True


@compiled
def plain_rows(
    rules: Rules,
    few: Few,
    stale_from: int,
    given: NDArray[np.float64],
    band: NDArray[np.float64],
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
    """Fill the outputs as `determine_rows` does; an age of at least `stale_from` is stale, whatever the limit."""
    n = entered.shape[1]
    pool = np.empty(n, dtype=np.uint32)
    ranked, price, share = np.empty(n), np.empty(n), np.zeros(n)
    judged = np.empty(n, dtype=np.int8)
    silence, rule, at_end, from_sources = rules.silence_us, few.rule, few.out_at_band, rules.from_sources
    by_median, ok_from, below, tick = rules.several == SEVERAL_MEDIAN, rules.ok_from, rules.below, rules.tick
    for run in range(len(state)):
        last, held = state[run, 0], 0.0
        for row in range(run * times, (run + 1) * times):
            live = _take(silence, stale_from, given, entered, age, why, row, pool, price, judged)
            found = math.nan
            if live >= ok_from or (below == BELOW_DEGRADE and live > 0):
                found = _value(rule, at_end, from_sources, by_median, live, given, band, pool, ranked, price, share, judged, detail)
                if tick > 0.0:
                    found = round_to_tick(rules, found)
            good = 0.0 < found < math.inf
            held = 0.0
            if good:
                last = found
                value[row] = found
                status[row] = OK if live >= ok_from else DEGRADED
            elif below == BELOW_HOLD and not math.isnan(last):
                value[row] = last
                status[row] = HELD
                held = 1.0
            else:
                value[row] = math.nan
                status[row] = HALTED
            if detail:
                for s in range(n):
                    counts = (judged[s] == USED or judged[s] == CLAMPED) and good
                    weight[row, s] = share[s] if counts else 0.0
                    used[row, s] = price[s] if counts else math.nan
                    reason[row, s] = judged[s]
        state[run, 0] = last
        state[run, 3] = held


@inlined
def _take(
    silence: int,
    stale_from: int,
    given: NDArray[np.float64],
    entered: NDArray[np.float64],
    age: NDArray[np.int64],
    why: NDArray[np.int8],
    row: int,
    pool: NDArray[np.uint32],
    price: NDArray[np.float64],
    judged: NDArray[np.int8],
) -> int:
    live = 0
    for s in range(len(pool)):
        p, span, so_far = entered[row, s], age[row, s], why[row, s]
        price[s] = p
        if given[s] <= 0.0:
            so_far = ABSENT
        elif so_far == USED and (span > silence or span >= stale_from):
            so_far = STALE
        judged[s] = so_far
        if so_far == USED:
            pool[live] = s
            live += 1
    return live


@inlined
def _value(
    rule: int,
    at_end: bool,
    from_sources: int,
    by_median: bool,
    live: int,
    given: NDArray[np.float64],
    band: NDArray[np.float64],
    pool: NDArray[np.uint32],
    ranked: NDArray[np.float64],
    price: NDArray[np.float64],
    share: NDArray[np.float64],
    judged: NDArray[np.int8],
    detail: bool,
) -> float:
    left = live
    if rule != NO_RULE and live >= from_sources:
        rank_prices(live, pool, price, ranked)
        middle = mean(ranked[(live - 1) // 2], ranked[live // 2])
        out = _judge(band, middle, at_end, live, pool, price, judged)
        if out > 1 and by_median:
            if detail:
                give_middle(0, ranked[(live - 1) // 2], ranked[live // 2], live, pool, given, price, share)
                for k in range(live):
                    if share[pool[k]] > 0.0:
                        judged[pool[k]] = USED
            return middle
        if out > 0:
            left = _throw_out(rule, band, middle, live, pool, price, judged)
            if left == 0:
                return math.nan
    total, weighted = 0.0, 0.0
    for k in range(left):
        s = pool[k]
        total += given[s]
        weighted += given[s] * price[s]
    if detail:
        for s in range(len(share)):
            share[s] = given[s] / total
    return weighted / total


@inlined
def _judge(
    band: NDArray[np.float64],
    middle: float,
    at_end: bool,
    n: int,
    pool: NDArray[np.uint32],
    price: NDArray[np.float64],
    judged: NDArray[np.int8],
) -> int:
    out = 0
    size = abs(middle)
    for k in range(n):
        s = pool[k]
        p = price[s]
        beyond = abs(p - middle) - band[s] * size
        margin = TIE * max(abs(p), size)
        if beyond > margin or (at_end and beyond >= -margin):
            judged[s] = OUTLIER
            out += 1
    return out


@inlined
def _throw_out(
    rule: int,
    band: NDArray[np.float64],
    middle: float,
    n: int,
    pool: NDArray[np.uint32],
    price: NDArray[np.float64],
    judged: NDArray[np.int8],
) -> int:
    left = 0
    for k in range(n):
        s = pool[k]
        if judged[s] == OUTLIER:
            if rule == DROP:
                continue
            judged[s] = CLAMPED
            half_band = band[s] * abs(middle)
            price[s] = middle + half_band if price[s] > middle else middle - half_band
        pool[left] = s
        left += 1
    return left
