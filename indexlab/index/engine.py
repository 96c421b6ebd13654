"""The engine: determinations of a declaration at speed, for one run or for thousands at once."""

from __future__ import annotations

from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from indexlab.index.blending import blended
from indexlab.index.bringing import notes_of
from indexlab.index.carrying import hear, needed
from indexlab.index.catalogue import preset
from indexlab.index.determination import Determinations
from indexlab.index.entering import new_memory
from indexlab.index.kernel import determine_rows, new_state
from indexlab.index.kernel_rules import few_of, rules_of
from indexlab.index.panels import LAYOUT, Carried, own_position, panel_of, static_of
from indexlab.index.windows import new_sums
from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from indexlab.index.entering import Memory
    from indexlab.index.rules import Declaration
    from indexlab.market.quotes import Quotes
    from indexlab.market.rates import Rates
    from indexlab.market.source import Basket

__all__ = ["Course", "checked_times", "determine", "determine_batch"]

_CELLS_AT_ONCE: Final = 1 << 16
"""So many cells (publications times sources) of whole runs are worked on at once: they stay in the cache, and memory is bounded.

What comes out does not depend on it.
"""


def determine(
    declaration: Declaration, basket: Basket, quotes: Quotes, times: NDArray[np.int64], rates: Rates | None = None, *, detail: bool = True
) -> Determinations:
    """Return the determinations of one run at `times` (int64 microseconds, not decreasing), from an empty state.

    `rates` are the prices of other currencies in the index's. With `detail` they carry effective weights, entered prices and reasons. Raises InputError where
    quotes, times or weights do not fit the basket.
    """
    return determine_batch(declaration, basket, [quotes], times, rates, detail=detail)[0]


def determine_batch(
    declaration: Declaration, basket: Basket, runs: Sequence[Quotes], times: NDArray[np.int64], rates: Rates | None = None, *, detail: bool = False
) -> list[Determinations]:
    """Return the determinations of many runs that share basket, times and rates, each from an empty state: the same as `determine` of each."""
    times = checked_times(times)
    blend = declaration.blend
    if blend is None or (len(times) and times[0] >= blend.at_us + blend.over_us):
        return _together(declaration, basket, runs, times, rates, detail=detail)
    before = _together(_old_rules(blend.old), basket, runs, times, rates, detail=detail)
    if len(times) and times[-1] < blend.at_us:
        return before
    after = _together(declaration, basket, runs, times, rates, detail=detail)
    return [blended(blend, times, old, new) for old, new in zip(before, after, strict=True)]


@cache
def _old_rules(name: str) -> Declaration:
    """Return the preset that another blends from; it is read once."""
    return preset(name)


def _together(
    declaration: Declaration, basket: Basket, runs: Sequence[Quotes], times: NDArray[np.int64], rates: Rates | None, *, detail: bool
) -> list[Determinations]:
    """Determine runs by one methodology, as many at a time as the caches hold."""
    found: list[Determinations] = []
    for part in _parts(runs, max(1, _CELLS_AT_ONCE // max(1, len(times) * len(basket)))):
        found.extend(Course(declaration, basket, len(part)).proceed(part, times, rates, detail=detail))
    return found


def checked_times(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return publication times as the kernels want them. Raises InputError where they go back."""
    times = np.require(times, np.int64, LAYOUT)
    if len(times) > 1 and bool(np.any(times[1:] < times[:-1])):
        problem = "must not go back in time"
        raise InputError(problem, key="times")
    return times


def _parts(runs: Sequence[Quotes], size: int) -> Iterator[Sequence[Quotes]]:
    for first in range(0, len(runs), size):
        yield runs[first : first + size]


class Course:
    """Runs that go on piece by piece: what the rules remember of one piece counts in the next."""

    def __init__(self, declaration: Declaration, basket: Basket, runs: int = 1) -> None:
        """Begin so many runs from an empty state. Raises InputError where the declaration's weights do not fit the basket."""
        self.declaration, self.basket = declaration, basket
        self._static = static_of(declaration, basket)
        self._rules = rules_of(declaration, own_position(declaration, basket))
        self._few = few_of(declaration)
        self._memory: Memory = new_memory(runs, len(basket))
        self._sums = new_sums(runs, len(basket))
        self._state = new_state(runs, len(basket))
        self._last_time: int | None = None

    def proceed(
        self, runs: Sequence[Quotes], times: NDArray[np.int64], rates: Rates | None = None, *, detail: bool = False, heard: int = 0
    ) -> list[Determinations]:
        """Go on with what came since the last piece: one Quotes a run, received up to the last of `times`; return one determination a run.

        Of a single run, the first `heard` rows are those of `needed`: some rules look at rows of earlier pieces again.
        """
        n_sources, rows = len(self.basket), len(runs) * len(times)
        panel = panel_of(self.declaration, self.basket, self._static, runs, times, rates, Carried(self._memory, self._sums, self._last_time, heard))
        value, status = np.empty(rows), np.empty(rows, dtype=np.int8)
        shape = (rows if detail else 0, n_sources)
        weight, used, reason = np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int8)
        votes = self.declaration.aggregation.rule == "votes"
        confidence = np.empty(rows if votes else 0)
        entered = panel.entered
        determine_rows(
            self._rules,
            self._few,
            panel.weights,
            self._static.band,
            self._static.group,
            entered.price,
            entered.age,
            entered.why,
            panel.extra,
            times,
            self._state,
            detail,
            value,
            status,
            confidence,
            weight,
            used,
            reason,
        )
        self._last_time = int(times[-1]) if len(times) else self._last_time
        apart = (len(runs), len(times))
        columns: list[Iterable[Any]] = [value.reshape(apart), status.reshape(apart)]
        columns += [array.reshape(*apart, n_sources) for array in (weight, used, reason)] if detail else [repeat(None)] * 3
        columns += [(notes_of(self.declaration, quotes) for quotes in runs), confidence.reshape(apart) if votes else repeat(None)]
        return [Determinations(*row) for row in zip(*columns, strict=False)]

    def hear(self, quotes: Quotes, heard: int) -> None:
        """Take in what came to a single run, but for the first `heard` rows, where no publication is due yet."""
        hear(self.declaration, quotes, len(self.basket), heard, self._memory)

    def needed(self, quotes: Quotes) -> NDArray[np.int64]:
        """Return which rows of a single run's last piece, all of them heard, later publications may look at again: they must begin its next piece."""
        return needed(self.declaration, quotes, self._memory, self._last_time)
