"""`quorum`: too few sources are never called enough, and enough are enough again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.determination import HELD, OK, STATUSES
from indexlab.market.panel import NEVER_US
from indexlab.market.units import format_duration
from indexlab.properties.property import Breach, ByTwin, Extreme, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import value_text, which
from indexlab.properties.words import held_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run, Stack

__all__ = ["PROPERTY"]


def check(run: Run, where: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None = None) -> Outcome:
    """Judge the clean run and every broken one: below «min_sources» never ok; back above it, a value within «max_recovery».

    `where` judges some publications alone, [1, times] of the clean run and [runs, times] of the broken ones.
    """
    found = None
    met = breached = publications = 0
    by_twin = None
    for stack, twin in ((run.clean, CLEAN), (run.broken, 0)):
        below = (stack.live.sum(axis=2) < run.expect.min_sources) & ~stack.near_limit
        back = _back(run, stack, below, clean=twin == CLEAN)
        if where is not None:
            below, back = below & where[twin != CLEAN], back & where[twin != CLEAN]
        called_ok, still_out = below & (stack.status == OK), back & (stack.status >= HELD)
        breaches = called_ok | still_out
        # the first publications of a run may have heard of no source yet: that alone is no occasion
        occasion = below & (stack.age < NEVER_US).any(axis=2)
        judged = np.asarray((occasion | breaches).any(axis=1))
        if twin != CLEAN:
            by_twin = _by_twin(judged, breaches, called_ok, below)
        met += int(judged.sum())
        breached += int(breaches.any(axis=1).sum())
        publications += int(below.sum())
        if breaches.any() and found is None:
            row = int(np.argmax(breaches.any(axis=1)))
            at = int(np.argmax(breaches[row]))
            found = _breach(run, stack, twin if twin == CLEAN else row, row, at, called_ok=bool(called_ok[row, at]))
    worst = Extreme(float(publications), "count", f"{publications} publications of a batch below the quorum", CLEAN) if met else None
    return Outcome(1 + len(run.twins), met, breached, found, worst, "the quorum was never lost", by_twin)


def _by_twin(judged: NDArray[np.bool_], breaches: NDArray[np.bool_], called_ok: NDArray[np.bool_], below: NDArray[np.bool_]) -> ByTwin:
    broken, first = np.asarray(breaches.any(axis=1)), np.argmax(breaches, axis=1)
    words = tuple(_word(called_ok=bool(called_ok[row, first[row]])) if broken[row] else "" for row in range(len(broken)))
    return ByTwin(judged, broken, np.where(judged, below.sum(axis=1), 0).astype(np.float64), words)


def _word(*, called_ok: bool) -> str:
    return "called-ok" if called_ok else "late"


def _back(run: Run, stack: Stack, below: NDArray[np.bool_], *, clean: bool) -> NDArray[np.bool_]:
    # back: after a loss, enough undisturbed sources (and no disturbed one) for «max_recovery»
    undisturbed = np.ones_like(stack.live) if clean else run.intact
    enough = (stack.counted(stack.surely_live & undisturbed) >= run.expect.min_sources) & (undisturbed | ~stack.live).all(axis=2)
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
    seen, what = f"index {value_text(trace, at)}, {live} live", _word(called_ok=called_ok)
    return Breach(twin, at, float(live), sentence, promised, seen, "clean twin", run.clean_trace, what=what)


PROPERTY = Property(
    id="quorum",
    statement="below «min_sources» live sources no determination is ok; back above it, it is ok or degraded again within «max_recovery»",
    check=check,
    hurt="Synthetix 2019-06-25: with a feed down two were averaged, one of them 1000 times too high (https://blog.synthetix.io/response-to-oracle-incident/)",
    premise="fewer than «min_sources» sources that had been heard are live, and no age is near the limit",
    measure="how many publications were below the quorum",
    example="""five sources that say 100, of which three stop at 12:00:20; the target counts nobody
12:00:32   index 100, 2 live
in the run with faults the index is called ok with 2 live sources.
promised: never ok below min_sources = 3""",
)
