"""`single-source`: one broken source does not move the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.properties.bounded import bounded
from indexlab.properties.premise import NO_FAULT_BIT, enough_sources, single_source_premise
from indexlab.properties.property import Outcome, Property

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]


def check(run: Run, where: NDArray[np.bool_] | None = None) -> Outcome:
    """Hold every broken twin against the range of the clean index within the tracking lag; `where` [runs, times] judges some publications alone."""
    premise = single_source_premise(run)
    return bounded(run, premise if where is None else premise & where, NO_FAULT_BIT)


PROPERTY = Property(
    id="single-source",
    statement="«faulty_sources» sources with any prices, times and volumes displace the index by at most «max_displacement»",
    check=check,
    applies=enough_sources,
    hurt="BitMEX 2017-04-15: one venue printed 0.06 and the index fell from 1183 to 888 (https://blog.bitmex.com/market-disruption-event-gdax/)",
    occasion="baskets of max(«min_sources», 2 × «faulty_sources» + 1) sources or more",
    premise="at most «faulty_sources» sources are broken and have begun to be, max(«min_sources», 2 × «faulty_sources» + 1) are live in the clean"
    " twin, the broken ones hold less than half of their given weight, and no age is near «max_age»",
    measure="the largest displacement: the relative distance from the clean index within «max_tracking_lag»",
    example="""five sources that say 100; a says 150 from 12:00:20 on, and the target takes the mean
12:00:21   index 110, clean twin 100 (10.0 %)
a alone moved the index by 10.0 %.
promised: displacement of at most max_displacement = 1%""",
)
