"""Compiled: the outlier rule of one publication: what a price is compared with, who is out, and what is done with them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from indexlab.index.kernel_live import GLOBALS, PER_SOURCE, go_out
from indexlab.index.kernel_numbers import mean_of, median_in_ranks, median_with, rank, rank_values, same, weighted_middles
from indexlab.index.kernel_rules import (
    BY_LAST,
    BY_MEAN,
    BY_MEAN_OF_OTHERS,
    BY_MEDIAN,
    BY_MEDIAN_OF_OTHERS,
    BY_MEDIAN_WITH_LAST,
    BY_NEIGHBOUR,
    BY_OWN,
    BY_WEIGHTED_MEDIAN,
    CLAMP,
    CLAMPED,
    HALT_NOW,
    HOLD_LAST,
    INSTEAD,
    MEDIAN_INSTEAD,
    OUTLIER,
    OWN_PRICE,
    RULE_HALT,
    RULE_HOLD,
    RULE_OWN,
    SEVERAL_HALT,
    SEVERAL_HOLD,
    SEVERAL_MEDIAN,
    TIE,
    USED,
    VALUE,
)
from indexlab.market.compiled import inlined

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.index.kernel_rules import Few, Rules

__all__ = ["act", "judge", "judge_by_one", "remember_out"]


@inlined
def judge(
    rules: Rules,
    few: Few,
    weights: NDArray[np.float64],
    band: NDArray[np.float64],
    n: int,
    pool: NDArray[np.uint32],
    n_beside: int,
    beside: NDArray[np.uint32],
    price: NDArray[np.float64],
    ranked: NDArray[np.float64],
    last: float,
    own_price: float,
    reference: NDArray[np.float64],
    judged: NDArray[np.int8],
    order: NDArray[np.uint32],
    wide: NDArray[np.float64],
) -> int:
    """Mark who is out; return how many. `reference` gets for each source of `pool`, by position in the basket, what it was compared with.

    `ranked` are the sorted prices of `pool`; `order` and `wide` are working space, one longer than there are sources.
    """
    m = n
    view = ranked
    if n_beside > 0:
        for k in range(n):
            wide[k] = ranked[k]
        for k in range(n_beside):
            wide[n + k] = price[beside[k]]
        m = n + n_beside
        rank_values(m, wide)
        view = wide
    spread = 0.0
    if few.reference == BY_MEDIAN:
        common = median_in_ranks(view, m, -1)
    elif few.reference == BY_MEAN:
        common = mean_of(view, m)
        if few.sigmas > 0.0:
            spread = few.sigmas * _deviation(rules, view, m, common)
    elif few.reference == BY_LAST:
        common = last
    elif few.reference == BY_OWN:
        common = own_price
    elif few.reference == BY_MEDIAN_WITH_LAST:
        common = median_in_ranks(view, m, -1) if math.isnan(last) else median_with(view, m, last)
    elif few.reference == BY_WEIGHTED_MEDIAN:
        common = _weighted_median(weights, n, pool, n_beside, beside, price, order, wide)
    else:
        common = math.nan
    n_out = 0
    for k in range(n):
        s = pool[k]
        against = common
        if few.reference >= BY_MEDIAN_OF_OTHERS:
            against = _against(few.reference, common, price[s], view, m)
        reference[s] = against
        width = spread if few.sigmas > 0.0 else (band[s] if few.band < 0.0 else few.band) * abs(against)
        if _is_beyond(price[s], against, width, few.out_at_band) and not (few.band < 0.0 and _is_exempt(rules, weights, n, pool, s)):
            judged[s] = OUTLIER
            n_out += 1
    return n_out


@inlined
def judge_by_one(
    few: Few,
    common: float,
    band: NDArray[np.float64],
    n: int,
    pool: NDArray[np.uint32],
    price: NDArray[np.float64],
    reference: NDArray[np.float64],
    judged: NDArray[np.int8],
) -> int:
    """The usual case: one reference for all."""
    n_out = 0
    size = abs(common)
    own_bands, width, at_end = few.band < 0.0, few.band * size, few.out_at_band
    for k in range(n):
        s = pool[k]
        p = price[s]
        if own_bands:
            width = band[s] * size
        beyond = abs(p - common) - width
        margin = TIE * max(abs(p), size)
        if beyond > margin or (at_end and beyond >= -margin):
            judged[s] = OUTLIER
            reference[s] = common
            n_out += 1
    return n_out


@inlined
def _is_beyond(p: float, against: float, width: float, out_at_band: bool) -> bool:
    if math.isnan(against):
        return False
    beyond = abs(p - against) - width
    margin = TIE * max(abs(p), abs(against))
    return beyond > margin or (out_at_band and beyond >= -margin)


@inlined
def _is_exempt(rules: Rules, weights: NDArray[np.float64], n: int, pool: NDArray[np.uint32], s: int) -> bool:
    if rules.exempt_share >= 1.0:
        return False
    total = 0.0
    for k in range(n):
        total += weights[pool[k]]
    bound = rules.exempt_share * total
    return bool(weights[s] - bound > TIE * max(weights[s], bound))


@inlined
def _against(kind: int, common: float, p: float, view: NDArray[np.float64], m: int) -> float:
    """Return what one price is compared with, where that is its own."""
    if kind == BY_MEDIAN_OF_OTHERS or kind == BY_MEAN_OF_OTHERS:
        if m < 2:
            return math.nan
        place = 0
        while view[place] < p:
            place += 1
        return median_in_ranks(view, m, place) if kind == BY_MEDIAN_OF_OTHERS else _mean_without(view, m, place)
    if kind == BY_NEIGHBOUR:
        if m < 2:
            return math.nan
        if same(p, view[0]):
            return float(view[1])
        return float(view[m - 2]) if same(p, view[m - 1]) else math.nan
    return common


@inlined
def _mean_without(view: NDArray[np.float64], m: int, place: int) -> float:
    total = 0.0
    for k in range(m):
        if k != place:
            total += view[k]
    if math.isinf(total):
        total = 0.0
        for k in range(m):
            if k != place:
                total += view[k] / (m - 1)
        return total
    return total / (m - 1)


@inlined
def _deviation(rules: Rules, view: NDArray[np.float64], m: int, middle: float) -> float:
    """Return the standard deviation of the first `m` numbers around their mean."""
    degrees = m - 1 if rules.sample_deviation else m
    largest = max(abs(view[0] - middle), abs(view[m - 1] - middle))
    if degrees < 1 or largest <= 0.0 or not largest < math.inf:
        return math.inf if largest == math.inf else 0.0
    total = 0.0
    for k in range(m):
        part = (view[k] - middle) / largest
        total += part * part
    return float(largest * math.sqrt(total / degrees))


@inlined
def _weighted_median(
    weights: NDArray[np.float64],
    n: int,
    pool: NDArray[np.uint32],
    n_beside: int,
    beside: NDArray[np.uint32],
    price: NDArray[np.float64],
    order: NDArray[np.uint32],
    wide: NDArray[np.float64],
) -> float:
    """Return the lower weighted median of the live sources and those beside them."""
    rank(n, pool, price, order, wide)
    m = n
    for k in range(n_beside):
        s = beside[k]
        j = m
        while j > 0 and wide[j - 1] > price[s]:
            wide[j] = wide[j - 1]
            order[j] = order[j - 1]
            j -= 1
        wide[j] = price[s]
        order[j] = s
        m += 1
    low, _ = weighted_middles(m, order, wide, weights)
    return low


@inlined
def throw_out(
    rules: Rules,
    few: Few,
    band: NDArray[np.float64],
    n: int,
    pool: NDArray[np.uint32],
    price: NDArray[np.float64],
    reference: NDArray[np.float64],
    judged: NDArray[np.int8],
) -> int:
    """Drop who is out, or move its price to the end of the band; return how many take part."""
    left = 0
    for k in range(n):
        s = pool[k]
        if judged[s] == OUTLIER:
            against = reference[s]
            if few.rule != CLAMP or (
                few.band < 0.0 and rules.drop_beyond > 0.0 and _is_beyond(price[s], against, rules.drop_beyond * abs(against), few.out_at_band)
            ):
                continue
            judged[s] = CLAMPED
            half_band = (band[s] if few.band < 0.0 else few.band) * abs(against)
            price[s] = against + half_band if price[s] > against else against - half_band
        pool[left] = s
        left += 1
    if left == 0 and rules.keeps_all and few.band < 0.0:
        for k in range(n):
            judged[pool[k]] = USED
        return n
    return left


@inlined
def act(
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
def remember_out(rules: Rules, now: float, judged: NDArray[np.int8], memory: NDArray[np.float64]) -> None:
    """Put out whom the outlier rule has dropped."""
    for s in range(len(judged)):
        if judged[s] == OUTLIER:
            go_out(rules, now, memory[GLOBALS + s * PER_SOURCE : GLOBALS + (s + 1) * PER_SOURCE], True)
