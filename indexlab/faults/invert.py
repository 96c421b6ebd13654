"""invert: the price is upside down: 1/p. Bid and ask change places, as they do where the pair is quoted the other way round.

It happened: in the exchange-rate canister a venue that was inverted skewed the rate, and nothing showed it.
Source: https://github.com/dfinity/exchange-rate-canister/pull/322
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Change, Fault, chosen
from indexlab.faults.scaling import LARGEST, SMALLEST, each_price, sides_swapped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _inverse(price: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1/p as a finite number; 0 stays 0, null stays null."""
    size = np.clip(np.abs(price), SMALLEST, LARGEST)
    return np.where(price == 0, price, np.copysign(1.0 / size, price))


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    turned = each_price(stream, chosen(stream, rows, spec), _inverse)
    return Change(turned.rows, {**turned.values, "bid": turned.values["ask"], "ask": turned.values["bid"]}, book=sides_swapped(turned.book))


FAULT = Fault("invert", "value", "the price is 1/p", sized=False, apply=_apply, example=0.5)
