"""The textbook of the mark price: MarkRule's sentences in exact arithmetic, each publication from its whole past. Slow; shares no arithmetic.

The only number that is not exact is e: powers of it are taken to 60 digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from indexlab.margin.exact import exact
from indexlab.margin.mark_rules import MarkRule, checked_mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.case import Book
    from indexlab.margin.contract import Contract
    from indexlab.margin.mark_feed import MarkFeed

__all__ = ["ExactMark", "impact_prices", "marks"]

Exact: TypeAlias = "Fraction | None"
_SIXTY: Final = Context(prec=60)
_NOTHING_LEFT: Final = 2000
"""exp(-2000) is below 1e-868: the newest value that has a duration stands beside it with a weight of its own."""


@dataclass(frozen=True)
class ExactMark:
    """One publication: the mark, None where it is missing; whether the band or the rate limit cut it; what longs and shorts are marked at."""

    mark: Exact
    saturated: bool
    limited: bool
    long_mark: Exact
    short_mark: Exact


@dataclass(frozen=True)
class _Moment:
    """One publication of the feed, what counts of it."""

    time: int
    index: Exact
    bid: Exact
    ask: Exact
    last: Exact
    rate: Fraction
    to_funding: Fraction
    others: tuple[tuple[Fraction, Fraction], ...]

    @property
    def mid(self) -> Exact:
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / 2

    @property
    def basis(self) -> Exact:
        return None if self.mid is None or self.index is None else self.mid - self.index

    @property
    def own(self) -> Exact:
        if self.bid is None or self.ask is None or self.last is None:
            return None
        return sorted((self.bid, self.ask, self.last))[1]


def marks(rule: MarkRule, feed: MarkFeed) -> tuple[ExactMark, ...]:
    """Return the mark at each publication. Raises InputError for a rule without what it needs."""
    checked_mark(rule)
    moments = [_moment(feed, n) for n in range(len(feed.times))]
    path: list[tuple[int, Exact, bool, bool]] = []
    for n, moment in enumerate(moments):
        if moment.index is None:
            path.append((moment.time, None, False, False))
            continue
        raw = _raw(rule, moments[: n + 1], moment.index)
        banded = raw
        if rule.band > 0:
            low, high = moment.index * (1 - exact(rule.band)), moment.index * (1 + exact(rule.band))
            banded = low if raw < low else min(raw, high)
        slowed = _slowed(rule, path, moment.time, banded)
        path.append((moment.time, slowed, banded != raw, slowed != banded))
    return tuple(_strict(rule, path[: n + 1]) for n in range(len(path)))


def _moment(feed: MarkFeed, n: int) -> _Moment:
    time, interval = int(feed.times[n]), int(feed.funding_interval[n])
    bid, ask = _price(feed.bid[n]), _price(feed.ask[n])
    crossed = bid is None or ask is None or bid > ask
    rate = float(feed.funding_rate[n])
    left = min(max(int(feed.next_funding[n]) - time, 0), interval)
    mids = [(_price(mid), exact(float(weight))) for mid, weight in zip(feed.others[n], feed.weights, strict=True)]
    return _Moment(
        time=time,
        index=_price(feed.index[n]) if feed.trusted[n] else None,
        bid=None if crossed else bid,
        ask=None if crossed else ask,
        last=_price(feed.last[n]),
        rate=exact(rate) if -1 < rate < float("inf") else Fraction(0),
        to_funding=Fraction(left, interval),
        others=tuple((mid, weight) for mid, weight in mids if mid is not None and weight > 0),
    )


def _price(given: object) -> Exact:
    number = float(str(given))
    return exact(number) if 0 < number < float("inf") else None


def _raw(rule: MarkRule, past: Sequence[_Moment], index: Fraction) -> Fraction:
    """Return what the rule's first step gives at the last of these moments, which has an index."""
    now = past[-1]
    if rule.rule == "index":
        return index
    funded = index * (1 + now.rate * now.to_funding)
    if rule.rule == "funding-basis":
        return funded
    average = _average(rule, [(moment.time, moment.basis) for moment in past])
    based = None if average is None or index + average <= 0 else index + average
    if rule.rule == "average-basis":
        return index if based is None else based
    if rule.rule == "median-of-three":
        return sorted((funded, index if based is None else based, index if now.last is None else now.last))[1]
    inputs = [one for one in (based, now.own, _weighted_median(now.others)) if one is not None]
    if len(inputs) == 2:
        slow = _decaying(_samples(rule, [(moment.time, moment.own) for moment in past]), rule.two_inputs_window_us)
        inputs += [] if slow is None else [slow]
    inputs.sort()
    if not inputs:
        return index
    return inputs[1] if len(inputs) == 3 else sum(inputs, Fraction(0)) / len(inputs)


def _samples(rule: MarkRule, values: Sequence[tuple[int, Exact]]) -> list[tuple[int, Fraction]]:
    there = [(time, value) for time, value in values if value is not None]
    if rule.sample_us == 0:
        return there
    first_in: dict[int, tuple[int, Fraction]] = {}
    for time, value in there:
        first_in.setdefault(time // rule.sample_us, (time, value))
    return list(first_in.values())


def _average(rule: MarkRule, values: Sequence[tuple[int, Exact]]) -> Exact:
    samples, now = _samples(rule, values), values[-1][0]
    if rule.average == "decaying":
        return _decaying(samples, rule.window_us)
    inside = [value for time, value in samples if now - rule.window_us < time <= now]
    return sum(inside, Fraction(0)) / len(inside) if inside else None


def _decaying(samples: Sequence[tuple[int, Fraction]], constant: int) -> Exact:
    if not samples:
        return None
    now, newest = samples[-1]
    weights = [Fraction(0)] + [(later - earlier) * _shrunk(Fraction(now - later, constant)) for (earlier, _), (later, _) in pairwise(samples)]
    whole = sum(weights, Fraction(0))
    return sum((weight * value for weight, (_, value) in zip(weights, samples, strict=True)), Fraction(0)) / whole if whole else newest


def _shrunk(age: Fraction) -> Fraction:
    """Return exp(-age)."""
    if age > _NOTHING_LEFT:
        return Fraction(0)
    return Fraction(_SIXTY.exp(_SIXTY.divide(Decimal(-age.numerator), Decimal(age.denominator))))


def _weighted_median(priced: Sequence[tuple[Fraction, Fraction]]) -> Exact:
    ranked = sorted(priced)
    half = sum((weight for _, weight in ranked), Fraction(0)) / 2
    for i in range(len(ranked)):
        below = sum((weight for _, weight in ranked[: i + 1]), Fraction(0))
        if below == half:
            return (ranked[i][0] + ranked[i + 1][0]) / 2
        if below > half:
            return ranked[i][0]
    return None


def _slowed(rule: MarkRule, path: Sequence[tuple[int, Exact, bool, bool]], time: int, wanted: Fraction) -> Fraction:
    before = [(when, mark) for when, mark, _, _ in path if mark is not None]
    if rule.max_step == 0 or not before:
        return wanted
    when, mark = before[-1]
    return _within(mark, wanted, exact(rule.max_step) * Fraction(time - when, 10**6))


def _within(start: Fraction, wanted: Fraction, room: Fraction) -> Fraction:
    """Return how far one gets from `start` towards `wanted` when it may move by the ratio `room`."""
    if wanted > start:
        return min(wanted, start + start * room)
    return max(wanted, start - start * room)


def _strict(rule: MarkRule, path: Sequence[tuple[int, Exact, bool, bool]]) -> ExactMark:
    time, mark, saturated, limited = path[-1]
    if mark is None or rule.strict == "none":
        return ExactMark(mark, saturated, limited, mark, mark)
    beside = _time_average(path, time - rule.twap_window_us) if rule.strict == "worse-of-twap" else _stable(rule, path)
    return ExactMark(mark, saturated, limited, min(mark, beside), max(mark, beside))


def _time_average(path: Sequence[tuple[int, Exact, bool, bool]], start: int) -> Fraction:
    area, whole = Fraction(0), 0
    for (begin, mark, _, _), (end, _, _, _) in pairwise(path):
        lasts = end - max(begin, start)
        if mark is not None and lasts > 0:
            area, whole = area + mark * lasts, whole + lasts
    now = path[-1][1]
    return area / whole if whole or now is None else now


def _stable(rule: MarkRule, path: Sequence[tuple[int, Exact, bool, bool]]) -> Fraction:
    known = [(time, mark) for time, mark, _, _ in path if mark is not None]
    moved, stable = known[0]
    for time, mark in known[1:]:
        since = time - moved
        if since < rule.stable_every_us:
            continue
        counted = min(since, rule.stable_longest_us) if rule.stable_longest_us else since
        stable, moved = _within(stable, mark, exact(rule.stable_growth) * Fraction(counted, 10**6)), time
    return stable


def impact_prices(book: Book, notional: float, contract: Contract) -> tuple[Exact, Exact]:
    """Return the average prices at which a notional in the quote currency can be sold and bought; None where the levels do not reach."""
    return _walk(book.bids, exact(notional), contract), _walk(book.asks, exact(notional), contract)


def _walk(levels: Sequence[tuple[float, float]], notional: Fraction, contract: Contract) -> Exact:
    steps = [(exact(price), exact(size) * exact(contract.multiplier)) for price, size in levels if price > 0 and size > 0]
    if notional == 0:
        return steps[0][0] if steps else None
    # in base units and in the quote currency, a level each
    both = [(amount / price, amount) if contract.is_inverse else (amount, amount * price) for price, amount in steps]
    for i, (base, worth) in enumerate(both):
        before = sum((w for _, w in both[:i]), Fraction(0))
        if before + worth >= notional:
            part = (notional - before) / worth
            return notional / (sum((b for b, _ in both[:i]), Fraction(0)) + part * base)
    return None
