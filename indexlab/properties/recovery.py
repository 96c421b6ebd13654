"""`recovery`: when the fault is over, so is its effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.market.panel import NEVER_US
from indexlab.market.units import format_duration
from indexlab.properties.per_twin import what_happened
from indexlab.properties.property import Breach, Outcome, Property
from indexlab.properties.tell import first_breach, names, say, since_text, summed_up, worst_of
from indexlab.properties.words import apart, held_for

if TYPE_CHECKING:
    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]


def check(run: Run) -> Outcome:
    """From «max_recovery» after the twins see the same again, with the last disturbed quote received, they say the same again."""
    last = np.array([NEVER_US if twin.last is None else twin.last for twin in run.twins], dtype=np.int64)
    over = (run.times[None, :] > last[:, None]) & run.intact.all(axis=2)
    premise = held_for(run.times, over, run.expect.max_recovery)
    enough = run.broken.counted(run.broken.surely_live) >= run.expect.min_sources
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
        difference,
        lambda twin, at: what_happened(run, twin, at),
    )


def _breach(run: Run, twin: int, at: int, size: float) -> Breach:
    who = names(run, run.twins[twin].faulty)
    sentence = f"{since_text(run, at, run.twins[twin].last or 0)} after the last disturbed quote of {who} the twins still differ."
    promised = f"the same again within max_recovery = {format_duration(run.expect.max_recovery)}"
    seen, what = say(run.broken_traces[twin], run.clean_trace, at, "clean twin"), what_happened(run, twin, at)
    return Breach(twin, at, size, sentence, promised, seen, "clean twin", run.clean_trace, what=what)


PROPERTY = Property(
    id="recovery",
    statement="after the last fault ends the twins are the same again within «max_recovery»",
    check=check,
    hurt="an index that never takes a source back loses one with every incident",
    premise="the last disturbed quote was received and both twins have seen the same for «max_recovery»",
    measure="the largest relative distance between the twins from then on",
    example="""a says 100, b 100.5, c 101, d 101.5, e 102; a says half as much again from 12:00:20 to 12:00:25, and the target leaves it out for good
12:00:31   index 101.25, clean twin 101 (24.8 bp)
7s after the last disturbed quote of a the twins still differ.
promised: the same again within max_recovery = 5s""",
)
