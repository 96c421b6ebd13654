"""null: the message comes, but carries no price.

It happened: in umee's price feeder an empty price was used where there were only expired candles, and it crashed.
Source: https://github.com/umee-network/umee/issues/1261
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


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    return each_price(stream, chosen(stream, rows, spec), lambda price: np.full_like(price, np.nan))


FAULT = Fault("null", "garbage", "a message without a price", sized=False, apply=_apply, example=0.5)
