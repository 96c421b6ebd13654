"""What a finding's chart shows, worked out as plain rows: the price scale, lines with gaps, runs of states.

It draws nothing, so all that is hard about hostile data (no value at all, one point, 1e300, negative prices) is settled and tested here.
"""

from __future__ import annotations

import itertools
import math
import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.audit.events import Picture

__all__ = ["Point", "PriceScale", "Span", "price_scale", "runs", "stepped", "time_domain", "within"]

_LOG_FROM: Final = 100.0
_FARTHEST: Final = 1e12
_LEAST_SPAN: Final = 0.001
_MOST_POINTS: Final = 1200
_SECOND_MS: Final = 1000.0
_AROUND_US: Final = 60_000_000
_TAIL: Final = 0.08


@dataclass(frozen=True)
class PriceScale:
    """The price axis: `low` to `high` are drawn, what lies outside stands at the edge."""

    kind: Literal["linear", "log"]
    low: float
    high: float

    def place(self, value: float) -> tuple[float, str]:
        """Return where `value` is drawn and the arrow that says at which edge, "" inside."""
        if value > self.high:
            return self.high, "▲"
        if value < self.low:
            return self.low, "▼"
        return value, ""

    def at(self, fraction: float) -> float:
        """Return the price that stands at `fraction` of the height, 0 at the bottom."""
        if self.kind == "log":
            return math.exp(math.log(self.low) + fraction * (math.log(self.high) - math.log(self.low)))
        return self.low + fraction * (self.high - self.low)

    def decimals(self) -> int:
        """Return how many decimals tell neighbouring ticks apart."""
        step = (self.high - self.low) / 5
        return min(8, max(0, math.ceil(-math.log10(step)))) if 0 < step < math.inf else 0


@dataclass(frozen=True)
class Point:
    """One value of a line in milliseconds; points of the same `part` are joined, `arrow` marks one at the edge, `alone` one that no line shows."""

    time: float
    value: float
    part: int
    arrow: str
    said: float
    alone: bool


@dataclass(frozen=True)
class Span:
    """A state from `start` to `end`, in milliseconds."""

    start: float
    end: float
    state: str


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and not math.isnan(value)]


def price_scale(picture: Picture) -> PriceScale:
    """Return the scale that shows the index, its reference and the unbroken sources well; a broken source may lie beyond it.

    Logarithmic where these differ by more than a factor of 100; never wider than a factor of 1e12 around the reference.
    """
    healthy = [price for source in picture.sources if not source.faulty for price in _numbers(source.broken_prices)]
    shown = _numbers(picture.index) + _numbers(picture.other) + healthy
    shown = shown or [price for source in picture.sources for price in _numbers(source.broken_prices)]
    sane = [value for value in _numbers(picture.other) + healthy if 0 < value < math.inf] or [abs(value) for value in shown if value and math.isfinite(value)]
    if not sane:
        return PriceScale("linear", 0.0, 1.0)
    centre = min(max(statistics.median_low(sane), 1e-200), 1e200)
    shown = [min(max(value, -centre * _FARTHEST), centre * _FARTHEST) for value in shown]
    positive = [max(value, centre / _FARTHEST) for value in shown if value > 0]
    if len(positive) == len(shown):
        return _log(positive) if max(positive) / min(positive) > _LOG_FROM else _linear(shown)
    if max(map(abs, shown)) / centre <= _LOG_FROM or not positive:
        return _linear(shown)
    return _log([*positive, min(*positive, centre) / 10])


def _linear(values: list[float]) -> PriceScale:
    low, high = min(values), max(values)
    room = max(0.08 * (high - low), _LEAST_SPAN * max(abs(low), abs(high)) / 2)
    return PriceScale("linear", low - room, high + room)


def _log(values: list[float]) -> PriceScale:
    return PriceScale("log", min(values) / 1.5, max(values) * 1.5)


def time_domain(picture: Picture) -> tuple[float, float]:
    """Return the first and last instant to draw, in milliseconds.

    That of the publications, what the sources said in the minute around them (or half as long as they last), and room in which the last value stands.
    """
    quoted = [moment for source in picture.sources for moment in source.broken_times]
    core = picture.times or quoted or [0]
    first, last = min(core), max(core)
    reach = max((last - first) // 2, _AROUND_US)
    inside = [moment for moment in quoted if first - reach <= moment <= last + reach]
    low, high = min([first, *inside]) / 1000, max([last, *inside]) / 1000
    if high - low < 1:
        return low - _SECOND_MS, high + _SECOND_MS
    gap = min((later - sooner for sooner, later in itertools.pairwise(picture.times) if later > sooner), default=1_000_000) / 1000
    return low, high + max(min(gap, high - low), _TAIL * (high - low))


def stepped(times: Sequence[int], values: Sequence[float | None], scale: PriceScale, *, end_ms: float | None = None) -> list[Point]:
    """Return a line that stays until its next value and stops where there is none (None or NaN); long lines are thinned where nothing changes.

    `end_ms` draws the last value on to that instant.
    """
    points: list[Point] = []
    part, last = 0, None
    for moment, value in zip(times, values, strict=True):
        if value is None or math.isnan(value):
            if last is not None:
                points.append(_point(moment / 1000, last, part, scale))
            part, last = part + 1, None
            continue
        points.append(_point(moment / 1000, value, part, scale))
        last = value
    if last is not None and end_ms is not None and end_ms > points[-1].time:
        points.append(_point(end_ms, last, part, scale))
    return _with_lone_points(_thinned(points))


def _point(time: float, value: float, part: int, scale: PriceScale) -> Point:
    drawn, arrow = scale.place(value)
    return Point(time, drawn, part, arrow, value, alone=False)


def _thinned(points: list[Point]) -> list[Point]:
    """Drop what lies inside a run of one value; then, if there are still too many, keep every so many-th."""
    same = [(point.said, point.part) for point in points]
    inner = range(1, len(points) - 1)
    dull = {place for place in inner if same[place - 1] == same[place] == same[place + 1]}
    kept = [point for place, point in enumerate(points) if place not in dull]
    stride = 1 + len(kept) // _MOST_POINTS
    return [point for place, point in enumerate(kept) if place % stride == 0 or place == len(kept) - 1]


def _with_lone_points(points: list[Point]) -> list[Point]:
    sizes: dict[int, int] = {}
    for point in points:
        sizes[point.part] = sizes.get(point.part, 0) + 1
    return [replace(point, alone=sizes[point.part] == 1) for point in points]


def within(points: list[Point], domain: tuple[float, float]) -> list[Point]:
    """Return the points inside the domain; what a line held when the domain began is put at its beginning."""
    before = [point for point in points if point.time < domain[0]]
    inside = [point for point in points if domain[0] <= point.time <= domain[1]]
    if before and inside and before[-1].part == inside[0].part:
        return [replace(before[-1], time=domain[0]), *inside]
    return inside


def runs(times: Sequence[int], states: Sequence[str], end_ms: float) -> list[Span]:
    """Return the states as spans, equal neighbours joined, the last one drawn on to `end_ms`."""
    spans: list[Span] = []
    for moment, state in zip(times, states, strict=False):
        if spans and spans[-1].state == state:
            continue
        if spans:
            spans[-1] = Span(spans[-1].start, moment / 1000, spans[-1].state)
        spans.append(Span(moment / 1000, end_ms, state))
    return spans
