"""`time-shift`: what day it is means nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.properties.metamorphic import same_when_told_differently
from indexlab.properties.property import Outcome, Property

if TYPE_CHECKING:
    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]


def check(run: Run) -> Outcome:
    """Compare with the run in which observations, rates and publications are all moved by the same number of whole days."""
    return same_when_told_differently(run, "time-shift", "the same shift of all clocks changes nothing", "no run could be moved to another day")


PROPERTY = Property(
    id="time-shift",
    statement="the same shift of all clocks, by whole days, changes nothing",
    check=check,
    needs=("time-shift",),
    metamorphic=True,
    hurt="sei-protocol/sei-chain pull 1066: a candle in the same second as now divided by zero every few hours; archimedes pull 987: a negative age"
    " counted as fresh for ever",
    premise="a run with observations, all of whose times stay between 1970 and the last time the protocol can carry",
    measure="the largest relative distance between the index and that of the shifted run",
    example="""five sources that say 100; the target adds a hundredth of a basis point for every day since 1970
12:00:01   index 101.9787, time-shift 101.9754 (0.3 bp)
Moving all clocks back by 33 days changes the index in the clean run.
promised: the same shift of all clocks changes nothing""",
)
