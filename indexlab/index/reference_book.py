"""The consolidated order book: `book`, for aggregation.rule = "order-book"."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from indexlab.index import rules
from indexlab.index.reference_inputs import Level
from indexlab.index.reference_numbers import exact, exponential, is_beyond, mean, square_root, variance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.index.rules import Book

__all__ = ["book_value"]


class _Point(NamedTuple):
    """The curve at one volume."""

    mid: Fraction
    spread: Fraction


def book_value(book: Book, bids: Sequence[Level], asks: Sequence[Level]) -> Fraction | None:
    """Return the value of all levels of both sides, in the order of the basket; None where a side has none."""
    bids, asks = sorted(bids, key=lambda level: -level.price), sorted(asks, key=lambda level: level.price)
    if not bids or not asks:
        return None
    cap = _cap(book, [level.size for side in (bids, asks) for level in _near(book, side)])
    bids, asks = ([Level(level.price, min(level.size, cap)) for level in side] for side in (bids, asks))
    curve = _curve(book, bids, asks)
    if not curve:
        return (bids[0].price + asks[0].price) / 2
    return _weighted(book, [point.mid for point in curve[: _utilised(book, curve)]])


# ------------------------------------------------------------------------------------------------------------------ the cap


def _near(book: Book, side: Sequence[Level]) -> list[Level]:
    """Return the levels within `depth` of the best, or so many as there are to be at least."""
    best, limit = side[0].price, exact(book.depth) * side[0].price
    return [level for rank, level in enumerate(side) if rank < book.at_least or not is_beyond(level.price, best, limit)]


def _cap(book: Book, sizes: Sequence[Fraction]) -> Fraction:
    ranked = sorted(sizes)
    k = int(exact(book.trim) * len(ranked))
    kept = ranked[k : len(ranked) - k]
    winsorised = [kept[0]] * k + kept + [kept[-1]] * k
    return mean(kept) + exact(book.sigmas) * square_root(variance(winsorised, sample=True))


# ------------------------------------------------------------------------------------------------------------------ the curve


def _curve(book: Book, bids: Sequence[Level], asks: Sequence[Level]) -> list[_Point]:
    """Return the curve at the multiples of `spacing` that both sides reach."""
    volumes = [exact(book.spacing) * i for i in range(1, book.steps + 1)]
    points: list[_Point] = []
    for bid, ask in zip(_prices_at(volumes, bids), _prices_at(volumes, asks), strict=False):
        mid = (bid + ask) / 2
        points.append(_Point(mid, ask / mid - 1))
    return points


def _prices_at(volumes: Sequence[Fraction], side: Sequence[Level]) -> list[Fraction]:
    """Return the price of the level at which each volume is first reached, as far as it is reached."""
    prices: list[Fraction] = []
    reached = Fraction(0)
    for level in side:
        reached += level.size
        while len(prices) < len(volumes) and reached >= volumes[len(prices)] * (1 - exact(rules.TIE)):
            prices.append(level.price)
    return prices


def _utilised(book: Book, curve: Sequence[_Point]) -> int:
    """Return how many multiples are within the largest spread, without a break from the first; at least one."""
    largest = exact(book.max_spread) * (1 + exact(rules.TIE))
    within = 0
    while within < len(curve) and curve[within].spread <= largest:
        within += 1
    return max(within, 1)


def _weighted(book: Book, mids: Sequence[Fraction]) -> Fraction:
    """Return the mean, weighted by exp(-v / (decay * V)); the spacing cancels."""
    weights = [exponential(-Fraction(i + 1) / (exact(book.decay) * len(mids))) for i in range(len(mids))]
    return sum((weight * mid for weight, mid in zip(weights, mids, strict=True)), Fraction(0)) / sum(weights)
