"""level: the price stays off by a factor for as long as the window lasts.

It happened: on 2019-06-24 one source of Synthetix' Korean won was 1000 times too high until it was found.
Source: https://blog.synthetix.io/response-to-oracle-incident/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import Fault
from indexlab.faults.scaling import scaled_prices
from indexlab.faults.sizes import intensity_of_factor, value_factor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Change, Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    return scaled_prices(stream, rows, value_factor(spec.intensity, spec.direction))


FAULT = Fault(
    "level",
    "value",
    "the price stays off by a factor",
    sized=True,
    apply=_apply,
    directed=True,
    scale="the factor 10^(12 * intensity), up or down (0.025 doubles the price)",
    example=intensity_of_factor(1.008),
)
