"""`quorum`: too few sources are never called enough, and enough are enough again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.determination import HELD, OK, STATUSES
from indexlab.market.panel import NEVER_US
from indexlab.market.units import format_duration
from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import value_text, which
from indexlab.properties.words import held_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run, Stack

__all__ = ["PROPERTY"]


def check(run: Run) -> Outcome:
    """Judge the clean run and every broken one: below «min_sources» never ok; back above it, a value within «max_recovery»."""
    found = None
    met = breached = publications = 0
    for stack, twin in ((run.clean, CLEAN), (run.broken, 0)):
        below = (stack.live.sum(axis=2) < run.expect.min_sources) & ~stack.near_limit
        back = _back(run, stack, below, clean=twin == CLEAN)
        called_ok, still_out = below & (stack.status == OK), back & (stack.status >= HELD)
        breaches = called_ok | still_out
        # the first publications of a run may have heard of no source yet: that alone is no occasion
        occasion = below & (stack.age < NEVER_US).any(axis=2)
        met += int((occasion | breaches).any(axis=1).sum())
        breached += int(breaches.any(axis=1).sum())
        publications += int(below.sum())
        if breaches.any() and found is None:
            row = int(np.argmax(breaches.any(axis=1)))
            at = int(np.argmax(breaches[row]))
            found = _breach(run, stack, twin if twin == CLEAN else row, row, at, called_ok=bool(called_ok[row, at]))
    worst = Extreme(float(publications), "count", f"{publications} publications of a batch below the quorum", CLEAN) if met else None
    return Outcome(1 + len(run.twins), met, breached, found, worst, "the quorum was never lost")


def _back(run: Run, stack: Stack, below: NDArray[np.bool_], *, clean: bool) -> NDArray[np.bool_]:
    # back: after a loss, enough undisturbed sources (and no disturbed one) for «max_recovery»
    undisturbed = np.ones_like(stack.live) if clean else run.intact
    enough = ((stack.surely_live & undisturbed).sum(axis=2) >= run.expect.min_sources) & (undisturbed | ~stack.live).all(axis=2)
    lost = np.cumsum(below, axis=1) > 0
    return np.asarray(lost & held_for(run.times, enough, run.expect.max_recovery) & ~stack.near_limit)


def _breach(run: Run, stack: Stack, twin: int, row: int, at: int, *, called_ok: bool) -> Breach:
    trace = run.trace(twin)
    live = int(stack.live[row, at].sum())
    least = run.expect.min_sources
    if called_ok:
        sentence = f"in {which(twin)} the index is called ok with {live} live source{'' if live == 1 else 's'}."
        promised = f"never ok below min_sources = {least}"
    else:
        again = format_duration(run.expect.max_recovery)
        sentence = f"in {which(twin)} the index is still {STATUSES[trace.status[at]]} after {live} sources have been live again for {again}."
        promised = f"ok or degraded within max_recovery = {format_duration(run.expect.max_recovery)} of having min_sources = {least} again"
    return Breach(twin, at, float(live), sentence, promised, f"index {value_text(trace, at)}, {live} live", "clean twin", run.clean_trace)


PROPERTY = Property(
    id="quorum",
    statement="below «min_sources» live sources no determination is ok; back above it, it is ok or degraded again within «max_recovery»",
    check=check,
    hurt="Synthetix 2019-06-25: with a feed down two were averaged, one of them 1000 times too high (https://blog.synthetix.io/response-to-oracle-incident/)",
)
