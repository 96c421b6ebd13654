"""A recorded run: what was sent to a target and what it answered, for a batch of twins. All that a property sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.determination import HELD
from indexlab.market.panel import NEVER_US, Panel, sample
from indexlab.market.quotes import COLUMNS, Quotes, valid_book, valid_quotes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexlab.index.determination import Determinations
    from indexlab.margin.rack import Rack
    from indexlab.market.errors import TargetFailure
    from indexlab.market.source import Basket
    from indexlab.scenarios.expect import Expect
    from indexlab.scenarios.scenario import Batch

__all__ = ["CLEAN", "Run", "Stack", "Trace", "Twin", "Variation"]

CLEAN = -1
"""The number of the clean twin, where broken ones count from 0."""


@dataclass(frozen=True, eq=False)
class Trace:
    """One run of the target: the quotes it was sent and its determinations."""

    quotes: Quotes
    answer: Determinations

    @property
    def value(self) -> NDArray[np.float64]:
        """The index, [times], NaN where there is none."""
        return self.answer.value

    @property
    def status(self) -> NDArray[np.int8]:
        """The status codes, [times]."""
        return self.answer.status

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Where there is no value to act on: held, halted, or no number."""
        return (self.answer.status >= HELD) | np.isnan(self.answer.value)


@dataclass(frozen=True, slots=True)
class Twin:
    """What broke one twin: the positions of its faulty sources, when the first and last disturbed quote came, how many were touched."""

    faulty: frozenset[int]
    first: int | None
    last: int | None
    touched: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Variation:
    """The same run told differently: `kind` says how, `twin` of which run (-1: the clean one), `detail` what a finding should say of it."""

    kind: str
    twin: int
    trace: Trace
    detail: str = ""
    sources: frozenset[int] = frozenset()


class Stack:
    """Runs side by side, and what the plan (not the target) makes of their quotes; arrays are [runs, times] or [runs, times, sources]."""

    def __init__(self, traces: Sequence[Trace], times: NDArray[np.int64], n_sources: int, expect: Expect, *, uses_book: bool) -> None:
        """Keep the runs; everything else is computed when asked for."""
        self.traces, self.times, self.n_sources, self.expect, self.uses_book = tuple(traces), times, n_sources, expect, uses_book

    @cached_property
    def value(self) -> NDArray[np.float64]:
        """Index values, NaN where none is to be acted on (held, halted)."""
        shape = (len(self.traces), len(self.times))
        return np.array([np.where(trace.missing, np.nan, trace.value) for trace in self.traces]).reshape(shape)

    @cached_property
    def status(self) -> NDArray[np.int8]:
        """Status codes."""
        return np.array([trace.status for trace in self.traces], dtype=np.int8).reshape(len(self.traces), len(self.times))

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Where there is no value to act on."""
        return np.isnan(self.value)

    @cached_property
    def valid(self) -> tuple[NDArray[np.bool_], ...]:
        """Of each run, which observations are valid."""
        return tuple(valid_quotes(trace.quotes, uses_book=self.uses_book) for trace in self.traces)

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        """Of each run, its panel by the plan's clock."""
        return tuple(sample(trace.quotes, self.times, self.n_sources, valid, self.expect.clock) for trace, valid in zip(self.traces, self.valid, strict=True))

    def _each(self, arrays: list[NDArray[np.generic]], dtype: type) -> NDArray[np.generic]:
        return np.array(arrays, dtype=dtype).reshape(len(self.traces), len(self.times), self.n_sources)

    @cached_property
    def age(self) -> NDArray[np.int64]:
        """How old each source's newest valid observation is by the plan's clock, microseconds."""
        return self._each([panel.age(self.expect.clock) for panel in self.panels], np.int64)  # type: ignore[return-value]

    @cached_property
    def silence(self) -> NDArray[np.int64]:
        """Microseconds since each source's last message of any kind."""
        return self._each([panel.silence() for panel in self.panels], np.int64)  # type: ignore[return-value]

    @cached_property
    def price(self) -> NDArray[np.float64]:
        """The newest valid price, or middle of the book for a target that prices from it; NaN where there is none."""
        return self._each([panel.of_newest(self._entering(panel.quotes)) for panel in self.panels], np.float64)  # type: ignore[return-value]

    def _entering(self, quotes: Quotes) -> NDArray[np.float64]:
        return np.where(valid_book(quotes), (quotes.bid + quotes.ask) / 2, quotes.price) if self.uses_book else quotes.price

    @cached_property
    def live(self) -> NDArray[np.bool_]:
        """Which sources the plan counts as live."""
        return self.age <= self.expect.max_age

    @cached_property
    def invalid_now(self) -> NDArray[np.bool_]:
        """Which sources said something invalid last."""
        flags = []
        for panel, valid in zip(self.panels, self.valid, strict=True):
            known = np.concatenate((valid, [True]))
            flags.append(~known[panel.latest])
        return self._each(flags, np.bool_)  # type: ignore[return-value]

    @cached_property
    def surely_live(self) -> NDArray[np.bool_]:
        """Live, and not set aside by a target that excludes a source from an invalid observation to its next valid one."""
        return self.live & ~self.invalid_now

    @cached_property
    def near_limit(self) -> NDArray[np.bool_]:
        """[runs, times]: any source's age is too near to «max_age» to judge anybody."""
        return np.asarray((np.abs(self.age - self.expect.max_age) < self.expect.age_margin).any(axis=2))


@dataclass(frozen=True, eq=False)
class Run:
    """A batch of twins as recorded: `clean`, the `broken` ones, and variations of either; all over `basket` and `times`."""

    expect: Expect
    basket: Basket
    times: NDArray[np.int64]
    uses: tuple[str, ...]
    clean_trace: Trace
    broken_traces: tuple[Trace, ...]
    twins: tuple[Twin, ...]
    batch: Batch
    variations: tuple[Variation, ...] = ()
    rack: Rack | None = None
    failures: tuple[tuple[int, TargetFailure], ...] = ()
    numbers: tuple[int, ...] = field(default=())

    @property
    def uses_book(self) -> bool:
        """Whether the target prices from bid and ask."""
        return "bid" in self.uses

    @cached_property
    def clean(self) -> Stack:
        """The clean run, as a stack of one."""
        return self._stack((self.clean_trace,))

    @cached_property
    def broken(self) -> Stack:
        """The broken runs."""
        return self._stack(self.broken_traces)

    def _stack(self, traces: Sequence[Trace]) -> Stack:
        return Stack(traces, self.times, len(self.basket), self.expect, uses_book=self.uses_book)

    @cached_property
    def faulty(self) -> NDArray[np.bool_]:
        """[runs, sources]: which sources a twin's faults were given."""
        flags = np.zeros((len(self.twins), len(self.basket)), dtype=bool)
        for number, twin in enumerate(self.twins):
            flags[number, sorted(twin.faulty)] = True
        return flags

    @cached_property
    def begun(self) -> NDArray[np.bool_]:
        """[runs, times]: the first disturbed quote has come."""
        first = np.array([NEVER_US if twin.first is None else twin.first for twin in self.twins], dtype=np.int64)
        return self.times[None, :] >= first[:, None]

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """The given weights of the basket."""
        return np.array([source.weight for source in self.basket])

    @cached_property
    def unbroken_live(self) -> NDArray[np.int64]:
        """[runs, times]: how many sources without a fault are live in the broken twin."""
        return np.asarray((self.broken.surely_live & ~self.faulty[:, None, :]).sum(axis=2))

    @cached_property
    def intact(self) -> NDArray[np.bool_]:
        """[runs, times, sources]: the newest valid and the last message of a source are the same in both twins."""
        clean = self.clean.panels[0]
        newest, latest = _keys_at(clean, _row_keys(clean.quotes))
        flags = []
        for panel in self.broken.panels:
            mine, last = _keys_at(panel, _row_keys(panel.quotes))
            flags.append((mine == newest) & (last == latest))
        return np.array(flags, dtype=bool).reshape(len(self.twins), len(self.times), len(self.basket))

    def of_kind(self, kind: str) -> tuple[Variation, ...]:
        """Return the variations of one kind."""
        return tuple(variation for variation in self.variations if variation.kind == kind)

    def trace(self, twin: int) -> Trace:
        """Return a twin's trace; -1 is the clean one."""
        return self.clean_trace if twin == CLEAN else self.broken_traces[twin]

    def stack_of(self, twin: int) -> tuple[Stack, int]:
        """Return the stack in which a twin stands, and its place there."""
        return (self.clean, 0) if twin == CLEAN else (self.broken, twin)


def _row_keys(quotes: Quotes) -> NDArray[np.uint64]:
    # one number a row from all its columns (64 bits: two different rows of a run share one with a chance of 1e-13)
    keys = np.zeros(len(quotes) + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for name in COLUMNS:
            column = np.ascontiguousarray(getattr(quotes, name))
            bits = column.astype(np.uint64) if column.dtype == np.int32 else column.view(np.uint64)
            keys[:-1] = (keys[:-1] ^ bits) * np.uint64(0x9E3779B97F4A7C15)
            keys[:-1] ^= keys[:-1] >> np.uint64(29)
    return keys


def _keys_at(panel: Panel, keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    # row -1 (nothing yet) falls on the last key, 0, in every run
    return keys[panel.newest], keys[panel.latest]
