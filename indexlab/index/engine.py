"""The engine: determinations of a declaration at speed, for one run or for thousands at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.index.determination import Determinations
from indexlab.index.entering import enter, entering_price
from indexlab.index.kernel import STATE_WIDTH, determine_rows, rules_of
from indexlab.index.rules import NO_BOOK_NOTE
from indexlab.market.errors import InputError
from indexlab.market.quotes import COLUMNS, Quotes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from indexlab.index.rules import Declaration
    from indexlab.market.source import Basket

__all__ = ["determine", "determine_batch"]

_LAYOUT: Final = ("C", "W")
"""What the kernels are compiled for: a strided or read-only column is copied, else Numba would compile them anew for it."""
_CELLS_AT_ONCE: Final = 1 << 16
"""So many cells (publications times sources) of whole runs are worked on at once: they stay in the cache, and memory is bounded.

What comes out does not depend on it.
"""


def determine(declaration: Declaration, basket: Basket, quotes: Quotes, times: NDArray[np.int64], *, detail: bool = True) -> Determinations:
    """Return the determinations of one run at `times` (int64 microseconds, not decreasing), from an empty state.

    With `detail` they carry effective weights, entered prices and reasons. Raises InputError where quotes, times or weights do not fit the basket.
    """
    return determine_batch(declaration, basket, [quotes], times, detail=detail)[0]


def determine_batch(
    declaration: Declaration, basket: Basket, runs: Sequence[Quotes], times: NDArray[np.int64], *, detail: bool = False
) -> list[Determinations]:
    """Return the determinations of many runs that share basket and times, each from an empty state: the same as `determine` of each."""
    times = np.require(times, np.int64, _LAYOUT)
    if len(times) > 1 and bool(np.any(times[1:] < times[:-1])):
        problem = "must not go back in time"
        raise InputError(problem, key="times")
    weights = _scaled(declaration.weights_for(basket))
    found: list[Determinations] = []
    for part in _parts(runs, max(1, _CELLS_AT_ONCE // max(1, len(times) * len(basket)))):
        found.extend(_determine_together(declaration, weights, part, times, detail=detail))
    return found


def _parts(runs: Sequence[Quotes], size: int) -> Iterator[Sequence[Quotes]]:
    for first in range(0, len(runs), size):
        yield runs[first : first + size]


def _scaled(given: tuple[float, ...]) -> NDArray[np.float64]:
    """Scale weights by a power of two, which loses no bit, to a sum of at most 1: then no weighted sum overflows."""
    weights = np.array(given, dtype=np.float64)
    _, exponent = np.frexp(weights.max(initial=0.0))
    return np.ldexp(weights, -(int(exponent) + len(given).bit_length()))


def _determine_together(
    declaration: Declaration, weights: NDArray[np.float64], runs: Sequence[Quotes], times: NDArray[np.int64], *, detail: bool
) -> list[Determinations]:
    n_sources, rows = len(weights), len(runs) * len(times)
    joined, bounds = _joined(runs)
    if len(joined) and (int(joined.source.min()) < 0 or int(joined.source.max()) >= n_sources):
        problem = f"must be a position in the list of {n_sources} sources"
        raise InputError(problem, key="source")
    entered = enter(declaration, joined, entering_price(declaration, joined), bounds, times, n_sources)
    value, status = np.empty(rows), np.empty(rows, dtype=np.int8)
    shape = (rows if detail else 0, n_sources)
    weight, used, reason = np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int8)
    state = np.full((len(runs), STATE_WIDTH), np.nan)
    determine_rows(rules_of(declaration), weights, *entered, len(times), state, detail, value, status, weight, used, reason)
    found = []
    for run, quotes in enumerate(runs):
        here, notes = slice(run * len(times), (run + 1) * len(times)), _notes(declaration, quotes)
        if detail:
            found.append(Determinations(value[here], status[here], weight[here], used[here], reason[here], notes))
        else:
            found.append(Determinations(value[here], status[here], notes=notes))
    return found


def _joined(runs: Sequence[Quotes]) -> tuple[Quotes, NDArray[np.int64]]:
    bounds = np.zeros(len(runs) + 1, dtype=np.int64)
    np.cumsum([len(quotes) for quotes in runs], out=bounds[1:])
    if len(runs) == 1:
        return Quotes(*(np.require(getattr(runs[0], name), requirements=_LAYOUT) for name in COLUMNS)), bounds
    return Quotes(*(np.concatenate([getattr(quotes, name) for quotes in runs]) for name in COLUMNS)), bounds


def _notes(declaration: Declaration, quotes: Quotes) -> tuple[str, ...]:
    if declaration.input.price != "mid":
        return ()
    return (NO_BOOK_NOTE,) if bool(np.any(np.isnan(quotes.bid) & np.isnan(quotes.ask) & ~np.isnan(quotes.price))) else ()
