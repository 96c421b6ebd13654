"""`margin-recovery`: who was moved by a fault alone is put back when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.margin.states import BANKRUPT, LIQUIDATION, STATES
from indexlab.market.panel import NEVER_US
from indexlab.market.units import format_duration
from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.tell import first_breach, names, say, sided, since_text, summed_up
from indexlab.properties.words import held_for, windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.margin.ladder import Ladder
    from indexlab.margin.rack import Rack
    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]

_UNMET = "no fault moved an account and ended «max_recovery» before the end of its run"


def check(run: Run) -> Outcome:
    """From «max_recovery» after the fault's end, hold every account that it moved, and that was not liquidated, against its state in the clean twin."""
    nothing = np.zeros((len(run.twins), len(run.times)), dtype=bool)
    if run.rack is None or not run.twins:
        return summed_up(run, nothing, nothing, None, None, "the scenario has no accounts" if run.rack is None else _UNMET)
    over = _over(run)
    if not over.any():
        return summed_up(run, nothing, nothing, None, None, _UNMET)
    some = np.flatnonzero(over.any(axis=1))
    moved, wrong = _not_back(run, run.rack, some, over[some], run.broken_states[some])
    premise, counts = nothing.copy(), np.zeros(nothing.shape)
    premise[some], counts[some] = over[some] & moved.any(axis=2), wrong.sum(axis=2)
    breaches = np.asarray(counts > 0)
    place = first_breach(breaches)
    breach = None if place is None else _breach(run, run.rack, *place, wrong[np.searchsorted(some, place[0]), place[1]])
    worst = None
    if premise.any():
        twin = int(np.argmax(counts.max(axis=1)))
        most, all_moved = float(counts[twin].max()), int(np.count_nonzero(moved.any(axis=1)))
        worst = Extreme(most, "count", f"{int(most)} accounts not back at once, of {all_moved} that faults had moved in a batch", twin)
    return summed_up(run, premise, breaches, breach, worst, _UNMET, sizes=counts, what=lambda *_: "not-back")


def _not_back(
    run: Run, rack: Rack | Ladder, twins: NDArray[np.intp], over: NDArray[np.bool_], states: NDArray[np.int8]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say where, [runs, times, accounts], an account that a fault moved and did not liquidate is owed its state back, and where it has not got it."""
    astray = _astray(run, rack, twins, states)
    # what follows the end cannot have been moved by the fault before it
    before = ~(np.cumsum(over, axis=1) > 0)
    moved = np.asarray((astray & before[:, :, None]).any(axis=1))
    liquidated = ((states == LIQUIDATION) | (states == BANKRUPT)) & astray
    judged = moved[:, None, :] & ~np.maximum.accumulate(liquidated, axis=1) & over[:, :, None]
    return np.asarray(judged), np.asarray(astray & judged)


def _over(run: Run) -> NDArray[np.bool_]:
    last = np.array([NEVER_US if twin.last is None else twin.last for twin in run.twins], dtype=np.int64)
    over = (run.times[None, :] > last[:, None]) & run.intact.all(axis=2)
    enough = run.broken.counted(run.broken.surely_live) >= run.expect.min_sources
    return np.asarray(held_for(run.times, over, run.expect.max_recovery) & (enough | ~run.broken.missing))


def _astray(run: Run, rack: Rack | Ladder, twins: NDArray[np.intp], states: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Say where, [runs, times, accounts], a state is none that the account has in the clean twin within the tracking lag.

    An account of the clean twin that is within a hair («the same») of a border is on both sides of it. Where a target says the states of a broken twin
    itself, it has said those of the clean one too, and they count besides.
    """
    clean = run.clean_mark[0]
    with np.errstate(invalid="ignore"):
        hair = np.maximum(run.expect.same_ratio, run.expect.tick / np.abs(clean))
    one = np.uint8(1)
    had = np.zeros((len(run.times) + 1, len(rack)), dtype=np.uint8)
    for mark in (clean, clean * (1.0 - hair), clean * (1.0 + hair)):
        had[:-1] |= one << rack.states(mark).astype(np.uint8)
    low, high = windows(run.times, run.expect.max_tracking_lag, run.expect.max_tracking_lag)
    seen = np.bitwise_or.reduceat(had, np.column_stack([low, high]).ravel(), axis=0)[::2]
    astray = np.asarray((seen[None] >> states.astype(np.uint8)) & one == 0)
    for row, twin in enumerate(twins.tolist()):
        if run.own_states(twin) is not None:
            had[:-1] |= one << run.clean_states(twin).astype(np.uint8)
            seen = np.bitwise_or.reduceat(had, np.column_stack([low, high]).ravel(), axis=0)[::2]
            astray[row] = (seen >> states[row].astype(np.uint8)) & one == 0
    return astray


def _breach(run: Run, rack: Rack | Ladder, twin: int, at: int, wrong: NDArray[np.bool_]) -> Breach:
    account = int(np.argmax(wrong))
    record = rack.accounts[account]
    side = sided(record)
    now, clean = STATES[run.broken_states[twin, at, account]], STATES[run.clean_states(twin)[at, account]]
    after = since_text(run, at, run.twins[twin].last or 0)
    who, count = names(run, run.twins[twin].faulty), int(wrong.sum())
    others = f" ({count} accounts are not back)" if count > 1 else ""
    sentence = f"{after} after the last disturbed quote of {who} {side} that it had moved is {now}, and {clean} in the clean twin{others}."
    promised = f"back in the clean twin's state within max_recovery = {format_duration(run.expect.max_recovery)}"
    seen = say(run.broken_traces[twin], run.clean_trace, at, "clean twin")
    return Breach(twin, at, float(count), sentence, promised, seen, "clean twin", run.clean_trace, record, what="not-back")


PROPERTY = Property(
    id="margin-recovery",
    statement="accounts that only a fault moved are back in the clean twin's state within «max_recovery» after it ends, unless they were liquidated",
    check=check,
    hurt="Deribit 2019-10-31: the platform stayed locked long after the wrong price was gone (https://insights.deribit.com/exchange-updates/deribit-flash-crash-a-letter-from-the-founders/)",
    premise="a fault moved an account, did not liquidate it, and has been over for «max_recovery» (`recovery` says when)",
    measure="the most accounts of a twin that are not back",
    example="""five sources that say 100, of which three stop from 12:00:20 to 12:00:36; the target halts, and never starts again
12:00:42   index halted, clean twin 100
7s after the last disturbed quote of a, b and c a long account that it had moved is frozen, and healthy in the clean twin (64 accounts are not back).
promised: back in the clean twin's state within max_recovery = 5s""",
)
