"""Quotes: what the sources said, as columns, validated once on the way in."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from indexlab.market.columns import check_arrival, check_length, check_times, number_column, refuse, whole_column
from indexlab.market.levels import Levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["COLUMNS", "MAX_AHEAD_US", "OPTIONAL_COLUMNS", "Quotes", "invalid_price", "valid_book", "valid_quotes"]

COLUMNS = ("receive_time", "event_time", "source", "price", "bid", "ask", "volume")
"""The columns that are always there."""
OPTIONAL_COLUMNS = ("confidence", "trade_size")
"""The columns of numbers that only some methodologies need: None, or one entry a row."""
MAX_AHEAD_US = 1_000_000
"""An event time further ahead of its receive time than this (1 s) makes an observation invalid."""


@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """Observations as columns of equal length, sorted by receive time, ties in order of arrival.

    `receive_time` and `event_time` are int64 microseconds; `source` int32, the position in the basket; `price`, `bid`, `ask` (quote
    currency) and `volume` (base units since the source's previous observation) are float64 with NaN for null.

    Optional, None where there is no such column: `confidence` (half the width of what the source says of its price, quote currency) and `trade_size` (base
    units of the trade that the price is of), float64 with NaN for null; `book`, the levels of the order book.
    """

    receive_time: NDArray[np.int64]
    event_time: NDArray[np.int64]
    source: NDArray[np.int32]
    price: NDArray[np.float64]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    volume: NDArray[np.float64]
    confidence: NDArray[np.float64] | None = None
    trade_size: NDArray[np.float64] | None = None
    book: Levels | None = None

    def __len__(self) -> int:
        """Return how many observations there are."""
        return len(self.receive_time)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Quotes:
        """Return the given rows, in the order given."""
        columns: dict[str, Any] = {name: getattr(self, name) for name in (*COLUMNS, *OPTIONAL_COLUMNS)}
        taken: dict[str, Any] = {name: None if column is None else column[rows] for name, column in columns.items()}
        return Quotes(**taken, book=None if self.book is None else self.book.take(rows))

    def with_columns(self, **columns: NDArray[np.generic] | Levels | None) -> Quotes:
        """Return a copy with some columns replaced; the order of rows is the caller's care."""
        return replace(self, **columns)  # type: ignore[arg-type]

    def scaled(self, factor: float | NDArray[np.float64]) -> Quotes:
        """Return the rows with every amount in quote currency times a factor, one for all or one for each row."""
        return replace(
            self,
            price=self.price * factor,
            bid=self.bid * factor,
            ask=self.ask * factor,
            confidence=None if self.confidence is None else self.confidence * factor,
            book=None if self.book is None else self.book.scaled(factor),
        )

    def sorted_by_arrival(self) -> Quotes:
        """Return the rows sorted by receive time; what arrived together keeps its order."""
        if len(self) < 2 or bool(np.all(self.receive_time[1:] >= self.receive_time[:-1])):
            return self
        return self.take(np.argsort(self.receive_time, kind="stable"))

    def without_sources(self, positions: Sequence[int]) -> Quotes:
        """Return the observations of all other sources; positions in the basket stay as they are."""
        return self.take(~np.isin(self.source, np.asarray(positions, dtype=np.int32)))

    @property
    def has_book(self) -> bool:
        """Say whether any observation carries a bid or an ask."""
        return bool(np.any(~np.isnan(self.bid)) or np.any(~np.isnan(self.ask)))

    def equals(self, other: Quotes) -> bool:
        """Say whether both are the same to the bit (NaN equals NaN, a column that is not there only one that is not there)."""
        pairs = [(getattr(self, name), getattr(other, name)) for name in (*COLUMNS, *OPTIONAL_COLUMNS)]
        if not all((mine is None) == (theirs is None) and (mine is None or mine.tobytes() == theirs.tobytes()) for mine, theirs in pairs):
            return False
        if self.book is None or other.book is None:
            return self.book is other.book
        return self.book.equals(other.book)

    @classmethod
    def empty(cls) -> Quotes:
        """Return quotes without a row."""
        return cls.from_columns(receive_time=[], source=[], price=[])

    @classmethod
    def concatenate(cls, parts: Sequence[Quotes]) -> Quotes:
        """Return all rows of all parts, sorted by receive time; among equals the earlier part comes first.

        An optional column that only some parts have is null in the rows of the others.
        """
        if not parts:
            return cls.empty()
        joined = {name: _joined(parts, name) for name in (*COLUMNS, *OPTIONAL_COLUMNS)}
        book = None
        if any(part.book is not None for part in parts):
            book = Levels.concatenate([Levels.empty(len(part)) if part.book is None else part.book for part in parts])
        return cls(**joined, book=book).sorted_by_arrival()

    @classmethod
    def from_columns(  # noqa: PLR0913 - one argument a column
        cls,
        *,
        receive_time: ArrayLike,
        source: ArrayLike,
        price: ArrayLike,
        event_time: ArrayLike | None = None,
        bid: ArrayLike | None = None,
        ask: ArrayLike | None = None,
        volume: ArrayLike | None = None,
        confidence: ArrayLike | None = None,
        trade_size: ArrayLike | None = None,
        book: Levels | None = None,
        sources: int | None = None,
        file: object = None,
    ) -> Quotes:
        """Validate columns once, on the way in; `sources` is the number of sources in the basket.

        A missing bid, ask or volume is null, a missing event time the receive time. Raises InputError with the column, the row and the value.
        """
        received = whole_column(receive_time, "receive_time", file)
        n = len(received)
        event = received if event_time is None else whole_column(event_time, "event_time", file)
        origin = whole_column(source, "source", file)
        given = {"price": price, "bid": bid, "ask": ask, "volume": volume}
        numbers = {name: np.full(n, np.nan) if column is None else number_column(column, name, file) for name, column in given.items()}
        numbers |= {name: number_column(column, name, file) for name, column in (("confidence", confidence), ("trade_size", trade_size)) if column is not None}
        for name, column in (("event_time", event), ("source", origin), *numbers.items()):
            check_length(len(column), n, name, file)
        check_times(received, "receive_time", file)
        check_times(event, "event_time", file)
        check_arrival(received, "receive_time", file)
        refuse((origin < 0) | (origin >= (2**31 - 1 if sources is None else sources)), origin, "must be a position in the list of sources", "source", file)
        return cls(received, event, origin.astype(np.int32), **numbers, book=None if book is None else book.checked(n, file=file))


def _joined(parts: Sequence[Quotes], name: str) -> Any:  # noqa: ANN401 - the column's own type, or None where no part has it
    columns = [getattr(part, name) for part in parts]
    if all(column is None for column in columns):
        return None
    return np.concatenate([np.full(len(part), np.nan) if column is None else column for part, column in zip(parts, columns, strict=True)])


def invalid_price(price: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which prices are no finite number above 0 (null among them)."""
    return ~(np.isfinite(price) & (price > 0))


def valid_book(quotes: Quotes) -> NDArray[np.bool_]:
    """Say which observations carry both sides of a book that is positive, finite and not crossed (bid <= ask)."""
    return ~invalid_price(quotes.bid) & ~invalid_price(quotes.ask) & ~(quotes.bid > quotes.ask)


def valid_quotes(quotes: Quotes, *, uses_book: bool) -> NDArray[np.bool_]:
    """Say which observations are valid in the plan's sense.

    A finite price above 0, no crossed book, no one-sided or non-positive book, an event time at most 1 s ahead of the receive time. Where
    the target prices from the book alone (`uses_book`), a null price beside a good book is valid.
    """
    no_book = np.isnan(quotes.bid) & np.isnan(quotes.ask)
    good_book = valid_book(quotes)
    good_price = ~invalid_price(quotes.price)
    if uses_book:
        good_price |= np.isnan(quotes.price) & good_book
    return good_price & (no_book | good_book) & (quotes.event_time - quotes.receive_time <= MAX_AHEAD_US)


# `fields` keeps the tuples above honest: a column added to the class must be named there too
if tuple(field.name for field in fields(Quotes)) != (*COLUMNS, *OPTIONAL_COLUMNS, "book"):  # pragma: no cover
    message = "COLUMNS, OPTIONAL_COLUMNS and the book must name the fields of Quotes in order"
    raise AssertionError(message)
