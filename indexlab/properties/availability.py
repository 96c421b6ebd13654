"""`availability`: a market in agreement is always priced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.determination import HELD, STATUSES
from indexlab.market.rates import factors
from indexlab.properties.per_twin import PerTwin
from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import value_text, which
from indexlab.properties.words import held_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run, Stack

__all__ = ["PROPERTY"]

_AGREE = 1e-3


def agreeing(stack: Stack, worth: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say at which publications [runs, times] «min_sources» are live and the prices of all live ones agree within 10 bp.

    `worth` [runs, times, sources] is what prices are multiplied with to compare: what a unit of each source's quote currency is worth in the index's.
    """
    live = stack.live
    with np.errstate(invalid="ignore", over="ignore"):
        price = stack.price * worth
        lowest = np.where(live, price, np.inf).min(axis=2)
        highest = np.where(live, price, -np.inf).max(axis=2)
        agree = highest <= lowest * (1.0 + _AGREE)
    enough = stack.counted(stack.surely_live) >= stack.expect.min_sources
    # after a loss of the quorum a target has «max_recovery» to take sources back: `quorum` judges that
    lost = ~enough & (np.cumsum(enough, axis=1) > 0)
    recovered = held_for(stack.times, ~lost, stack.expect.max_recovery) | (np.cumsum(lost, axis=1) == 0)
    return np.asarray(agree & enough & recovered & ~stack.near_limit)


def _worth(run: Run, *, clean: bool) -> NDArray[np.float64]:
    if clean or all(rates is run.rates for rates in run.twin_rates):
        return run.worth[None]
    return np.array([run.worth if rates is run.rates else factors(rates, run.basket, run.times) for rates in run.twin_rates])


def check(run: Run) -> Outcome:
    """Judge the clean run and every broken one."""
    found = None
    met = breached = publications = 0
    by_twin = None
    for stack, clean in ((run.clean, True), (run.broken, False)):
        premise = agreeing(stack, _worth(run, clean=clean))
        # who converts by the rates of the publication before has none at the first one
        premise[:, :1] &= not run.rates
        breaches = premise & (stack.status >= HELD)
        met += int(premise.any(axis=1).sum())
        breached += int(breaches.any(axis=1).sum())
        publications += int(breaches.sum())
        if not clean:
            lost = breaches.sum(axis=1).astype(np.float64)
            by_twin = PerTwin.of(np.asarray(premise.any(axis=1)), np.asarray(breaches.any(axis=1)), lost, "lost")
        if breaches.any() and found is None:
            row = int(np.argmax(breaches.any(axis=1)))
            found = _breach(run, stack, CLEAN if clean else row, row, int(np.argmax(breaches[row])))
    worst = Extreme(float(publications), "count", f"{publications} publications without a value in an agreeing market", CLEAN) if met else None
    return Outcome(1 + len(run.twins), met, breached, found, worst, "never did «min_sources» live sources agree within 10 bp", by_twin)


def _breach(run: Run, stack: Stack, twin: int, row: int, at: int) -> Breach:
    live = int(stack.counted(stack.surely_live[row, at]))
    trace = run.trace(twin)
    sentence = f"in {which(twin)} the index is {STATUSES[trace.status[at]]} while {live} live sources agree within 10 bp."
    promised = f"ok or degraded with min_sources = {run.expect.min_sources} live sources in agreement"
    return Breach(twin, at, 1.0, sentence, promised, f"index {value_text(trace, at)}", "clean twin", run.clean_trace, what="lost")


PROPERTY = Property(
    id="availability",
    statement="with «min_sources» live sources whose prices agree within 10 bp every determination is ok or degraded",
    check=check,
    hurt="umee pull 601 and 1634: no volume for one asset stopped the prices of all",
    premise="«min_sources» sources are live, all live prices agree within 10 bp (in the index's currency, by the rates that the target was told), and since"
    " a loss of the quorum «max_recovery» has passed",
    measure="how many publications of an agreeing market had no value",
    example="""five sources that say 100; the target's measure of spread divides by zero where all say the same
12:00:01   index halted
in the clean run the index is halted while 5 live sources agree within 10 bp.
promised: ok or degraded with min_sources = 3 live sources in agreement""",
)
