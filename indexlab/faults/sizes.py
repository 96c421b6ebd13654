"""Logarithmic scales: how large a fault of an intensity in [0, 1] is, and back. No numpy."""

from __future__ import annotations

import math
from typing import Final, Literal

__all__ = [
    "MAX_DECADES",
    "MAX_DELAY_US",
    "MAX_HOURS",
    "decimal_shift",
    "delay_us",
    "digits_kept",
    "intensity_of_delay",
    "intensity_of_factor",
    "value_factor",
    "volume_factor",
    "whole_factor",
    "whole_hours",
]

MAX_DECADES: Final = 12
"""A value or volume is at most 10^12 times too large or too small: a price without its decimals, an amount in the smallest unit."""
MAX_DELAY_US: Final = 3_600_000_000
"""The longest delay, an hour."""
MAX_HOURS: Final = 14
"""The largest offset from UTC that is in use anywhere."""
_MILLISECONDS: Final = 1 + MAX_DELAY_US / 1000


def value_factor(intensity: float, direction: Literal["up", "down"] = "up") -> float:
    """Return 10^(12 * intensity), or its inverse for "down": 0 is 1, 0.5 a million, 1 a million millions."""
    decades = MAX_DECADES * intensity
    return float(10.0 ** (decades if direction == "up" else -decades))


def volume_factor(intensity: float) -> float:
    """Return 10^(12 * intensity)."""
    return value_factor(intensity)


def decimal_shift(intensity: float) -> int:
    """Return by how many places the decimal point is off: 12 * intensity, rounded."""
    return round(MAX_DECADES * intensity)


def whole_factor(intensity: float) -> int:
    """Return the whole number nearest to 10^(12 * intensity), at least 2."""
    return max(round(value_factor(intensity)), 2)


def digits_kept(intensity: float) -> int:
    """Return how many digits are left of a price: 12 - 11 * intensity, rounded; at least 1."""
    return round(MAX_DECADES - (MAX_DECADES - 1) * intensity)


def whole_hours(intensity: float) -> int:
    """Return 14 * intensity, rounded up: 0 is none, above it at least 1."""
    return math.ceil(MAX_HOURS * intensity)


def intensity_of_factor(factor: float) -> float:
    """Return the intensity whose factor (or whose factor's inverse) this is, at most 1; the factor is above 0."""
    return min(abs(math.log10(factor)) / MAX_DECADES, 1.0)


def delay_us(intensity: float) -> int:
    """Return (1 + 3 600 000)^intensity - 1 milliseconds in whole microseconds: 0 is none, 0.5 about 1.9 s, 1 an hour."""
    return round(1000 * math.expm1(intensity * math.log(_MILLISECONDS)))


def intensity_of_delay(delay: float) -> float:
    """Return the intensity whose delay this is (microseconds, at least 0), at most 1."""
    return min(math.log1p(delay / 1000) / math.log(_MILLISECONDS), 1.0)
