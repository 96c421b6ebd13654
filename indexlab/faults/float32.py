"""float32: the price has gone through a 32-bit float: some seven digits are left.

It stands for a column, a sensor or a wire format of single precision: 65,432.1 comes back as 65,432.1015625, and at a hundred million the units are gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Fault, chosen
from indexlab.faults.scaling import each_price

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Change, Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _narrowed(price: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what is left of each number; what has no 32-bit float (too large, too small) stays."""
    with np.errstate(over="ignore", under="ignore"):
        narrow = price.astype(np.float32).astype(np.float64)
    return np.where(np.isinf(narrow) | (narrow == 0), price, narrow)


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    return each_price(stream, chosen(stream, rows, spec), _narrowed)


FAULT = Fault("float32", "value", "the price has the precision of a 32-bit float", sized=False, apply=_apply)
