"""volume-null: the message says a price and no volume.

It stands for venues whose interface leaves the field out at night or in maintenance; a weight by volume then has nothing to go by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Change, Fault, chosen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    touched = chosen(stream, rows, spec)
    return Change(touched, {"volume": np.full(len(touched), np.nan)})


FAULT = Fault("volume-null", "volume", "a message without a volume", sized=False, apply=_apply, example=0.5)
