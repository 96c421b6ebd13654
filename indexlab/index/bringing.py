"""What each observation brings, by the declared input: a price (NaN where it is invalid), and with some inputs a confidence, a size, or levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexlab.index.rules import NO_BOOK_NOTE, NO_CONFIDENCE_NOTE, NO_SIZE_NOTE
from indexlab.market.levels import Levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.index.rules import Declaration
    from indexlab.market.quotes import Quotes

__all__ = ["Brought", "bring", "notes_of", "sizes_of"]


class Brought(NamedTuple):
    """Of each observation: the price that enters (NaN: invalid), confidence and size (without rows where the input has none) and levels (None likewise)."""

    price: NDArray[np.float64]
    confidence: NDArray[np.float64]
    size: NDArray[np.float64]
    levels: Levels | None


def bring(declaration: Declaration, quotes: Quotes) -> Brought:
    """Return what each observation brings."""
    kind, positive = declaration.input.price, declaration.validity.accept == "positive"
    nothing = np.empty(0)
    confidence = size = nothing
    levels = None
    if kind == "mid":
        price = _mid(quotes, positive=positive)
    elif kind == "median":
        price = _median_of_three(quotes, positive=positive)
    elif kind in {"cross", "book"}:
        levels = _levels(declaration, quotes)
        price, size = _of_levels(levels, crossed_at_equal=kind == "book", cross=kind == "cross")
        alone = ~_has_book(quotes)
        if kind == "cross":
            price, size = np.where(alone, quotes.price, price), np.where(alone, 0.0, size)
    else:
        price = quotes.price
    if kind == "confidence":
        confidence = _confidence(quotes)
        with np.errstate(invalid="ignore"):
            price = np.where(np.isfinite(confidence) & (confidence > 0), price, np.nan)
    if kind in {"vwap", "tvwap", "trades"}:
        size = sizes_of(quotes)
    return Brought(_valid(declaration, quotes, price), confidence, size, levels)


def _valid(declaration: Declaration, quotes: Quotes, price: NDArray[np.float64]) -> NDArray[np.float64]:
    validity = declaration.validity
    valid = np.isfinite(price) & (quotes.event_time - quotes.receive_time <= validity.max_ahead_us)
    if validity.accept == "positive":
        valid &= price > 0
    if declaration.input.max_uncertainty < 1 and quotes.confidence is not None:
        with np.errstate(invalid="ignore", over="ignore"):
            bound = declaration.input.max_uncertainty * np.abs(price)
            valid &= ~(quotes.confidence > bound * (1 + 1e-12))
    return np.where(valid, price, np.nan)


def sizes_of(quotes: Quotes) -> NDArray[np.float64]:
    """Return the size of each observation: its trade's, else the volume, else 1."""
    size = quotes.volume if quotes.trade_size is None else np.where(np.isnan(quotes.trade_size), quotes.volume, quotes.trade_size)
    return np.where(np.isnan(size), 1.0, size)


def notes_of(declaration: Declaration, quotes: Quotes) -> tuple[str, ...]:
    """Return what is said once of these quotes: which stand-ins were used."""
    kind = declaration.input.price
    if kind in {"last", "median"}:
        return ()
    said = ~np.isnan(quotes.price)
    if kind in {"mid", "cross", "book"} and bool(np.any(~_has_book(quotes, levels=kind != "mid") & said)):
        return (NO_BOOK_NOTE,)
    if kind == "confidence" and bool(np.any(said & _no_confidence(quotes))):
        return (NO_CONFIDENCE_NOTE,)
    if kind in {"vwap", "tvwap", "trades"}:
        no_size = np.isnan(quotes.volume) & (True if quotes.trade_size is None else np.isnan(quotes.trade_size))
        if bool(np.any(said & no_size)):
            return (NO_SIZE_NOTE,)
    return ()


def _no_confidence(quotes: Quotes) -> NDArray[np.bool_]:
    return np.ones(len(quotes), dtype=np.bool_) if quotes.confidence is None else np.isnan(quotes.confidence)


def _has_book(quotes: Quotes, *, levels: bool = True) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = ~(np.isnan(quotes.bid) & np.isnan(quotes.ask))
    if levels and quotes.book is not None:
        found |= (quotes.book.bids > 0) | (quotes.book.asks > 0)
    return found


def _halved(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    total = a + b
    return np.where(np.isinf(total), 0.5 * a + 0.5 * b, 0.5 * total)


def _mid(quotes: Quotes, *, positive: bool) -> NDArray[np.float64]:
    bid, ask = quotes.bid, quotes.ask
    with np.errstate(invalid="ignore", over="ignore"):
        good = np.isfinite(bid) & np.isfinite(ask) & ~(bid > ask)
        if positive:
            good &= bid > 0
        mid = np.where(good, _halved(bid, ask), np.nan)
    return np.where(_has_book(quotes, levels=False), mid, quotes.price)


def _median_of_three(quotes: Quotes, *, positive: bool) -> NDArray[np.float64]:
    stacked = np.sort(np.stack([_accepted(column, positive=positive) for column in (quotes.bid, quotes.ask, quotes.price)]), axis=0)  # NaN last
    count = np.sum(~np.isnan(stacked), axis=0)
    with np.errstate(invalid="ignore", over="ignore"):
        middle = np.where(count == 3, stacked[1], np.where(count == 2, _halved(stacked[0], stacked[1]), stacked[0]))
        crossed = _accepted(quotes.bid, positive=positive) > _accepted(quotes.ask, positive=positive)
        return np.where(crossed, np.nan, middle)


def _accepted(column: NDArray[np.float64], *, positive: bool) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        good = np.isfinite(column) & ((column > 0) | (not positive))
    return np.where(good, column, np.nan)


def _confidence(quotes: Quotes) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", over="ignore"):
        spread = (quotes.ask - quotes.bid) / 2
        stand_in = np.where(spread > 0, spread, 1e-4 * np.abs(quotes.price))
    return stand_in if quotes.confidence is None else np.where(np.isnan(quotes.confidence), stand_in, quotes.confidence)


def _levels(declaration: Declaration, quotes: Quotes) -> Levels:
    """Return the levels of each observation, or the stand-in for them: one level a side."""
    n = len(quotes)
    book = quotes.book if quotes.book is not None else Levels.empty(n)
    lacks = (book.bids == 0) & (book.asks == 0)
    is_book = declaration.input.price == "book"
    bid, ask = quotes.bid.copy(), quotes.ask.copy()
    if is_book:
        none = np.isnan(bid) & np.isnan(ask)
        with np.errstate(invalid="ignore", over="ignore"):
            bid, ask = np.where(none, quotes.price * (1 - 5e-5), bid), np.where(none, quotes.price * (1 + 5e-5), ask)
    has_bid, has_ask = lacks & ~np.isnan(bid), lacks & ~np.isnan(ask)
    counts = has_bid.astype(np.int64) + has_ask
    begin = len(book.price) + np.concatenate(([0], np.cumsum(counts)[:-1])) if n else np.zeros(0, dtype=np.int64)
    added = np.empty(int(counts.sum()))
    at = begin - len(book.price)
    added[at[has_bid]] = bid[has_bid]
    added[(at + has_bid)[has_ask]] = ask[has_ask]
    return Levels(
        start=np.where(lacks, begin, book.start).astype(np.int64),
        bids=np.where(lacks, has_bid, book.bids).astype(np.int32),
        asks=np.where(lacks, has_ask, book.asks).astype(np.int32),
        price=np.concatenate((book.price, added)),
        size=np.concatenate((book.size, np.full(len(added), declaration.book.spacing if is_book else 1.0))),
    )


def _of_levels(levels: Levels, *, crossed_at_equal: bool, cross: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mid of the best levels, or the cross-weighted price of the best two, and the sizes behind it."""
    n = len(levels.start)
    price, size = np.full(n, np.nan), np.zeros(n)
    single = (levels.bids == 1) & (levels.asks == 1)
    if single.any():  # most books here are one level a side: all at once
        at = levels.start[single]
        good, value, behind = _of_one_level(
            *(column[at + side] for side in (0, 1) for column in (levels.price, levels.size)), crossed_at_equal=crossed_at_equal, cross=cross
        )
        price[single], size[single] = np.where(good, value, np.nan), np.where(good, behind, 0.0)
    several = np.flatnonzero(~single & (levels.bids > 0) & (levels.asks > 0))
    if len(several):
        good, value, behind = _of_two_levels(levels, several, crossed_at_equal=crossed_at_equal, cross=cross)
        price[several], size[several] = np.where(good, value, np.nan), np.where(good, behind, 0.0)
    return price, size


def _of_one_level(
    bid: NDArray[np.float64],
    bid_size: NDArray[np.float64],
    ask: NDArray[np.float64],
    ask_size: NDArray[np.float64],
    *,
    crossed_at_equal: bool,
    cross: bool,
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Return which books of one level a side are good, their mid or cross-weighted price, and the sizes behind it."""
    with np.errstate(invalid="ignore", over="ignore"):
        good = (bid > 0) & (bid_size > 0) & (ask > 0) & (ask_size > 0) & np.isfinite(bid) & np.isfinite(bid_size) & np.isfinite(ask) & np.isfinite(ask_size)
        good &= bid < ask if crossed_at_equal else bid <= ask
        total = bid_size + ask_size
        value = bid * (ask_size / total) + ask * (bid_size / total) if cross else 0.5 * bid + 0.5 * ask
    return good, value, total if cross else np.zeros(len(total))


def _of_two_levels(
    levels: Levels, rows: NDArray[np.intp], *, crossed_at_equal: bool, cross: bool
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Return the same of books of any number of levels: the mid of the best, the cross-weighted price of the best two a side."""
    bid, bid_size, bids = _best_two(levels, levels.start[rows], levels.bids[rows], highest=True)
    ask, ask_size, asks = _best_two(levels, levels.start[rows] + levels.bids[rows], levels.asks[rows], highest=False)
    good = (bids > 0) & (asks > 0) & ((bid[:, 0] < ask[:, 0]) if crossed_at_equal else (bid[:, 0] <= ask[:, 0]))
    if not cross:
        return good, 0.5 * bid[:, 0] + 0.5 * ask[:, 0], np.zeros(len(rows))
    # a second level counts where both sides have one
    paired = np.column_stack((np.ones(len(rows), dtype=bool), (bids > 1) & (asks > 1)))
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        total = np.where(paired, bid_size + ask_size, 0.0).sum(axis=1)
        crossed = bid * (ask_size / total[:, None]) + ask * (bid_size / total[:, None])
        return good, np.where(paired, crossed, 0.0).sum(axis=1), total


def _best_two(
    levels: Levels, begin: NDArray[np.int64], count: NDArray[np.int32], *, highest: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return the best two levels of one side of each book, price and size [books, 2], and how many good levels each has."""
    book = np.repeat(np.arange(len(begin)), count)
    place = np.arange(len(book)) + np.repeat(begin - (np.cumsum(count) - count), count)
    with np.errstate(invalid="ignore"):
        good = (levels.price[place] > 0) & (levels.price[place] < np.inf) & (levels.size[place] > 0) & (levels.size[place] < np.inf)
    book, place = book[good], place[good]
    # of equal prices the one that stands first, as in the book
    order = np.lexsort((-levels.price[place] if highest else levels.price[place], book))
    book, place = book[order], place[order]
    found = np.bincount(book, minlength=len(begin))
    rank = np.arange(len(book)) - np.repeat(np.cumsum(found) - found, found)
    price, size = np.zeros((len(begin), 2)), np.zeros((len(begin), 2))
    best = rank < 2
    price[book[best], rank[best]], size[book[best], rank[best]] = levels.price[place[best]], levels.size[place[best]]
    return price, size, found
