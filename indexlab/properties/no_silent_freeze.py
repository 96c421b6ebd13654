"""`no-silent-freeze`: nobody is liquidated on a price that the index itself does not stand by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.determination import HELD, STATUSES
from indexlab.margin.states import BANKRUPT, FROZEN, LIQUIDATION, STATES
from indexlab.properties.per_twin import PerTwin
from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import price_text, sided, value_text, which
from indexlab.properties.words import apart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.margin.ladder import Ladder
    from indexlab.margin.rack import Rack
    from indexlab.properties.run import Run, Trace

__all__ = ["PROPERTY"]

_UNMET = "the index was never held or halted after it had been ok or degraded"


def check(run: Run) -> Outcome:
    """Ask the accounts for their states at what is published while the index is held or halted, and hold them against the last that it stood by.

    An engine that freezes on the status is safe whatever is published. One that goes on with the value in the answer, as `held` invites, keeps its states
    only where that value stays what it was: that is asked here of every value that is published without being stood by, as it is: a venue's mark is missing
    then, and what a market does meanwhile is not the index's.
    """
    by_twin, breach = PerTwin(len(run.twins)), None
    met = breached = moved_most = 0
    most_twin = CLEAN
    for twin in range(CLEAN, len(run.twins)):
        if run.rack is None:
            break
        trace = run.trace(twin)
        out, last = _untrusted(trace)
        if not out.any():
            continue
        moved = _moved(run, run.rack, twin, out, last)
        most = int(moved.sum(axis=1).max(initial=0))
        met, breached = met + 1, breached + (most > 0)
        rows = np.flatnonzero(out)
        if most > moved_most:
            moved_most, most_twin = most, twin
        at, what = -1, ""
        if most:
            at = int(rows[np.argmax(moved.any(axis=1))])
            what = "liquidated" if _entered(*_now_and_then(run, run.rack, twin, at, int(last[at]))).any() else "moved"
        by_twin.judged(twin, float(most), what)
        if most and breach is None:
            breach = _breach(run, run.rack, twin, at, int(last[at]), what)
    text = f"{moved_most} accounts in another state while the index was held or halted"
    unmet = _UNMET if run.rack is not None else "the scenario has no accounts"
    return Outcome(1 + len(run.twins), met, breached, breach, Extreme(float(moved_most), "count", text, most_twin) if met else None, unmet, by_twin.told())


def _untrusted(trace: Trace) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return where a run is held or halted after a publication that it stood by, and the last such publication, [times]."""
    stood_by = ~trace.missing
    last = np.maximum.accumulate(np.where(stood_by, np.arange(len(stood_by)), -1))
    return (trace.status >= HELD) & (last >= 0), last


def _moved(run: Run, rack: Rack | Ladder, twin: int, out: NDArray[np.bool_], last: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Say for each publication in `out` which accounts are neither frozen nor in the state of the last publication stood by, [publications, accounts].

    The states are a target's own where it has a margin engine, and was asked.
    """
    own = run.own_states(twin)
    if own is not None:
        return np.asarray((own[out] != FROZEN) & (own[out] != own[last[out]]))
    trace = run.trace(twin)
    value = trace.value[out]
    before = trace.value[last[out]]
    # the same value, told with other last digits, is no other price
    value = np.where(apart(value, before, run.expect), value, before)
    value = np.where(np.isnan(trace.value[out]), np.nan, value)
    now, then = rack.states(value), rack.states(before)
    return np.asarray((now != FROZEN) & (now != then))


def _now_and_then(run: Run, rack: Rack | Ladder, twin: int, at: int, last: int) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return the accounts' states at a publication, and at the last one that the index stood by."""
    own, trace = run.own_states(twin), run.trace(twin)
    return (rack.states(trace.value[at]), rack.states(trace.value[last])) if own is None else (own[at], own[last])


def _entered(now: NDArray[np.int8], then: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Say which accounts have entered liquidation or bankrupt."""
    return np.asarray((now > then) & ((now == LIQUIDATION) | (now == BANKRUPT)))


def _breach(run: Run, rack: Rack | Ladder, twin: int, at: int, last: int, what: str) -> Breach:
    trace = run.trace(twin)
    now, then = _now_and_then(run, rack, twin, at, last)
    changed = (now != FROZEN) & (now != then)
    # the plainest witness: one that is liquidated, if any, else the first
    account = int(np.argmax(np.where(changed, 1 + _entered(now, then), 0)))
    record = rack.accounts[account]
    side = sided(record)
    status = STATUSES[trace.status[at]]
    others = f" ({int(changed.sum())} of {len(rack)} accounts moved)" if len(rack) > 1 else ""
    goes = f"goes from {STATES[then[account]]} to {STATES[now[account]]}{others}"
    sentence = f"in {which(twin)} the index is {status} and its value moves on: at it {side} {goes}."
    promised = f"while {status}, every account frozen or as at the last ok or degraded value"
    seen = f"index {value_text(trace, at)}, the last it stood by {price_text(float(trace.value[last]))}"
    return Breach(twin, at, float(changed.sum()), sentence, promised, seen, "clean twin", run.clean_trace, record, what=what)


PROPERTY = Property(
    id="no-silent-freeze",
    statement="while the index is held or halted every account is frozen or in the state of its last publication with ok or degraded; none enters liquidation"
    " or bankrupt",
    check=check,
    hurt="Venus and Blizz 2022-05-12: a feed that had stopped was used on, and the lenders lost 11.2 and 8.3 million USD; dYdX, Drift and BitMEX freeze"
    " liquidations while the price is not trusted",
    premise="the index is held or halted after a publication that was ok or degraded",
    measure="the most accounts that what is published meanwhile puts into another state",
    example="""a says 100, b 100.5, c 101, d 101.5, e 102; a, b and c stop at 12:00:20, and the target calls the mean of the other two held
12:00:30   index 101.75 (held), the last it stood by 101
in the run with faults the index is held and its value moves on: at it a short account goes from healthy to bankrupt (9 of 64 accounts moved).
promised: while held, every account frozen or as at the last ok or degraded value""",
)
