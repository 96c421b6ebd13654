"""decimal: the decimal point is in the wrong place, by 12 * intensity digits, rounded.

It happened: on 2021-09-20 a publisher of Pyth's BTC/USD read the exponent 10^0 in place of 10^-8.
Source: https://pythnetwork.medium.com/pyth-root-cause-analysis-622376d7a492
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import Fault
from indexlab.faults.scaling import scaled_prices
from indexlab.faults.sizes import MAX_DECADES, decimal_shift

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Change, Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    digits = decimal_shift(spec.intensity)
    return scaled_prices(stream, rows, 10.0 ** (digits if spec.direction == "up" else -digits))


FAULT = Fault(
    "decimal",
    "value",
    "the decimal point is in the wrong place",
    sized=True,
    apply=_apply,
    directed=True,
    scale="by how many digits: 12 * intensity, rounded (below 1/24 none), up or down",
    example=1 / MAX_DECADES,
)
