"""`isolation`: what one source gets wrong stays with that source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.determination import STATUSES
from indexlab.properties.premise import of_family
from indexlab.properties.property import Breach, Extreme, Occasion, Outcome, Property
from indexlab.properties.tell import first_breach, names, say, summed_up
from indexlab.properties.words import clean_range

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]

_UNMET = "no source alone sent garbage while «min_sources» unbroken ones were live"


def check(run: Run) -> Outcome:
    """Judge every twin in which one source sends garbage: no weight and no number of faulty sources matters, only that enough others are live."""
    premise = _premise(run)
    _, _, always, _ = clean_range(run.times, run.clean.value[0], run.expect.max_tracking_lag)
    breaches = premise & run.broken.missing & always[None, :]
    place = first_breach(breaches)
    breach = None if place is None else _breach(run, *place)
    lost = np.broadcast_to(breaches.sum(axis=1, keepdims=True), breaches.shape).astype(np.float64)
    worst = None
    if premise.any():
        most = int(breaches.sum(axis=1).max())
        worst = Extreme(float(most), "count", f"{most} publications without a value", int(np.argmax(breaches.sum(axis=1))))
    return summed_up(run, premise, breaches, breach, worst, _UNMET, lost, lambda twin, at: str(STATUSES[run.broken.status[twin, at]]))


def _premise(run: Run) -> NDArray[np.bool_]:
    invalid = (run.broken.invalid_now & run.faulty[:, None, :]).any(axis=2)
    garbage = of_family(run, "garbage")[:, None] | np.logical_or.accumulate(invalid, axis=1)
    alone = (run.faulty.sum(axis=1) == 1)[:, None]
    enough = run.unbroken_live >= run.expect.min_sources
    return np.asarray(garbage & alone & enough & run.begun & ~run.broken.near_limit & ~run.clean.near_limit)


def _breach(run: Run, twin: int, at: int) -> Breach:
    trace, status = run.broken_traces[twin], STATUSES[run.broken.status[twin, at]]
    others = int(run.unbroken_live[twin, at])
    sentence = f"the garbage of {names(run, run.twins[twin].faulty)} took the index away ({status}), while {others} unbroken sources were live."
    promised = f"a value while min_sources = {run.expect.min_sources} unbroken sources are live"
    return Breach(twin, at, 1.0, sentence, promised, say(trace, run.clean_trace, at, "clean twin"), "clean twin", run.clean_trace, what=status)


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    return occasion.too_few(occasion.expect.min_sources + 1, "min_sources unbroken ones beside one that sends garbage")


PROPERTY = Property(
    id="isolation",
    statement="one source's garbage never makes the index missing while «min_sources» unbroken sources are live",
    check=check,
    applies=applies,
    hurt="umee #339 and pull 356: one failing venue failed the whole round; vega #10407: a crash when a source had no price",
    premise="one source alone sends garbage, «min_sources» others are live, and the clean twin has a value throughout the tracking lag",
    measure="the most publications of one twin without a value",
    example="""five sources that say 100; a says null from 12:00:20 on, and the target then gives no index
12:00:21   index halted, clean twin 100
the garbage of a took the index away (halted), while 4 unbroken sources were live.
promised: a value while min_sources = 3 unbroken sources are live""",
)
