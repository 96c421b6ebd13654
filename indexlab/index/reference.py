"""The textbook: a declaration followed word by word in exact arithmetic, slow, to be read against a venue's page.

It works straight from the quotes, with fractions of the decimal numbers that people wrote (the shortest that give the same double), and shares nothing with
the engine but the declaration. What each rule means is written in `rules.py`.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexlab.index import rules
from indexlab.index.determination import REASONS, STATUSES, Determinations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from indexlab.index.rules import Declaration
    from indexlab.market.quotes import Quotes
    from indexlab.market.source import Basket

__all__ = ["determine"]


class _Observation(NamedTuple):
    """What a source said once; `price` is None where it is invalid."""

    receive_time: int
    event_time: int
    source: int
    price: Fraction | None


class _Row(NamedTuple):
    """One determination: the value before it becomes a double, and source by source weight, price (None: did not enter) and reason."""

    value: Fraction | None
    status: str
    weights: list[Fraction]
    used: list[Fraction | None]
    reasons: list[str]


def determine(declaration: Declaration, basket: Basket, quotes: Quotes, times: NDArray[np.int64]) -> Determinations:
    """Return the determinations of one run at `times` (microseconds, not decreasing), exact and then rounded to doubles.

    Raises InputError where the weights do not fit the basket.
    """
    weights = [_exact(weight) for weight in declaration.weights_for(basket)]
    sources = [_Source(declaration) for _ in basket]
    arriving = _Arrivals(_observations(declaration, quotes))
    rows: list[_Row] = []
    last: Fraction | None = None
    for time in times.tolist():
        for observation in arriving.until(time):
            sources[observation.source].hear(observation)
        row = _determine_at(declaration, time, sources, weights, last)
        last = row.value if row.status in {"ok", "degraded"} else last
        rows.append(row)
    return _as_arrays(rows, len(basket), _notes(declaration, quotes))


# ------------------------------------------------------------------------------------------------------------------ observations


class _Arrivals:
    """Observations in the order in which they came."""

    def __init__(self, observations: Iterable[_Observation]) -> None:
        self._waiting = list(observations)[::-1]

    def until(self, time: int) -> Iterator[_Observation]:
        """Give those received at or before a time that were not given yet."""
        while self._waiting and self._waiting[-1].receive_time <= time:
            yield self._waiting.pop()


def _observations(declaration: Declaration, quotes: Quotes) -> Iterator[_Observation]:
    columns = (quotes.receive_time, quotes.event_time, quotes.source, quotes.price, quotes.bid, quotes.ask)
    for received, happened, source, price, bid, ask in zip(*(column.tolist() for column in columns), strict=True):
        entering = _entering_price(declaration, price, bid, ask)
        if happened - received > declaration.validity.max_ahead_us:
            entering = None
        yield _Observation(received, happened, source, entering)


def _entering_price(declaration: Declaration, price: float, bid: float, ask: float) -> Fraction | None:
    if declaration.input.price == "last" or (math.isnan(bid) and math.isnan(ask)):
        return _exact(price) if _acceptable(declaration, price) else None
    if not (_acceptable(declaration, bid) and _acceptable(declaration, ask)) or bid > ask:
        return None
    return (_exact(bid) + _exact(ask)) / 2


def _acceptable(declaration: Declaration, number: float) -> bool:
    return math.isfinite(number) and (number > 0 or declaration.validity.accept == "finite")


def _notes(declaration: Declaration, quotes: Quotes) -> tuple[str, ...]:
    rows = zip(quotes.bid.tolist(), quotes.ask.tolist(), quotes.price.tolist(), strict=True)
    bookless = declaration.input.price == "mid" and any(math.isnan(bid) and math.isnan(ask) and not math.isnan(price) for bid, ask, price in rows)
    return (rules.NO_BOOK_NOTE,) if bookless else ()


class _Source:
    """What one source has said so far, as far as the rules remember it."""

    def __init__(self, declaration: Declaration) -> None:
        self._declaration = declaration
        self.newest: _Observation | None = None
        self.heard = False
        self.is_excluded = False

    def hear(self, observation: _Observation) -> None:
        """Take in one observation, in the order of arrival."""
        self.heard = True
        if self._is_late(observation):
            return
        if observation.price is not None:
            self.newest, self.is_excluded = observation, False
        elif self._declaration.validity.invalid == "exclude":
            self.is_excluded = True

    def _is_late(self, observation: _Observation) -> bool:
        by_event = self._declaration.staleness.clock == "event"
        return by_event and self.newest is not None and observation.event_time < self.newest.event_time

    def reason_at(self, time: int) -> str:
        """Say "used" where the source is live at a time, else why it is not."""
        if not self.heard:
            return "absent"
        if self.newest is None or self.is_excluded:
            return "invalid"
        return "stale" if self._is_stale(self.newest, time) else "used"

    def _is_stale(self, newest: _Observation, time: int) -> bool:
        staleness = self._declaration.staleness
        if staleness.silence_us is None:
            return False
        said_at = newest.event_time if staleness.clock == "event" else newest.receive_time
        age = max(time - said_at, 0)
        return age > staleness.silence_us or (age == staleness.silence_us and staleness.at_limit == "stale")


# ------------------------------------------------------------------------------------------------------------------ one publication


def _determine_at(declaration: Declaration, time: int, sources: Sequence[_Source], weights: Sequence[Fraction], last: Fraction | None) -> _Row:
    reasons = [source.reason_at(time) if weight > 0 else "absent" for source, weight in zip(sources, weights, strict=True)]
    live = [s for s, reason in enumerate(reasons) if reason == "used"]
    quorum = declaration.quorum
    is_enough = len(live) >= quorum.ok_from
    nothing: list[Fraction] = [Fraction(0)] * len(sources)
    if is_enough or (quorum.below == "degrade" and live):
        prices = {s: observation.price for s in live if (observation := sources[s].newest) is not None and observation.price is not None}
        value, shares, used = _apply_rules(declaration, prices, weights, reasons)
        if value is not None and 0 < _as_double(value) < math.inf:
            entered = [used.get(s) if reasons[s] in {"used", "clamped"} else None for s in range(len(sources))]
            return _Row(value, "ok" if is_enough else "degraded", [shares.get(s, Fraction(0)) for s in range(len(sources))], entered, reasons)
    if quorum.below == "hold" and last is not None:
        return _Row(last, "held", nothing, [None] * len(sources), reasons)
    return _Row(None, "halted", nothing, [None] * len(sources), reasons)


def _apply_rules(
    declaration: Declaration, prices: dict[int, Fraction], weights: Sequence[Fraction], reasons: list[str]
) -> tuple[Fraction | None, dict[int, Fraction], dict[int, Fraction]]:
    """Return value, effective weights and entered prices; `reasons` gets what the outlier rule did."""
    outlier = declaration.outlier
    applies = outlier.rule != "none" and len(prices) >= outlier.from_sources
    middle = _median(prices.values())
    out = {s for s, price in prices.items() if _is_out(declaration, price, middle)} if applies else set()
    if len(out) > 1 and outlier.several == "median":
        shares = _median_shares("mean", prices, {s: weights[s] for s in prices})
        for s in out:
            reasons[s] = "used" if shares.get(s) else "outlier"
        return _rounded(declaration, middle), shares, prices
    for s in out:
        reasons[s] = "outlier" if outlier.rule == "drop" else "clamped"
    half_band = _exact(outlier.band) * abs(middle)
    used = {}
    for s, price in prices.items():
        if s not in out:
            used[s] = price
        elif outlier.rule == "clamp":
            used[s] = middle + half_band if price > middle else middle - half_band
    if not used:
        return None, {}, {}
    value, shares = _aggregate(declaration, used, weights)
    return _rounded(declaration, value), shares, used


def _is_out(declaration: Declaration, price: Fraction, middle: Fraction) -> bool:
    beyond = abs(price - middle) - _exact(declaration.outlier.band) * abs(middle)
    margin = _exact(rules.TIE) * max(abs(price), abs(middle))
    return beyond > margin or (beyond >= -margin and declaration.outlier.comparison == ">=")


def _aggregate(declaration: Declaration, used: dict[int, Fraction], weights: Sequence[Fraction]) -> tuple[Fraction, dict[int, Fraction]]:
    """Return one value of the prices that are left, and the effective weights."""
    rule, taking_part = declaration.aggregation.rule, {s: weights[s] for s in used}
    if rule == "median":
        return _declared_median(declaration, used), _median_shares(declaration.aggregation.even, used, taking_part)
    if rule == "weighted-median":
        low, high = _weighted_middles(used, taking_part)
        return _weighted_median(declaration.aggregation.tie, low, high, used, taking_part)
    if rule == "drop-highest-and-lowest":
        taking_part = _without_extremes(used, taking_part)
    total = sum(taking_part.values())
    shares = {s: weight / total for s, weight in taking_part.items()}
    return sum((shares[s] * used[s] for s in used), Fraction(0)), shares


# ------------------------------------------------------------------------------------------------------------------ medians and means


def _middles(prices: Iterable[Fraction]) -> tuple[Fraction, Fraction]:
    """Return the lower and the upper of the middle two prices; of an odd count the middle one twice."""
    ranked = sorted(prices)
    return ranked[(len(ranked) - 1) // 2], ranked[len(ranked) // 2]


def _median(prices: Iterable[Fraction]) -> Fraction:
    low, high = _middles(prices)
    return (low + high) / 2


def _declared_median(declaration: Declaration, used: dict[int, Fraction]) -> Fraction:
    even, unit = declaration.aggregation.even, _exact(declaration.aggregation.unit)
    low, high = _middles(used.values())
    mean = (low + high) / 2
    if even == "lower":
        return low
    if even == "upper":
        return high
    if even == "mean" or len(used) % 2 == 1 or abs(mean) / unit >= _exact(rules.LARGEST_COUNT):
        return mean
    if even == "floor":
        return _whole(mean / unit, "down") * unit
    return _whole(abs(mean) / unit, "up") * unit * (1 if mean >= 0 else -1)


def _median_shares(even: str, prices: dict[int, Fraction], weights: dict[int, Fraction]) -> dict[int, Fraction]:
    low, high = _middles(prices.values())
    if even in {"lower", "upper"}:
        low = high = low if even == "lower" else high
    return _shares_at(low, high, prices, weights)


def _weighted_middles(used: dict[int, Fraction], weights: dict[int, Fraction]) -> tuple[Fraction, Fraction]:
    """Return the price at which the cumulative weight reaches half, and the next one where it is exactly half there (else the same again)."""
    ranked = sorted(used, key=lambda s: used[s])
    total, reached, tie = sum(weights.values()), Fraction(0), _exact(rules.TIE)
    for s, following in zip(ranked, [*ranked[1:], ranked[-1]], strict=True):
        reached += weights[s]
        if 2 * reached >= total * (1 - tie):
            return used[s], used[following] if 2 * reached <= total * (1 + tie) else used[s]
    raise AssertionError  # the whole weight is more than half of it


def _weighted_median(tie: str, low: Fraction, high: Fraction, used: dict[int, Fraction], weights: dict[int, Fraction]) -> tuple[Fraction, dict[int, Fraction]]:
    if tie in {"lower", "upper"}:
        low = high = low if tie == "lower" else high
    return (low + high) / 2, _shares_at(low, high, used, weights)


def _shares_at(low: Fraction, high: Fraction, prices: dict[int, Fraction], weights: dict[int, Fraction]) -> dict[int, Fraction]:
    """Give half of the weight to those who said `low` and half to those who said `high`; who said the same has its part by weight."""
    shares = dict.fromkeys(prices, Fraction(0))
    for target in (low, high):
        there = [s for s, price in prices.items() if _is_same(price, target)]
        for s in there:
            shares[s] += Fraction(1, 2) * weights[s] / sum(weights[other] for other in there)
    return shares


def _without_extremes(used: dict[int, Fraction], weights: dict[int, Fraction]) -> dict[int, Fraction]:
    """Take one highest and one lowest away; those who are highest (or lowest) together each lose an equal share."""
    if len(used) < 3:
        return weights
    kept = dict.fromkeys(used, Fraction(1))
    for extreme in (max(used.values()), min(used.values())):
        there = [s for s, price in used.items() if _is_same(price, extreme)]
        for s in there:
            kept[s] -= Fraction(1, len(there))
    return {s: weights[s] * kept[s] for s in used}


# ------------------------------------------------------------------------------------------------------------------ numbers


def _exact(number: float) -> Fraction:
    """Return the decimal number that was meant: the shortest that gives this double."""
    return Fraction(repr(float(number)))


def _as_double(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _is_same(a: Fraction, b: Fraction) -> bool:
    return abs(a - b) <= _exact(rules.TIE) * max(abs(a), abs(b))


def _rounded(declaration: Declaration, value: Fraction) -> Fraction:
    rounding = declaration.rounding
    if rounding is None:
        return value
    count = value / _exact(rounding.tick)
    if abs(count) >= _exact(rules.LARGEST_COUNT):
        return value
    return _whole(count, rounding.mode) * _exact(rounding.tick)


def _whole(count: Fraction, mode: str) -> int:
    """Round to a whole number; what is within the margin of a border counts as at it."""
    margin = max(_exact(rules.BORDER), _exact(rules.BORDER_RELATIVE) * abs(count))
    base = math.floor(count)
    rest = count - base
    if rest <= margin:
        return base
    if rest >= 1 - margin:
        return base + 1
    if mode in {"down", "up"}:
        return base if mode == "down" else base + 1
    if abs(rest - Fraction(1, 2)) <= margin:
        return base + 1 if mode == "half-up" or base % 2 == 1 else base
    return base + 1 if rest > Fraction(1, 2) else base


def _as_arrays(rows: Sequence[_Row], n_sources: int, notes: tuple[str, ...]) -> Determinations:
    shape = (len(rows), n_sources)
    return Determinations(
        value=np.array([math.nan if row.value is None else _as_double(row.value) for row in rows], dtype=np.float64),
        status=np.array([STATUSES.index(row.status) for row in rows], dtype=np.int8),
        weight=np.array([[float(weight) for weight in row.weights] for row in rows], dtype=np.float64).reshape(shape),
        used=np.array([[math.nan if price is None else _as_double(price) for price in row.used] for row in rows], dtype=np.float64).reshape(shape),
        reason=np.array([[REASONS.index(reason) for reason in row.reasons] for row in rows], dtype=np.int8).reshape(shape),
        notes=notes,
    )
