"""Determinations of a market of any length: quotes come in piece by piece and determinations go out piece by piece, within bounded memory.

The same to the bit as one `determine` over everything, for every declaration. Of what was heard, those rows are held that a rule may look at again: its
window's (input.price = "vwap" or "tvwap", weights.kind = "volume", aggregation "partitions") or the newest of each source ("votes", "order-book", weights
"traded"). Memory is bounded by a piece and such a window, not by the run. Only for weights by volume is all held that comes between two publications, or
before the first: their sum must take in each amount, and give it back, in the order of one run.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.index.blending import blended
from indexlab.index.bringing import notes_of
from indexlab.index.catalogue import preset
from indexlab.index.determination import Determinations
from indexlab.index.engine import Course, checked_times
from indexlab.index.stream_file import DeterminationsFile
from indexlab.market.errors import InputError
from indexlab.market.quote_pieces import ROWS_AT_ONCE, quote_pieces
from indexlab.market.quotes import Quotes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from indexlab.index.rules import Declaration
    from indexlab.market.rates import Rates
    from indexlab.market.source import Basket

__all__ = ["determine_parquet", "determined"]

_CELLS_AT_ONCE: Final = 1 << 19
"""So many cells (publications times sources) are determined at once, at most: 30 MB of arrays."""


def determine_parquet(
    declaration: Declaration, basket: Basket, quotes_path: Path, times: NDArray[np.int64], out_path: Path, *, rows_at_once: int = ROWS_AT_ONCE
) -> None:
    """Determine from one Parquet file into another, reading `rows_at_once` rows at a time.

    `quotes_path` is as a fixture's quotes.parquet (see `quote_pieces`); `out_path` appears whole or not at all, and replaces what was there (see
    `stream_file`; the notes of the determinations are not in it). Ten million rows of eight sources take less than 2 GiB, and most rules a fifth of that.
    Raises InputError that names the file where it is not right, goes back in time or names a source that is not in the basket, and where times or weights do
    not fit.
    """
    if Path(out_path).absolute() == Path(quotes_path).absolute():
        problem = "must be another file than that of the quotes"
        raise InputError(problem, file=out_path)
    with DeterminationsFile(out_path, basket, votes=declaration.aggregation.rule == "votes") as file:
        done = 0
        for found in determined(declaration, basket, quote_pieces(quotes_path, basket, rows_at_once=rows_at_once), times):
            file.add(times[done : done + len(found.value)], found)
            done += len(found.value)


def determined(
    declaration: Declaration, basket: Basket, pieces: Iterable[Quotes], times: NDArray[np.int64], rates: Rates | None = None, *, detail: bool = True
) -> Iterator[Determinations]:
    """Give the determinations of one run at `times` piece by piece: one after another they are those of `determine`, to the bit.

    `pieces` are the run's quotes in their order, of any length; each is asked for when those before it are determined and may be forgotten. A publication comes
    as soon as a later quote shows that nothing is missing. There is at least one piece, perhaps without a publication; its notes are of all that was heard, so
    that the last piece's are the run's. Raises InputError where `determine` would, and where a piece goes back in time.
    """
    times = checked_times(times)
    going = _Going(declaration, basket)
    most, done, told = max(1, _CELLS_AT_ONCE // max(1, len(basket))), 0, None
    for quotes, due in _steps(pieces, times, most):
        done += len(due)
        found = going.go(quotes, due, rates, detail=detail, over=done == len(times))
        if len(due):
            told = found.notes
            yield found
    if told != going.notes:
        yield going.go(Quotes.empty(), times[:0], rates, detail=detail, over=True)


def _steps(pieces: Iterable[Quotes], times: NDArray[np.int64], most: int) -> Iterator[tuple[Quotes, NDArray[np.int64]]]:
    """Give quotes with the publications, `most` at once, that are due once they are heard and before the next ones are."""
    done, last = 0, -1
    for quotes in pieces:
        if not len(quotes):
            continue
        received = quotes.receive_time
        if int(received[0]) < last:
            problem = f"must not go back in time from one piece to the next, was {received[0]} after {last}"
            raise InputError(problem, key="receive_time")
        last = int(received[-1])
        begin, covered = 0, int(np.searchsorted(times, last, side="left"))  # more may come at the last moment itself
        while done < covered:
            after = min(done + most, covered)
            end = int(np.searchsorted(received, times[after - 1], side="right"))
            yield _between(quotes, begin, end), times[done:after]
            begin, done = end, after
        yield _between(quotes, begin, len(quotes)), times[:0]
    for begin in range(done, len(times), most):
        yield Quotes.empty(), times[begin : begin + most]


def _between(quotes: Quotes, begin: int, end: int) -> Quotes:
    return quotes if end - begin == len(quotes) else _taken(quotes, np.arange(begin, end))


def _taken(quotes: Quotes, rows: NDArray[np.int64]) -> Quotes:
    """Return rows with the levels of their own books alone: others' would be held for as long as they are."""
    taken = quotes.take(rows)
    return taken if taken.book is None else taken.with_columns(book=taken.book.compact())


class _Going:
    """One run that goes on, beside it that of the methodology that it blends from, and the rows that may be looked at again."""

    def __init__(self, declaration: Declaration, basket: Basket) -> None:
        self._declaration, self._n_sources = declaration, len(basket)
        self._course = Course(declaration, basket)
        self._old = None if declaration.blend is None else _Going(preset(declaration.blend.old), basket)
        self._kept = Quotes.empty()
        self._notes: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is said of all that was heard."""
        return self._notes if self._old is None else tuple(dict.fromkeys((*self._notes, *self._old.notes)))

    def go(self, quotes: Quotes, times: NDArray[np.int64], rates: Rates | None, *, detail: bool, over: bool) -> Determinations:
        """Hear quotes and publish at `times`, if any; `over`: nothing will be published after that."""
        self._notes = tuple(dict.fromkeys((*self._notes, *notes_of(self._declaration, quotes))))
        together, heard = Quotes.concatenate([self._kept, quotes]) if len(self._kept) else quotes, len(self._kept)
        self._kept = Quotes.empty()  # a long window is not held twice
        if len(times):
            found = self._course.proceed([together], times, rates, detail=detail, heard=heard)[0]
        else:
            found = self._nothing(detail=detail)
            if not over:
                self._course.hear(together, heard)
        if not over:
            self._kept = _taken(together, self._course.needed(together))
        found = replace(found, notes=self._notes)
        if self._old is None or self._declaration.blend is None:
            return found
        return blended(self._declaration.blend, times, self._old.go(quotes, times, rates, detail=detail, over=over), found)

    def _nothing(self, *, detail: bool) -> Determinations:
        """Return the determinations of no publication."""
        wide = np.empty(0) if self._declaration.aggregation.rule == "votes" else None
        if not detail:
            return Determinations(np.empty(0), np.empty(0, dtype=np.int8), confidence=wide)
        shape = (0, self._n_sources)
        return Determinations(np.empty(0), np.empty(0, dtype=np.int8), np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int8), confidence=wide)
