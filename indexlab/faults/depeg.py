"""depeg: the quote currency of the chosen sources leaves its peg: their prices are off by a factor, at once (even seeds) or slowly (odd seeds).

Slowly: evenly in logarithm over the first half of the window (of a minute where it has no end), then it stays. "up": the currency loses, so prices in it rise.
Choose the sources that quote in it. It happened: on 2020-11-26 DAI reached 1.30 dollars on one venue and Compound liquidated some 85 million of it;
umee took USDT and USDC for dollars, so that a lost peg went straight into its index.
Source: https://www.comp.xyz/t/dai-liquidation-event/642, https://github.com/umee-network/umee/issues/892
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Fault
from indexlab.faults.scaling import scaled_prices
from indexlab.faults.schedule import progress
from indexlab.faults.sizes import intensity_of_factor, value_factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Change, Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    factor = value_factor(spec.intensity, spec.direction)
    if spec.seed % 2 == 0:
        return scaled_prices(stream, rows, factor)
    return scaled_prices(stream, rows, factor ** np.minimum(2 * progress(stream, rows, spec), 1.0))


FAULT = Fault(
    "depeg",
    "quote",
    "the quote currency leaves its peg",
    sized=True,
    apply=_apply,
    directed=True,
    scale="the factor 10^(12 * intensity) on prices, up: the currency loses, down: it gains (0.0019 is 5 %)",
    example=intensity_of_factor(1.009),
)
