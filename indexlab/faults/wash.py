"""wash: the volume is inflated by a factor, the price left alone.

It happened: on 2022-10-11 483 million MNGO perpetuals were traded between two wallets of one owner on Mango.
Source: https://www.soliduslabs.com/post/mango-hack
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import Change, Fault
from indexlab.faults.scaling import scaled
from indexlab.faults.sizes import intensity_of_factor, volume_factor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    return Change(rows, {"volume": scaled(stream.quotes.volume[rows], volume_factor(spec.intensity))})


FAULT = Fault(
    "wash",
    "volume",
    "the volume is inflated",
    sized=True,
    apply=_apply,
    scale="the factor 10^(12 * intensity)",
    example=intensity_of_factor(3.0),
)
