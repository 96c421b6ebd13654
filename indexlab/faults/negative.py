"""negative: the sign is flipped.

It happened: Pyth's aggregation had an overflow guard that silently dropped negative prices.
Source: https://github.com/pyth-network/pyth-client/pull/344
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import PRICES, Change, Fault, chosen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    touched = chosen(stream, rows, spec)
    return Change(touched, {name: -getattr(stream.quotes, name)[touched] for name in PRICES})


FAULT = Fault("negative", "garbage", "the sign of the price is flipped", sized=False, apply=_apply, example=0.5)
