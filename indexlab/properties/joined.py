"""Many runs joined end to end: what each source last said in each of them, sampled in one compiled pass.

The as-of rule is that of `indexlab.market.panel`, over all runs of a stack at once: an audit looks at hundreds of thousands of short runs, and one call for
each would cost more than the work itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from indexlab.market.panel import NEVER_US, Panel, sample_runs
from indexlab.market.quotes import COLUMNS, Quotes, valid_book, valid_quotes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Joined"]


@dataclass(frozen=True, eq=False)
class Joined:
    """The quotes of R runs over the same T publication `times` and N sources; run r is the rows bounds[r] to bounds[r + 1] of `rows`."""

    runs: Sequence[Quotes]
    times: NDArray[np.int64]
    n_sources: int
    by_event: bool
    uses_book: bool

    @cached_property
    def bounds(self) -> NDArray[np.int64]:
        """Where each run begins among the rows, [R + 1]."""
        bounds = np.zeros(len(self.runs) + 1, dtype=np.int64)
        np.cumsum([len(quotes) for quotes in self.runs], out=bounds[1:])
        return bounds

    @cached_property
    def rows(self) -> Quotes:
        """All rows of all runs, one run after another; the columns that are always there."""
        if len(self.runs) == 1:
            return self.runs[0]
        if not self.runs:
            return Quotes.empty()
        columns: dict[str, Any] = {name: _one_after_another([getattr(quotes, name) for quotes in self.runs]) for name in COLUMNS}
        return Quotes(**columns)

    @cached_property
    def alike(self) -> bool:
        """Whether in all runs the same sources spoke at the same times, as validly: twins that differ in prices alone. Then one is sampled for all."""
        count = len(self.runs)
        first = self.runs[0] if count > 1 else Quotes.empty()
        if count < 2 or not all(getattr(quotes, name) is getattr(first, name) for name in ("receive_time", "event_time", "source") for quotes in self.runs):
            return False
        valid = self.all_valid.reshape(count, -1)
        return bool((valid == valid[0]).all())

    @cached_property
    def one(self) -> Joined:
        """The first run alone, which stands for all where they are alike."""
        return Joined(self.runs[:1], self.times, self.n_sources, self.by_event, self.uses_book)

    @cached_property
    def all_valid(self) -> NDArray[np.bool_]:
        """Which rows are valid."""
        return valid_quotes(self.rows, uses_book=self.uses_book)

    @cached_property
    def valid(self) -> tuple[NDArray[np.bool_], ...]:
        """Of each run, which observations are valid."""
        return tuple(np.split(self.all_valid, self.bounds[1:-1])) if self.runs else ()

    @cached_property
    def sampled(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of the newest valid observation and of the last message of any kind, [R, T, N] each, -1 where there is none yet."""
        shape = (len(self.runs), len(self.times), self.n_sources)
        if self.alike:
            first = self.bounds[:-1, None, None]
            newest, latest = (np.where(rows >= 0, rows + first, -1) for rows in self.one.sampled)
            return newest, latest
        newest, latest = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
        rows = self.rows
        sample_runs(rows.receive_time, rows.event_time, rows.source, self.all_valid, self.bounds, self.times, self.by_event, newest, latest)
        return newest, latest

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        """Of each run, its panel, with rows counted from the run's first."""
        newest, latest = self.sampled
        first = self.bounds[:-1, None, None]
        mine = np.where(newest >= 0, newest - first, -1).astype(np.int32)
        last = np.where(latest >= 0, latest - first, -1).astype(np.int32)
        return tuple(Panel(self.times, mine[run], last[run], quotes) for run, quotes in enumerate(self.runs))

    def since_newest(self) -> NDArray[np.int64]:
        """How old the newest valid observation is by the clock chosen, microseconds, NEVER_US where there is none."""
        if self.alike:
            return self._for_all(self.one.since_newest())
        return self._since(self.rows.event_time if self.by_event else self.rows.receive_time, self.sampled[0])

    def since_latest(self) -> NDArray[np.int64]:
        """Microseconds since the last message of any kind was received, NEVER_US where there was none."""
        if self.alike:
            return self._for_all(self.one.since_latest())
        return self._since(self.rows.receive_time, self.sampled[1])

    def _for_all(self, of_one: NDArray[Any]) -> NDArray[Any]:
        return np.broadcast_to(of_one, (len(self.runs), *of_one.shape[1:]))

    def _since(self, stamps: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        if not len(stamps):
            return np.full(rows.shape, NEVER_US, dtype=np.int64)
        return np.where(rows >= 0, self.times[None, :, None] - stamps[rows], NEVER_US)

    def entering(self) -> NDArray[np.float64]:
        """The newest valid price, or middle of the book for a target that prices from it, [R, T, N]; NaN where there is none."""
        rows = self.rows
        price = np.where(valid_book(rows), (rows.bid + rows.ask) / 2, rows.price) if self.uses_book else rows.price
        return np.append(price, np.nan)[self.sampled[0]]

    def invalid_latest(self) -> NDArray[np.bool_]:
        """Whether the last message of a source was invalid, [R, T, N]; of nothing yet it was not: row -1 falls on the last entry."""
        if self.alike:
            return self._for_all(self.one.invalid_latest())
        return ~np.append(self.all_valid, True)[self.sampled[1]]

    @cached_property
    def keys(self) -> NDArray[np.uint64]:
        """One number a row from all its columns, and 0 at the end: two different rows of a run share one with a chance of 1e-13."""
        rows = self.rows
        keys = np.zeros(len(rows) + 1, dtype=np.uint64)
        with np.errstate(over="ignore"):
            for name in COLUMNS:
                column = np.ascontiguousarray(getattr(rows, name))
                bits = column.astype(np.uint64) if column.dtype == np.int32 else column.view(np.uint64)
                keys[:-1] = (keys[:-1] ^ bits) * np.uint64(0x9E3779B97F4A7C15)
                keys[:-1] ^= keys[:-1] >> np.uint64(29)
        return keys

    def told(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """The keys of the newest valid and of the last message, [R, T, N] each; 0 where there is none yet."""
        newest, latest = self.sampled
        return self.keys[newest], self.keys[latest]


def _one_after_another(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    # twins often share a column: it is then repeated, which takes no look at each of them
    first = columns[0]
    return np.tile(first, len(columns)) if all(column is first for column in columns) else np.concatenate(columns)
