"""Multiplying values the way faults do: the product stays a finite double of the same sign that is not 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.faults.fault import PRICES, Change

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream

__all__ = ["LARGEST", "SMALLEST", "scaled", "scaled_prices"]

SMALLEST: Final = 1e-300
LARGEST: Final = 1e300


def scaled(values: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Return values * factor with magnitudes clipped to [1e-300, 1e300]; 0 stays 0, null stays null, a negative value negative."""
    with np.errstate(over="ignore", under="ignore"):
        product: NDArray[np.float64] = values * factor
    size = np.abs(product)
    out = (size < SMALLEST) & (values != 0) | (size > LARGEST)
    if out.any():
        product[out] = np.copysign(np.clip(size[out], SMALLEST, LARGEST), values[out])
    return product


def scaled_prices(stream: Stream, rows: NDArray[np.intp], factor: float) -> Change:
    """Change price, bid and ask of the rows by one factor."""
    return Change(rows, {name: scaled(getattr(stream.quotes, name)[rows], factor) for name in PRICES})
