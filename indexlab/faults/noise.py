"""noise: every quote is off by a factor of its own, drawn between the size and its inverse, evenly in logarithm.

It stands for a thin market, where each trade is somewhere else between far apart bids and asks.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Fault, uniform
from indexlab.faults.scaling import scaled_prices
from indexlab.faults.sizes import intensity_of_factor, value_factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Change, Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    size = math.log(value_factor(spec.intensity))
    return scaled_prices(stream, rows, np.exp(size * (2 * uniform(stream, rows, spec, "noise") - 1)))


FAULT = Fault(
    "noise",
    "value",
    "every quote is off by a factor of its own",
    sized=True,
    apply=_apply,
    scale="the largest factor, 10^(12 * intensity), and its inverse (0.025 is half to twice the price)",
    example=intensity_of_factor(1.008),
)
