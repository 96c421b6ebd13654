"""truncate: the price is cut to n digits that count, towards 0.

It happened: on 2021-09-20 a publisher of Pyth's BTC/USD passed a number with a fraction to a routine for whole numbers, and it came out as 0.
Source: https://pythnetwork.medium.com/pyth-root-cause-analysis-622376d7a492
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.digits import cut_to
from indexlab.faults.fault import Fault
from indexlab.faults.scaling import each_price
from indexlab.faults.sizes import digits_kept

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Change, Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    digits = digits_kept(spec.intensity)
    return each_price(stream, rows, lambda price: cut_to(price, digits))


FAULT = Fault(
    "truncate",
    "value",
    "the price is cut to a few digits",
    sized=True,
    apply=_apply,
    scale="how many digits are left: 12 - 11 * intensity, rounded (1 is a single digit)",
    example=9 / 11,
)
