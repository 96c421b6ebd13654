"""`single-source`: one broken source does not move the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.market.units import format_bp, format_ratio
from indexlab.properties.premise import NO_FAULT_BIT, enough_sources, one_sided, single_source_premise
from indexlab.properties.property import Breach, Outcome, Property
from indexlab.properties.tell import first_breach, names, say, summed_up, worst_of
from indexlab.properties.words import clean_range, displacement

if TYPE_CHECKING:
    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]


def check(run: Run) -> Outcome:
    """Hold every broken twin against the range of the clean index within the tracking lag."""
    premise = single_source_premise(run)
    lowest, highest, always, never = clean_range(run.times, run.clean.value[0], run.expect.max_tracking_lag)
    moved = displacement(run.broken.value, lowest[None, :], highest[None, :])
    gone = one_sided(run, always, never)
    breaches = premise & ((moved > run.expect.max_displacement) | gone)
    place = first_breach(breaches)
    breach = None if place is None else _breach(run, *place, float(moved[place]))
    worst = worst_of(moved, premise, "ratio", "from the clean twin")
    return summed_up(run, premise, breaches, breach, worst, NO_FAULT_BIT)


def _breach(run: Run, twin: int, at: int, moved: float) -> Breach:
    who = names(run, run.twins[twin].faulty)
    trace = run.broken_traces[twin]
    if trace.missing[at]:
        sentence = f"{who} alone took the index away, while {int(run.unbroken_live[twin, at])} unbroken sources were live."
    elif np.isnan(run.clean.value[0, at]):
        sentence = f"{who} alone brought an index where the clean twin has none."
    else:
        sentence = f"{who} alone moved the index by {format_bp(moved)}."
    promised = f"displacement of at most max_displacement = {format_ratio(run.expect.max_displacement)}"
    return Breach(twin, at, moved, sentence, promised, say(trace, run.clean_trace, at, "clean twin"), "clean twin", run.clean_trace)


PROPERTY = Property(
    id="single-source",
    statement="«faulty_sources» sources with any prices, times and volumes displace the index by at most «max_displacement»",
    check=check,
    applies=enough_sources,
    hurt="BitMEX 2017-04-15: one venue printed 0.06 and the index fell from 1183 to 888 (https://blog.bitmex.com/market-disruption-event-gdax/)",
)
