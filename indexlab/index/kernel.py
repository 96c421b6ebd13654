"""The compiled engine: one loop over publications, run after run, that follows the rules of a declaration.

It takes what each source brings (`entering`) and gives value and status, and on request the effective weights, the entered prices and the reasons. Nothing is
allocated per publication (but by order books and partitions); what a rule remembers from one publication to the next lives in `state`, one row a run, which
the caller starts (`new_state`) and may carry on. The rules are small integers, so that one compiled body serves every declaration.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from indexlab.index.kernel_aggregate import give_middle, partitioned, plain_mean, trimmed_mean, voted, weighted_mean, weighted_median
from indexlab.index.kernel_book import booked
from indexlab.index.kernel_live import GLOBALS, PER_SOURCE, count_groups, go_out, readmit, take_live
from indexlab.index.kernel_numbers import mean, middle_value, rank, rank_prices, round_to_tick
from indexlab.index.kernel_outliers import judge, judge_by_one, throw_out
from indexlab.index.kernel_plain import is_plain, plain_rows
from indexlab.index.kernel_rules import (
    BELOW_DEGRADE,
    BELOW_MEAN,
    BELOW_OWN,
    BESIDE,
    BY_MEDIAN,
    CLAMPED,
    DEGRADED,
    HALT_NOW,
    HALTED,
    HELD,
    HOLD_LAST,
    INSTEAD,
    MEDIAN,
    MEDIAN_INSTEAD,
    NEVER,
    NO_RULE,
    NO_VALUE,
    OK,
    ORDER_BOOK,
    OUTLIER,
    OWN_PRICE,
    RULE_HALT,
    RULE_HOLD,
    RULE_OWN,
    SEVERAL_HALT,
    SEVERAL_HOLD,
    SEVERAL_MEDIAN,
    STALE,
    TIE,
    TRIMMED,
    USED,
    VALUE,
    VOTES,
    WEIGHTED_MEAN,
    WEIGHTED_MEDIAN,
)
from indexlab.market.compiled import compiled, inlined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.index.kernel_rules import Extra, Few, Rules

__all__ = ["determine_rows", "new_state"]


def new_state(runs: int, n_sources: int) -> NDArray[np.float64]:
    """Return the empty memory of so many runs."""
    state = np.full((runs, GLOBALS + n_sources * PER_SOURCE), np.nan)
    state[:, 2:GLOBALS] = 0.0
    state[:, GLOBALS::PER_SOURCE] = 0.0
    return state


@compiled
def determine_rows(
    rules: Rules,
    fews: NDArray[np.void],
    weights: NDArray[np.float64],
    band: NDArray[np.float64],
    group: NDArray[np.int64],
    entered: NDArray[np.float64],
    age: NDArray[np.int64],
    why: NDArray[np.int8],
    extra: Extra,
    moments: NDArray[np.int64],
    state: NDArray[np.float64],
    detail: bool,
    value: NDArray[np.float64],
    status: NDArray[np.int8],
    confidence: NDArray[np.float64],
    weight: NDArray[np.float64],
    used: NDArray[np.float64],
    reason: NDArray[np.int8],
) -> None:
    """Fill value and status [rows], with `detail` weight, used and reason [rows, sources], and for votes confidence [rows]; `len(moments)` rows a run.

    `weights` [1 or rows, sources] are the given ones, with a sum of at most 1; `band` and `group` [sources]; `entered`, `age` and `why` [rows, sources] come
    from `entering`; `state` [runs, ...] is read before a run's first row and left as its last row left it. Without `detail` the last three arrays
    may have no rows.
    """
    n = entered.shape[1]
    times = len(moments)
    if is_plain(rules, fews[0], why):
        plain_rows(
            rules, rules.silence_us, max(rules.silence_us, 0) if rules.stale_at_limit else NEVER + 1, fews[0].rule, fews[0].out_at_band,
            rules.from_sources, rules.several == SEVERAL_MEDIAN, rules.ok_from, rules.below, weights[0].copy(), band, entered, age, why, times, state, detail,
            value, status, weight, used, reason,
        )  # fmt: skip
        return
    pool, beside, order, ranked, space, spare, reference, price, share, given, judged, seen, member, mark = _new_work(n)
    for run in range(len(state)):
        memory = state[run]
        for moment in range(times):
            row = run * times + moment
            if rules.varied or row == 0:
                for s in range(n):
                    given[s] = weights[row if rules.varied else 0, s]
            n_live, n_beside, counted = _who(
                rules, moments[moment], band, group, entered, age, why, row, memory, pool, beside, ranked, price, given, judged, seen, mark
            )
            own_price = _own_price(rules, entered, age, row)
            enough = counted >= rules.ok_from and (rules.weight_share <= 0.0 or _has_share(rules, given, n_live, pool))
            wide = math.nan
            if enough or (rules.below == BELOW_DEGRADE and counted >= rules.least and n_live > 0):
                few = fews[_rule_for(rules, counted)]
                outcome, n_part = _filtered(
                    rules,
                    few,
                    band,
                    group,
                    moments[moment],
                    n_live,
                    n_beside,
                    counted,
                    own_price,
                    memory,
                    pool,
                    beside,
                    order,
                    ranked,
                    space,
                    spare,
                    reference,
                    price,
                    given,
                    judged,
                    seen,
                    mark,
                )
                found = math.nan
                if outcome == INSTEAD:
                    outcome = VALUE
                    found = _median_instead(n_live, pool, ranked, given, price, share, judged, detail)
                elif outcome == VALUE and n_part > 0:
                    if rules.aggregation <= TRIMMED:
                        found = _aggregate(rules, n_part, pool, order, ranked, space, price, share, given, detail)
                    else:
                        found, wide = _aggregate_more(rules, n_part, moments[moment], row, extra, pool, space, price, share, member)
            else:
                outcome, found = _too_few(rules, n_live, counted, pool, price, share)
            if outcome == OWN_PRICE:
                found = own_price
            silent = _publish(rules, row, outcome, enough, found, own_price, memory, value, status)
            if len(confidence) > 0:
                confidence[row] = math.nan if silent else wide
            if detail:
                _explain(silent or outcome == OWN_PRICE, price, share, judged, row, weight, used, reason)


_Space: TypeAlias = """tuple[
    NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float64], NDArray[np.float64], NDArray[np.uint32], NDArray[np.float64],
    NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int8], NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64],
]"""


@compiled
def _new_work(n: int) -> _Space:
    """Return working space.

    pool: who takes part, in the order of the basket; beside: who is only in the reference; order: who takes part, by price; ranked: their prices; space and
    spare: for whoever needs some; reference: what each is compared with; by position in the basket prices after clamping, effective and given weights, reasons,
    groups seen, members; and a counter.
    """
    return (
        np.empty(n, dtype=np.uint32),
        np.empty(n, dtype=np.uint32),
        np.empty(n + 1, dtype=np.uint32),
        np.empty(n + 1),
        np.empty(3 * n + 1),
        np.empty(n + 1, dtype=np.uint32),
        np.empty(n),
        np.empty(n),
        np.empty(n),
        np.empty(n),
        np.empty(n, dtype=np.int8),
        np.full(n, -1, dtype=np.int64),
        np.empty(n, dtype=np.bool_),
        np.zeros(1, dtype=np.int64),
    )


@inlined
def _who(
    rules: Rules,
    now: int,
    band: NDArray[np.float64],
    group: NDArray[np.int64],
    entered: NDArray[np.float64],
    age: NDArray[np.int64],
    why: NDArray[np.int8],
    row: int,
    memory: NDArray[np.float64],
    pool: NDArray[np.uint32],
    beside: NDArray[np.uint32],
    ranked: NDArray[np.float64],
    price: NDArray[np.float64],
    given: NDArray[np.float64],
    judged: NDArray[np.int8],
    seen: NDArray[np.int64],
    mark: NDArray[np.int64],
) -> tuple[int, int, int]:
    """Find who is live; return how many are, how many are only in the reference, and how many that is where sources are counted."""
    n_live, n_beside = take_live(rules, given, entered, age, why, row, pool, beside, price, judged)
    if rules.readmits_outliers or rules.readmits_stale:
        mark[0] += 1
        n_live = readmit(rules, float(now), n_live, pool, price, judged, band, memory, ranked, group, seen, mark[0])
        n_beside = _still_beside(n_beside, beside, judged)
    counted = n_live
    if rules.grouped:
        mark[0] += 1
        counted = count_groups(n_live, pool, group, seen, mark[0])
    return n_live, n_beside, counted


@inlined
def _filtered(
    rules: Rules,
    few: Few,
    band: NDArray[np.float64],
    group: NDArray[np.int64],
    now: int,
    n_live: int,
    n_beside: int,
    counted: int,
    own_price: float,
    memory: NDArray[np.float64],
    pool: NDArray[np.uint32],
    beside: NDArray[np.uint32],
    order: NDArray[np.uint32],
    ranked: NDArray[np.float64],
    space: NDArray[np.float64],
    spare: NDArray[np.uint32],
    reference: NDArray[np.float64],
    price: NDArray[np.float64],
    given: NDArray[np.float64],
    judged: NDArray[np.int8],
    seen: NDArray[np.int64],
    mark: NDArray[np.int64],
) -> tuple[int, int]:
    """Apply the outlier rule; return what comes of it and how many take part."""
    if rules.sorts:
        if rules.aggregation == WEIGHTED_MEDIAN:
            rank(n_live, pool, price, order, ranked)
        else:
            rank_prices(n_live, pool, price, ranked)
    if few.rule == NO_RULE or (few.band < 0.0 and counted < rules.from_sources):
        return VALUE, n_live
    if few.reference == BY_MEDIAN and n_beside == 0 and rules.exempt_share >= 1.0:
        middle = mean(ranked[(n_live - 1) // 2], ranked[n_live // 2])
        n_out = judge_by_one(few, middle, band, n_live, pool, price, reference, judged)
    else:
        n_out = judge(
            rules, few, given, band, n_live, pool, n_beside, beside, price, ranked, memory[0], own_price, reference,
            judged, spare, space,
        )  # fmt: skip
    if n_out == 0:
        return VALUE, n_live
    mark[0] += 1
    outcome, n_part = _act(rules, few, band, n_live, n_out, group, seen, mark[0], pool, price, reference, judged)
    if outcome == VALUE:
        if rules.readmits_outliers:
            _remember_out(rules, float(now), judged, memory)
        if rules.aggregation == WEIGHTED_MEDIAN:
            rank(n_part, pool, price, order, ranked)
        elif rules.aggregation == MEDIAN:
            rank_prices(n_part, pool, price, ranked)
    return outcome, n_part


@inlined
def _too_few(rules: Rules, n_live: int, counted: int, pool: NDArray[np.uint32], price: NDArray[np.float64], share: NDArray[np.float64]) -> tuple[int, float]:
    """Do what is done below the quorum where the rules are not applied."""
    if rules.below == BELOW_MEAN and counted >= rules.least and n_live > 0:
        return VALUE, plain_mean(n_live, pool, price, share)
    return OWN_PRICE if rules.below == BELOW_OWN else NO_VALUE, math.nan


@inlined
def _publish(
    rules: Rules,
    row: int,
    outcome: int,
    enough: bool,
    found: float,
    own_price: float,
    memory: NDArray[np.float64],
    value: NDArray[np.float64],
    status: NDArray[np.int8],
) -> bool:
    """Guard a value and write it with its status, or what stands in for it; return whether there is no new one."""
    stopped = False
    smoothed = memory[1]
    if 0.0 < found < math.inf:
        found, smoothed, stopped = _guarded(rules, found, own_price, memory)
    stopped = stopped or memory[2] > 0.0
    silent = stopped or not 0.0 < found < math.inf
    memory[3] = 0.0
    if not silent:
        memory[0] = found
        memory[1] = smoothed
        value[row] = found
        status[row] = OK if enough and outcome == VALUE else DEGRADED
    elif not stopped and _holds(rules, outcome) and not math.isnan(memory[0]):
        value[row] = memory[0]
        status[row] = HELD
        memory[3] = 1.0
    else:
        value[row] = math.nan
        status[row] = HALTED
    return silent


@inlined
def _still_beside(n_beside: int, beside: NDArray[np.uint32], judged: NDArray[np.int8]) -> int:
    left = 0
    for k in range(n_beside):
        if judged[beside[k]] == BESIDE:
            beside[left] = beside[k]
            left += 1
    return left


@inlined
def _own_price(rules: Rules, entered: NDArray[np.float64], age: NDArray[np.int64], row: int) -> float:
    """Return the venue's own last price, where there is one that is not older than the declared silence."""
    if rules.own < 0 or age[row, rules.own] > rules.own_silence_us:
        return math.nan
    return float(entered[row, rules.own])


@inlined
def _has_share(rules: Rules, given: NDArray[np.float64], n: int, pool: NDArray[np.uint32]) -> bool:
    """Say whether the live sources have the declared share of all given weights."""
    live, total = 0.0, 0.0
    for k in range(n):
        live += given[pool[k]]
    for s in range(len(given)):
        total += given[s]
    return live >= rules.weight_share * total * (1.0 - TIE)


@inlined
def _rule_for(rules: Rules, counted: int) -> int:
    """Return which outlier rule is for so many sources: the main one, that for two, that for one."""
    if counted == 2 and rules.has_two:
        return 1
    return 2 if counted == 1 and rules.has_one else 0


@inlined
def _act(
    rules: Rules,
    few: Few,
    band: NDArray[np.float64],
    n: int,
    n_out: int,
    group: NDArray[np.int64],
    seen: NDArray[np.int64],
    mark: int,
    pool: NDArray[np.uint32],
    price: NDArray[np.float64],
    reference: NDArray[np.float64],
    judged: NDArray[np.int8],
) -> tuple[int, int]:
    """Do what the rule says with those who are out; return what comes of it and how many take part."""
    is_main = few.band < 0.0
    if is_main and rules.several != 0:
        counted = n_out
        if rules.grouped:
            counted = 0
            for k in range(n):
                if judged[pool[k]] == OUTLIER and seen[group[pool[k]]] != mark:
                    seen[group[pool[k]]] = mark
                    counted += 1
        if counted >= rules.several_from:
            if rules.several == SEVERAL_MEDIAN:
                return INSTEAD, n
            if rules.several == SEVERAL_HOLD:
                return HOLD_LAST, n
            if rules.several == SEVERAL_HALT:
                return HALT_NOW, n
            for k in range(n):
                judged[pool[k]] = USED
            return VALUE, n
    if few.rule == MEDIAN_INSTEAD:
        return INSTEAD, n
    if few.rule == RULE_HOLD:
        return HOLD_LAST, n
    if few.rule == RULE_HALT:
        return HALT_NOW, n
    if few.rule == RULE_OWN:
        return OWN_PRICE, n
    return VALUE, throw_out(rules, few, band, n, pool, price, reference, judged)


@inlined
def _remember_out(rules: Rules, now: float, judged: NDArray[np.int8], memory: NDArray[np.float64]) -> None:
    """Put out whom the outlier rule has dropped."""
    for s in range(len(judged)):
        if judged[s] == OUTLIER:
            go_out(rules, now, memory[GLOBALS + s * PER_SOURCE : GLOBALS + (s + 1) * PER_SOURCE], True)


@inlined
def _aggregate(
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


@compiled
def _aggregate_more(
    rules: Rules,
    n: int,
    now: int,
    row: int,
    extra: Extra,
    pool: NDArray[np.uint32],
    space: NDArray[np.float64],
    price: NDArray[np.float64],
    share: NDArray[np.float64],
    member: NDArray[np.bool_],
) -> tuple[float, float]:
    """Make one value of more than one price a source; return it and its confidence."""
    if rules.aggregation == VOTES:
        return voted(rules, n, pool, extra.confidence[row], price, share, space)
    if rules.aggregation == ORDER_BOOK:
        return booked(rules, n, pool, extra.newest[row], extra, share), math.nan
    return partitioned(rules, now, n, pool, member, row, extra, share), math.nan


@inlined
def _median_instead(
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


@inlined
def _guarded(rules: Rules, found: float, own_price: float, memory: NDArray[np.float64]) -> tuple[float, float, bool]:
    """Smooth, guard and round a value; return it, the smoothed one to remember, and whether a guard has stopped it."""
    smoothed = memory[1]
    if rules.smoothing > 0.0:
        smoothed = found if math.isnan(smoothed) else smoothed + rules.smoothing * (found - smoothed)
        found = smoothed
    last = memory[0]
    if rules.step > 0.0 and not math.isnan(last):
        half = rules.step * last
        if abs(found - last) - half > TIE * max(abs(found), last):
            if rules.step_halts:
                if rules.latches:
                    memory[2] = 1.0
                return found, smoothed, True
            found = last + half if found > last else last - half
    if rules.own_band > 0.0 and not math.isnan(own_price):
        half = rules.own_band * abs(own_price)
        found = min(max(found, own_price - half), own_price + half)
    return round_to_tick(rules, found), smoothed, False


@inlined
def _holds(rules: Rules, outcome: int) -> bool:
    return outcome == HOLD_LAST or (outcome == VALUE and rules.then_holds) or (outcome == NO_VALUE and rules.few_hold)


@inlined
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
        counts = (judged[s] == USED or judged[s] == CLAMPED) and not silent
        weight[row, s] = share[s] if counts else 0.0
        used[row, s] = price[s] if counts else math.nan
        reason[row, s] = STALE if judged[s] == BESIDE else judged[s]
