"""`hull`: an index lies among the prices it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.market.units import format_bp, format_duration
from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import price_text, value_text
from indexlab.properties.words import displacement, range_over

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]


def check(run: Run) -> Outcome:
    """Judge the clean run: at each publication against the prices received in the last «max_age» + «max_recovery»."""
    lowest, highest = _received_range(run)
    value = run.clean.value[0]
    premise = ~np.isnan(value) & np.isfinite(lowest) & np.isfinite(highest)
    outside = displacement(value, lowest, highest)
    slack = np.maximum(run.expect.same_ratio * np.abs(value), run.expect.tick)
    breaches = premise & ((value < lowest - slack) | (value > highest + slack))
    breach = None
    if breaches.any():
        at = int(np.argmax(breaches))
        sentence = f"with no fault at all the index lies {format_bp(float(outside[at]))} outside the prices it was given."
        span = format_duration(run.expect.max_age + run.expect.max_recovery)
        seen = f"index {value_text(run.clean_trace, at)}, prices from {price_text(float(lowest[at]))} to {price_text(float(highest[at]))}"
        breach = Breach(CLEAN, at, float(outside[at]), sentence, f"between the lowest and the highest price of the last {span}", seen, "lowest price")
    worst = Extreme(float(outside[premise].max()), "ratio", f"{format_bp(float(outside[premise].max()))} outside", CLEAN) if premise.any() else None
    return Outcome(1, int(premise.any()), int(breaches.any()), breach, worst, "the clean index never had a value")


def _received_range(run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    quotes, valid = run.clean_trace.quotes, run.clean.valid[0]
    good = quotes.take(valid)
    columns = [getattr(good, name) for name in ("price", "bid", "ask") if name in run.uses or name == "price"]
    low = np.searchsorted(good.receive_time, run.times - run.expect.max_age - run.expect.max_recovery, side="left")
    high = np.searchsorted(good.receive_time, run.times, side="right")
    lowest, highest = range_over(np.column_stack(columns), low, high)
    return lowest.min(axis=1), highest.max(axis=1)


PROPERTY = Property(
    id="hull",
    statement="with no faults, the index lies between the lowest and the highest price received in the last «max_age» + «max_recovery»",
    check=check,
    hurt="dfinity/exchange-rate-canister pull 357: the median of an even count overflowed",
    premise="a publication of the clean run with a value",
    measure="how far the index lies outside the prices, relative to the nearest",
    example="""five sources that say 100; the target adds a spread of 2 %
12:00:01   index 102, prices from 100 to 100
with no fault at all the index lies 200.0 bp outside the prices it was given.
promised: between the lowest and the highest price of the last 15s""",
)
