"""Sweeps over time and thresholds: when a fault begins and ends beside a publication or a limit, clocks ahead, riders of bands, a steady bias.

Pure functions of a seed; times in microseconds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

from indexlab.faults.sizes import intensity_of_delay, intensity_of_factor
from indexlab.faults.spec import FaultSpec
from indexlab.market.seeds import derive, stream
from indexlab.market.units import MILLISECOND, MINUTE, SECOND
from indexlab.scenarios.sweeps import some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.scenarios.expect import Expect
    from indexlab.scenarios.sweeps import FaultList

__all__ = ["BANDS", "biases", "future", "riders", "timing"]

BANDS: Final = (0.05, 0.005, 0.01, 0.1, 0.03, 0.001, 0.02, 0.002, 0.07, 0.015)
"""Bands that thresholds lie at where the target declares none: 0.1 % to 10 %."""
_BEYOND: Final = (1e-3, 1e-6, 0.02, 0.1)
"""How far beyond and within a threshold a price swings, relative to it."""
_LEAST_BIAS: Final = 1e-3


def timing(count: int, n_sources: int, start: int, expect: Expect, seed: int) -> tuple[FaultList, ...]:
    """Return twins whose faults begin and end just before, at and just after publications, age limits and the end of re-inclusion.

    `start` is a publication; the last of these faults ends within max_age + max_recovery + 2 × age_margin + 12 intervals of it.
    """
    draw = stream("timing", seed)
    step = expect.interval
    offsets = (-MILLISECOND, 0, MILLISECOND, 1, -1, step // 2)
    twins = []
    for k in range(count):
        who, offset = some(draw, n_sources, 1), offsets[k // 6 % len(offsets)]
        at = start + int(draw.integers(0, 4)) * step
        wrong = _Wrong(who, derive("timing", seed, k), "up" if draw.random() < 0.5 else "down", float(draw.choice([1.02, 1.3, 6.0, 1e6])))
        twins.append(_timed(k % 6, wrong, at, offset, expect))
    return tuple(twins)


class _Wrong:
    """A source and how its prices are wrong."""

    def __init__(self, who: tuple[int, ...], seed: int, direction: Literal["up", "down"], size: float) -> None:
        self.who, self.seed, self.direction, self.size = who, seed, direction, size

    def level(self, start: int, end: int) -> FaultSpec:
        """Return its prices off by its size in a window."""
        return FaultSpec("level", self.who, start, end, intensity_of_factor(self.size), self.direction, self.seed)

    def other(self, fault: str, start: int, end: int, intensity: float = 1.0) -> FaultSpec:
        """Return another fault of the same source."""
        return FaultSpec(fault, self.who, start, end, intensity, seed=self.seed)


def _timed(kind: int, wrong: _Wrong, at: int, offset: int, expect: Expect) -> FaultList:
    step, begin = expect.interval, at + offset
    if kind == 0:
        return (wrong.level(begin, begin + step),)
    if kind == 1:
        # what came last before a publication, and nothing else
        return (wrong.level(at - step, at + 1 + max(offset, 0)),)
    if kind == 2:
        return (wrong.other("null" if offset > 0 else "zero", begin, begin + step),)
    if kind == 3:
        # back at the age limit, and wrong
        back = begin + expect.max_age
        return (wrong.other("stop", at, back), wrong.level(back, back + 2 * step))
    if kind == 4:
        # back for good, and wrong when the time to prove itself is over
        back = at + expect.max_age + 2 * expect.age_margin
        proven = back + expect.max_recovery + offset
        return (wrong.other("stop", at, back), wrong.level(proven, proven + 2 * step))
    return (wrong.other("lag", at, at + 6 * step, intensity_of_delay(max(step + offset, MILLISECOND))), wrong.level(at, at + 6 * step))


def future(count: int, n_sources: int, windows: tuple[int, int], expect: Expect, seed: int) -> tuple[FaultList, ...]:
    """Return twins in which one source's clock is ahead, by half a second to an hour, in the first window, and which then falls silent for good.

    `windows` are when the clock goes wrong, and when the source falls silent. Half of them say a wrong price last. In every sixth twin the clocks of all
    sources are ahead by no more than a second, and none falls silent: that is no reason to leave anybody out.
    """
    draw = stream("future", seed)
    ahead = (SECOND // 2, SECOND, SECOND + MILLISECOND, MINUTE, 60 * MINUTE, 2 * SECOND, expect.max_age, expect.max_age // 2, 10 * MINUTE, SECOND - MILLISECOND)
    twins: list[FaultList] = []
    for k in range(count):
        if k % 6 == 4:
            together = intensity_of_delay((SECOND // 2, SECOND - MILLISECOND, SECOND // 4)[k // 6 % 3])
            twins.append((FaultSpec("skew", tuple(range(n_sources)), windows[0], None, together, "up", derive("future", seed, k)),))
            continue
        who = some(draw, n_sources, 1)
        size = ahead[k % len(ahead)]
        mark = derive("future", seed, k)
        faults = [FaultSpec("skew", who, windows[0], windows[1], intensity_of_delay(size), "up", mark), FaultSpec("stop", who, windows[1], seed=mark)]
        if k % 2:
            last = windows[1] - min(12 * expect.interval, (windows[1] - windows[0]) // 2)
            off = intensity_of_factor((1.03, 1.008, 1.3)[k // 2 % 3])
            faults.insert(0, FaultSpec("level", who, last, windows[1], off, "down" if k % 4 == 1 else "up", mark))
        twins.append(tuple(faults))
    return tuple(twins)


def riders(count: int, n_sources: int, window: tuple[int, int], expect: Expect, seed: int, *, thresholds: Sequence[float] = ()) -> tuple[FaultList, ...]:
    """Return twins in which one source swings around a threshold, in and out at every few publications, or stays an epsilon inside it."""
    draw = stream("riders", seed)
    bands = (*thresholds, *BANDS)
    twins: list[FaultList] = []
    for k in range(count):
        who, band, mark = some(draw, n_sources, 1), bands[k // 2 % len(bands)], derive("riders", seed, k)
        direction: Literal["up", "down"] = "up" if draw.random() < 0.5 else "down"
        if k % 4 == 3:
            twins.append((FaultSpec("threshold-rider", who, *window, intensity_of_factor(1.0 + band), direction, mark),))
            continue
        beyond, turn = float(draw.choice(_BEYOND)), int(draw.integers(1, 6)) * expect.interval
        shares = (band * (1.0 + beyond), band * (1.0 - beyond))
        twins.append(
            tuple(
                FaultSpec("level", who, begin, begin + turn, _off(share, direction), direction, mark, every=2 * turn, until=window[1])
                for begin, share in zip((window[0], window[0] + turn), shares, strict=True)
            )
        )
    return tuple(twins)


def _off(share: float, direction: Literal["up", "down"]) -> float:
    return intensity_of_factor(1.0 / (1.0 - share) if direction == "down" and share < 1 else 1.0 + share)


def biases(count: int, n_sources: int, start: int, expect: Expect, seed: int) -> tuple[FaultList, ...]:
    """Return twins in which one source is off by a steady share, from 0.1 % to «max_displacement», to the end."""
    draw = stream("biases", seed)
    most = max(expect.max_displacement * (1 - 1e-3), _LEAST_BIAS)
    twins = []
    for k in range(count):
        place = (0.5, 1.0, 0.0, 0.8, 0.25)[k % 5]
        share = math.exp(math.log(_LEAST_BIAS) + place * math.log(most / _LEAST_BIAS))
        direction: Literal["up", "down"] = "up" if k % 2 == 0 else "down"
        twins.append((FaultSpec("level", some(draw, n_sources, 1), start, None, _off(share, direction), direction, derive("bias", seed, k)),))
    return tuple(twins)
