"""Compiled: who is live at a publication, who comes back, and how many that are where sources are counted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from indexlab.index.kernel_numbers import median_in_ranks, median_with, rank_values
from indexlab.index.kernel_rules import ABSENT, BESIDE, COOLING, STALE, TIE, USED
from indexlab.market.compiled import inlined

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.index.kernel_rules import Rules

__all__ = ["GLOBALS", "PER_SOURCE", "count_groups", "go_out", "readmit", "take_live"]

GLOBALS: Final = 4
"""What a run remembers: [0] the last value that was ok or degraded (NaN: none), [1] the smoothed one (NaN: none), [2] 1 once latched, [3] 1 while held."""
PER_SOURCE: Final = 12
"""And of each source: [0] 0 never live, 1 in, 2 out, 3 out for good; [1] since when out, or looked at; [2] since when right (NaN: not); [4:12] strikes."""


@inlined
def take_live(
    rules: Rules,
    weights: NDArray[np.float64],
    entered: NDArray[np.float64],
    age: NDArray[np.int64],
    why: NDArray[np.int8],
    row: int,
    pool: NDArray[np.uint32],
    beside: NDArray[np.uint32],
    price: NDArray[np.float64],
    judged: NDArray[np.int8],
) -> tuple[int, int]:
    """List the live sources in `pool`, those that are only in the reference in `beside`, and give each its reason so far; return how many are in each."""
    n_live, n_beside = 0, 0
    silence, at_limit = rules.silence_us, rules.stale_at_limit
    for s in range(len(pool)):
        p, span, state = entered[row, s], age[row, s], why[row, s]
        price[s] = p
        if (weights[s] <= 0.0 and not rules.varied) or s == rules.own:
            state = ABSENT
        elif (state == USED or state == BESIDE) and (span > silence or (at_limit and max(span, 0) >= silence)):
            removed = span > rules.remove_us or (at_limit and span >= rules.remove_us)
            state = BESIDE if rules.stale_is_beside and not removed else STALE
        if rules.varied and weights[s] <= 0.0 and (state == USED or state == BESIDE):
            state = ABSENT
        judged[s] = state
        if state == USED:
            pool[n_live] = s
            n_live += 1
        elif state == BESIDE:
            beside[n_beside] = s
            n_beside += 1
    return n_live, n_beside


@inlined
def count_groups(n: int, pool: NDArray[np.uint32], group: NDArray[np.int64], seen: NDArray[np.int64], mark: int) -> int:
    """Count the groups among the sources of `pool`; `mark` is a number that `seen` does not hold yet."""
    found = 0
    for k in range(n):
        if seen[group[pool[k]]] != mark:
            seen[group[pool[k]]] = mark
            found += 1
    return found


@inlined
def go_out(rules: Rules, now: float, memory: NDArray[np.float64], struck: bool) -> None:
    """Put a source out; as an outlier that is a strike."""
    memory[0] = 2.0
    memory[1] = now
    memory[2] = math.nan
    if struck:
        _strike(rules, now, memory)


@inlined
def _strike(rules: Rules, now: float, memory: NDArray[np.float64]) -> None:
    if rules.strikes <= 0:
        return
    for k in range(4 + rules.strikes - 1, 4, -1):
        memory[k] = memory[k - 1]
    memory[4] = now
    oldest = memory[4 + rules.strikes - 1]
    if not math.isnan(oldest) and now - oldest <= rules.strikes_within_us:
        memory[0] = 3.0


@inlined
def readmit(
    rules: Rules,
    now: float,
    n_live: int,
    pool: NDArray[np.uint32],
    price: NDArray[np.float64],
    judged: NDArray[np.int8],
    band: NDArray[np.float64],
    state: NDArray[np.float64],
    ranked: NDArray[np.float64],
    group: NDArray[np.int64],
    seen: NDArray[np.int64],
    mark: int,
) -> int:
    """Take those who are out from `pool` (cooling) but for those who come back now; return how many are live."""
    n_in = 0
    n_out = 0
    groups_in = 0
    for s in range(len(price)):
        memory = state[GLOBALS + s * PER_SOURCE : GLOBALS + (s + 1) * PER_SOURCE]
        if judged[s] == STALE and rules.readmits_stale and memory[0] == 1.0:
            go_out(rules, now, memory, False)
        if memory[0] >= 2.0:
            n_out += 1
    for k in range(n_live):
        s = pool[k]
        if state[GLOBALS + s * PER_SOURCE] < 2.0:
            state[GLOBALS + s * PER_SOURCE] = 1.0
            ranked[n_in] = price[s]
            n_in += 1
            if not rules.grouped or seen[group[s]] != mark:
                seen[group[s]] = mark
                groups_in += 1
    if n_out == 0:
        return n_live
    rank_values(n_in, ranked)
    for s in range(len(price)):
        memory = state[GLOBALS + s * PER_SOURCE : GLOBALS + (s + 1) * PER_SOURCE]
        if memory[0] < 2.0:
            continue
        if _comes_back(rules, now, price[s], judged[s], n_in, groups_in, ranked, band[s], state, memory):
            memory[0] = 1.0
            memory[2] = math.nan
        elif judged[s] == USED:
            judged[s] = COOLING
        elif judged[s] == BESIDE:
            judged[s] = STALE
    left = 0
    for k in range(n_live):
        if judged[pool[k]] == USED:
            pool[left] = pool[k]
            left += 1
    return left


@inlined
def _comes_back(
    rules: Rules,
    now: float,
    p: float,
    judged: int,
    n_in: int,
    groups_in: int,
    ranked: NDArray[np.float64],
    band: float,
    state: NDArray[np.float64],
    memory: NDArray[np.float64],
) -> bool:
    """Look at a source that is out, and say whether it comes back now."""
    if memory[0] == 3.0 or (rules.out_for_us > 0 and now - memory[1] < rules.out_for_us):
        memory[2] = math.nan
        return False
    if judged != USED or not _is_right(rules, p, n_in, groups_in, ranked, band, state):
        memory[2] = math.nan
        if rules.out_for_us > 0:
            memory[1] = now
            _strike(rules, now, memory)
        return False
    if math.isnan(memory[2]):
        memory[2] = now
    held = now - memory[2]
    return held > rules.held_for_us or (held == rules.held_for_us and rules.back_at_limit)


@inlined
def _is_right(rules: Rules, p: float, n_in: int, groups_in: int, ranked: NDArray[np.float64], band: float, state: NDArray[np.float64]) -> bool:
    width = rules.back_band if rules.back_band >= 0.0 else band
    anything = rules.back_band >= 1.0
    if n_in == 0 or (groups_in == 1 and state[3] > 0.0):
        reference = state[0]
        if rules.alone_band >= 0.0:
            width = rules.alone_band
            anything = width >= 1.0
        if math.isnan(reference):
            return True
    elif rules.back_by_all:
        reference = median_with(ranked, n_in, p)
    else:
        reference = median_in_ranks(ranked, n_in, -1)
    if anything:
        return True
    beyond = abs(p - reference) - width * abs(reference)
    margin = TIE * max(abs(p), abs(reference))
    return bool(beyond < -margin) if rules.back_inside else bool(beyond <= margin)
