"""`recovery`: when the fault is over, so is its effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.market.panel import NEVER_US
from indexlab.market.units import format_duration
from indexlab.properties.property import Breach, Outcome, Property
from indexlab.properties.tell import first_breach, names, say, summed_up, worst_of
from indexlab.properties.words import apart, held_for

if TYPE_CHECKING:
    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]


def check(run: Run) -> Outcome:
    """From «max_recovery» after the twins see the same again, with the last disturbed quote received, they say the same again."""
    last = np.array([NEVER_US if twin.last is None else twin.last for twin in run.twins], dtype=np.int64)
    over = (run.times[None, :] > last[:, None]) & run.intact.all(axis=2)
    premise = held_for(run.times, over, run.expect.max_recovery)
    enough = run.broken.surely_live.sum(axis=2) >= run.expect.min_sources
    clean, broken = run.clean.value, run.broken.value
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.nan_to_num(np.abs(broken / clean - 1.0), posinf=np.inf)
    breaches = premise & (apart(broken, clean, run.expect) | (enough & (run.broken.missing != run.clean.missing)))
    place = first_breach(breaches)
    breach = None if place is None else _breach(run, *place, float(difference[place]))
    return summed_up(
        run,
        premise,
        breaches,
        breach,
        worst_of(difference, premise, "ratio", "apart after recovery"),
        "no fault ended «max_recovery» before the end of its run",
    )


def _breach(run: Run, twin: int, at: int, size: float) -> Breach:
    who = names(run, run.twins[twin].faulty)
    sentence = f"{format_duration(int(run.times[at]) - (run.twins[twin].last or 0))} after the last disturbed quote of {who} the twins still differ."
    promised = f"the same again within max_recovery = {format_duration(run.expect.max_recovery)}"
    return Breach(twin, at, size, sentence, promised, say(run.broken_traces[twin], run.clean_trace, at, "clean twin"), "clean twin", run.clean_trace)


PROPERTY = Property(
    id="recovery",
    statement="after the last fault ends the twins are the same again within «max_recovery»",
    check=check,
    hurt="an index that never takes a source back loses one with every incident",
)
