"""zero: the price is 0.

It happened: on 2026-01-19, after a migration, Paradex marked bitcoin at 0 and liquidated for seconds; it rolled back its chain.
Source: https://becausebitcoin.com/post/paradex-zero-btc-migration-bug-chain-rollback
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
    """Put 0 where there was a number: a stream without a book gets none."""
    return each_price(stream, chosen(stream, rows, spec), lambda price: np.where(np.isnan(price), price, 0.0))


FAULT = Fault("zero", "garbage", "the price is 0", sized=False, apply=_apply, example=0.5)
