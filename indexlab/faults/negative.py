"""negative: the sign is flipped.

It happened: Pyth's aggregation had an overflow guard that silently dropped negative prices.
Source: https://github.com/pyth-network/pyth-client/pull/344
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
    return each_price(stream, chosen(stream, rows, spec), np.negative)


FAULT = Fault("negative", "garbage", "the sign of the price is flipped", sized=False, apply=_apply, example=0.5)
