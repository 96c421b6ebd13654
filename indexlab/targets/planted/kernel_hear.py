"""Compiled: what one message does to the memory of its source."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from indexlab.index.kernel_numbers import mean
from indexlab.market.compiled import inlined
from indexlab.targets.planted import switches as w
from indexlab.targets.planted.memory import ANYBODY, BLANK, LAST, NEWS, SAW_NEGATIVE, SPOKE_LAST, TOTAL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.targets.planted.memory import Memory, Messages, Method

__all__ = ["forget_volume", "hear"]


@inlined
def hear(x: NDArray[np.float64], method: Method, said: Messages, row: int, memory: Memory) -> None:
    """Take a message in."""
    s = said.source[row]
    said.taken[row] = 0.0
    memory.counts[TOTAL] += 1
    memory.messages[s] += 1
    if (x[w.MESSAGE_LIMIT] > 0.0 and memory.counts[TOTAL] > x[w.MESSAGE_LIMIT]) or (x[w.SOURCE_LIMIT] > 0.0 and memory.messages[s] > x[w.SOURCE_LIMIT]):
        return
    memory.counts[ANYBODY] = said.receive[row]
    memory.counts[NEWS] = 1
    memory.heard[s] = said.receive[row]
    event = said.event[row]
    if x[w.COARSE_TIME] > 0.0:
        event -= event % int(x[w.COARSE_TIME])
    p = _price(x, method, said, row, memory.price[s])
    ahead = event - said.receive[row]
    valid = _is_valid(x, method, p, ahead, memory.price[s])
    moment = event if method.by_event else said.receive[row]
    volume = said.volume[row]
    if volume > 0.0 and (valid or x[w.VOLUME_OF_INVALID] > 0.0):
        said.taken[row] = volume
        memory.high[s], memory.low[s] = _add(memory.high[s], memory.low[s], volume)
        memory.held[s] += 1
    if (x[w.VOLUME_NULL_STOPS] > 0.0 and math.isnan(volume)) or (x[w.VOLUME_ZERO_STOPS] > 0.0 and volume <= 0.0):
        memory.counts[BLANK] = 1
    if not valid:
        _hear_invalid(x, method, said, row, moment, memory)
        return
    if moment < memory.stamp[s] and not x[w.LATE_REPLACES] > 0.0:
        if x[w.LATE_REFRESHES] > 0.0:
            memory.stamp[s] = said.receive[row]
        return
    before = memory.price[s]
    if not math.isnan(before):
        if x[w.AHEAD_AVERAGED] > 0.0 and ahead > 0:
            p = mean(before, p)
        if x[w.HIGHEST_STAYS] > 0.0:
            p = max(p, before)
        if x[w.SMOOTH_SOURCE] > 0.0:
            p = before + x[w.SMOOTH_SOURCE] * (p - before)
    if x[w.REPEAT_STAYS_OLD] <= 0.0 or p != before:
        memory.stamp[s] = moment
        memory.event[s] = event
        memory.received[s] = said.receive[row]
    memory.price[s] = p
    memory.fresh[s] += 1
    memory.counts[SPOKE_LAST] = s
    if memory.state[s] != 3:
        memory.state[s] = 1


@inlined
def _price(x: NDArray[np.float64], method: Method, said: Messages, row: int, before: float) -> float:
    """Return what a message brings (NaN: nothing)."""
    p = said.price[row]
    bid, ask = said.bid[row], said.ask[row]
    if method.mid and not (math.isnan(bid) and math.isnan(ask)):
        p = math.nan
        if math.isnan(bid) or math.isnan(ask):
            side = ask if math.isnan(bid) else bid
            if x[w.EMPTY_SIDE_HALVES] > 0.0:
                p = 0.5 * side
            elif x[w.EMPTY_SIDE_ALONE] > 0.0:
                p = side
        elif bid > ask and bid > 0.0 and x[w.CROSSED_WRAPS] > 0.0:
            p = bid + x[w.CROSSED_WRAPS]
        elif (bid > 0.0 or x[w.ACCEPT_NEGATIVE] > 0.0 or (x[w.ACCEPT_ZERO] > 0.0 and bid >= 0.0)) and bid <= ask:
            p = mean(bid, ask)
        elif x[w.ABSOLUTE_PRICE] > 0.0 and bid < 0.0:
            p = mean(abs(bid), abs(ask))
    if math.isnan(p):
        if x[w.NULL_AS_ZERO] > 0.0:
            return 0.0
        return float(before if x[w.NULL_AS_LAST] > 0.0 else p)
    if x[w.ABSOLUTE_PRICE] > 0.0:
        p = abs(p)
    if x[w.WHOLE_PRICE] > 0.0:
        p = math.floor(p)
    if x[w.DECIMALS] > 0.0 and p < 1e12:
        p = math.floor(p * x[w.DECIMALS] + 0.5) / x[w.DECIMALS]
    if x[w.WRAP_PRICE] > 0.0 and p > 0.0:
        p = p % x[w.WRAP_PRICE]
    return float(p)


@inlined
def _is_valid(x: NDArray[np.float64], method: Method, p: float, ahead: int, before: float) -> bool:
    """Say whether a message counts at all."""
    takes_zero = x[w.ACCEPT_ZERO] > 0.0 or x[w.NULL_AS_ZERO] > 0.0 or x[w.WHOLE_PRICE] > 0.0 or x[w.DECIMALS] > 0.0
    valid = abs(p) < math.inf and (p > 0.0 or (p >= 0.0 and takes_zero) or x[w.ACCEPT_NEGATIVE] > 0.0)
    limit = x[w.AHEAD_LIMIT] if x[w.AHEAD_LIMIT] > 0.0 else float(method.max_ahead)
    if ahead > limit or (x[w.AHEAD_REFUSED] > 0.0 and ahead > 0) or (x[w.NO_DELAY_REFUSED] > 0.0 and ahead == 0):
        return False
    if (x[w.LOWEST_PRICE] > 0.0 and p < x[w.LOWEST_PRICE]) or (x[w.HIGHEST_PRICE] > 0.0 and p > x[w.HIGHEST_PRICE]):
        return False
    return valid and not (x[w.JUMP_LIMIT] > 0.0 and not math.isnan(before) and abs(p - before) > x[w.JUMP_LIMIT] * before)


@inlined
def _hear_invalid(x: NDArray[np.float64], method: Method, said: Messages, row: int, moment: int, memory: Memory) -> None:
    s = said.source[row]
    if said.price[row] < 0.0:
        memory.counts[SAW_NEGATIVE] = 1
    if moment >= memory.stamp[s] and memory.state[s] != 3 and (method.excludes or memory.stamp[s] < 0):
        memory.state[s] = 2
    if x[w.INVALID_REFRESHES] > 0.0 and memory.stamp[s] >= 0:
        memory.stamp[s] = max(memory.stamp[s], moment)
        memory.received[s] = said.receive[row]
        if memory.state[s] == 2:
            memory.state[s] = 1
    if x[w.INVALID_FILLED] > 0.0 and memory.stamp[s] >= 0 and not math.isnan(memory.numbers[LAST]):
        memory.price[s] = memory.numbers[LAST]
        memory.stamp[s] = max(memory.stamp[s], moment)
        memory.received[s] = said.receive[row]
        memory.state[s] = 1
    if x[w.INVALID_STOPS_ALL] > 0.0:
        memory.counts[BLANK] = 1
    if x[w.INVALID_POISONS] > 0.0:
        memory.state[s] = 4
    if x[w.INVALID_FOR_EVER] > 0.0:
        memory.state[s] = 3


@inlined
def forget_volume(said: Messages, row: int, memory: Memory) -> None:
    """Take a message's volume out of the window again."""
    s = said.source[row]
    if said.taken[row] > 0.0:
        memory.high[s], memory.low[s] = _add(memory.high[s], memory.low[s], -said.taken[row])
        memory.held[s] -= 1
        if memory.held[s] == 0:
            memory.high[s], memory.low[s] = 0.0, 0.0


@inlined
def _add(high: float, low: float, term: float) -> tuple[float, float]:
    """Add to a sum held in two doubles: what comes and goes again leaves nothing behind."""
    total = high + term
    back = total - high
    return total, low + (high - (total - back)) + (term - back)
