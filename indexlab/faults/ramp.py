"""ramp: one venue's price leaves the others evenly in time, up to a factor at the end of the window (after a minute where it has no end, and then it stays).

It happened: on 2019-05-17 bitcoin fell by 18 % on Bitstamp within 11 minutes of a large sale, and BitMEX' index of two sources with it.
Source: https://www.financemagnates.com/cryptocurrency/news/bitcoin-flash-crash-causes-200m-liquidation-on-bitmex/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import Fault
from indexlab.faults.scaling import scaled_prices
from indexlab.faults.schedule import progress
from indexlab.faults.sizes import intensity_of_factor, value_factor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Change, Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    factor = value_factor(spec.intensity, spec.direction)
    return scaled_prices(stream, rows, factor ** progress(stream, rows, spec))


FAULT = Fault(
    "ramp",
    "market",
    "the price moves away evenly",
    sized=True,
    apply=_apply,
    directed=True,
    scale="the factor at the end of the window, 10^(12 * intensity), up or down (0.025 is twice or half)",
    example=intensity_of_factor(1.008),
)
