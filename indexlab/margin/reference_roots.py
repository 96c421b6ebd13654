"""The textbook's roots: where a function of a price turns, found in exact arithmetic.

Every figure of an account is, between the prices at which a rule switches, a sum of multiples of 1 / m, 1, m and m squared, where m is what its prices are
multiplied by. Times m that is a cubic, known from its values at four places.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Cubic", "Interval", "between", "fitted", "inside", "plus", "refined", "roots", "value_at"]

Cubic: TypeAlias = tuple[Fraction, ...]
"""Coefficients of m ** 0 to m ** 3."""
Interval: TypeAlias = tuple[Fraction, Fraction | None]
"""From `low` to `high`, None: without an end."""
_GRID = 2**160
_STEPS = 140
"""Bisections of a root that is no fraction: more than forty digits."""


def between(points: Iterable[Fraction]) -> list[Interval]:
    """Return the intervals that positive points cut (0, infinity) into."""
    edges = [Fraction(0), *sorted(set(points))]
    return [*pairwise(edges), (edges[-1], None)]


def inside(interval: Interval, count: int = 4) -> list[Fraction]:
    """Return points evenly inside an interval."""
    low, high = interval
    end = high if high is not None else 2 * low + 1
    return [low + (end - low) * Fraction(n, count + 1) for n in range(1, count + 1)]


def fitted(function: Callable[[Fraction], Fraction], interval: Interval) -> Cubic:
    """Return m * function(m) as a cubic, by Newton's divided differences."""
    points = inside(interval)
    table = [m * function(m) for m in points]
    steps = [table[0]]
    for width in range(1, 4):
        table = [(table[n + 1] - table[n]) / (points[n + width] - points[n]) for n in range(len(table) - 1)]
        steps.append(table[0])
    cubic = [Fraction(0)] * 4
    for width in (3, 2, 1, 0):
        cubic = [(cubic[n - 1] if n else Fraction(0)) - points[width] * cubic[n] for n in range(4)]
        cubic[0] += steps[width]
    return tuple(cubic)


def value_at(cubic: Cubic, m: Fraction) -> Fraction:
    """Return the cubic's value."""
    total = Fraction(0)
    for coefficient in reversed(cubic):
        total = total * m + coefficient
    return total


def plus(one: Cubic, other: Cubic, times: Fraction) -> Cubic:
    """Return one + times * other."""
    return tuple(a + times * b for a, b in zip(one, other, strict=True))


def refined(points: set[Fraction], functions: Callable[[Interval], Iterable[Cubic]]) -> set[Fraction]:
    """Return the points with the roots of the functions in each interval between them."""
    found = set(points)
    for interval in between(points):
        for cubic in functions(interval):
            found.update(roots(cubic, interval))
    return found


def roots(cubic: Sequence[Fraction], interval: Interval) -> list[Fraction]:
    """Return where the cubic changes its sign inside an interval, ascending; exact where it is a straight line."""
    terms = list(cubic)
    while terms and terms[-1] == 0:
        terms.pop()
    if len(terms) < 2:
        return []
    low, high = interval
    if len(terms) == 2:
        root = -terms[0] / terms[1]
        return [root] if root > low and (high is None or root < high) else []
    end = high if high is not None else max(low, 1 + max(abs(term / terms[-1]) for term in terms[:-1])) + 1
    slope = [n * term for n, term in enumerate(terms)][1:]
    edges = [low, *roots(slope, (low, end)), end]
    return [_bisected(tuple(terms), left, right) for left, right in pairwise(edges) if value_at(tuple(terms), left) * value_at(tuple(terms), right) < 0]


def _bisected(cubic: Cubic, left: Fraction, right: Fraction) -> Fraction:
    below = value_at(cubic, left)
    for _ in range(_STEPS):
        middle = Fraction(round((left + right) * _GRID), 2 * _GRID)
        here = value_at(cubic, middle)
        if here == 0:
            return middle
        if (here < 0) == (below < 0):
            left = middle
        else:
            right = middle
    return (left + right) / 2
