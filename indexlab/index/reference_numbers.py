"""Exact numbers of the textbook: what was meant by a double, what counts as the same, medians, roots, rounding."""

from __future__ import annotations

import math
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from indexlab.index import rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexlab.index.rules import Declaration

__all__ = [
    "as_double",
    "exact",
    "exponential",
    "is_beyond",
    "is_same",
    "is_value",
    "mean",
    "median",
    "middles",
    "rounded",
    "square_root",
    "variance",
    "weighted_middles",
    "whole",
]

_DIGITS: Final = Context(prec=60)


@lru_cache(maxsize=65_536)
def exact(number: float) -> Fraction:
    """Return the decimal number that was meant: the shortest that gives this double."""
    return Fraction(repr(float(number)))


_TIE: Final = exact(rules.TIE)


def as_double(number: Fraction) -> float:
    """Return the nearest double, infinite where there is none."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def is_value(number: Fraction | None) -> bool:
    """Say whether an index may say this: a number above 0 that a double can hold."""
    return number is not None and 0 < as_double(number) < math.inf


# ------------------------------------------------------------------------------------------------------------------ comparisons


def is_same(a: Fraction, b: Fraction) -> bool:
    """Say whether two prices are the same by the tie rule."""
    return abs(a - b) <= _TIE * max(abs(a), abs(b))


def is_beyond(price: Fraction, middle: Fraction, limit: Fraction, comparison: str = ">") -> bool:
    """Say whether a price is further than `limit` from `middle`; with ">=" at exactly that too, which the tie rule makes a little wider."""
    beyond = abs(price - middle) - limit
    margin = _TIE * max(abs(price), abs(middle))
    return beyond > margin or (beyond >= -margin and comparison == ">=")


# ------------------------------------------------------------------------------------------------------------------ means and medians


def mean(numbers: Iterable[Fraction]) -> Fraction:
    """Return the plain mean of at least one number."""
    given = list(numbers)
    return sum(given, Fraction(0)) / len(given)


def variance(numbers: Iterable[Fraction], *, sample: bool) -> Fraction:
    """Return the mean square distance from the mean, divided by n, or as of a sample by n - 1 (of one number: 0)."""
    given = list(numbers)
    if len(given) < 2:
        return Fraction(0)
    middle = mean(given)
    return sum(((number - middle) ** 2 for number in given), Fraction(0)) / (len(given) - 1 if sample else len(given))


def middles(prices: Iterable[Fraction]) -> tuple[Fraction, Fraction]:
    """Return the lower and the upper of the middle two prices; of an odd count the middle one twice."""
    ranked = sorted(prices)
    return ranked[(len(ranked) - 1) // 2], ranked[len(ranked) // 2]


def median(prices: Iterable[Fraction]) -> Fraction:
    """Return the median, of an even count the mean of the middle two."""
    low, high = middles(prices)
    return (low + high) / 2


def weighted_middles(said: Iterable[tuple[Fraction, Fraction]]) -> tuple[Fraction, Fraction]:
    """Return, of (price, weight), the price at which the cumulative weight reaches half, and the next one where it is exactly half there (else it again)."""
    ranked = sorted(said)
    total, reached = sum(weight for _, weight in ranked), Fraction(0)
    for (price, weight), (following, _) in zip(ranked, [*ranked[1:], ranked[-1]], strict=True):
        reached += weight
        if 2 * reached >= total * (1 - _TIE):
            return price, following if 2 * reached <= total * (1 + _TIE) else price
    raise AssertionError  # the whole weight is more than half of it


# ------------------------------------------------------------------------------------------------------------------ roots and powers


def _as_decimal(number: Fraction) -> Decimal:
    return _DIGITS.divide(Decimal(number.numerator), Decimal(number.denominator))


def square_root(number: Fraction) -> Fraction:
    """Return the square root, to 60 digits."""
    return Fraction(_DIGITS.sqrt(_as_decimal(number)))


def exponential(number: Fraction) -> Fraction:
    """Return e to this power, to 60 digits."""
    return Fraction(_DIGITS.exp(_as_decimal(number)))


# ------------------------------------------------------------------------------------------------------------------ rounding


def rounded(declaration: Declaration, value: Fraction) -> Fraction:
    """Round a value to whole ticks, as declared."""
    rounding = declaration.rounding
    if rounding is None:
        return value
    count = value / exact(rounding.tick)
    if abs(count) >= exact(rules.LARGEST_COUNT):
        return value
    return whole(count, rounding.mode) * exact(rounding.tick)


def whole(count: Fraction, mode: str) -> int:
    """Round to a whole number; what is within the margin of a border counts as at it."""
    margin = max(exact(rules.BORDER), exact(rules.BORDER_RELATIVE) * abs(count))
    base = math.floor(count)
    rest = count - base
    if rest <= margin or rest >= 1 - margin:
        return base if rest <= margin else base + 1
    if mode in {"down", "up"}:
        return base if mode == "down" else base + 1
    if abs(rest - Fraction(1, 2)) <= margin:
        return base + 1 if mode == "half-up" or (mode == "half-even" and base % 2 == 1) else base
    return base + 1 if rest > Fraction(1, 2) else base
