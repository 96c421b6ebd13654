"""What the statements about broken sources share: where their premise is met, the index stays within «max_displacement» of the clean twin's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.market.units import format_bp, format_ratio
from indexlab.properties.per_twin import what_happened
from indexlab.properties.premise import one_sided
from indexlab.properties.property import Breach, Outcome
from indexlab.properties.tell import first_breach, names, say, summed_up, worst_of
from indexlab.properties.words import clean_range, displacement

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from indexlab.properties.run import Run

__all__ = ["bounded", "faulty_alone"]


def faulty_alone(run: Run, twin: int) -> str:
    """Return the subject of a sentence about a twin: its faulty sources, alone."""
    return f"{names(run, run.twins[twin].faulty)} alone"


def bounded(
    run: Run, premise: NDArray[np.bool_], unmet: str, who: Callable[[Run, int], str] = faulty_alone, others: NDArray[np.int64] | None = None
) -> Outcome:
    """Hold every broken twin, where `premise` [runs, times] is met, against the range of the clean index within the tracking lag.

    A value that is missing in one twin alone counts while at least «min_sources» `others` are live, [runs, times]: without them, the unbroken sources.
    `who(run, twin)` is the subject of the finding's sentence.
    """
    others = run.unbroken_live if others is None else others
    moved, always, never = run.once(_displaced)
    breaches = premise & ((moved > run.expect.max_displacement) | one_sided(run, always, never, others))
    place = first_breach(breaches)
    breach = None if place is None else _breach(run, *place, float(moved[place]), who, int(others[place]))
    worst = worst_of(moved, premise, "ratio", "from the clean twin")
    return summed_up(run, premise, breaches, breach, worst, unmet, sizes=moved, what=lambda twin, at: what_happened(run, twin, at))


def _displaced(run: Run) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the displacement of every broken twin [runs, times], and whether the clean index is always, or never, there within the tracking lag."""
    lowest, highest, always, never = clean_range(run.times, run.clean.value[0], run.expect.max_tracking_lag)
    return displacement(run.broken.value, lowest[None, :], highest[None, :]), always, never


def _breach(run: Run, twin: int, at: int, moved: float, who: Callable[[Run, int], str], others: int) -> Breach:
    trace, subject = run.broken_traces[twin], who(run, twin)
    if trace.missing[at]:
        sentence = f"{subject} took the index away, while {others} unbroken sources were live."
    elif np.isnan(run.clean.value[0, at]):
        sentence = f"{subject} brought an index where the clean twin has none."
    else:
        sentence = f"{subject} moved the index by {format_bp(moved)}."
    promised = f"displacement of at most max_displacement = {format_ratio(run.expect.max_displacement)}"
    seen = say(trace, run.clean_trace, at, "clean twin")
    return Breach(twin, at, moved, sentence, promised, seen, "clean twin", run.clean_trace, what=what_happened(run, twin, at))
