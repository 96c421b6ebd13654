"""`step-bound`: one broken source does not make the index jump from one publication to the next."""

import numpy as np

from indexlab.market.units import format_bp
from indexlab.properties.premise import NO_FAULT_BIT, enough_sources, single_source_premise
from indexlab.properties.property import Breach, Outcome, Property
from indexlab.properties.run import Run
from indexlab.properties.tell import first_breach, names, say, summed_up, worst_of
from indexlab.properties.words import clean_range

LARGEST = 0.05


def check(run: Run) -> Outcome:
    """Hold the steps of every broken twin, [twins, times], against the clean twin's largest within the tracking lag: a true move may come a little later."""
    premise = single_source_premise(run)
    _, largest, _, _ = clean_range(run.times, steps(run.clean.value)[0], run.expect.max_tracking_lag)
    beyond = np.maximum(steps(run.broken.value) - largest, 0.0)
    breaches = premise & (beyond > LARGEST)
    place = first_breach(breaches)
    breach = None if place is None else _breach(run, *place, float(beyond[place]))
    worst = worst_of(beyond, premise, "ratio", "in one step, beyond the clean twin's")
    return summed_up(run, premise, breaches, breach, worst, NO_FAULT_BIT, sizes=beyond, what=lambda twin, at: "jumped")


def steps(value: np.ndarray) -> np.ndarray:
    """Return the relative step to each publication of [runs, times], 0 where either value is missing."""
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = np.abs(value[:, 1:] / value[:, :-1] - 1.0)
    return np.nan_to_num(np.pad(ratio, ((0, 0), (1, 0))), nan=0.0)


def _breach(run: Run, twin: int, at: int, beyond: float) -> Breach:
    return Breach(
        twin=twin,
        at=at,
        size=beyond,
        sentence=f"{names(run, run.twins[twin].faulty)} alone made the index jump by {format_bp(beyond)}.",
        promised=f"a step of at most {format_bp(LARGEST)} beyond the clean twin's",
        seen=say(run.broken_traces[twin], run.clean_trace, at, "clean twin"),
        reference="clean twin",
        other=run.clean_trace,
        what="jumped",
    )


PROPERTY = Property(
    id="step-bound",
    statement="one broken source makes the index step by at most 5 % more than the market does, from one publication to the next",
    check=check,
    applies=enough_sources,
    hurt="our own desk, on the day of the half units",
)
