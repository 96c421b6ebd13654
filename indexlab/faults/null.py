"""null: the message comes, but carries no price.

It happened: in umee's price feeder an empty price was used where there were only expired candles, and it crashed.
Source: https://github.com/umee-network/umee/issues/1261
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import PRICES, Change, Fault, chosen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    touched = chosen(stream, rows, spec)
    return Change(touched, {name: np.full(len(touched), np.nan) for name in PRICES})


FAULT = Fault("null", "garbage", "a message without a price", sized=False, apply=_apply, example=0.5)
