"""Exact numbers for the textbooks: what a person wrote, 0.004, is 4/1000 and not the nearest binary fraction. Imports nothing."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

__all__ = ["Number", "exact"]

Number: TypeAlias = "int | float | str | Decimal | Fraction"


def exact(number: Number) -> Fraction:
    """Return the number as a fraction; a float is the shortest decimal that reads back as it (0.1 is 1/10). Raises ValueError where it is not finite."""
    return number if isinstance(number, Fraction) else Fraction(Decimal(repr(number) if isinstance(number, float) else number))
