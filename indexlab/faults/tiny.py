"""tiny: the price is above 0, and smaller than code expects; which, the seed says.

It happened: on 2021-09-20 two publishers of Pyth's BTC/USD sent prices near 0, and the aggregate fell to 5,402.
Source: https://pythnetwork.medium.com/pyth-root-cause-analysis-622376d7a492
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

_VALUES = (1e-8, 1e-18, 1e-300, 2.2250738585072014e-308, 5e-324)
"""A satoshi, a token's smallest unit, and where a square, an inverse or the number itself underflows."""


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    value = _VALUES[spec.seed % len(_VALUES)]
    return each_price(stream, chosen(stream, rows, spec), lambda price: np.where(np.isnan(price), price, value))


FAULT = Fault("tiny", "garbage", "the price is all but 0", sized=False, apply=_apply, example=0.5)
