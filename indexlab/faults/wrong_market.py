"""wrong-market: the price is that of another asset: off by one ratio, with small moves of its own.

It happened: on 2026-02-15 Moonwell took the ratio cbETH/ETH, 1.12, for a price in dollars of about 2,200.
Source: https://forum.moonwell.fi/t/mip-x43-cbeth-oracle-incident-summary/2068
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Fault, uniform
from indexlab.faults.scaling import scaled_prices
from indexlab.faults.sizes import intensity_of_factor, value_factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Change, Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]

_OWN_MOVES = 1e-3
"""The other asset's own moves reach so far, in logarithm, and at most a tenth of the ratio's."""


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    ratio = math.log(value_factor(spec.intensity, spec.direction))
    own = min(_OWN_MOVES, abs(ratio) / 10) * (2 * uniform(stream, rows, spec, "another market") - 1)
    return scaled_prices(stream, rows, np.exp(ratio + own))


FAULT = Fault(
    "wrong-market",
    "value",
    "another asset's price",
    sized=True,
    apply=_apply,
    directed=True,
    scale="the ratio of the two assets, 10^(12 * intensity), up or down (0.025 is twice the price)",
    example=intensity_of_factor(1.009),
)
