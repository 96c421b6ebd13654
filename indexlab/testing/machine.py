"""A stateful test for an index with an interface of calls: sources quote, are broken, fall silent, repeat themselves; time passes; the index restarts.

At each publication, and once more at the end, what happened so far is judged: the index as it lived through it is held against new ones that are told the
same, or the same without the fault, without who is gone, without what came late or twice.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from indexlab.faults.spec import FaultSpec
from indexlab.market.errors import InputError
from indexlab.market.units import SECOND, duration_us, format_duration
from indexlab.properties.property import Occasion
from indexlab.properties.registry import find_property
from indexlab.scenarios.brief import basket_said
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.shapes import STARTS
from indexlab.testing.calls import Observation, Restarting, answer_of
from indexlab.testing.drawing import promise_of
from indexlab.testing.history import JUDGED, History
from indexlab.testing.holding import BrokenPromiseError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexlab.market.source import Basket, Source
    from indexlab.properties.property import Property
    from indexlab.testing.calls import CallIndex, MakeIndex
    from indexlab.testing.drawing import Promise

__all__ = ["IndexMachine", "index_machine"]

Restart: TypeAlias = Literal["keeps", "forgets"] | None
_BLINK: Final = SECOND // 10
"""Between one call and the next, in microseconds: nothing happens at the same moment as a publication."""
_APART: Final = 5e-5
"""How far each source is from the one before it in the basket, at most: they agree, and are not the same."""
_PRICE: Final = 50_000.0
_WHILE_AWAY: Final = 3
"""So many times the others speak while one source is silent: none of them is silent for long."""
_WRONG: Final = {
    "twice the price": ("level", 2.0),
    "half the price": ("level", 0.5),
    "5% up": ("level", 1.05),
    "null": ("null", None),
    "zero": ("zero", 0.0),
    "negative": ("negative", -1.0),
}


def _source() -> st.SearchStrategy[str]:
    return st.runner().flatmap(lambda machine: st.sampled_from([source.id for source in machine.basket]))


def _span() -> st.SearchStrategy[str]:
    return st.runner().flatmap(lambda machine: st.sampled_from(machine.spans))


class IndexMachine(RuleBasedStateMachine):
    """The rules. `index_machine` makes a class of this one for an index; its `TestCase` is the test."""

    make: ClassVar[MakeIndex]
    basket: ClassVar[Basket]
    expect: ClassVar[Expect] = Expect()
    comes_back: ClassVar[Restart] = None
    judged: ClassVar[tuple[Property, ...]] = ()

    def __init__(self) -> None:
        """Begin with an index that has heard nothing."""
        super().__init__()
        make = type(self).make
        self.now, self.base, self.price = STARTS[0], _PRICE, _PRICE
        self.index: CallIndex = make(self.basket)
        if self.comes_back is not None and not isinstance(self.index, Restarting):
            problem = f"must have a method restart, as restart={self.comes_back!r} says"
            raise InputError(problem, key=type(self.index).__name__)
        self.history = History(make, self.basket, self.expect)
        self.wrong: tuple[int, str] | None = None

    @property
    def spans(self) -> list[str]:
        """How long time may pass: an interval, a few, half of «max_age», just beyond it, «max_recovery»."""
        promise = self.expect
        spans = (promise.interval, 5 * promise.interval, promise.max_age // 2, promise.max_age + promise.age_margin + SECOND, promise.max_recovery + SECOND)
        return list(dict.fromkeys(format_duration(span // SECOND * SECOND or span) for span in spans))

    @rule(source=_source())
    def quotes(self, source: str) -> None:
        """One source says what the market is; a broken one says it wrongly."""
        self._observe(self._place(source))

    @rule()
    def all_quote(self) -> None:
        """Every source says what the market is."""
        for place in range(len(self.basket)):
            self._observe(place)

    @rule(source=_source())
    def all_quote_but(self, source: str) -> None:
        """Every source but one does."""
        for place in range(len(self.basket)):
            if place != self._place(source):
                self._observe(place)

    @rule(source=_source())
    def is_silent(self, source: str) -> None:
        """One source says nothing for longer than «max_age», while the others go on."""
        away = self.expect.max_age + self.expect.age_margin + SECOND
        for _ in range(_WHILE_AWAY):
            self._pass(away // _WHILE_AWAY)
            self.all_quote_but(source)

    @rule(source=_source())
    def says_twice(self, source: str) -> None:
        """One source's message is delivered twice."""
        self._observe(self._place(source))
        self._tell(self.history.sent[-1]._replace(receive_time=self.now, extra="twice"))

    @precondition(lambda self: self.expect.clock == "event")
    @rule(source=_source(), age=_span())
    def old_news(self, source: str, age: str) -> None:
        """A message that happened this long ago comes from a source now: behind newer ones it counts for nothing, as its newest it is as old as it is."""
        place = self._place(source)
        self._pass(_BLINK)
        event, newest = self.now - duration_us(age), self.history.newest(place)
        late = newest is not None and event < newest
        price = round(self._price_of(place) * (1.02 if late else 1.0), 2)
        self._tell(Observation(place, price, event, self.now, price, "late" if late else ""))

    @rule(source=_source(), says=st.sampled_from(tuple(_WRONG)))
    def breaks(self, source: str, says: str) -> None:
        """One source says something wrong, now and from now on; nothing happens where another has been broken before."""
        # no precondition: steps that do nothing are shrunk away one by one, those that others need are not
        place, fault = self._place(source), self.history.fault
        if fault is None or fault.sources == (place,):
            self.wrong = place, says
            self.history.fault = fault or FaultSpec(_WRONG[says][0], (place,), self.now)
            self._observe(place)

    @rule()
    def is_mended(self) -> None:
        """From now on the broken source, if there is one, is right again."""
        self.wrong = None

    @rule(span=_span(), drift=st.sampled_from(("none", "up", "down")))
    def passes(self, span: str, drift: str) -> None:
        """Time passes, the index is published, and then the market is a little above or below where it was.

        Sources that have not spoken since are no further apart than an index must bear.
        """
        self._pass(duration_us(span))
        self._publish()
        quarter = self.expect.max_displacement / 4
        self.price = round(self.base * (1.0 + {"none": 0.0, "up": quarter, "down": -quarter}[drift]), 2)

    @rule(factor=st.sampled_from((2.0, 0.5, 1.1)))
    def market_moves(self, factor: float) -> None:
        """The market moves by a factor, and every source says so."""
        self.base = self.price = round(self.base * factor, 2) if 1.0 < self.base * factor < 1e9 else _PRICE
        self.all_quote()

    @rule()
    def publish(self) -> None:
        """The index is published."""
        self._pass(_BLINK)
        self._publish()

    @precondition(lambda self: self.comes_back is not None)
    @rule()
    def restart(self) -> None:
        """The index restarts: it comes back with what it had heard, or with nothing, as was declared."""
        if isinstance(self.index, Restarting):
            self.index.restart()
        self._pass(_BLINK)
        if self.comes_back == "forgets":
            self.history = History(self.history.make, self.basket, self.expect, fault=self.history.fault if self.wrong else None)
        self.history.restarts += 1

    def teardown(self) -> None:
        """The index is published once more at the end, so that nothing that was drawn goes without a judgement."""
        if sys.exc_info()[0] is None:  # what went wrong before is what is to be seen
            self.publish()

    def _place(self, source: str) -> int:
        return [each.id for each in self.basket].index(source)

    def _price_of(self, place: int) -> float:
        apart = min(_APART, self.expect.max_displacement / (8 * len(self.basket)))
        return round(self.price * (1.0 + apart * place), 2)

    def _pass(self, span: int) -> None:
        self.now += span
        self.index.advance(self.now)

    def _observe(self, place: int) -> None:
        self._pass(_BLINK)
        truly = self._price_of(place)
        price: float | None = truly
        if self.wrong is not None and self.wrong[0] == place:
            factor = _WRONG[self.wrong[1]][1]
            price = None if factor is None else round(truly * factor, 2)
        self._tell(Observation(place, price, self.now, self.now, truly))

    def _tell(self, said: Observation) -> None:
        self.history.sent.append(said)
        self.index.observe(self.basket[said.source].id, said.price, said.event_time, said.receive_time)

    def _publish(self) -> None:
        said = self.index.publish()
        value, code = answer_of(said)
        history = self.history
        if math.isnan(value):
            history.nothing = str(said[0])
        history.times.append(self.now)
        history.values.append(value)
        history.codes.append(code)
        problem = self._unlike_again(value, code) or history.problem(self.judged)
        if problem is not None:
            raise BrokenPromiseError(problem)

    def _unlike_again(self, value: float, code: int) -> str | None:
        from indexlab.index.determination import STATUSES
        from indexlab.properties.tell import price_text

        other, other_code = self.history.again()
        if (value == other or (value != value and other != other)) and code == other_code:  # noqa: PLR0124 - NaN is no value
            return None
        came_back = "after restart() it is not what it was before" if self.comes_back == "keeps" else "after restart() it is not as new"
        why = came_back if self.history.restarts else "it depends on something that it was not told"
        seen, instead = (f"{price_text(given)} ({STATUSES[status]})" for given, status in ((value, code), (other, other_code)))
        return f"\nBROKEN  determinism\n  The index is {seen}; a new one that is told the same says {instead}: {why}."


def _judged(basket: Basket, promise: Expect, left_out: set[str]) -> tuple[Property, ...]:
    """Return the properties that are promised and mean anything under this promise. Raises InputError where one could never be judged with so few sources."""
    chosen = [find_property(name) for name in JUDGED if name not in left_out]
    chosen = [prop for prop in chosen if not prop.applies(Occasion(promise, ("price",), ("index",)))]
    for prop in chosen:
        reason = prop.applies(Occasion(promise, ("price",), ("index",), len(basket), basket))
        if reason:
            raise InputError(f"can never be judged: {reason}", key=prop.id, remedy=f'give more sources, or skip=["{prop.id}"]')
    return tuple(chosen)


def index_machine(
    make: MakeIndex,
    *,
    sources: int | Iterable[str | Source] = 5,
    expect: Promise = None,
    restart: Restart = None,
    skip: Iterable[str] = (),
) -> type[IndexMachine]:
    """Return a stateful test of an index with an interface of calls (`CallIndex`); its `TestCase` is for pytest or unittest to collect.

    `make(sources)` gives a new index. `restart`: "keeps" where an index that restarts comes back with what it had heard, "forgets" where it comes back with
    nothing, None where it has no method restart. `skip` names properties (of `JUDGED`) that are not promised. Raises InputError.

    >>> class LastPrice:
    ...     def __init__(self, sources): self.price = None
    ...     def observe(self, source, price, event_time, receive_time): self.price = price
    ...     def advance(self, time): pass
    ...     def publish(self): return (None, "halted") if self.price is None else (self.price, "ok")
    >>> TestLastPrice = index_machine(LastPrice, sources=["kraken", "coinbase", "okx", "bitstamp"], expect={"max_age": "60s"}).TestCase
    """
    basket, promise = basket_said(sources), promise_of(expect)
    fields = {
        "make": staticmethod(make),
        "basket": basket,
        "expect": promise,
        "comes_back": restart,
        "judged": _judged(basket, promise, {find_property(name).id for name in skip}),
    }
    return type("IndexMachine", (IndexMachine,), fields)
