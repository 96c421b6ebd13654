"""stuck-digit: one digit of every number is stuck: the second to fifth that counts, at a value from the seed; each price, bid, ask and level for itself.

It stands for a broken formatter or a byte that is never refreshed: prices move, but for one digit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.digits import digit_set
from indexlab.faults.fault import Fault, chosen
from indexlab.faults.scaling import each_price
from indexlab.market.seeds import derive

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Change, Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    drawn = derive("stuck-digit", spec.seed)
    place, digit = 2 + drawn % 4, drawn // 4 % 10
    return each_price(stream, chosen(stream, rows, spec), lambda price: digit_set(price, place, digit))


FAULT = Fault("stuck-digit", "value", "one digit never changes", sized=False, apply=_apply, example_seed=6)
