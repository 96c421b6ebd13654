"""One value of what is left after the outlier rule: `aggregation`."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from indexlab.index import rules
from indexlab.index.reference_book import book_value
from indexlab.index.reference_numbers import exact, is_same, mean, middles, weighted_middles, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indexlab.index.reference_inputs import Brought
    from indexlab.index.rules import Aggregation, Declaration

__all__ = ["Aggregate", "Part", "aggregate", "mean_of_all", "median_of_all"]


class Part(NamedTuple):
    """One source that takes part: its price as it enters, its given weight, and what it brought."""

    price: Fraction
    weight: Fraction
    brought: Brought


class Aggregate(NamedTuple):
    """A value (None: the rules give none), the share of each source in it, and its confidence where the rule has one."""

    value: Fraction | None
    shares: dict[int, Fraction]
    confidence: Fraction | None = None


def aggregate(declaration: Declaration, parts: dict[int, Part], time: int) -> Aggregate:
    """Return one value of the sources that take part at a publication."""
    if not parts:
        return Aggregate(None, {})
    return _RULES[declaration.aggregation.rule](declaration, parts, time)


def median_of_all(parts: dict[int, Part]) -> Aggregate:
    """Return the unweighted median, of an even count the mean of the middle two."""
    return _at_middles(*middles(part.price for part in parts.values()), parts)


def mean_of_all(parts: dict[int, Part]) -> Aggregate:
    """Return the unweighted mean."""
    return Aggregate(mean(part.price for part in parts.values()), _equal(parts))


# ------------------------------------------------------------------------------------------------------------------ means


def _weighted_mean(_declaration: Declaration, parts: dict[int, Part], _time: int) -> Aggregate:
    return _mean_by({s: part.weight for s, part in parts.items()}, parts)


def _without_extremes(declaration: Declaration, parts: dict[int, Part], _time: int) -> Aggregate:
    """Take some of the highest and as many of the lowest away; those who are at the border together each lose an equal share."""
    rule, n = declaration.aggregation, len(parts)
    leaving = 0 if n < max(rule.trim_from, 3) else 1
    if rule.rule == "trimmed-mean":
        leaving = 0 if n < rule.trim_from else int(exact(rule.trim) * n)
    low, high = _losses(parts, leaving, highest=False), _losses(parts, leaving, highest=True)
    return _mean_by({s: part.weight * (1 - low[s] - high[s]) for s, part in parts.items()}, parts)


def _losses(parts: dict[int, Part], leaving: int, *, highest: bool) -> dict[int, Fraction]:
    """Return which part of each source is taken away from one end."""
    lost, left = dict.fromkeys(parts, Fraction(0)), Fraction(leaving)
    ranked = sorted(parts, key=lambda s: parts[s].price, reverse=highest)
    while left > 0 and ranked:
        there = [s for s in ranked if is_same(parts[s].price, parts[ranked[0]].price)]
        for s in there:
            lost[s] = min(left / len(there), Fraction(1))
        left -= len(there)
        ranked = [s for s in ranked if s not in there]
    return lost


def _mean_by(weights: dict[int, Fraction], parts: dict[int, Part]) -> Aggregate:
    total = sum(weights.values(), Fraction(0))
    if total <= 0:
        return Aggregate(None, {})
    shares = {s: weight / total for s, weight in weights.items()}
    return Aggregate(sum((share * parts[s].price for s, share in shares.items()), Fraction(0)), shares)


def _equal(parts: dict[int, Part]) -> dict[int, Fraction]:
    return dict.fromkeys(parts, Fraction(1, len(parts)))


# ------------------------------------------------------------------------------------------------------------------ medians


def _median(declaration: Declaration, parts: dict[int, Part], _time: int) -> Aggregate:
    low, high = middles(part.price for part in parts.values())
    if declaration.aggregation.even in {"lower", "upper"}:
        low = high = low if declaration.aggregation.even == "lower" else high
    return _at_middles(low, high, parts)._replace(value=_declared_median(declaration.aggregation, [part.price for part in parts.values()]))


def _declared_median(aggregation: Aggregation, prices: Sequence[Fraction]) -> Fraction:
    even, unit = aggregation.even, exact(aggregation.unit)
    low, high = middles(prices)
    mean_of_both = (low + high) / 2
    if even in {"lower", "upper"}:
        return low if even == "lower" else high
    if even == "mean" or len(prices) % 2 == 1 or abs(mean_of_both) / unit >= exact(rules.LARGEST_COUNT):
        return mean_of_both
    if even == "floor":
        return whole(mean_of_both / unit, "down") * unit
    return whole(abs(mean_of_both) / unit, "up") * unit * (1 if mean_of_both >= 0 else -1)


def _weighted_median(declaration: Declaration, parts: dict[int, Part], _time: int) -> Aggregate:
    low, high = _tied(declaration.aggregation.tie, *weighted_middles((part.price, part.weight) for part in parts.values()))
    return _at_middles(low, high, parts)


def _tied(tie: str, low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
    return {"lower": (low, low), "upper": (high, high), "mean": (low, high)}[tie]


def _at_middles(low: Fraction, high: Fraction, parts: dict[int, Part]) -> Aggregate:
    """Give half of the weight to those who said `low` and half to those who said `high`; who said the same has its part by weight."""
    shares = dict.fromkeys(parts, Fraction(0))
    for target in (low, high):
        there = [s for s, part in parts.items() if is_same(part.price, target)]
        for s in there:
            shares[s] += Fraction(1, 2) * parts[s].weight / sum(parts[other].weight for other in there)
    return Aggregate((low + high) / 2, shares)


# ------------------------------------------------------------------------------------------------------------------ votes, partitions, books


def _votes(declaration: Declaration, parts: dict[int, Part], _time: int) -> Aggregate:
    votes: list[Fraction] = []
    for part in parts.values():
        confidence = part.brought.confidence or Fraction(0)
        votes += [part.price - confidence, part.price, part.price + confidence]
    votes.sort()
    middle, quarter = _declared_median(declaration.aggregation, votes), len(votes) // 4
    lower, upper = votes[quarter], votes[len(votes) - 1 - quarter]
    gaps = [high - low for low, high in ((lower, middle), (middle, upper)) if not is_same(low, high)]
    confidence = max(gaps, default=Fraction(0))
    return Aggregate(middle, _equal(parts), confidence) if confidence > 0 else Aggregate(None, {})


def _partitions(declaration: Declaration, parts: dict[int, Part], time: int) -> Aggregate:
    window, n = declaration.input.window_us or 0, declaration.aggregation.partitions
    pools: list[list[tuple[Fraction, Fraction]]] = [[] for _ in range(n)]
    for part in parts.values():
        for trade in part.brought.trades:
            pools[(trade.event_time - (time - window)) * n // window].append((trade.price, trade.size))
    medians = [mean(_tied(declaration.aggregation.tie, *weighted_middles(pool))) for pool in pools if pool]
    if not medians:
        return Aggregate(None, {})
    sizes = {s: sum((trade.size for trade in part.brought.trades), Fraction(0)) for s, part in parts.items()}
    return Aggregate(mean(medians), {s: size / sum(sizes.values()) for s, size in sizes.items()})


def _order_book(declaration: Declaration, parts: dict[int, Part], _time: int) -> Aggregate:
    bids = [level for part in parts.values() for level in part.brought.bids]
    asks = [level for part in parts.values() for level in part.brought.asks]
    return Aggregate(book_value(declaration.book, bids, asks), _equal(parts))


_RULES: dict[str, Callable[[Declaration, dict[int, Part], int], Aggregate]] = {
    "weighted-mean": _weighted_mean,
    "median": _median,
    "weighted-median": _weighted_median,
    "drop-highest-and-lowest": _without_extremes,
    "trimmed-mean": _without_extremes,
    "votes": _votes,
    "partitions": _partitions,
    "order-book": _order_book,
}
