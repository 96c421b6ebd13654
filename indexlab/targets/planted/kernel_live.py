"""Compiled: who is live at a publication of the specimen, with which weight, who comes back, and whether they are enough."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from indexlab.index.kernel_numbers import median_in_ranks, rank_values
from indexlab.index.kernel_rules import TIE
from indexlab.market.compiled import inlined
from indexlab.targets.planted import switches as w
from indexlab.targets.planted.memory import ANYBODY, IS_LOST, LAST, LOSSES_SO_FAR, NEVER, WAS_HELD, WAS_REACHED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.targets.planted.memory import Memory, Method, Space

__all__ = ["enough", "give_weights", "readmit", "take_live"]

_DAY = 86_400_000_000
_MINUTE = 60_000_000


@inlined
def give_weights(method: Method, given: NDArray[np.float64], memory: Memory, space: Space) -> None:
    """Fill the weights of this publication: the given ones, or what was traded in the window, capped."""
    n = len(given)
    weight = space.weight
    total = 0.0
    for s in range(n):
        weight[s] = given[s]
        if method.by_volume:
            weight[s] = memory.high[s] + memory.low[s]
        total += weight[s]
    if not method.by_volume:
        return
    if not total > 0.0:
        for s in range(n):
            weight[s] = given[s]
        total = 0.0
        for s in range(n):
            total += weight[s]
    if method.cap < 1.0:
        _cap(method.cap, n, total, weight, space.seen)


@inlined
def _cap(cap: float, n: int, total: float, weight: NDArray[np.float64], full: NDArray[np.bool_]) -> None:
    """Bound each share and spread what is above over the others, again and again."""
    positive = 0
    for s in range(n):
        weight[s] /= total
        full[s] = False
        positive += weight[s] > 0.0
    if cap * positive <= 1.0 + TIE:
        for s in range(n):
            weight[s] = 1.0 if weight[s] > 0.0 else 0.0
        return
    for _ in range(n):
        over = False
        for s in range(n):
            if weight[s] > cap * (1.0 + TIE) and not full[s]:
                full[s] = True
                over = True
        if not over:
            return
        room, rest = 1.0, 0.0
        for s in range(n):
            if full[s]:
                room -= cap
            else:
                rest += weight[s]
        for s in range(n):
            weight[s] = cap if full[s] else (weight[s] * room / rest if rest > 0.0 else 0.0)


@inlined
def _age(x: NDArray[np.float64], method: Method, now: int, s: int, n: int, newest: int, memory: Memory) -> int:
    """Return the age of a source, or what is taken for it."""
    if x[w.AGE_OF_NEIGHBOUR] > 0.0:
        s = (s + 1) % n
    stamp = memory.stamp[s]
    if stamp < 0:
        return NEVER
    if x[w.AGE_BY_OTHER_CLOCK] > 0.0:
        stamp = memory.received[s] if method.by_event else memory.event[s]
    if x[w.AGE_BY_ANYBODY] > 0.0:
        stamp = memory.counts[ANYBODY]
    if x[w.AGE_BY_MESSAGE] > 0.0:
        stamp = memory.heard[s]
    age = now - stamp
    if x[w.AGE_FROM_NEWEST] > 0.0:
        age = newest - stamp
    if x[w.AGE_AT_ARRIVAL] > 0.0:
        age = memory.received[s] - stamp
    if x[w.AGE_IN_DAY] > 0.0:
        age = now % _DAY - stamp % _DAY
        if age < 0:
            age = NEVER
    if x[w.AGE_IN_MINUTE] > 0.0:
        age = abs(now % _MINUTE - stamp % _MINUTE)
    if x[w.AGE_BELOW_0_STALE] > 0.0 and age < 0:
        age = NEVER
    return int(age)


@inlined
def take_live(x: NDArray[np.float64], method: Method, now: int, rate: NDArray[np.float64], memory: Memory, space: Space) -> int:
    """List the live sources in `pool`; return how many (below 0: one of them makes the value not a number)."""
    n = len(rate)
    newest = -1
    for s in range(n):
        newest = max(newest, memory.stamp[s])
    live, stale = 0, 0
    poisoned = False
    for s in range(n):
        space.is_stale[s] = False
        p = memory.price[s] * rate[s]
        space.price[s] = p
        if (space.weight[s] <= 0.0 and not x[w.ZERO_WEIGHT_COUNTS] > 0.0) or (x[w.FIRST_SOURCES] > 0.0 and s >= x[w.FIRST_SOURCES]):
            continue
        poisoned |= memory.state[s] == 4
        if memory.state[s] != 1:
            continue
        age = _age(x, method, now, s, n, newest, memory)
        is_stale = age > method.silence
        if x[w.AGE_REVERSED] > 0.0:
            is_stale = age < method.silence
        if is_stale and x[w.STALE_ZERO] > 0.0:
            is_stale = False
            space.price[s] = 0.0
        if is_stale and x[w.STALE_FIRST_ONLY] > 0.0 and stale > 0:
            is_stale = False
        if is_stale:
            stale += 1
            space.is_stale[s] = True
            if x[w.STALE_NEVER_BACK] > 0.0:
                memory.state[s] = 3
            continue
        if not abs(p) < math.inf:
            continue
        space.pool[live] = s
        live += 1
    if x[w.STALE_FILL] > 0.0 and live < method.ok_from:
        for s in range(n):
            if space.is_stale[s]:
                space.pool[live] = s
                live += 1
    return -1 if poisoned else live


@inlined
def readmit(x: NDArray[np.float64], method: Method, now: int, live: int, group: NDArray[np.int64], memory: Memory, space: Space) -> int:
    """Take those who are out from the pool, but for those who come back now; return how many are live."""
    if not (method.readmits or x[w.NEVER_BACK] > 0.0 or x[w.OUT_HELD] > 0.0):
        return live
    n_in, first, one_group, some_out = 0, -1, True, False
    for k in range(live):
        s = space.pool[k]
        if memory.out[s] < 2:
            memory.out[s] = 1
            space.ranked[n_in] = space.price[s]
            n_in += 1
            one_group &= first < 0 or (method.grouped and group[s] == first)
            first = group[s] if first < 0 else first
    for s in range(len(group)):
        space.seen[s] = False
        some_out |= memory.out[s] >= 2
    if not some_out:
        return live
    rank_values(n_in, space.ranked)
    reference = memory.numbers[LAST]
    if n_in > 0 and not (one_group and memory.counts[WAS_HELD] > 0):
        reference = median_in_ranks(space.ranked, n_in, -1)
    for k in range(live):
        space.seen[space.pool[k]] = True
    for s in range(len(group)):
        if memory.out[s] < 2:
            continue
        right = space.seen[s] and _is_right(space.price[s], reference, method.back_band)
        if not right:
            memory.right[s] = -1
        elif memory.right[s] < 0:
            memory.right[s] = now
        wanted = method.held_for + int(x[w.OUT_HELD])
        if right and now - memory.right[s] >= wanted and not x[w.NEVER_BACK] > 0.0:
            memory.out[s] = 1
            memory.right[s] = -1
    left = 0
    for k in range(live):
        if memory.out[space.pool[k]] < 2:
            space.pool[left] = space.pool[k]
            left += 1
    return left


@inlined
def _is_right(p: float, reference: float, band: float) -> bool:
    return math.isnan(reference) or abs(p - reference) - band * abs(reference) <= TIE * max(abs(p), abs(reference))


@inlined
def enough(x: NDArray[np.float64], method: Method, now: int, live: int, group: NDArray[np.int64], memory: Memory, space: Space) -> int:
    """Return 1 where the quorum is there, 0 where it is not, -1 where it is not and nobody is asked any more."""
    n = len(group)
    counted = live
    if method.grouped:
        counted = 0
        for s in range(n):
            space.seen[s] = False
        for k in range(live):
            if not space.seen[group[space.pool[k]]]:
                space.seen[group[space.pool[k]]] = True
                counted += 1
    if x[w.COUNT_CONFIGURED] > 0.0:
        counted = n
    if x[w.COUNT_EVER] > 0.0 or x[w.COUNT_MESSAGES] > 0.0:
        counted = 0
        for s in range(n):
            ever = x[w.COUNT_EVER] > 0.0 and memory.stamp[s] >= 0
            counted += ever or (x[w.COUNT_MESSAGES] > 0.0 and memory.heard[s] >= 0 and now - memory.heard[s] <= method.silence)
    found = counted >= method.ok_from
    if x[w.QUORUM_ONCE] > 0.0 and memory.counts[WAS_REACHED] > 0 and live > 0:
        found = True
    latched = x[w.QUORUM_LATCHES] > 0.0 and memory.counts[LOSSES_SO_FAR] > 0
    latched |= x[w.LOSSES] > 0.0 and memory.counts[LOSSES_SO_FAR] >= x[w.LOSSES]
    latched |= x[w.QUORUM_BACK_AT_ALL] > 0.0 and memory.counts[IS_LOST] > 0 and live < n
    if latched:
        return -1
    if found:
        memory.counts[WAS_REACHED] = 1
        memory.counts[IS_LOST] = 0
    elif memory.counts[WAS_REACHED] > 0 and memory.counts[IS_LOST] == 0:
        memory.counts[IS_LOST] = 1
        memory.counts[LOSSES_SO_FAR] += 1
    return 1 if found else 0
