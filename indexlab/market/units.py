"""The one parser of quantities that people write: `"0.5%"`, `"50bp"`, `"30s"`, `"8h"`; and the way back to text.

Inside, a ratio is a plain float (0.005) and a duration an integer count of microseconds.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from indexlab.market.errors import InputError

__all__ = [
    "MICROSECOND",
    "MILLISECOND",
    "MINUTE",
    "SECOND",
    "Quantity",
    "duration_us",
    "format_bp",
    "format_duration",
    "format_ratio",
    "parse_quantity",
    "ratio",
]

MICROSECOND: Final = 1
MILLISECOND: Final = 1_000
SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
_HOUR: Final = 60 * MINUTE
_DAY: Final = 24 * _HOUR

_DURATION_UNITS: Final = {"us": MICROSECOND, "µs": MICROSECOND, "ms": MILLISECOND, "s": SECOND, "m": MINUTE, "min": MINUTE, "h": _HOUR, "d": _DAY}
_RATIO_UNITS: Final = {"": Decimal(1), "%": Decimal("0.01"), "bp": Decimal("0.0001"), "ppm": Decimal("0.000001")}
_PATTERN: Final = re.compile(r"([+-]?\d{1,18}(?:\.\d{1,18})?)\s*(%|[a-zµ]*)")
_LONGEST_US: Final = 2**53
_EXAMPLES: Final = 'write a ratio as "0.5%" or "50bp", a duration as "30s" or "8h"'


class Quantity(NamedTuple):
    """A parsed quantity: `kind` says what `value` is, a ratio (0.005) or a duration (whole microseconds)."""

    kind: Literal["ratio", "duration"]
    value: Decimal


def parse_quantity(text: str) -> Quantity:
    """Parse a quantity with its unit.

    Units: none, %, bp, ppm (a ratio); us, ms, s, m or min, h, d (a duration).
    Raises InputError where the text is neither.
    """
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        problem = f'must be a number with a unit, was "{text}"'
        raise InputError(problem, remedy=_EXAMPLES)
    number, unit = Decimal(match[1]), match[2]
    if unit in _RATIO_UNITS:
        return Quantity("ratio", number * _RATIO_UNITS[unit])
    if unit in _DURATION_UNITS:
        return Quantity("duration", number * _DURATION_UNITS[unit])
    problem = f'has an unknown unit "{unit}" in "{text}"'
    raise InputError(problem, remedy=_EXAMPLES)


def ratio(given: object, *, key: str | None = None, low: float = 0.0, high: float = 1.0) -> float:
    """Read a ratio: a number (0.005) or a text ("0.5%", "50bp"); `low` <= ratio <= `high`.

    Raises InputError that names `key`, the rule and the value.
    """
    remedy = None
    if isinstance(given, str):
        try:
            quantity = parse_quantity(given)
        except InputError as error:
            raise InputError(error.problem, key=key, remedy=error.remedy) from None
        if quantity.kind != "ratio":
            problem = f'must be a ratio, was the duration "{given}"'
            raise InputError(problem, key=key, remedy='write "0.5%" or "50bp"')
        value = float(quantity.value)
    elif isinstance(given, (int, float)) and not isinstance(given, bool):
        value = _as_float(given)
        given = given if math.isfinite(value) else value
        remedy = f'did you mean "{given:g}bp"?' if value > high and math.isfinite(value) else None
    else:
        problem = f"must be a ratio, was {given!r}"
        raise InputError(problem, key=key, remedy='write "0.5%" or "50bp"')
    if not low <= value <= high:
        problem = f'must be between {low:g} and {high:g} (a ratio, "0.5%" or "50bp"), was {given}'
        raise InputError(problem, key=key, remedy=remedy)
    return value


def _as_float(number: float) -> float:
    """Return a number as a float, infinity for one that is beyond them."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def duration_us(given: object, *, key: str | None = None, low_us: int = 0) -> int:
    """Read a duration as whole microseconds from a text ("30s", "8h"); at least `low_us`.

    A number without a unit is refused, 0 apart. Raises InputError that names `key`, the rule and the value.
    """
    if given == 0 and not isinstance(given, bool):
        given = "0s"
    if not isinstance(given, str):
        problem = f"must be a duration with its unit, was {given!r}"
        raise InputError(problem, key=key, remedy='write "30s", "500ms" or "8h"')
    try:
        quantity = parse_quantity(given)
    except InputError as error:
        raise InputError(error.problem, key=key, remedy=error.remedy) from None
    if quantity.kind != "duration":
        problem = f'must be a duration with its unit, was "{given}"'
        raise InputError(problem, key=key, remedy='write "30s", "500ms" or "8h"')
    if quantity.value != quantity.value.to_integral_value() or abs(quantity.value) > _LONGEST_US:
        problem = f'must be a whole number of microseconds up to 2^53, was "{given}"'
        raise InputError(problem, key=key)
    value = int(quantity.value)
    if value < low_us:
        rule = "must not be negative" if low_us == 0 else f"must be at least {format_duration(low_us)}"
        problem = f'{rule}, was "{given}"'
        raise InputError(problem, key=key)
    return value


def format_duration(duration: int) -> str:
    """Write microseconds in the largest unit that is exact: 60000000 is "1m", 90000000 is "90s"."""
    if duration == 0:
        return "0s"
    for unit in ("d", "h", "m", "s", "ms"):
        if duration % _DURATION_UNITS[unit] == 0:
            return f"{duration // _DURATION_UNITS[unit]}{unit}"
    return f"{duration}us"


def format_ratio(value: float) -> str:
    """Write a ratio as people do: 0.005 is "0.5%", 0.0003 is "3bp"."""
    if value != 0 and abs(value) < 0.001:
        return f"{value * 1e4:.6g}bp"
    return f"{value * 100:.6g}%"


def format_bp(value: float) -> str:
    """Write a distance as people say it: 0.00131 is "13.1 bp", 0.19 is "19.0 %", 2000 is "2e+03 times the price"."""
    if not math.isfinite(value):
        return "without bound"
    if abs(value) >= 100:
        return f"{value:.3g} times the price"
    return f"{value * 100:.1f} %" if abs(value) >= 0.1 else f"{value * 1e4:.1f} bp"
