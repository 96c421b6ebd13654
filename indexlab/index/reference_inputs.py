"""What one observation brings, by `input` and `validity`: a price, and with it a confidence, the levels of a book, a size."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from indexlab.index import rules
from indexlab.index.reference_numbers import exact, is_beyond, median

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from indexlab.index.rules import Declaration
    from indexlab.market.levels import Levels
    from indexlab.market.quotes import Quotes

__all__ = ["Brought", "Level", "Observation", "Trade", "notes", "observations"]

_BASIS_POINT = Fraction(1, 10_000)


class Level(NamedTuple):
    """So much of the asset at a price."""

    price: Fraction
    size: Fraction


class Trade(NamedTuple):
    """One observation in a window."""

    event_time: int
    price: Fraction
    size: Fraction


class Brought(NamedTuple):
    """What a source brings: a price, and what the input has behind it; `behind` is the size for weights.kind = "traded"."""

    price: Fraction
    confidence: Fraction | None = None
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()
    trades: tuple[Trade, ...] = ()
    behind: Fraction = Fraction(0)


class Observation(NamedTuple):
    """What a source said once; `brought` is None where it is invalid, `size` and `volume` 0 where there is none that counts."""

    receive_time: int
    event_time: int
    source: int
    brought: Brought | None
    size: Fraction
    volume: Fraction


class _Row(NamedTuple):
    """One row of quotes; NaN for null, levels as (price, size) in the order in which they were sent."""

    receive_time: int
    event_time: int
    source: int
    price: float
    bid: float
    ask: float
    volume: float
    confidence: float
    trade_size: float
    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]

    @property
    def has_levels(self) -> bool:
        return bool(self.bids or self.asks)

    @property
    def has_sides(self) -> bool:
        return not (math.isnan(self.bid) and math.isnan(self.ask))


def observations(declaration: Declaration, quotes: Quotes) -> Iterator[Observation]:
    """Give the observations in the order in which they came."""
    for row in _rows(quotes):
        brought = None if row.event_time - row.receive_time > declaration.validity.max_ahead_us else _brought(declaration, row)
        volume = exact(row.volume) if math.isfinite(row.volume) and row.volume > 0 else Fraction(0)
        yield Observation(row.receive_time, row.event_time, row.source, brought, _size(declaration, row), volume)


def _rows(quotes: Quotes) -> Iterator[_Row]:
    columns = (quotes.receive_time, quotes.event_time, quotes.source, quotes.price, quotes.bid, quotes.ask, quotes.volume)
    plain = zip(*(column.tolist() for column in columns), strict=True)
    optional = zip(_column(quotes.confidence, len(quotes)), _column(quotes.trade_size, len(quotes)), _books(quotes.book, len(quotes)), strict=True)
    for values, (confidence, trade_size, (bids, asks)) in zip(plain, optional, strict=True):
        yield _Row._make((*values, confidence, trade_size, bids, asks))


def _column(column: NDArray[np.float64] | None, n: int) -> list[float]:
    return [math.nan] * n if column is None else [float(number) for number in column]


def _books(levels: Levels | None, n: int) -> Iterator[tuple[list[tuple[float, float]], list[tuple[float, float]]]]:
    if levels is None:
        yield from (([], []) for _ in range(n))
        return
    every = list(zip(levels.price.tolist(), levels.size.tolist(), strict=True))
    for start, bids, asks in zip(levels.start.tolist(), levels.bids.tolist(), levels.asks.tolist(), strict=True):
        yield every[start : start + bids], every[start + bids : start + bids + asks]


# ------------------------------------------------------------------------------------------------------------------ inputs


def _brought(declaration: Declaration, row: _Row) -> Brought | None:
    inputs = {"mid": _mid, "median": _median, "cross": _cross, "book": _book, "confidence": _confident}
    brought = inputs.get(declaration.input.price, _last)(declaration, row)
    return None if brought is None or _is_uncertain(declaration, row, brought.price) else brought


def _is_uncertain(declaration: Declaration, row: _Row, price: Fraction) -> bool:
    limit = declaration.input.max_uncertainty
    if limit >= 1 or math.isnan(row.confidence):
        return False
    return math.isinf(row.confidence) or is_beyond(max(exact(row.confidence), Fraction(0)), Fraction(0), exact(limit) * abs(price))


def _is_acceptable(declaration: Declaration, number: float) -> bool:
    return math.isfinite(number) and (number > 0 or declaration.validity.accept == "finite")


def _last(declaration: Declaration, row: _Row) -> Brought | None:
    return Brought(exact(row.price)) if _is_acceptable(declaration, row.price) else None


def _mid(declaration: Declaration, row: _Row) -> Brought | None:
    if not row.has_sides:
        return _last(declaration, row)
    if not (_is_acceptable(declaration, row.bid) and _is_acceptable(declaration, row.ask)) or row.bid > row.ask:
        return None
    return Brought((exact(row.bid) + exact(row.ask)) / 2)


def _median(declaration: Declaration, row: _Row) -> Brought | None:
    there = [number for number in (row.bid, row.ask, row.price) if _is_acceptable(declaration, number)]
    is_book = _is_acceptable(declaration, row.bid) and _is_acceptable(declaration, row.ask)
    if not there or (is_book and row.bid > row.ask):
        return None
    return Brought(median(map(exact, there)))


def _confident(declaration: Declaration, row: _Row) -> Brought | None:
    if not _is_acceptable(declaration, row.price):
        return None
    confidence = _confidence(row)
    return Brought(exact(row.price), confidence) if confidence is not None and confidence > 0 else None


def _confidence(row: _Row) -> Fraction | None:
    if math.isinf(row.confidence):
        return None
    if not math.isnan(row.confidence):
        return exact(row.confidence)
    if math.isfinite(row.bid) and math.isfinite(row.ask) and row.ask > row.bid:
        return (exact(row.ask) - exact(row.bid)) / 2
    return abs(exact(row.price)) * _BASIS_POINT


# ------------------------------------------------------------------------------------------------------------------ books


def _cross(declaration: Declaration, row: _Row) -> Brought | None:
    if not (row.has_levels or row.has_sides):
        return _last(declaration, row)
    bids, asks = _sides(row, Fraction(1))
    if not bids or not asks or bids[0].price > asks[0].price:
        return None
    pairs = list(zip(bids[:2], asks[:2], strict=False))  # as many levels of each side as both have
    size = sum((bid.size + ask.size for bid, ask in pairs), Fraction(0))
    crossed = sum((bid.price * ask.size + ask.price * bid.size for bid, ask in pairs), Fraction(0))
    return Brought(crossed / size, behind=size)


def _book(declaration: Declaration, row: _Row) -> Brought | None:
    spacing = exact(declaration.book.spacing)
    if row.has_levels or row.has_sides:
        bids, asks = _sides(row, spacing)
    elif math.isfinite(row.price) and row.price > 0:
        half = exact(row.price) * _BASIS_POINT / 2
        bids, asks = (Level(exact(row.price) - half, spacing),), (Level(exact(row.price) + half, spacing),)
    else:
        return None
    if not bids or not asks or bids[0].price >= asks[0].price:
        return None
    return Brought((bids[0].price + asks[0].price) / 2, bids=bids, asks=asks)


def _sides(row: _Row, size: Fraction) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """Return bids and asks, best first; without levels, the two columns with a level of `size` each."""
    if row.has_levels:
        bids, asks = _levels(row.bids), _levels(row.asks)
    else:
        bids, asks = _levels([(row.bid, float(size))]), _levels([(row.ask, float(size))])
    return tuple(sorted(bids, key=lambda level: -level.price)), tuple(sorted(asks, key=lambda level: level.price))


def _levels(sent: Iterable[tuple[float, float]]) -> list[Level]:
    return [Level(exact(price), exact(size)) for price, size in sent if 0 < price < math.inf and 0 < size < math.inf]


# ------------------------------------------------------------------------------------------------------------------ sizes and notes


def _size(declaration: Declaration, row: _Row) -> Fraction:
    size = next((number for number in (row.trade_size, row.volume) if not math.isnan(number)), 1.0)
    return exact(size) if 0 < size < math.inf and size >= declaration.input.least_size else Fraction(0)


def notes(declaration: Declaration, quotes: Quotes) -> tuple[str, ...]:
    """Return what is to be said once: where something else stood in for what the input asks for."""
    kind = declaration.input.price
    priced = [row for row in _rows(quotes) if not math.isnan(row.price)]
    if kind in {"mid", "cross", "book"} and any(not row.has_sides and (kind == "mid" or not row.has_levels) for row in priced):
        return (rules.NO_BOOK_NOTE,)
    if kind == "confidence" and any(math.isnan(row.confidence) for row in priced):
        return (rules.NO_CONFIDENCE_NOTE,)
    if kind in {"vwap", "tvwap", "trades"} and any(math.isnan(row.trade_size) and math.isnan(row.volume) for row in priced):
        return (rules.NO_SIZE_NOTE,)
    return ()
