"""`start-up`: what holds of a running index holds from its first publication on, and again when all sources have been away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.market.panel import NEVER_US
from indexlab.market.units import SECOND, format_duration
from indexlab.properties import invalid_values, quorum, silent_source, single_source
from indexlab.properties.property import Occasion, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.together import together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.property import Breach
    from indexlab.properties.run import Run, Stack

__all__ = ["PROPERTY"]

_SOON: Final = 10
"""A fault that first shows within so many publications of a start was there from the start."""
_UNMET: Final = "no fault was at work from the start on, nor after a gap of all sources"


def check(run: Run) -> Outcome:
    """Judge `single-source`, `silent-source`, `invalid-values` and `quorum` where a run, or all sources after a gap, have just started."""
    soon, clean_starts, starts = _span(run), _last_start(run.clean), _last_start(run.broken)
    since = run.times[None, :] - run.times[starts]
    first = np.array([NEVER_US if twin.first is None else twin.first for twin in run.twins], dtype=np.int64)
    # of a fault that begins later, at a running index, the properties themselves judge
    begun = first[:, None] <= run.times[starts] + _SOON * run.expect.interval
    early = np.asarray((since <= soon) & begun)
    clean_early = np.asarray(run.times[None, :] - run.times[clean_starts] <= soon)
    parts = [single_source.check(run, early), silent_source.check(run, early), invalid_values.check(run, early), _quorum(run, clean_early, early)]
    outcome = together(run, parts, _UNMET)
    breach = outcome.breach
    return outcome if breach is None else replace(outcome, breach=_told(run, breach, starts, clean_starts))


def _span(run: Run) -> int:
    """Return for how long after a start it is judged, microseconds: until what was said at it has gone stale, and an index had time to settle."""
    expect = run.expect
    return expect.max_age + expect.age_margin + expect.max_recovery + expect.max_tracking_lag


def _last_start(stack: Stack) -> NDArray[np.intp]:
    """Return for each publication [runs, times] the last start at or before it: the run's first publication, or the last at which no source was live."""
    nobody = ~stack.live.any(axis=2)
    return np.asarray(np.maximum.accumulate(np.where(nobody, np.arange(len(stack.times)), 0), axis=1))


def _quorum(run: Run, clean_early: NDArray[np.bool_], early: NDArray[np.bool_]) -> Outcome:
    outcome = quorum.check(run, (clean_early, early))
    told = outcome.by_twin
    # that a run begins with fewer sources than enough is no occasion by itself: every run does
    clean = int(outcome.breach is not None and outcome.breach.twin == CLEAN)
    worst = None if outcome.worst is None else replace(outcome.worst, value=0.0, unit="ratio")
    return outcome if told is None else replace(outcome, premise_met=int(told.met.sum()) + clean, breached=int(told.broken.sum()) + clean, worst=worst)


def _told(run: Run, breach: Breach, starts: NDArray[np.intp], clean_starts: NDArray[np.intp]) -> Breach:
    stack, row = run.stack_of(breach.twin)
    start = int((clean_starts if breach.twin == CLEAN else starts)[row, breach.at])
    after = format_duration((int(run.times[breach.at]) - int(run.times[start])) // SECOND * SECOND)
    if breach.at == 0:
        when = "at the first publication"
    elif not stack.live[row, :start].any():
        when = f"{after} after the first publication"
    else:
        when = "while all sources are away" if breach.at == start else f"{after} after all sources had been away"
    return replace(breach, sentence=f"{when}: {breach.sentence[0].lower()}{breach.sentence[1:]}")


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    return occasion.too_few(occasion.expect.min_sources, "a start with enough sources")


PROPERTY = Property(
    id="start-up",
    statement="`single-source`, `silent-source`, `invalid-values` and `quorum` hold from the first publication on, and again after a gap of all sources",
    check=check,
    needs=tuple(dict.fromkeys((*silent_source.PROPERTY.needs, *invalid_values.PROPERTY.needs))),
    applies=applies,
    hurt="Paradex 2026-01-19: after a restart the first prices were zeros, and accounts were liquidated within seconds"
    " (https://becausebitcoin.com/post/paradex-zero-btc-migration-bug-chain-rollback)",
    occasion="baskets of «min_sources» sources or more",
    premise="a fault that shows within ten publications of the first one, or of the last at which no source was live; judged until «max_age»,"
    " «max_recovery» and «max_tracking_lag» have passed",
    measure="the largest displacement of an index that has just started",
    example="""five sources that say 100; a says 150 from the first quote on, and the target filters from its fourth publication on
12:00:01   index 110, clean twin 100 (10.0 %)
at the first publication: a alone moved the index by 10.0 %.
promised: displacement of at most max_displacement = 1%""",
)
