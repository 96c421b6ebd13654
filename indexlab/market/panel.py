"""The panel: what each source last said, and how old it is by both clocks, at each publication time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from indexlab.market.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.market.quotes import Quotes

__all__ = ["NEVER_US", "Clock", "Panel", "sample", "sample_runs"]

Clock: TypeAlias = Literal["event", "receive"]
NEVER_US: Final = 2**62
"""The age of a source that has said nothing yet (int64 microseconds)."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """An as-of sample of quotes at `times`; shapes [times] and [times, sources].

    `newest` is the row of the newest valid observation received at or before each time (-1: none yet); `latest` the row of the last message of
    any kind. Newest is by event time, the later arrival among equals; with the receive clock it is the last received.
    """

    times: NDArray[np.int64]
    newest: NDArray[np.int32]
    latest: NDArray[np.int32]
    quotes: Quotes

    def of_newest(self, column: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a float column of the quotes at the newest rows, NaN where there is none."""
        if not len(column):
            return np.full(self.newest.shape, np.nan)
        return np.where(self.newest >= 0, column[self.newest], np.nan)

    @property
    def price(self) -> NDArray[np.float64]:
        """The newest valid price, [times, sources], NaN where there is none."""
        return self.of_newest(self.quotes.price)

    def age(self, clock: Clock) -> NDArray[np.int64]:
        """How old the newest valid observation is by one clock, microseconds, NEVER_US where there is none."""
        return self._since(self.quotes.event_time if clock == "event" else self.quotes.receive_time, self.newest)

    def silence(self) -> NDArray[np.int64]:
        """Microseconds since the last message of any kind was received, NEVER_US where there was none."""
        return self._since(self.quotes.receive_time, self.latest)

    def _since(self, stamps: NDArray[np.int64], rows: NDArray[np.int32]) -> NDArray[np.int64]:
        if not len(stamps):
            return np.full(rows.shape, NEVER_US, dtype=np.int64)
        return np.where(rows >= 0, self.times[:, None] - stamps[rows], NEVER_US)


def sample(quotes: Quotes, times: NDArray[np.int64], n_sources: int, valid: NDArray[np.bool_], clock: Clock) -> Panel:
    """Sample the quotes at publication times (sorted, int64 microseconds); `valid` says which observations may count.

    What arrives late never replaces what is newer by event time; with the receive clock the last received counts.
    """
    shape = (1, len(times), n_sources)
    newest, latest = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
    bounds = np.array([0, len(quotes)], dtype=np.int64)
    sample_runs(quotes.receive_time, quotes.event_time, quotes.source, valid, bounds, times, clock == "event", newest, latest)
    return Panel(times, newest[0].astype(np.int32), latest[0].astype(np.int32), quotes)


@compiled
def sample_runs(  # noqa: PLR0913, PLR0917 - a compiled loop takes its arrays one by one
    receive: NDArray[np.int64],
    event: NDArray[np.int64],
    source: NDArray[np.int32],
    valid: NDArray[np.bool_],
    bounds: NDArray[np.int64],
    times: NDArray[np.int64],
    by_event: bool,  # noqa: FBT001 - Numba takes no keywords here
    newest: NDArray[np.int64],
    latest: NDArray[np.int64],
) -> None:
    """Sample many runs at the same times; run r is the rows bounds[r] to bounds[r + 1]. Write the rows, counted over all runs, into [runs, times, sources]."""
    n = newest.shape[2]
    best, last = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    for run in range(len(bounds) - 1):
        best[:] = -1
        last[:] = -1
        row, end = bounds[run], bounds[run + 1]
        for t in range(len(times)):
            while row < end and receive[row] <= times[t]:
                s = source[row]
                last[s] = row
                if valid[row] and (best[s] < 0 or not by_event or event[row] >= event[best[s]]):
                    best[s] = row
                row += 1
            for s in range(n):
                newest[run, t, s] = best[s]
                latest[run, t, s] = last[s]
