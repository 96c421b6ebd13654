"""Writing what a fault says into the stream: values, books, drops and copies, and when each touched quote is received. Nothing else is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from indexlab.faults.fault import Change, Stream
from indexlab.market.errors import HarnessError
from indexlab.market.levels import Levels
from indexlab.market.quotes import COLUMNS, OPTIONAL_COLUMNS, Quotes
from indexlab.market.times import LATEST_US

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.spec import FaultSpec

__all__ = ["after", "check_reach", "check_values"]

_TIMES = ("receive_time", "event_time")
_NOBODY = np.empty(0, dtype=np.int64)


def check_reach(name: str, change: Change, stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> None:
    """Hold a fault to what it may do: it may be a third party's. Raises HarnessError with its name and what it reached for."""
    if not isinstance(change, Change):
        raise HarnessError(f'the fault "{name}" must give a Change, gave {type(change).__name__}')
    quotes, count = stream.quotes, len(change.rows)
    for column, values in change.values.items():
        if column == "source" or column not in (*COLUMNS, *OPTIONAL_COLUMNS) or getattr(quotes, column) is None:
            raise _beyond(name, f"column {column}")
        if len(values) != count:
            raise _beyond(name, f"{count} rows of {len(rows)}, values of length {len(values)}")
    if change.book is not None and (quotes.book is None or len(change.book) != count):
        raise _beyond(name, "column book")
    if change.rows is not rows and not _all_of(change.rows, rows, len(quotes)):
        raise _beyond(name, f"{count} rows of {len(rows)}, some of them not its own")
    if change.copies is not None:
        copied, received = change.copies.rows, change.copies.receive_time
        own = len(copied) == len(received) and bool(np.isin(quotes.source[copied], spec.sources).all())
        if not own or (len(received) and int(received.min()) < spec.start):
            raise _beyond(name, f"{len(copied)} copies, some of other sources or before its window")


def check_values(name: str, change: Change) -> None:
    """Hold a third party's fault to values that a stream of quotes can hold: finite numbers or null, and times from 1970 on. Raises HarnessError."""
    for column, given in change.values.items():
        values = np.asarray(given)
        if column in _TIMES:
            if values.dtype.kind != "i" or bool(((values < 0) | (values > LATEST_US)).any()):
                raise HarnessError(f'the fault "{name}" must give whole microseconds from 0 to {LATEST_US} as {column}')
        elif values.dtype.kind != "f" or bool(np.isinf(values).any()):
            raise HarnessError(f'the fault "{name}" must give finite doubles or NaN as {column}')


def _all_of(some: NDArray[np.intp], rows: NDArray[np.intp], length: int) -> bool:
    if len(some) and not (int(some.min()) >= 0 and int(some.max()) < length):
        return False
    mine = np.zeros(length, dtype=np.bool_)
    mine[rows] = True
    return bool(mine[some].all())


def _beyond(name: str, what: str) -> HarnessError:
    return HarnessError(f'the fault "{name}" reached beyond its rows: {what}')


def after(stream: Stream, change: Change) -> tuple[Stream, NDArray[np.int64]]:
    """Return the stream after a change, and the receive time of each quote it touched: changed, delayed, dropped or sent again."""
    if change.dropped:
        return _without(stream, change.rows)
    left, times = _changed(stream, change)
    if change.copies is None or not len(change.copies.rows):
        return left, times
    return _with_copies(left, stream, change), np.concatenate([times, change.copies.receive_time])


def _changed(stream: Stream, change: Change) -> tuple[Stream, NDArray[np.int64]]:
    quotes, rows = stream.quotes, change.rows
    columns: dict[str, Any] = {}
    touched: NDArray[np.bool_] | None = None
    for name, values in change.values.items():
        column = getattr(quotes, name)
        old = column[rows]
        unlike = values != old
        if column.dtype.kind == "f":
            unlike &= (values == values) | (old == old)  # null is like null  # noqa: PLR0124 - only NaN is unequal to itself
        if not unlike.any():
            continue
        columns[name] = column.copy()
        columns[name][rows] = np.where(unlike, values, old)
        touched = unlike if touched is None else touched | unlike
    if change.book is not None and quotes.book is not None:
        unlike = _unlike_books(quotes.book.take(rows), change.book)
        if unlike.any():
            columns["book"] = _with_books(quotes.book, rows[unlike], change.book.take(unlike))
            touched = unlike if touched is None else touched | unlike
    if touched is None:
        return stream, _NOBODY
    changed = _replaced(quotes, columns)
    times = changed.receive_time[rows if touched.all() else rows[touched]]
    return (_resorted(changed, stream.undisturbed) if "receive_time" in columns else Stream(changed, stream.undisturbed)), times


def _replaced(quotes: Quotes, columns: dict[str, Any]) -> Quotes:
    # as Quotes.with_columns, without looking at every field anew: this runs for every twin
    of = columns.get
    return Quotes(
        of("receive_time", quotes.receive_time),
        of("event_time", quotes.event_time),
        quotes.source,
        of("price", quotes.price),
        of("bid", quotes.bid),
        of("ask", quotes.ask),
        of("volume", quotes.volume),
        of("confidence", quotes.confidence),
        of("trade_size", quotes.trade_size),
        of("book", quotes.book),
    )


def _unlike_books(before: Levels, now: Levels) -> NDArray[np.bool_]:
    """Say which rows have another book, to the bit but for the kind of null."""
    before, now = before.compact(), now.compact()
    unlike: NDArray[np.bool_] = (before.bids != now.bids) | (before.asks != now.asks)
    if not unlike.any():
        other = _differ(before.price, now.price) | _differ(before.size, now.size)
        unlike[np.repeat(np.arange(len(before)), before.counts)[other]] = True
        return unlike
    same = ~unlike
    row = np.repeat(np.arange(len(before)), before.counts)
    mine, theirs = same[row], np.repeat(same, now.counts)
    other = _differ(before.price[mine], now.price[theirs]) | _differ(before.size[mine], now.size[theirs])
    unlike[row[mine][other]] = True
    return unlike


def _differ(old: NDArray[np.float64], new: NDArray[np.float64]) -> NDArray[np.bool_]:
    differ: NDArray[np.bool_] = (old != new) & ~(np.isnan(old) & np.isnan(new))
    return differ


def _with_books(book: Levels, rows: NDArray[np.intp], given: Levels) -> Levels:
    """Return the books with those of `rows` replaced; the levels of the others stay where they are."""
    given = given.compact()
    start, bids, asks = book.start.copy(), book.bids.copy(), book.asks.copy()
    start[rows], bids[rows], asks[rows] = given.start + len(book.price), given.bids, given.asks
    return Levels(start, bids, asks, np.concatenate([book.price, given.price]), np.concatenate([book.size, given.size]))


def _without(stream: Stream, rows: NDArray[np.intp]) -> tuple[Stream, NDArray[np.int64]]:
    if not len(rows):
        return stream, _NOBODY
    keep = np.ones(len(stream.quotes), dtype=np.bool_)
    keep[rows] = False
    return Stream(stream.quotes.take(keep), stream.undisturbed[keep]), stream.undisturbed[rows]


def _with_copies(left: Stream, original: Stream, change: Change) -> Stream:
    """Put the copies behind what arrives with them; a copy's undisturbed time is as far from its row's as its receive time is."""
    if change.copies is None:  # pragma: no cover - the caller has looked
        return left
    rows, received = change.copies.rows, change.copies.receive_time
    copies = original.quotes.take(rows).with_columns(receive_time=received)
    undisturbed = original.undisturbed[rows] + (received - original.quotes.receive_time[rows])
    return _resorted(_joined(left.quotes, copies), np.concatenate([left.undisturbed, undisturbed]))


def _joined(first: Quotes, second: Quotes) -> Quotes:
    columns: dict[str, Any] = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in COLUMNS}
    for name in OPTIONAL_COLUMNS:
        column = getattr(first, name)
        columns[name] = None if column is None else np.concatenate([column, getattr(second, name)])
    book = None if first.book is None or second.book is None else Levels.concatenate([first.book, second.book])
    return Quotes(**columns, book=book)


def _resorted(quotes: Quotes, undisturbed: NDArray[np.int64]) -> Stream:
    order = np.argsort(quotes.receive_time, kind="stable")
    return Stream(quotes.take(order), undisturbed[order])
