"""What each source brings to each publication: the price of its newest valid observation, how old that is, and why it may not count.

The same as-of rule as `indexlab.market.panel`, here over many runs in one pass and with the source's own memory besides: a source that an invalid or a
delayed observation has put out, a price that does not change. What it remembers may be carried on from one piece of a run to the next (`Memory`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexlab.index.kernel_rules import ABSENT, BESIDE, INVALID, NEVER, STALE, USED
from indexlab.market.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.index.rules import Declaration
    from indexlab.market.quotes import Quotes

__all__ = ["Entered", "Memory", "enter", "new_memory"]

_DROP, _HOLD, _BESIDE = 0, 1, 2
_ACTIONS = {"drop": _DROP, "hold": _HOLD, "weight-0": _BESIDE}


class Entered(NamedTuple):
    """Arrays [rows, sources], the runs one after another.

    `price` of the newest valid observation (NaN: none), its `age` in microseconds by the declared clock, `why`: USED where it may count, BESIDE where it is
    only in the reference, else the position in REASONS of why not; `newest`, its row (-1: none).
    """

    price: NDArray[np.float64]
    age: NDArray[np.int64]
    why: NDArray[np.int8]
    newest: NDArray[np.int64]


class Memory(NamedTuple):
    """What is remembered of each source [runs, sources]: newest price, its stamp (-1: none) and state, since when the price is what it is, the newest row."""

    price: NDArray[np.float64]
    stamp: NDArray[np.int64]
    state: NDArray[np.int8]
    since: NDArray[np.int64]
    newest: NDArray[np.int64]


def new_memory(runs: int, n_sources: int) -> Memory:
    """Return the empty memory of so many runs."""
    shape = (runs, n_sources)
    return Memory(
        np.full(shape, np.nan),
        np.full(shape, -1, dtype=np.int64),
        np.full(shape, ABSENT, dtype=np.int8),
        np.full(shape, -1, dtype=np.int64),
        np.full(shape, -1, dtype=np.int64),
    )


def enter(declaration: Declaration, runs: Quotes, price: NDArray[np.float64], bounds: NDArray[np.int64], times: NDArray[np.int64], memory: Memory) -> Entered:
    """Sample what the sources bring at `times` in each run; run r is the rows bounds[r] to bounds[r + 1] of `runs`, with the prices that enter.

    `memory` is read before a run's first row and left as its last row left it.
    """
    shape = ((len(bounds) - 1) * len(times), memory.price.shape[1])
    entered = Entered(np.empty(shape), np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int8), np.empty(shape, dtype=np.int64))
    latency, unchanged = declaration.latency, declaration.unchanged
    _enter(
        runs.receive_time,
        runs.event_time,
        runs.source,
        price,
        bounds,
        times,
        declaration.staleness.clock == "event",
        declaration.validity.invalid == "exclude",
        NEVER if latency.limit_us is None else latency.limit_us,
        latency.at_limit == "stale",
        _ACTIONS[latency.action],
        NEVER if unchanged.limit_us is None else unchanged.limit_us,
        unchanged.at_limit == "stale",
        _ACTIONS[unchanged.action],
        memory,
        entered,
    )
    return entered


@compiled
def _enter(
    receive: NDArray[np.int64],
    event: NDArray[np.int64],
    source: NDArray[np.int32],
    price: NDArray[np.float64],
    bounds: NDArray[np.int64],
    times: NDArray[np.int64],
    by_event: bool,
    excludes: bool,
    late_us: int,
    late_at_limit: bool,
    late_action: int,
    same_us: int,
    same_at_limit: bool,
    same_action: int,
    memory: Memory,
    entered: Entered,
) -> None:
    n = entered.price.shape[1]
    out = 0
    for run in range(len(bounds) - 1):
        newest, stamp, state, since, place = memory.price[run], memory.stamp[run], memory.state[run], memory.since[run], memory.newest[run]
        row = bounds[run]
        for t in range(len(times)):
            while row < bounds[run + 1] and receive[row] <= times[t]:
                s = source[row]
                moment = event[row] if by_event else receive[row]
                if moment >= stamp[s]:
                    if np.isnan(price[row]):
                        if excludes or stamp[s] < 0:
                            state[s] = INVALID
                    else:
                        delay = receive[row] - event[row]
                        is_late = delay > late_us or (late_at_limit and delay == late_us)
                        if is_late and late_action == _HOLD:
                            if stamp[s] < 0 and not (excludes and state[s] == INVALID):
                                state[s] = STALE
                        else:
                            if price[row] != newest[s]:
                                since[s] = moment
                            newest[s], stamp[s], place[s] = price[row], moment, row
                            state[s] = USED if not is_late else STALE if late_action == _DROP else BESIDE
                row += 1
            for s in range(n):
                why = state[s]
                if same_us < NEVER and (why == USED or why == BESIDE):
                    span = max(times[t] - since[s], 0)
                    if span > same_us or (same_at_limit and span == same_us):
                        why = STALE if same_action == _DROP else BESIDE
                entered.price[out, s] = newest[s]
                entered.age[out, s] = times[t] - stamp[s] if stamp[s] >= 0 else NEVER
                entered.why[out, s] = why
                entered.newest[out, s] = place[s]
            out += 1
