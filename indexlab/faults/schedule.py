"""When a fault acts: which rows lie in its windows, where the window of each began, and the draw of probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.faults.fault import uniform
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec
    from indexlab.market.quotes import Quotes

__all__ = ["OPEN_SPAN_US", "SourceIndex", "began", "by_window", "draw_of", "into_window", "progress", "rows_inside", "source_index", "span_us"]

OPEN_SPAN_US: Final = 60 * SECOND
"""What counts as the length of a window without an end, for faults that have a shape in time: a minute."""


@dataclass(frozen=True, slots=True, eq=False)
class SourceIndex:
    """Of quotes: the rows of each source (intp, in order of arrival) and their receive times (int64 microseconds). It makes injecting into one source cheap."""

    quotes: Quotes
    rows: tuple[NDArray[np.intp], ...]
    times: tuple[NDArray[np.int64], ...]


def source_index(quotes: Quotes, n_sources: int) -> SourceIndex:
    """Return the index of quotes of `n_sources` sources: made once for a market, it serves every twin of it."""
    order = np.argsort(quotes.source, kind="stable")
    ends = np.searchsorted(quotes.source[order], np.arange(1, n_sources))
    rows = tuple(np.split(order, ends))
    return SourceIndex(quotes, rows, tuple(quotes.receive_time[of_one] for of_one in rows))


def span_us(spec: FaultSpec) -> int:
    """Return the length of the window, a minute where it has no end; at least 1 microsecond."""
    return OPEN_SPAN_US if spec.end is None else max(spec.end - spec.start, 1)


def began(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> int | NDArray[np.int64]:
    """Return when the window began in which each row lies, int64 microseconds; one number for all where there is one window for all."""
    if spec.every is None and not spec.stagger:
        return spec.start
    first = spec.start + _shifts(spec)[stream.quotes.source[rows]]
    if spec.every is None:
        return first
    return first + (stream.undisturbed[rows] - first) // spec.every * spec.every


def into_window(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> NDArray[np.int64]:
    """Return how long after the beginning of its window each row would have been received undisturbed, microseconds."""
    return stream.undisturbed[rows] - began(stream, rows, spec)


def by_window(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Iterator[tuple[NDArray[np.intp], int, int]]:
    """Give for each source and window of it: the places of its rows in `rows` (in order of arrival), the source, and when the window began."""
    if len(spec.sources) == 1 and spec.every is None:
        yield np.arange(len(rows)), spec.sources[0], spec.start
        return
    source = stream.quotes.source[rows]
    start = np.broadcast_to(np.asarray(began(stream, rows, spec), dtype=np.int64), source.shape)
    order = np.lexsort((start, source))
    edges = np.flatnonzero((np.diff(source[order]) != 0) | (np.diff(start[order]) != 0)) + 1
    for places in np.split(order, edges):
        yield places, int(source[places[0]]), int(start[places[0]])


def draw_of(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> NDArray[np.intp]:
    """Return the rows that the fault's probability hits: one draw holds for `burst` quotes of a source in the mean."""
    if spec.probability >= 1:
        return rows
    hit = uniform(stream, rows, spec, "probability") < spec.probability
    if spec.burst > 1:
        fresh = uniform(stream, rows, spec, "burst") < 1 / spec.burst
        for source in np.unique(stream.quotes.source[rows]):
            places = np.flatnonzero(stream.quotes.source[rows] == source)
            drawn = fresh[places]
            drawn[0] = True
            last_drawn = np.maximum.accumulate(np.where(drawn, np.arange(len(places)), 0))
            hit[places] = hit[places][last_drawn]
    return rows[hit]


def rows_inside(stream: Stream, spec: FaultSpec, index: SourceIndex | None) -> NDArray[np.intp]:
    """Return the rows of the chosen sources whose undisturbed receive time lies in a window, in order of arrival.

    `index` is that of the very quotes that the stream began as; it is used as long as no row has moved.
    """
    if index is not None and len(spec.sources) == 1 and stream.undisturbed is index.quotes.receive_time:
        (source,) = spec.sources
        times, rows = index.times[source], index.rows[source]
        low = int(times.searchsorted(spec.start))
        high = len(times) if spec.end is None or spec.every is not None else int(times.searchsorted(spec.end))
        rows = rows[low:high]
    else:
        rows = _without_index(stream, spec)
    if spec.every is not None or spec.stagger:
        rows = _scheduled(stream, rows, spec)
    return rows


def _without_index(stream: Stream, spec: FaultSpec) -> NDArray[np.intp]:
    source, times = stream.quotes.source, stream.undisturbed
    if len(spec.sources) == 1:
        inside = source == spec.sources[0]
    elif spec.sources:
        selected = np.zeros(max(spec.sources) + 1, dtype=np.bool_)
        selected[list(spec.sources)] = True
        inside = selected[np.minimum(source, len(selected) - 1)] & (source < len(selected))
    else:
        return np.empty(0, dtype=np.intp)
    inside &= times >= spec.start
    if spec.end is not None and spec.every is None and not spec.stagger:
        inside &= times < spec.end
    return np.flatnonzero(inside)


def _scheduled(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> NDArray[np.intp]:
    times = stream.undisturbed[rows]
    since = times - spec.start - _shifts(spec)[stream.quotes.source[rows]]
    inside = since >= 0
    if spec.every is not None:
        since %= spec.every
    if spec.end is not None:
        inside &= since < spec.end - spec.start
    if spec.until is not None:
        inside &= times < spec.until
    return rows[inside]


def _shifts(spec: FaultSpec) -> NDArray[np.int64]:
    """Return by position in the basket how much later than the first one's a source's windows begin."""
    shifts = np.zeros(max(spec.sources, default=0) + 1, dtype=np.int64)
    shifts[list(spec.sources)] = spec.stagger * np.arange(len(spec.sources), dtype=np.int64)
    return shifts


def progress(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> NDArray[np.float64]:
    """Return how much of its window has passed when each row would have been received undisturbed: 0 at the beginning, at most 1."""
    return np.minimum(into_window(stream, rows, spec) / span_us(spec), 1.0)
