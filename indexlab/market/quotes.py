"""Quotes: what the sources said, as columns, validated once on the way in."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from indexlab.market.errors import InputError
from indexlab.market.times import LATEST_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["COLUMNS", "MAX_AHEAD_US", "Quotes", "invalid_price", "valid_book", "valid_quotes"]

COLUMNS = ("receive_time", "event_time", "source", "price", "bid", "ask", "volume")
MAX_AHEAD_US = 1_000_000
"""An event time further ahead of its receive time than this (1 s) makes an observation invalid."""


@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """Observations as columns of equal length, sorted by receive time, ties in order of arrival.

    `receive_time` and `event_time` are int64 microseconds; `source` int32, the position in the basket; `price`, `bid`, `ask` (quote
    currency) and `volume` (base units since the source's previous observation) are float64 with NaN for null.
    """

    receive_time: NDArray[np.int64]
    event_time: NDArray[np.int64]
    source: NDArray[np.int32]
    price: NDArray[np.float64]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    volume: NDArray[np.float64]

    def __len__(self) -> int:
        """Return how many observations there are."""
        return len(self.receive_time)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Quotes:
        """Return the given rows, in the order given."""
        return Quotes(*(getattr(self, name)[rows] for name in COLUMNS))

    def with_columns(self, **columns: NDArray[np.generic]) -> Quotes:
        """Return a copy with some columns replaced; the order of rows is the caller's care."""
        return replace(self, **columns)  # type: ignore[arg-type]

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
        """Say whether both are the same to the bit (NaN equals NaN)."""
        return all(getattr(self, name).tobytes() == getattr(other, name).tobytes() for name in COLUMNS)

    @classmethod
    def empty(cls) -> Quotes:
        """Return quotes without a row."""
        return cls.from_columns(receive_time=[], source=[], price=[])

    @classmethod
    def concatenate(cls, parts: Sequence[Quotes]) -> Quotes:
        """Return all rows of all parts, sorted by receive time; among equals the earlier part comes first."""
        if not parts:
            return cls.empty()
        joined = cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS))
        return joined.sorted_by_arrival()

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
        sources: int | None = None,
        file: object = None,
    ) -> Quotes:
        """Validate columns once, on the way in; `sources` is the number of sources in the basket.

        Missing optional columns are null; a missing event time is the receive time. Raises InputError with the column, the row and the value.
        """
        received = _whole(receive_time, "receive_time", file)
        n = len(received)
        event = received if event_time is None else _whole(event_time, "event_time", file)
        origin = _whole(source, "source", file)
        numbers = {name: _numbers(given, name, n, file) for name, given in (("price", price), ("bid", bid), ("ask", ask), ("volume", volume))}
        for name, column in (("event_time", event), ("source", origin), *numbers.items()):
            if len(column) != n:
                problem = f"must have as many entries as receive_time ({n}), were {len(column)}"
                raise InputError(problem, file=file, key=name)
        for name, times in (("receive_time", received), ("event_time", event)):
            _refuse((times < 0) | (times > LATEST_US), times, f"must be microseconds since 1970 up to {LATEST_US}", name, file)
        if n > 1:
            back = np.concatenate(([False], received[1:] < received[:-1]))
            _refuse(back, received, "must not go back in time", "receive_time", file)
        _refuse((origin < 0) | (origin >= (2**31 - 1 if sources is None else sources)), origin, "must be a position in the list of sources", "source", file)
        return cls(received, event, origin.astype(np.int32), **numbers)


def _whole(given: ArrayLike, name: str, file: object) -> NDArray[np.int64]:
    column = np.asarray(given)
    if column.size == 0:
        return np.zeros(0, dtype=np.int64)
    if column.ndim != 1 or not np.issubdtype(column.dtype, np.integer):
        problem = f"must be a list of whole numbers, was {column.dtype}"
        raise InputError(problem, file=file, key=name)
    return column.astype(np.int64)


def _numbers(given: ArrayLike | None, name: str, n: int, file: object) -> NDArray[np.float64]:
    if given is None:
        return np.full(n, np.nan)
    try:
        column = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        problem = "must be a list of numbers or nulls"
        raise InputError(problem, file=file, key=name) from None
    if column.ndim != 1:
        problem = f"must be a list of numbers or nulls, has {column.ndim} dimensions"
        raise InputError(problem, file=file, key=name)
    _refuse(np.isinf(column), column, "must be finite or null", name, file)
    return column


def _refuse(bad: NDArray[np.bool_], column: NDArray[np.generic], rule: str, name: str, file: object) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        problem = f"{rule}, was {column[rows[0]]} in row {rows[0]}"
        raise InputError(problem, file=file, key=name)


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


# `fields` keeps the tuple above honest: a column added to the class must be named there too
if tuple(field.name for field in fields(Quotes)) != COLUMNS:  # pragma: no cover
    message = "COLUMNS must name the fields of Quotes in order"
    raise AssertionError(message)
