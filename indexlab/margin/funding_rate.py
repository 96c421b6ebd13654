"""The rate of a slot: premiums averaged in floats where that settles every digit, in whole numbers where it does not. For `funding`; see there why.

A ratio is a pair of whole numbers, (above, below) with below > 0, not reduced.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from indexlab.margin.case import Sample
    from indexlab.margin.funding_rules import FundingRule

__all__ = ["Premiums", "Rate", "Ratio", "fixed_rate", "rate_of", "ratio_of"]

Ratio: TypeAlias = "tuple[int, int]"
_ERROR: Final = 64 * 2.0**-53
"""So much of (2 + the largest premium's size) no average of premiums is off in floats: figures are half a unit off each as they become binary, and the
difference, the quotient, the weight and the (exactly rounded) sum add as much each. Several times what that comes to."""


@lru_cache(maxsize=4096)
def ratio_of(number: float) -> Ratio:
    """Return a finite number as the decimal that it was written as."""
    return Decimal(repr(number)).as_integer_ratio()


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate after rounding and cap: `ratio` is exact, `value` the nearest float; `before_cap` the rounded rate that the cap was applied to.

    `capped`: the cap cut it; `at_cap`: it stands at the cap, cut or not.
    """

    ratio: Ratio
    before_cap: float
    capped: bool
    at_cap: bool

    @property
    def value(self) -> float:
        """The nearest float."""
        return self.ratio[0] / self.ratio[1]

    def at_most(self, limit: float) -> bool:
        """Say whether the rate lies from -limit to limit, both included."""
        return _compare((abs(self.ratio[0]), self.ratio[1]), ratio_of(limit)) <= 0


def fixed_rate(rate: float) -> Rate:
    """Return a rate that was decided elsewhere."""
    return Rate(ratio_of(rate), rate, capped=False, at_cap=False)


class Premiums:
    """The premiums of a case's samples, in the order of their times."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        """Keep those that count as taken."""
        taken = [one for one in samples if math.isfinite(one.index) and math.isfinite(one.bid) and math.isfinite(one.ask) and one.index > 0]
        self._samples = sorted(taken, key=lambda sample: sample.time)
        self.times = np.array([sample.time for sample in self._samples], dtype=np.int64)
        figures = np.array([(one.index, one.bid, one.ask) for one in self._samples], dtype=np.float64).reshape(len(taken), 3)
        index, bid, ask = figures.T
        with np.errstate(over="ignore"):
            self.values: NDArray[np.float64] = (np.maximum(bid - index, 0.0) - np.maximum(index - ask, 0.0)) / index

    def places(self, after: int, until: int) -> tuple[int, int]:
        """Return from where to where (outside) the samples in (after, until] are."""
        first, last = np.searchsorted(self.times, (after, until), side="right")
        return int(first), int(last)

    def average(self, first: int, last: int, *, linear: bool) -> tuple[float, float]:
        """Return the average, and by how much it may be off at most; inf where floats do not reach."""
        values = self.values[first:last]
        if not len(values):
            return 0.0, 0.0
        weights = np.arange(1, len(values) + 1, dtype=np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            largest = float(np.abs(values).max())
            parts = values * weights if linear else values
        if not (largest < _FAR and np.isfinite(parts).all()):
            return 0.0, math.inf
        total = float(weights.sum()) if linear else float(len(values))
        return math.fsum(parts) / total, _ERROR * (2.0 + largest)

    def exact_average(self, first: int, last: int, *, linear: bool) -> Ratio:
        """Return the average in whole numbers."""
        if first == last:
            return 0, 1
        over: dict[int, int] = {}
        for place, sample in enumerate(self._samples[first:last], 1):
            above, below = _premium(sample)
            over[below] = over.get(below, 0) + above * (place if linear else 1)
        count = last - first
        above, below = _sum([(above, below) for below, above in over.items()])
        return above, below * (count * (count + 1) // 2 if linear else count)


_FAR: Final = 1e6


def rate_of(rule: FundingRule, premiums: Premiums, after: int, until: int, interval_us: int) -> Rate:
    """Return the rate of the samples in (after, until], for an interval."""
    first, last = premiums.places(after, until)
    linear = rule.averaging == "linear"
    rate = None
    if rule.rounding != "none":
        rate = _rounded_in_floats(rule, *premiums.average(first, last, linear=linear), interval_us)
    if rate is None:
        rate = _whole(rule, _with_interest(rule, premiums.exact_average(first, last, linear=linear)), interval_us)
    cap = ratio_of(rule.cap)
    size = abs(rate[0]), rate[1]
    beyond = _compare(size, cap) if rule.cap else -1
    kept = rate if beyond <= 0 else (cap[0] if rate[0] > 0 else -cap[0], cap[1])
    return Rate(kept, rate[0] / rate[1], beyond > 0, beyond >= 0)


def _rounded_in_floats(rule: FundingRule, average: float, error: float, interval_us: int) -> Ratio | None:
    """Return the rounded rate, None where the average's error could change it."""
    away = rule.interest - average
    if abs(away) < rule.clamp - error - _ERROR:
        # the interest alone, whatever the premium is
        return _whole(rule, ratio_of(rule.interest), interval_us)
    steps = (average + min(max(away, -rule.clamp), rule.clamp)) * (interval_us / rule.base_interval_us) * 10.0**rule.rate_decimals
    off = 2.0 * (error + _ERROR) * (interval_us / rule.base_interval_us) * 10.0**rule.rate_decimals
    shift = 0.5 if rule.rounding == "half-even" else 0.0
    low, high = math.floor(abs(steps) - off + shift) if off < 1 else -1, math.floor(abs(steps) + off + shift) if off < 1 else 0
    if low != high:
        return None
    return (low if steps > 0 else -low), 10**rule.rate_decimals


def _with_interest(rule: FundingRule, average: Ratio) -> Ratio:
    above, below = average
    interest, clamp = ratio_of(rule.interest), ratio_of(rule.clamp)
    # interest - average, held between -clamp and clamp, over one denominator
    under = below * interest[1] * clamp[1]
    mean, wanted, most = above * interest[1] * clamp[1], interest[0] * below * clamp[1], clamp[0] * below * interest[1]
    return mean + min(max(wanted - mean, -most), most), under


def _whole(rule: FundingRule, rate: Ratio, interval_us: int) -> Ratio:
    """Return a rate per base interval scaled to the interval and rounded."""
    above, below = rate[0] * interval_us, rate[1] * rule.base_interval_us
    if rule.rounding == "none":
        return above, below
    steps, rest = divmod(abs(above) * 10**rule.rate_decimals, below)
    if rule.rounding == "half-even" and (2 * rest > below or (2 * rest == below and steps % 2)):
        steps += 1
    return (steps if above > 0 else -steps), 10**rule.rate_decimals


def _premium(sample: Sample) -> Ratio:
    index, bid, ask = ratio_of(sample.index), ratio_of(sample.bid), ratio_of(sample.ask)
    under = math.lcm(index[1], bid[1], ask[1])
    at, sold, bought = (number[0] * (under // number[1]) for number in (index, bid, ask))
    return max(0, sold - at) - max(0, at - bought), at


def _sum(ratios: Sequence[Ratio]) -> Ratio:
    """Add by halves: the denominators of thousands of samples are multiplied once, not over and over."""
    if len(ratios) == 1:
        return ratios[0]
    half = len(ratios) // 2
    one, other = _sum(ratios[:half]), _sum(ratios[half:])
    return one[0] * other[1] + other[0] * one[1], one[1] * other[1]


def _compare(one: Ratio, other: Ratio) -> int:
    left, right = one[0] * other[1], other[0] * one[1]
    return (left > right) - (left < right)
