"""`unanimity`: what all say is the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.market.units import format_bp, format_duration
from indexlab.properties.per_twin import PerTwin
from indexlab.properties.premise import prices_compare
from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import price_text, value_text, which
from indexlab.properties.words import apart, held_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run, Stack

__all__ = ["PROPERTY"]

_EQUAL = 1e-8
"""Equal prices may be a rounding apart (and are, where every price is moved by a relative 1e-9)."""
_UNMET = "never did all live sources say one price for longer than «max_recovery»"


def unanimous(stack: Stack) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Say where [runs, times] all live sources have said one price for longer than «max_recovery», and which.

    Whoever may count as live must say it too: all whose age is below «max_age» and the margin. At least «min_sources» are surely live throughout.
    """
    maybe = stack.age < stack.expect.max_age + stack.expect.age_margin
    with np.errstate(invalid="ignore", over="ignore"):
        lowest = np.where(maybe, stack.price, np.inf).min(axis=2)
        highest = np.where(maybe, stack.price, -np.inf).max(axis=2)
        one_price = np.isfinite(lowest) & (highest <= lowest * (1.0 + _EQUAL))
        before = np.concatenate((lowest[:, :1], lowest[:, :-1]), axis=1)
        still = np.abs(lowest - before) <= _EQUAL * np.abs(lowest)
    enough = stack.counted(stack.surely_live & (stack.age <= stack.expect.max_age - stack.expect.age_margin)) >= stack.expect.min_sources
    agreed = one_price & enough
    # a new price that all say begins the time anew
    return np.asarray(held_for(stack.times, agreed & still, stack.expect.max_recovery)), lowest


def check(run: Run) -> Outcome:
    """Judge the clean run and every broken one, whoever else is stale, absent or invalid; a missing value is for `availability` to judge."""
    if not prices_compare(run):
        return Outcome(1 + len(run.twins), 0, unmet="the sources quote in several currencies", by_twin=PerTwin(len(run.twins)).told())
    met = breached = 0
    first, worst, worst_twin, by_twin = None, 0.0, CLEAN, None
    for stack, clean in ((run.clean, True), (run.broken, False)):
        agreed, price = unanimous(stack)
        premise = agreed & ~stack.missing
        with np.errstate(invalid="ignore", over="ignore"):
            away = np.where(premise, np.nan_to_num(np.abs(stack.value / price - 1.0), posinf=np.inf), 0.0)
        breaches = premise & apart(stack.value, price, run.expect)
        met += int(premise.any(axis=1).sum())
        breached += int(breaches.any(axis=1).sum())
        if not clean:
            by_twin = PerTwin.of(np.asarray(premise.any(axis=1)), np.asarray(breaches.any(axis=1)), away.max(axis=1, initial=0.0))
        if away.size and float(away.max()) > worst:
            row = int(np.argmax(away.max(axis=1)))
            worst, worst_twin = float(away.max()), CLEAN if clean else row
        if breaches.any() and first is None:
            row = int(np.argmax(breaches.any(axis=1)))
            at = int(np.argmax(breaches[row]))
            first = _breach(run, CLEAN if clean else row, at, float(away[row, at]), float(price[row, at]), int(stack.live[row, at].sum()))
    extreme = Extreme(worst, "ratio", f"{format_bp(worst)} from what all said", worst_twin) if met else None
    return Outcome(1 + len(run.twins), met, breached, first, extreme, _UNMET, by_twin)


def _breach(run: Run, twin: int, at: int, size: float, price: float, live: int) -> Breach:
    said = price_text(price)
    sentence = f"in {which(twin)} all {live} live sources have said {said} for {format_duration(run.expect.max_recovery)}, and the index is another."
    promised = f"what all live sources have said for max_recovery = {format_duration(run.expect.max_recovery)}"
    return Breach(twin, at, size, sentence, promised, f"index {value_text(run.trace(twin), at)}, all live sources {said}", "clean twin", run.clean_trace)


PROPERTY = Property(
    id="unanimity",
    statement="when all live sources have said p, for longer than «max_recovery», so does the index",
    check=check,
    hurt="dfinity/exchange-rate-canister pull 357: the median of an even count overflowed; vega #10459: a median built from stale inputs",
    premise="all live sources, «min_sources» or more, have said the same price for «max_recovery», and there is a value",
    measure="the largest relative distance of the index from what all said",
    example="""a says 104 and four others 100; a stops at 12:00:20, and the target takes the mean with no limit of age
12:00:37   index 100.8, all live sources 100
in the run with faults all 4 live sources have said 100 for 5s, and the index is another.
promised: what all live sources have said for max_recovery = 5s""",
)
