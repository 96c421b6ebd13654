"""Sums of terms in a factor m that some prices are multiplied by: what an account's figures are between two prices at which a rule switches. Plain floats.

A sum remembers how large its parts were: a coefficient that is no more than their rounding is none, so that a hedged book has no root at 1e17.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SAME", "Terms", "next_root"]

SAME: Final = 2.0**-46
"""Relative to their gross two figures closer than this are the same (64 last places of a double)."""
_POWERS: Final = (-1, 0, 1, 2)


class Terms:
    """Coefficients of m ** -1, 0, 1 and 2, and the gross that each was summed from."""

    __slots__ = ("gross", "value")

    def __init__(self) -> None:
        self.value = [0.0, 0.0, 0.0, 0.0]
        self.gross = [0.0, 0.0, 0.0, 0.0]

    @classmethod
    def of(cls, figure: float, power: int = 0) -> Terms:
        """Return figure * m ** power."""
        made = cls()
        made.add(figure, power)
        return made

    def add(self, figure: float, power: int = 0) -> None:
        """Add figure * m ** power."""
        self.value[power + 1] += figure
        self.gross[power + 1] += abs(figure)

    def plus(self, other: Terms, times: float = 1.0, power: int = 0) -> Terms:
        """Return this + times * m ** power * other."""
        made = Terms()
        for place in range(4):
            made.value[place], made.gross[place] = self.value[place], self.gross[place]
        for place in range(4):
            if other.gross[place]:
                made.value[place + power] += times * other.value[place]
                made.gross[place + power] += abs(times) * other.gross[place]
        return made

    def at(self, m: float) -> float:
        """Return the sum at m."""
        inverse, nought, straight, square = self.value
        return inverse / m + nought + m * (straight + m * square)

    def polynomial(self) -> list[float]:
        """Return the coefficients of m * sum, from m ** 0, without those that are rounding alone."""
        kept = [value if abs(value) > SAME * gross else 0.0 for value, gross in zip(self.value, self.gross, strict=True)]
        while kept and kept[-1] == 0:
            kept.pop()
        return kept


def next_root(terms: Terms, m: float, *, up: bool) -> float:
    """Return the nearest root above (or below) m, inf (or 0) where there is none."""
    found = [root for root in _roots(terms.polynomial()) if (root > m if up else 0 < root < m)]
    return (min(found) if up else max(found)) if found else (math.inf if up else 0.0)


def _roots(polynomial: Sequence[float]) -> list[float]:
    """Return the real roots of a polynomial of up to the third degree."""
    if len(polynomial) < 2:
        return []
    first = next(place for place, value in enumerate(polynomial) if value)
    rest = polynomial[first:]
    if len(rest) < 2:
        return []
    if len(rest) == 2:
        return [-rest[0] / rest[1]]
    if len(rest) == 3:
        nought, one, two = rest
        under = one * one - 4 * two * nought
        if under < 0:
            return []
        half = -(one + math.copysign(math.sqrt(under), one)) / 2
        return [half / two] + ([nought / half] if half else [])
    return _cubic_roots(rest)


def _cubic_roots(cubic: Sequence[float]) -> list[float]:
    """Return the real roots of a cubic: the trigonometric form for three, Cardano's for one, each polished by Newton."""
    nought, one, two, three = cubic
    shift = two / (3 * three)
    p = one / three - 3 * shift * shift
    q = 2 * shift**3 - shift * one / three + nought / three
    under = (q / 2) ** 2 + (p / 3) ** 3
    if under > 0:
        root = math.copysign((abs(q) / 2 + math.sqrt(under)) ** (1 / 3), -q)
        found = [root - (p / (3 * root) if root else 0.0)]
    else:
        radius = math.sqrt(max(0.0, -p / 3))
        angle = math.acos(max(-1.0, min(1.0, -q / (2 * radius**3)))) if radius else 0.0
        found = [2 * radius * math.cos((angle + 2 * math.pi * k) / 3) for k in range(3)]
    return [_polished(cubic, root - shift) for root in found]


def _polished(cubic: Sequence[float], root: float) -> float:
    nought, one, two, three = cubic
    for _ in range(8):
        slope = one + root * (2 * two + root * 3 * three)
        if slope == 0:
            break
        root -= (nought + root * (one + root * (two + root * three))) / slope
    return root
