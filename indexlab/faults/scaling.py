"""Changing amounts the way faults do: price, bid, ask, the book's levels and the confidence alike, and always to finite doubles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from indexlab.faults.fault import PRICES, Change
from indexlab.market.levels import Levels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.market.quotes import Quotes

__all__ = ["LARGEST", "SMALLEST", "each_price", "repeated_prices", "scaled", "scaled_prices", "sides_swapped"]

SMALLEST: Final = 1e-300
LARGEST: Final = 1e300

Numbers: TypeAlias = "NDArray[np.float64]"


def scaled(values: Numbers, factor: float | Numbers) -> Numbers:
    """Return values * factor with magnitudes clipped to [1e-300, 1e300]; 0 stays 0, null stays null, a negative value negative."""
    with np.errstate(over="ignore", under="ignore"):
        product: Numbers = values * factor
    size = np.abs(product)
    out = (size < SMALLEST) | (size > LARGEST)
    if out.any():
        out &= values != 0
        product[out] = np.copysign(np.clip(size[out], SMALLEST, LARGEST), values[out])
    return product


def scaled_prices(stream: Stream, rows: NDArray[np.intp], factor: float | Numbers) -> Change:
    """Change price, bid, ask, confidence and the levels of the rows by one factor, or by one for each row."""
    quotes = stream.quotes
    values: dict[str, NDArray[np.generic]] = dict(zip(PRICES, scaled(_stacked(quotes, rows), factor), strict=True))
    if quotes.confidence is not None:
        values["confidence"] = scaled(quotes.confidence[rows], factor)
    book = None
    if quotes.book is not None:
        levels = quotes.book.take(rows).compact()
        by_level = factor if isinstance(factor, float) else np.repeat(factor, levels.counts)
        book = Levels(levels.start, levels.bids, levels.asks, scaled(levels.price, by_level), levels.size)
    return Change(rows, values, book=book)


def each_price(stream: Stream, rows: NDArray[np.intp], change: Callable[[Numbers], Numbers]) -> Change:
    """Change price, bid, ask and the levels of the rows number by number; the confidence keeps its proportion to the price.

    `change` gives for an array of prices of any shape (NaN for null) one of the same shape.
    """
    quotes = stream.quotes
    values: dict[str, NDArray[np.generic]] = dict(zip(PRICES, change(_stacked(quotes, rows)), strict=True))
    if quotes.confidence is not None:
        values["confidence"] = _in_proportion(quotes.confidence[rows], quotes.price[rows], np.asarray(values["price"], dtype=np.float64))
    book = None
    if quotes.book is not None:
        levels = quotes.book.take(rows).compact()
        book = Levels(levels.start, levels.bids, levels.asks, change(levels.price), levels.size)
    return Change(rows, values, book=book)


def _stacked(quotes: Quotes, rows: NDArray[np.intp]) -> Numbers:
    # one array of three rows: half of the time goes into calling, not into counting
    return np.stack((quotes.price[rows], quotes.bid[rows], quotes.ask[rows]))


def _in_proportion(confidence: Numbers, before: Numbers, after: Numbers) -> Numbers:
    known = (before != 0) & ~np.isnan(before)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        ratio = np.where(known, np.abs(after / before), 1.0)
    ratio[np.isnan(after) & known] = np.nan
    return scaled(confidence, np.clip(ratio, 0.0, LARGEST))


def repeated_prices(stream: Stream, rows: NDArray[np.intp], said: NDArray[np.intp]) -> Change:
    """Let each of the rows say what the row of `said` beside it says: price, bid, ask, confidence and levels."""
    quotes = stream.quotes
    values: dict[str, NDArray[np.generic]] = {name: getattr(quotes, name)[said] for name in PRICES}
    if quotes.confidence is not None:
        values["confidence"] = quotes.confidence[said]
    return Change(rows, values, book=None if quotes.book is None else quotes.book.take(said))


def sides_swapped(book: Levels | None) -> Levels | None:
    """Return the books with bids and asks in each other's place."""
    if book is None:
        return None
    levels = book.compact()
    row = np.repeat(np.arange(len(levels)), levels.counts)
    place = np.arange(len(levels.price)) - levels.start[row]
    was_ask = place >= levels.bids[row]
    to = levels.start[row] + np.where(was_ask, place - levels.bids[row], place + levels.asks[row])
    price, size = np.empty_like(levels.price), np.empty_like(levels.size)
    price[to], size[to] = levels.price, levels.size
    return Levels(levels.start, levels.asks, levels.bids, price, size)
