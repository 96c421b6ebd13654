"""Injecting into many twins of one market at once: what `inject` gives for each, bit for bit, at a fraction of its cost for the plainest faults.

A sweep is thousands of twins that differ in one source, one size and one window. Where a twin is broken by one fault that only multiplies prices, a compiled
loop writes all of them in one pass; every other twin goes to `inject`. A test holds the two to each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.faults.inject import Injection, inject
from indexlab.faults.scaling import LARGEST, SMALLEST
from indexlab.faults.schedule import source_index
from indexlab.faults.sizes import decimal_shift, value_factor
from indexlab.faults.spec import FaultSpec, checked_spec
from indexlab.market.compiled import compiled
from indexlab.market.errors import HarnessError
from indexlab.market.quotes import Quotes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from indexlab.faults.schedule import SourceIndex
    from indexlab.market.source import Basket

__all__ = ["inject_many"]

_FEWEST: Final = 4
"""For fewer twins the loop is not worth its set-up."""


def _sized(spec: FaultSpec) -> float:
    return value_factor(spec.intensity, spec.direction)


def _shifted(spec: FaultSpec) -> float:
    digits = decimal_shift(spec.intensity)
    return float(10.0 ** (digits if spec.direction == "up" else -digits))


_FACTORS: Final[dict[str, Callable[[FaultSpec], float]]] = {"level": _sized, "spike": _sized, "decimal": _shifted}
_FIRST_ALONE: Final = frozenset({"spike"})


def inject_many(quotes: Quotes, lists: Sequence[Sequence[FaultSpec]], basket: Basket) -> tuple[Injection, ...]:
    """Return one injection for each list of faults, the same as `inject` gives, or with its `failure`. Raises InputError for a spec that does not fit."""
    index = source_index(quotes, len(basket))
    plain = [k for k, specs in enumerate(lists) if len(specs) == 1 and _is_plain(specs[0])]
    bare = quotes.confidence is None and quotes.trade_size is None and quotes.book is None
    if len(plain) < _FEWEST or not len(quotes) or not bare:
        return tuple(_injected(quotes, specs, basket, index) for specs in lists)
    made = dict(zip(plain, _scaled_all(quotes, [checked_spec(lists[k][0], basket) for k in plain], len(basket)), strict=True))
    return tuple(made[k] if k in made else _injected(quotes, specs, basket, index) for k, specs in enumerate(lists))


def _injected(quotes: Quotes, specs: Sequence[FaultSpec], basket: Basket, index: SourceIndex) -> Injection:
    """Inject, or, where a third party's fault fails, leave this twin whole and say so: it is nobody else's failure."""
    try:
        return inject(quotes, specs, basket, index=index)
    except HarnessError as error:
        return Injection(quotes, (0,) * len(specs), 0, None, None, str(error))


def _is_plain(spec: FaultSpec) -> bool:
    """Say whether a spec only multiplies prices over one window, with nothing else set."""
    usual = FaultSpec(spec.fault, spec.sources, spec.start, spec.end, spec.intensity, spec.direction, spec.seed)
    return spec.fault in _FACTORS and spec.intensity > 0 and spec == usual


def _scaled_all(quotes: Quotes, specs: Sequence[FaultSpec], n_sources: int) -> list[Injection]:
    count, n = len(specs), len(quotes)
    chosen = np.zeros((count, n_sources), dtype=np.bool_)
    for k, spec in enumerate(specs):
        chosen[k, list(spec.sources)] = True
    received = quotes.receive_time
    begin = np.searchsorted(received, np.array([spec.start for spec in specs], dtype=np.int64))
    open_end = [n if spec.end is None else int(np.searchsorted(received, spec.end)) for spec in specs]
    factor = np.array([_FACTORS[spec.fault](spec) for spec in specs])
    first_alone = np.array([spec.fault in _FIRST_ALONE for spec in specs])
    counts, ends = np.zeros(count, dtype=np.int64), np.full((count, 2), -1, dtype=np.int64)
    booked = quotes.has_book
    columns: list[NDArray[np.float64]] = []
    touched = np.zeros((count, n), dtype=np.bool_)
    for name in ("price", "bid", "ask") if booked else ("price",):
        column = getattr(quotes, name)
        made = np.empty((count, n))
        _scale_rows(column, quotes.source, chosen, begin, np.array(open_end, dtype=np.int64), factor, first_alone, SMALLEST, LARGEST, made, touched)
        columns.append(made)
    _count(touched, received, counts, ends)
    injections = []
    for k in range(count):
        if counts[k] == 0:
            injections.append(Injection(quotes, (0,), 0, None, None))
            continue
        bid, ask = (columns[1][k], columns[2][k]) if booked else (quotes.bid, quotes.ask)
        broken = Quotes(received, quotes.event_time, quotes.source, columns[0][k], bid, ask, quotes.volume)
        injections.append(Injection(broken, (int(counts[k]),), int(counts[k]), int(ends[k, 0]), int(ends[k, 1])))
    return injections


@compiled
def _scale_rows(  # noqa: PLR0913, PLR0917 - a compiled loop takes its arrays one by one
    column: NDArray[np.float64],
    source: NDArray[np.int32],
    chosen: NDArray[np.bool_],
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    factor: NDArray[np.float64],
    first_alone: NDArray[np.bool_],
    smallest: float,
    largest: float,
    made: NDArray[np.float64],
    touched: NDArray[np.bool_],
) -> None:
    n_sources = chosen.shape[1]
    seen = np.empty(n_sources, dtype=np.bool_)
    for k in range(chosen.shape[0]):
        made[k, :] = column
        seen[:] = False
        for row in range(begin[k], end[k]):
            s = source[row]
            if not chosen[k, s] or (first_alone[k] and seen[s]):
                continue
            seen[s] = True
            value = column[row]
            product = value * factor[k]
            size = abs(product)
            if value != 0 and size < smallest:
                product = np.copysign(smallest, value)
            elif size > largest:
                product = np.copysign(largest, value)
            made[k, row] = product
            if not (product == value or (np.isnan(product) and np.isnan(value))):
                touched[k, row] = True


@compiled
def _count(touched: NDArray[np.bool_], received: NDArray[np.int64], counts: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
    for k in range(touched.shape[0]):
        for row in range(touched.shape[1]):
            if touched[k, row]:
                if counts[k] == 0:
                    ends[k, 0] = received[row]
                counts[k] += 1
                ends[k, 1] = received[row]
