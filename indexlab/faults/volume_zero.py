"""volume-zero: the message says a price and a volume of 0.

It happened: in umee's price feeder an asset without any volume stopped the votes for all assets.
Source: https://github.com/umee-network/umee/pull/601, https://github.com/umee-network/umee/pull/1634
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
    volume = stream.quotes.volume[touched]
    return Change(touched, {"volume": np.where(np.isnan(volume), volume, 0.0)})


FAULT = Fault("volume-zero", "volume", "the volume is 0", sized=False, apply=_apply, example=0.5)
