"""huge: the price is a number of no market, larger than code expects; which, the seed says.

It happened: the exchange-rate canister's median of an even count of prices overflowed.
Source: https://github.com/dfinity/exchange-rate-canister/pull/357
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

_VALUES = (1e18, 2.0**31, 2.0**53 + 2, 2.0**63, 1e300, 1.7976931348623157e308)
"""Where whole numbers of 32, 53 and 64 bits end, a token's smallest unit, and where a sum or a square overflows."""


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    value = _VALUES[spec.seed % len(_VALUES)]
    return each_price(stream, chosen(stream, rows, spec), lambda price: np.where(np.isnan(price), price, value))


FAULT = Fault("huge", "garbage", "the price is far too large for any market", sized=False, apply=_apply, example=0.5)
