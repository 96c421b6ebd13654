"""`scale`: an index knows no currency unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.properties.metamorphic import same_when_told_differently
from indexlab.properties.property import Outcome, Property

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.properties.run import Run, Variation

__all__ = ["PROPERTY"]


def check(run: Run) -> Outcome:
    """Compare with the run whose prices are times a power of two, its index divided by the same."""

    def back(variation: Variation, value: NDArray[np.float64]) -> NDArray[np.float64]:
        return value / 2.0 ** int(variation.detail.rsplit("^", 1)[1])

    return same_when_told_differently(run, "scale", "prices times c give the index times c", "prices of at least 1e5 ticks were never there to scale", back)


PROPERTY = Property(
    id="scale",
    statement="prices times c give the index times c, for powers of two from 2^-27 to 2^20",
    check=check,
    needs=("scale",),
    metamorphic=True,
    hurt="Pyth 2021-09-20: a price read with the wrong exponent entered the aggregate (https://pythnetwork.medium.com/pyth-root-cause-analysis-622376d7a492)",
    premise="a run whose prices, and those times the power of two, are at least 1e5 «tick»s",
    measure="the largest relative distance between the index, scaled back, and the index",
    example="""a says 100, b 100.5, c 101, d 101.5, e 102; the target rounds to cents, whatever the price
12:00:01   index 101.001, scale 0.001 (1.01e+05 times the price)
Scaling all prices by 2^-24 changes the index in the clean run.
promised: prices times c give the index times c""",
)
