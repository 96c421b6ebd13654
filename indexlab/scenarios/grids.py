"""Grids: the twins of a sweep over one base market, source × size × timing. Pure functions; the sizes reach over 24 decades.

A sweep is coarse first; where two neighbours on its logarithmic scale differ in kind there is a border between them, which `between` closes in on, and
`around` then asks about the sizes at the border and a hair on either side.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from indexlab.faults.sizes import MAX_DECADES, intensity_of_factor
from indexlab.faults.spec import FaultSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Point", "around", "between", "factors", "twin"]

_A_DECADE: Final = 2
_DENSE: Final = (
    1.0004,
    1.0011,
    1.0023,
    1.0048,
    1.0073,
    1.0098,
    1.0131,
    1.0198,
    1.0285,
    1.041,
    1.0493,
    1.0525,
    1.073,
    1.098,
    1.13,
    1.19,
    1.28,
    1.45,
    1.72,
    1.95,
    2.6,
)
"""Where bands usually lie, either way; none of them a round number, which a band would be."""
_HAIRS: Final = (1e-9, 1e-6, 1e-4)


class Point(NamedTuple):
    """One twin of a sweep: which source, its price times what, from when to when (offsets from the market's start, microseconds), and what comes `then`.

    `then`: "well", it is right again; "silent", its wrong price is the last it said; "again", it is right for as long as it was wrong, then wrong once more.
    """

    source: int
    factor: float
    start: int
    end: int
    then: Literal["well", "silent", "again"] = "well"


def factors(declared: Sequence[float] = ()) -> tuple[float, ...]:
    """Return factors from 10^-12 to 10^12, sorted: even on a logarithmic scale, dense where bands usually lie, and at the thresholds a target declares.

    `declared` are ratios (0.05: a band of 5 %): each is asked about at its end and a hair on either side, up and down.
    """
    up = {10.0 ** (step / _A_DECADE) for step in range(1, MAX_DECADES * _A_DECADE + 1)} | set(_DENSE)
    sizes = up | {1.0 / size for size in up}
    for ratio in declared:
        for end in (1.0 + ratio, 1.0 - ratio):
            if end > 0 and end != 1.0:
                sizes |= set(around(end))
    return tuple(sorted(size for size in sizes if 10.0**-MAX_DECADES <= size <= 10.0**MAX_DECADES))


def around(factor: float) -> tuple[float, ...]:
    """Return a factor and its neighbours a hair away on the side of 1 and beyond it."""
    distance = factor - 1.0
    return (factor, *(1.0 + distance * (1.0 + sign * hair) for hair in _HAIRS for sign in (-1, 1)))


def between(low: float, high: float, parts: int) -> tuple[float, ...]:
    """Return `parts` - 1 factors that cut the stretch between two on the same side of 1 into equal parts, on a logarithmic scale of their distance from 1.

    Below 1 it is the distance of the inverse: half and double are equally far.
    """
    up = low > 1.0
    first, last = (math.log((end if up else 1.0 / end) - 1.0) for end in (low, high))
    found = (1.0 + math.exp(first + (last - first) * part / parts) for part in range(1, parts))
    return tuple(factor if up else 1.0 / factor for factor in found)


def twin(point: Point, begin: int) -> tuple[FaultSpec, ...]:
    """Return the fault list of a point in a market that begins at `begin` (microseconds)."""
    start, end = begin + point.start, begin + point.end
    size = intensity_of_factor(point.factor)
    who = (point.source,)
    wrong = FaultSpec("level", who, start, end, size, "up" if point.factor >= 1 else "down")
    if point.then == "silent":
        return wrong, FaultSpec("stop", who, end)
    if point.then == "again":
        span = end - start
        return wrong, FaultSpec("level", who, end + span, end + 2 * span, size, wrong.direction)
    return (wrong,)
