"""Injecting faults into quotes: one after the other, each on the stream that the former left, and an account of what was touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexlab.faults.applying import after, check_reach, check_values
from indexlab.faults.fault import Fault, Stream
from indexlab.faults.registry import BUNDLED, fault, fault_names
from indexlab.faults.schedule import SourceIndex, draw_of, rows_inside, source_index
from indexlab.faults.spec import FaultSpec, checked_spec
from indexlab.market.errors import HarnessError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from indexlab.market.quotes import Quotes
    from indexlab.market.source import Basket

__all__ = ["Injection", "SourceIndex", "inject", "source_index"]

_BUNDLED = frozenset(BUNDLED)


@dataclass(frozen=True, slots=True, eq=False)
class Injection:
    """The broken stream, and what was done to it.

    `touched` counts for each spec the quotes that it changed, delayed, dropped or sent again (a value that stays what it was is not touched); `touched_total`
    is their sum. `first` and `last` are the earliest and latest receive time of such a quote, microseconds: of a delayed one the new time, of a dropped
    one the undisturbed time; None where nothing was touched. `failure` says what a third party's fault raised: then nothing was touched.
    """

    quotes: Quotes
    touched: tuple[int, ...]
    touched_total: int
    first: int | None
    last: int | None
    failure: str = ""


def inject(quotes: Quotes, specs: Sequence[FaultSpec], basket: Basket, *, index: SourceIndex | None = None) -> Injection:
    """Apply the specs in order; what touches nothing returns the very same quotes.

    Raises InputError for a spec that does not fit, HarnessError where a fault, a third party's, failed or reached beyond its rows.

    `index`, the `source_index` of these very quotes, spares looking for a source's rows: make it once where many twins are made of one market.
    """
    stream = Stream(quotes, quotes.receive_time)
    of_these = index if index is not None and index.quotes is quotes else None
    touched: list[int] = []
    moments: list[int] = []
    for spec in specs:
        checked_spec(spec, basket)
        kind = _kind(spec.fault)
        if spec.intensity == 0 or spec.probability == 0:
            touched.append(0)
            continue
        rows = draw_of(stream, rows_inside(stream, spec, of_these), spec)
        if not len(rows):
            touched.append(0)
            continue
        stream, times = _after(kind, stream, rows, spec)
        touched.append(len(times))
        if len(times):
            moments += (int(times.min()), int(times.max()))
    return Injection(stream.quotes, tuple(touched), sum(touched), min(moments, default=None), max(moments, default=None))


def _kind(name: str) -> Fault:
    """Return the fault. One that is there and cannot be had is a failure of the package that brings it, and no mistake in the spec."""
    try:
        return fault(name)
    except InputError as error:
        if name in fault_names():
            raise HarnessError(str(error)) from error
        raise


def _after(kind: Fault, stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> tuple[Stream, NDArray[np.int64]]:
    """Ask the fault, hold it to what it may do, and write what it says; whatever goes wrong with it is a HarnessError that names it."""
    try:
        change = kind.apply(stream, rows, spec)
        check_reach(kind.name, change, stream, rows, spec)
        if kind.name not in _BUNDLED:
            check_values(kind.name, change)
        return after(stream, change)
    except HarnessError:
        raise
    except Exception as error:
        problem = f'the fault "{kind.name}" failed: {type(error).__name__}: {error}'
        raise HarnessError(problem) from error
