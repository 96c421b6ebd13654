"""The compiled engine: one loop over publications, run after run, that follows the rules of a declaration.

It takes what each source brings (`entering`) and gives value and status, and on request the effective weights, the entered prices and the reasons. Nothing is
allocated per publication (but by order books and partitions); what a rule remembers from one publication to the next lives in `state`, one row a run, which
the caller starts (`new_state`) and may carry on. The rules are small integers, so that one compiled body serves every declaration.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from indexlab.index.kernel_aggregate import aggregate, median_instead, partitioned, plain_mean, voted
from indexlab.index.kernel_book import booked
from indexlab.index.kernel_live import GLOBALS, PER_SOURCE, count_groups, readmit, take_live
from indexlab.index.kernel_numbers import mean, rank, rank_prices
from indexlab.index.kernel_outliers import act, judge, judge_by_one, remember_out
from indexlab.index.kernel_plain import is_plain, plain_rows
from indexlab.index.kernel_publish import explain, publish
from indexlab.index.kernel_rules import (
    BELOW_DEGRADE,
    BELOW_MEAN,
    BELOW_OWN,
    BESIDE,
    BY_MEDIAN,
    INSTEAD,
    MEDIAN,
    NEVER,
    NO_RULE,
    NO_VALUE,
    ORDER_BOOK,
    OWN_PRICE,
    TIE,
    TRIMMED,
    VALUE,
    VOTES,
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
    times = len(moments)
    if is_plain(rules, fews[0], why):
        never = max(rules.silence_us, 0) if rules.stale_at_limit else NEVER + 1
        given = weights[0].copy()
        plain_rows(rules, fews[0], never, given, band, entered, age, why, times, state, detail, value, status, weight, used, reason)
    else:
        _any_rows(
            rules, fews, weights, band, group, entered, age, why, extra, moments, state, detail, value, status, confidence, weight, used, reason
        )  # fmt: skip


# fmt: off
@compiled
def _any_rows(
    rules: Rules, fews: NDArray[np.void], weights: NDArray[np.float64], band: NDArray[np.float64], group: NDArray[np.int64], entered: NDArray[np.float64],
    age: NDArray[np.int64], why: NDArray[np.int8], extra: Extra, moments: NDArray[np.int64], state: NDArray[np.float64], detail: bool,
    value: NDArray[np.float64], status: NDArray[np.int8], confidence: NDArray[np.float64], weight: NDArray[np.float64], used: NDArray[np.float64],
    reason: NDArray[np.int8],
) -> None:
    """Fill the outputs by rules of any kind."""
    n = entered.shape[1]
    times = len(moments)
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
                    found = median_instead(n_live, pool, ranked, given, price, share, judged, detail)
                elif outcome == VALUE and n_part > 0:
                    if rules.aggregation <= TRIMMED:
                        found = aggregate(rules, n_part, pool, order, ranked, space, price, share, given, detail)
                    else:
                        found, wide = _aggregate_more(rules, n_part, moments[moment], row, extra, pool, space, price, share, member)
            else:
                outcome, found = _too_few(rules, n_live, counted, pool, price, share)
            if outcome == OWN_PRICE:
                found = own_price
            silent = publish(rules, row, outcome, enough, found, own_price, memory, value, status)
            if len(confidence) > 0:
                confidence[row] = math.nan if silent else wide
            if detail:
                explain(silent or outcome == OWN_PRICE, price, share, judged, row, weight, used, reason)
# fmt: on


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
    outcome, n_part = act(rules, few, band, n_live, n_out, group, seen, mark[0], pool, price, reference, judged)
    if outcome == VALUE:
        if rules.readmits_outliers:
            remember_out(rules, float(now), judged, memory)
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
