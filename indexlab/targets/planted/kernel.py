"""Compiled: the specimen, one index with every rule behind a switch. With no switch set it gives what the engine gives for the same rules.

One call takes many runs. It may import the engine's arithmetic, not its rules: those are what is broken here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from indexlab.index.kernel_rules import DEGRADED, HALTED, HELD, OK, TIE
from indexlab.market.compiled import compiled, inlined
from indexlab.targets.planted import switches as w
from indexlab.targets.planted.kernel_filter import filtered
from indexlab.targets.planted.kernel_hear import forget_volume, hear
from indexlab.targets.planted.kernel_live import enough, give_weights, readmit, take_live
from indexlab.targets.planted.kernel_value import value_of
from indexlab.targets.planted.memory import (
    BLANK,
    DEGRADE,
    FIRST_DAY,
    HAD_VALUE,
    HOLD,
    LAST,
    NEGATIVE_BEFORE,
    NEWS,
    PUBLISHED,
    SAW_NEGATIVE,
    VALUES,
    WAS_HELD,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.targets.planted.memory import Memory, Messages, Method, Space

__all__ = ["run_specimen"]

_DAY = 86_400_000_000
_HOUR = 3_600_000_000
_SECOND = 1_000_000


@compiled
def run_specimen(
    x: NDArray[np.float64],
    method: Method,
    given: NDArray[np.float64],
    group: NDArray[np.int64],
    said: Messages,
    bounds: NDArray[np.int64],
    times: NDArray[np.int64],
    rate: NDArray[np.float64],
    memory: Memory,
    space: Space,
    value: NDArray[np.float64],
    status: NDArray[np.int8],
) -> None:
    """Fill value and status [runs, times]; run r is the rows bounds[r] to bounds[r + 1] of `said`.

    `x` are the switches, `given` and `group` [sources], `rate` [times, sources] what prices are multiplied with (NaN: not known). `memory` is emptied before
    each run, but for what a switch leaks.
    """
    for run in range(len(bounds) - 1):
        _begin(x, memory)
        head = tail = bounds[run]
        for t in range(len(times)):
            now = times[t]
            if x[w.MIDNIGHT_FORGETS] > 0.0 and t > 0 and now // _DAY != times[t - 1] // _DAY:
                memory.stamp[:] = -1
                memory.state[:] = 0
            while head < bounds[run + 1] and said.receive[head] <= now:
                hear(x, method, said, head, memory)
                head += 1
            while method.by_volume and tail < head and said.receive[tail] <= now - method.window:
                forget_volume(said, tail, memory)
                tail += 1
            _publish(x, method, now, given, group, rate[t], memory, space, value[run], status[run], t)


@inlined
def _begin(x: NDArray[np.float64], memory: Memory) -> None:
    """Empty the memory before a run."""
    last, saw = memory.numbers[LAST], memory.counts[SAW_NEGATIVE]
    if not x[w.LEAK_PRICES] > 0.0:
        memory.price[:] = math.nan
        memory.stamp[:] = -1
        memory.state[:] = 0
    memory.received[:] = -1
    memory.event[:] = -1
    memory.heard[:] = -1
    memory.messages[:] = 0
    memory.fresh[:] = 0
    if not x[w.LEAK_OUT] > 0.0:
        memory.out[:] = 0
        memory.right[:] = -1
    memory.outs[:] = 0
    memory.high[:] = 0.0
    memory.low[:] = 0.0
    memory.held[:] = 0
    memory.numbers[:] = math.nan
    memory.counts[:] = 0
    if x[w.LEAK_LAST] > 0.0:
        memory.numbers[LAST] = last
    memory.counts[NEGATIVE_BEFORE] = saw


@inlined
def _publish(
    x: NDArray[np.float64],
    method: Method,
    now: int,
    given: NDArray[np.float64],
    group: NDArray[np.int64],
    rate: NDArray[np.float64],
    memory: Memory,
    space: Space,
    value: NDArray[np.float64],
    status: NDArray[np.int8],
    t: int,
) -> None:
    """Determine one value and write it with its status."""
    listed = len(given)
    give_weights(method, given, memory, space)
    if x[w.LEAK_GARBAGE] > 0.0 and memory.counts[NEGATIVE_BEFORE] > 0:
        space.weight[0] = 0.0
    live = take_live(x, method, now, rate, memory, space)
    poisoned = live < 0 or _trips(x, now, t, memory)
    live = 0 if live < 0 else readmit(x, method, now, live, group, memory, space)
    quorum = enough(x, method, now, live, group, memory, space)
    has_quorum = quorum > 0
    found = math.nan
    if live > 0 and (has_quorum or (method.below == DEGRADE and quorum == 0)):
        total_live = 0.0
        for k in range(live):
            total_live += space.weight[space.pool[k]]
        left, found = filtered(x, method, live, listed, memory, space)
        if math.isnan(found):
            found = value_of(x, method, left, total_live, listed, memory, space)
        if x[w.COUNT_LEFT] > 0.0 and left < method.ok_from:
            found = math.nan
    found = _guarded(x, method, found, now, t, memory)
    if memory.counts[BLANK] > 0:
        found = math.nan
    memory.counts[BLANK] = 0
    last = memory.numbers[LAST]
    cached = x[w.CACHED] > 0.0 and memory.counts[NEWS] == 0 and not math.isnan(last)
    good = 0.0 < found < math.inf and not cached
    memory.counts[WAS_HELD] = 0
    if poisoned:
        value[t] = math.nan
        status[t] = OK
    elif good:
        memory.numbers[LAST] = found
        memory.numbers[VALUES] = 1.0 if math.isnan(memory.numbers[VALUES]) else memory.numbers[VALUES] + 1.0
        value[t] = found
        status[t] = OK if has_quorum else DEGRADED
    elif (cached or x[w.SILENTLY_HELD] > 0.0) and not math.isnan(last):
        value[t] = last
        status[t] = OK
    elif method.below == HOLD and not math.isnan(last):
        value[t] = last
        status[t] = HELD
        memory.counts[WAS_HELD] = 1
    else:
        value[t] = math.nan
        status[t] = HALTED
    memory.counts[HAD_VALUE] = good
    memory.counts[PUBLISHED] += 1
    memory.counts[NEWS] = 0
    memory.fresh[:] = 0


@inlined
def _trips(x: NDArray[np.float64], now: int, t: int, memory: Memory) -> bool:
    """Say whether the time of the publication makes the value not a number."""
    if t == 0:
        memory.counts[FIRST_DAY] = now // _DAY
    if x[w.WHOLE_HOUR_FAILS] > 0.0 and now % _HOUR < _SECOND:
        return True
    if x[w.SAME_SECOND_FAILS] > 0.0:
        for s in range(len(memory.stamp)):
            if memory.stamp[s] >= 0 and abs(now - memory.stamp[s]) < x[w.SAME_SECOND_FAILS]:
                return True
    return False


@inlined
def _guarded(x: NDArray[np.float64], method: Method, found: float, now: int, t: int, memory: Memory) -> float:
    """Return the value after the step guard, or what a switch makes of it."""
    last = memory.numbers[LAST]
    if x[w.PUBLICATIONS_LIMIT] > 0.0 and t >= x[w.PUBLICATIONS_LIMIT]:
        return math.nan
    if x[w.MIDNIGHT_HALTS] > 0.0 and now % _DAY < x[w.MIDNIGHT_HALTS]:
        return math.nan
    if not 0.0 < found < math.inf or math.isnan(last):
        return found
    half = method.step * last
    if method.step > 0.0 and abs(found - last) - half > TIE * max(abs(found), last):
        found = last + half if found > last else last - half
    if x[w.FALLS_SLOWLY] > 0.0:
        found = max(found, last * (1.0 - x[w.FALLS_SLOWLY]))
    if x[w.RISES_SLOWLY] > 0.0:
        found = min(found, last * (1.0 + x[w.RISES_SLOWLY]))
    if x[w.NEVER_FALLS] > 0.0:
        found = max(found, last)
    if x[w.DEAD_BAND] > 0.0 and abs(found - last) <= x[w.DEAD_BAND] * last:
        found = last
    if x[w.FROZEN_AFTER] > 0.0 and memory.numbers[VALUES] >= x[w.FROZEN_AFTER]:
        found = last
    if x[w.CHANGED_DAY_HOLDS] > 0.0 and now // _DAY != memory.counts[FIRST_DAY]:
        found = last
    return found
