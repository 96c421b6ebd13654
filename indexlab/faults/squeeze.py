"""squeeze: one venue's price is pushed so slowly that no step stands out, to a size that every band lets pass, and held there.

It goes smoothly over the first four fifths of the window (of a minute where it has no end). Choose a size within the band. It happened: on 2026-03-10 Aave's
price of wstETH was off by -2.85 %, less than any outlier rule looks for, and 34 accounts with some 26 million dollars were liquidated.
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

_PUSHED_BY = 0.8


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    share = np.minimum(progress(stream, rows, spec) / _PUSHED_BY, 1.0)
    return scaled_prices(stream, rows, value_factor(spec.intensity, spec.direction) ** (share * share * (3 - 2 * share)))


FAULT = Fault(
    "squeeze",
    "market",
    "a slow push that is held",
    sized=True,
    apply=_apply,
    directed=True,
    scale="the factor that is held at last, 10^(12 * intensity), up or down (0.0019 is 5 %)",
    example=intensity_of_factor(1.008),
)
