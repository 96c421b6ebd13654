"""Decimal digits of prices: cutting to so many, and setting one. The results are the doubles nearest to the decimals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["cut_to", "digit_set"]

_NEARLY_WHOLE: Final = 1e-3
"""A price is a decimal, held in a double: what is so near below a whole number of places is that number."""
_LEAST: Final = 1e-280
_MOST: Final = 1e280


def cut_to(price: NDArray[np.float64], digits: int) -> NDArray[np.float64]:
    """Return the prices cut to their first `digits` digits that count (1 to 12), towards 0; 0, null and what lies beyond 1e±280 stay."""
    usual, size, exponent = _apart(price)
    places = _times_ten_to(size, digits - 1 - exponent)
    cut = np.copysign(_times_ten_to(np.floor(places + _NEARLY_WHOLE), exponent - digits + 1), price)
    return np.where(usual, cut, price)


def digit_set(price: NDArray[np.float64], place: int, digit: int) -> NDArray[np.float64]:
    """Return the prices with the digit at `place` (2 is the second that counts) set to `digit`; 0, null and what lies beyond 1e±280 stay."""
    usual, size, exponent = _apart(price)
    whole = np.floor(_times_ten_to(size, place - 1 - exponent) + _NEARLY_WHOLE / 10)
    off = _times_ten_to(digit - whole % 10, exponent - place + 1)
    return np.where(usual & (off != 0), np.copysign(size + off, price), price)


def _apart(price: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]]:
    """Return which prices have digits to speak of, their size (1 where they have none), and the power of ten of their first digit."""
    size = np.abs(price)
    usual = (size >= _LEAST) & (size <= _MOST)
    size = np.where(usual, size, 1.0)
    exponent = np.floor(np.log10(size)).astype(np.int64)
    # the logarithm of a power of ten may lie a hair to either side of it
    exponent += _times_ten_to(size, -exponent) >= 10
    exponent -= _times_ten_to(size, -exponent) < 1
    return usual, size, exponent


def _times_ten_to(values: NDArray[np.float64], exponent: NDArray[np.int64]) -> NDArray[np.float64]:
    # dividing by a whole power of ten is exact to the last bit where multiplying by its inverse is not
    return values * 10.0 ** np.maximum(exponent, 0) / 10.0 ** np.maximum(-exponent, 0)
