"""spike: one quote of each source, its first in the window, is off by a factor.

It happened: on 2017-04-15 GDAX printed 0.06 USD for a bitcoin, and BitMEX' index fell from about 1,183 to 888.48.
Source: https://blog.bitmex.com/market-disruption-event-gdax/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Fault
from indexlab.faults.scaling import scaled_prices
from indexlab.faults.schedule import by_window
from indexlab.faults.sizes import intensity_of_factor, value_factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Change, Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    first = rows[np.sort([places[0] for places, _, _ in by_window(stream, rows, spec)])]
    return scaled_prices(stream, first, value_factor(spec.intensity, spec.direction))


FAULT = Fault(
    "spike",
    "value",
    "one quote of each source is off by a factor",
    sized=True,
    apply=_apply,
    directed=True,
    scale="the factor 10^(12 * intensity), up or down (0.025 doubles the price)",
    example=intensity_of_factor(1.01),
)
