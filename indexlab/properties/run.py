"""A recorded run: what was sent to a target and what it answered, for a batch of twins. All that a property sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

from indexlab.index.determination import HELD
from indexlab.margin.states import STATES
from indexlab.market.panel import NEVER_US
from indexlab.market.rates import factors
from indexlab.properties.independence import independent_of
from indexlab.properties.joined import Joined
from indexlab.scenarios.baskets import shared_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from indexlab.index.determination import Determinations
    from indexlab.margin.case import MarginAnswer, MarginCase
    from indexlab.margin.ladder import Ladder
    from indexlab.margin.mark_rules import MarkRule
    from indexlab.margin.rack import Rack
    from indexlab.margin.rules import VenueRules
    from indexlab.market.errors import TargetFailure
    from indexlab.market.panel import Panel
    from indexlab.market.quotes import Quotes
    from indexlab.market.rates import Rates
    from indexlab.market.source import Basket
    from indexlab.scenarios.expect import Expect
    from indexlab.scenarios.scenario import Batch

Made = TypeVar("Made")

__all__ = ["CLEAN", "Against", "MarginFailure", "MarginTalk", "Run", "Stack", "Trace", "Twin", "Variation"]

CLEAN = -1
"""The number of the clean twin, where broken ones count from 0."""


@dataclass(frozen=True, eq=False)
class Trace:
    """One run of the target: the quotes it was sent and its determinations; `nothing` is how it says that it has no value."""

    quotes: Quotes
    answer: Determinations
    nothing: str = "null"

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
    """What broke one twin: the positions of its faulty sources, when the first and last disturbed quote came, how many were touched.

    `touched_each` says it for each of `faults` in their order; empty where nobody counted them apart.
    """

    faulty: frozenset[int]
    first: int | None
    last: int | None
    touched: int
    faults: tuple[str, ...]
    touched_each: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Variation:
    """The same run told differently: `kind` says how, `twin` of which run (-1: the clean one), `detail` what a finding should say of it."""

    kind: str
    twin: int
    trace: Trace
    detail: str = ""
    sources: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Against:
    """What a second target said to the very same runs: of the clean one and of each broken one a trace, None where it failed; `failures` say of what it did.

    `label` is what a person types to name it.
    """

    label: str
    clean_trace: Trace | None
    broken_traces: tuple[Trace | None, ...]
    failures: tuple[TargetFailure, ...] = ()

    def trace(self, twin: int) -> Trace | None:
        """Return its answer to a twin; -1 is the clean one."""
        return self.clean_trace if twin == CLEAN else self.broken_traces[twin]


@dataclass(frozen=True, slots=True, eq=False)
class MarginTalk:
    """A margin case over the index of one run (`twin`, -1: the clean one), and what was answered, by our engine or by a target that offers `margin`.

    Talks of one batch ask for the same accounts, holdings and books: what differs between the clean one and a broken one comes from the index alone. `ours`
    says that our own engine answered.
    """

    twin: int
    case: MarginCase
    answer: MarginAnswer
    ours: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class MarginFailure:
    """A margin case that a target failed on, and how."""

    twin: int
    case: MarginCase
    failure: TargetFailure


class Stack:
    """Runs side by side, and what the plan (not the target) makes of their quotes; arrays are [runs, times] or [runs, times, sources]."""

    def __init__(
        self,
        traces: Sequence[Trace],
        times: NDArray[np.int64],
        n_sources: int,
        expect: Expect,
        *,
        uses_book: bool,
        groups: tuple[tuple[int, ...], ...] = (),
    ) -> None:
        """Keep the runs, and the groups of sources that must count as one; everything else is computed when asked for."""
        self.traces, self.times, self.n_sources, self.expect, self.uses_book = tuple(traces), times, n_sources, expect, uses_book
        self.groups = groups

    @cached_property
    def value(self) -> NDArray[np.float64]:
        """Index values, NaN where none is to be acted on (held, halted)."""
        value = np.array([trace.value for trace in self.traces], dtype=np.float64).reshape(len(self.traces), len(self.times))
        return np.where(self.status >= HELD, np.nan, value)

    @cached_property
    def status(self) -> NDArray[np.int8]:
        """Status codes."""
        return np.array([trace.status for trace in self.traces], dtype=np.int8).reshape(len(self.traces), len(self.times))

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Where there is no value to act on."""
        return np.isnan(self.value)

    @cached_property
    def joined(self) -> Joined:
        """The quotes of all runs, looked at together."""
        return Joined([trace.quotes for trace in self.traces], self.times, self.n_sources, self.expect.clock == "event", self.uses_book)

    @property
    def valid(self) -> tuple[NDArray[np.bool_], ...]:
        """Of each run, which observations are valid."""
        return self.joined.valid

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Of each run, its panel by the plan's clock."""
        return self.joined.panels

    @cached_property
    def age(self) -> NDArray[np.int64]:
        """How old each source's newest valid observation is by the plan's clock, microseconds."""
        return self.joined.since_newest()

    @cached_property
    def silence(self) -> NDArray[np.int64]:
        """Microseconds since each source's last message of any kind."""
        return self.joined.since_latest()

    @cached_property
    def price(self) -> NDArray[np.float64]:
        """The newest valid price, or middle of the book for a target that prices from it; NaN where there is none."""
        return self.joined.entering()

    @cached_property
    def live(self) -> NDArray[np.bool_]:
        """Which sources the plan counts as live."""
        return self.age <= self.expect.max_age

    @cached_property
    def invalid_now(self) -> NDArray[np.bool_]:
        """Which sources said something invalid last."""
        return self.joined.invalid_latest()

    @cached_property
    def surely_live(self) -> NDArray[np.bool_]:
        """Live, and not set aside by a target that excludes a source from an invalid observation to its next valid one."""
        return self.live & ~self.invalid_now

    def counted(self, sources: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return how many of the sources chosen there are, [runs, times] of [runs, times, sources]; those that must count as one do."""
        return independent_of(sources, self.groups)

    @cached_property
    def near_limit(self) -> NDArray[np.bool_]:
        """[runs, times]: any source's age is too near to «max_age» to judge anybody."""
        age = self.age[:1] if self.joined.alike else self.age
        near = np.asarray((np.abs(age - self.expect.max_age) < self.expect.age_margin).any(axis=2))
        return np.broadcast_to(near, (len(self.traces), len(self.times)))


@dataclass(frozen=True, eq=False)
class Run:
    """A batch of twins as recorded: `clean`, the `broken` ones, and variations of either; all over `basket` and `times`.

    `rates` and, one a broken twin, `twin_rates` are what the target was told that the quote currencies are worth in the index's; None where it was told
    nothing. `notes` say what went wrong beside it (a third party's fault that failed). `against` is what a second target answered, where there is one.
    `margin` are the margin cases that were asked beside it, the clean run's first; none where no property needs them. `own` are the states of the rack's
    accounts as a target with a margin engine has them, in the clean run and a broken one. `margin_failures` are those of its answers to either. `rules` are the
    venue's whose margin rules hold; `mark` is the rule that makes the accounts' marks of the index, None where they are marked at the index itself.
    """

    expect: Expect
    basket: Basket
    times: NDArray[np.int64]
    uses: tuple[str, ...]
    clean_trace: Trace
    broken_traces: tuple[Trace, ...]
    twins: tuple[Twin, ...]
    batch: Batch
    variations: tuple[Variation, ...] = ()
    rack: Rack | Ladder | None = None
    failures: tuple[tuple[int, TargetFailure], ...] = ()
    numbers: tuple[int, ...] = field(default=())
    rates: Rates | None = None
    twin_rates: tuple[Rates | None, ...] = ()
    notes: tuple[str, ...] = ()
    against: Against | None = None
    margin: tuple[MarginTalk, ...] = ()
    own: tuple[MarginTalk, ...] = ()
    margin_failures: tuple[MarginFailure, ...] = ()
    rules: VenueRules | None = None
    mark: MarkRule | None = None

    @property
    def all_failures(self) -> tuple[tuple[int, TargetFailure], ...]:
        """Where the target failed, as (twin, failure): asked for an index, or for margin."""
        return self.failures + tuple((failed.twin, failed.failure) for failed in self.margin_failures)

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
        groups = shared_groups(self.basket) if self.expect.independence else ()
        return Stack(traces, self.times, len(self.basket), self.expect, uses_book=self.uses_book, groups=groups)

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
    def worth(self) -> NDArray[np.float64]:
        """[times, sources]: what a unit of each source's quote currency is worth in the index's, as the clean run's target was told; 1 where it was not."""
        return factors(self.rates, self.basket, self.times)

    @cached_property
    def unbroken_live(self) -> NDArray[np.int64]:
        """[runs, times]: how many sources without a fault are live in the broken twin; with «independence» those of one group count once."""
        return self.broken.counted(self.broken.surely_live & ~self.faulty[:, None, :])

    @cached_property
    def intact(self) -> NDArray[np.bool_]:
        """[runs, times, sources]: the newest valid and the last message of a source are the same in both twins."""
        newest, latest = self.clean.joined.told()
        mine, last = self.broken.joined.told()
        return np.asarray((mine == newest) & (last == latest))

    @cached_property
    def _made(self) -> dict[Callable[[Run], object], object]:
        return {}

    def once(self, make: Callable[[Run], Made]) -> Made:
        """Return what a function makes of this run, made once however many properties ask for it."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast("Made", self._made[make])

    @cached_property
    def clean_mark(self) -> NDArray[np.float64]:
        """[1, times]: what the accounts are marked at in the clean run, NaN where its index is not to be acted on."""
        return self._marks(self.clean.value)

    @cached_property
    def broken_mark(self) -> NDArray[np.float64]:
        """[runs, times]: what the accounts are marked at in the broken runs, NaN where their index is not to be acted on."""
        return self._marks(self.broken.value)

    def mark_of(self, trace: Trace) -> NDArray[np.float64]:
        """Return what the accounts are marked at under an answer, [times], NaN where it is not to be acted on."""
        value = np.where(trace.missing, np.nan, trace.value)
        return value if self.mark is None else self._marks(value.reshape(1, -1)).reshape(-1)

    def _marks(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the marks that the rule makes of index values, [runs, times]; without a rule these themselves.

        The contract's own market, and every other venue's, is taken to be honest: bid, ask, last trade and other mids are the clean run's index at the time,
        and the funding rate is 0. So the mark of a wrong index is less wrong, by what the rule gives to the market.
        """
        if self.mark is None or not value.size:
            return value
        from indexlab.margin.mark import marks
        from indexlab.margin.mark_feed import mark_feed

        honest = self.clean.value[0]
        around: NDArray[np.float64] = np.empty_like(value)
        for row, index in enumerate(value):
            around[row] = marks(self.mark, mark_feed(self.times, index, book=(honest, honest), last=honest, others=((honest,), (1.0,)))).mark
        return around

    @cached_property
    def broken_states(self) -> NDArray[np.int8]:
        """[runs, times, accounts]: the accounts' states in the broken runs, our engine's, or the target's own; no accounts where there is no rack."""
        if self.rack is None:
            return np.empty((len(self.twins), len(self.times), 0), dtype=np.int8)
        states = self.rack.states(self.broken_mark)
        for twin in range(len(self.twins)):
            own = self.own_states(twin)
            if own is not None:
                states[twin] = own
        return states

    def own_states(self, twin: int) -> NDArray[np.int8] | None:
        """Return [times, accounts] how a target with a margin engine itself has the rack's accounts in a run; None where it was not asked."""
        for talk in self.own:
            if talk.twin == twin:
                return np.array([[STATES.index(state) for state in row] for row in talk.answer.state], dtype=np.int8)
        return None

    def clean_states(self, twin: int) -> NDArray[np.int8]:
        """Return [times, accounts] the accounts' states in the clean run, as whoever judges the accounts of a broken twin has them."""
        if self.rack is None:
            return np.empty((len(self.times), 0), dtype=np.int8)
        own = self.own_states(CLEAN) if self.own_states(twin) is not None else None
        return self.rack.states(self.clean_mark, self.clean.missing)[0] if own is None else own

    def of_kind(self, kind: str) -> tuple[Variation, ...]:
        """Return the variations of one kind."""
        return tuple(variation for variation in self.variations if variation.kind == kind)

    def trace(self, twin: int) -> Trace:
        """Return a twin's trace; -1 is the clean one."""
        return self.clean_trace if twin == CLEAN else self.broken_traces[twin]

    def stack_of(self, twin: int) -> tuple[Stack, int]:
        """Return the stack in which a twin stands, and its place there."""
        return (self.clean, 0) if twin == CLEAN else (self.broken, twin)
