"""Injecting faults into quotes: one after the other, each on the stream that the former left, and an account of what was touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Change, Fault, Stream
from indexlab.faults.registry import fault
from indexlab.faults.spec import FaultSpec, checked_spec
from indexlab.market.errors import HarnessError, IndexlabError
from indexlab.market.quotes import COLUMNS, Quotes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexlab.market.source import Basket

__all__ = ["Injection", "inject"]


@dataclass(frozen=True, slots=True, eq=False)
class Injection:
    """The broken stream, and what was done to it.

    `touched` counts for each spec the quotes that it changed, delayed or dropped (a value that stays what it was is not touched); `touched_total` is their sum.
    `first` and `last` are the earliest and latest receive time of such a quote, microseconds: of a delayed one the new time, of a dropped
    one the undisturbed time; None where nothing was touched.
    """

    quotes: Quotes
    touched: tuple[int, ...]
    touched_total: int
    first: int | None
    last: int | None


def inject(quotes: Quotes, specs: Sequence[FaultSpec], basket: Basket) -> Injection:
    """Apply the specs in order; what touches nothing returns the very same quotes. Raises InputError for a spec that does not fit."""
    stream = Stream(quotes, quotes.receive_time)
    touched: list[int] = []
    moments: list[int] = []
    for spec in specs:
        checked_spec(spec, basket)
        kind = fault(spec.fault)
        inside = _inside(stream, spec, len(basket))
        if spec.intensity == 0 or not inside.any():
            touched.append(0)
            continue
        stream, times = _after(stream, _change(kind, stream, inside, spec))
        touched.append(len(times))
        if len(times):
            moments += (int(times.min()), int(times.max()))
    return Injection(stream.quotes, tuple(touched), sum(touched), min(moments, default=None), max(moments, default=None))


def _inside(stream: Stream, spec: FaultSpec, n_sources: int) -> NDArray[np.bool_]:
    """Say which quotes are of the chosen sources and have their undisturbed receive time inside the window."""
    selected = np.zeros(n_sources, dtype=np.bool_)
    selected[list(spec.sources)] = True
    inside = selected[stream.quotes.source]
    inside &= stream.undisturbed >= spec.start
    if spec.end is not None:
        inside &= stream.undisturbed < spec.end
    return inside


def _change(kind: Fault, stream: Stream, inside: NDArray[np.bool_], spec: FaultSpec) -> Change:
    """Ask the fault, and hold it to what it may do: it may be a third party's."""
    rows = np.flatnonzero(inside)
    try:
        change = kind.apply(stream, rows, spec)
    except IndexlabError:
        raise
    except Exception as error:
        problem = f'the fault "{kind.name}" failed: {type(error).__name__}: {error}'
        raise HarnessError(problem) from error
    unknown = [name for name in change.values if name not in COLUMNS or name == "source"]
    lengths = {len(column) for column in change.values.values()} - {len(change.rows)}
    allowed = change.rows is rows or bool(inside[change.rows].all())
    if unknown or lengths or not allowed:
        problem = f'the fault "{kind.name}" reached beyond its rows: ' + (
            f"column {unknown[0]}" if unknown else f"{len(change.rows)} rows of {len(rows)}, values of length {sorted(lengths)}"
        )
        raise HarnessError(problem)
    return change


def _after(stream: Stream, change: Change) -> tuple[Stream, NDArray[np.int64]]:
    """Return the stream after a change, and the receive time of each quote it touched."""
    if change.dropped:
        return _without(stream, change.rows)
    quotes, columns = stream.quotes, {}
    differs = np.zeros(len(change.rows), dtype=np.bool_)
    for name, values in change.values.items():
        column = getattr(quotes, name)
        old = column[change.rows]
        unlike = values != old
        unlike &= (values == values) | (old == old)  # null is like null  # noqa: PLR0124 - only NaN is unequal to itself
        if unlike.any():
            columns[name] = column.copy()
            columns[name][change.rows[unlike]] = values[unlike]
            differs |= unlike
    if not columns:
        return stream, np.empty(0, dtype=np.int64)
    changed = quotes.with_columns(**columns)
    times = changed.receive_time[change.rows[differs]]
    return (_resorted(changed, stream.undisturbed) if "receive_time" in columns else Stream(changed, stream.undisturbed)), times


def _without(stream: Stream, rows: NDArray[np.intp]) -> tuple[Stream, NDArray[np.int64]]:
    if not len(rows):
        return stream, np.empty(0, dtype=np.int64)
    keep = np.ones(len(stream.quotes), dtype=np.bool_)
    keep[rows] = False
    return Stream(stream.quotes.take(keep), stream.undisturbed[keep]), stream.undisturbed[rows]


def _resorted(quotes: Quotes, undisturbed: NDArray[np.int64]) -> Stream:
    order = np.argsort(quotes.receive_time, kind="stable")
    return Stream(quotes.take(order), undisturbed[order])
