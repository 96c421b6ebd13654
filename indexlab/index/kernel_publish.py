"""Compiled: what is done with a value before it is published, what stands in for it where there is none, and the explanation of a row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from indexlab.index.kernel_numbers import round_to_tick
from indexlab.index.kernel_rules import BESIDE, CLAMPED, DEGRADED, HALTED, HELD, HOLD_LAST, NO_VALUE, OK, STALE, TIE, USED, VALUE
from indexlab.market.compiled import inlined

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.index.kernel_rules import Rules

__all__ = ["explain", "publish"]


@inlined
def publish(
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
def explain(
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
