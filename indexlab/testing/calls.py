"""An index with an interface of calls rather than of runs, and how a run is told to it call by call."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, cast, runtime_checkable

import msgspec
import numpy as np

from indexlab.index.determination import STATUSES, Determinations
from indexlab.market.errors import InputError
from indexlab.market.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from indexlab.market.source import Basket

__all__ = ["CallIndex", "MakeIndex", "Observation", "Restarting", "answer_of", "called", "told"]


class CallIndex(Protocol):
    """An index that is told what happens, one call at a time; times are microseconds and never go back. No base class is asked for."""

    def observe(self, source: str, price: float | None, event_time: int, receive_time: int, /) -> None:
        """Hear a source (its id) say a price, or None where it sent what is no number: it happened at `event_time`, and is received at `receive_time`, now."""

    def advance(self, time: int, /) -> None:
        """Let it be this time now; called before whatever happens then."""

    def publish(self) -> tuple[float | None, str]:
        """Return the index now (None: no value) and its status: ok, degraded, held or halted."""


@runtime_checkable
class Restarting(Protocol):
    """What an index may have besides: it comes back as a new process does, with what it persisted or with nothing."""

    def restart(self) -> None:
        """Start anew."""


MakeIndex: TypeAlias = "Callable[[tuple[Source, ...]], CallIndex]"


class Observation(NamedTuple):
    """One message of the source at a position; `truly` is what it would say without a fault, `extra` says that it is "late" or "twice", or ""."""

    source: int
    price: float | None
    event_time: int
    receive_time: int
    truly: float
    extra: str = ""

    @property
    def valid(self) -> bool:
        """Whether the price is one."""
        return self.price is not None and self.price > 0


class _Run(NamedTuple):
    """What a run asks for."""

    source: Sequence[int]
    price: Sequence[float | None]
    event_time: Sequence[int]
    receive_time: Sequence[int]


def told(make: MakeIndex, basket: Basket, observations: Iterable[Observation], times: Sequence[int]) -> Determinations:
    """Return what a new index publishes at `times` when it is told these observations in the order of their arrival."""
    index, waiting = make(basket), iter(observations)
    ahead = next(waiting, None)
    answers = []
    for time in times:
        while ahead is not None and ahead.receive_time <= time:
            index.advance(ahead.receive_time)
            index.observe(basket[ahead.source].id, ahead.price, ahead.event_time, ahead.receive_time)
            ahead = next(waiting, None)
        index.advance(time)
        answers.append(answer_of(index.publish()))
    value, status = zip(*answers, strict=True) if answers else ((), ())
    return Determinations(np.array(value, dtype=np.float64), np.array(status, dtype=np.int8))


def answer_of(given: object) -> tuple[float, int]:
    """Return a value (NaN: none) and the code of a status. Raises InputError where `publish` gave neither."""
    value, status = given if isinstance(given, tuple) and len(given) == 2 else (None, given)
    if status not in STATUSES or not (value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))):
        problem = f"must return (value or None, one of {', '.join(STATUSES)}), returned {given!r}"
        raise InputError(problem, key="publish")
    return math.nan if value is None else float(value), STATUSES.index(status)


@dataclass(frozen=True, slots=True)
class _Called:
    """An interface of calls as one of runs: every run is told to a new index."""

    make: MakeIndex

    def index(self, params: dict[str, object], /) -> dict[str, object]:
        """Return the result of one run, bodies as in the target protocol."""
        basket = basket_from(params["sources"])
        seen = cast("dict[str, list[int]]", params["observations"])
        columns = (seen["source"], cast("list[float | None]", seen["price"]), seen["event_time"], seen["receive_time"])
        observations = (Observation(source, price, event, received, 0.0) for source, price, event, received in zip(*columns, strict=True))
        answer = told(self.make, basket, observations, cast("list[int]", params["times"]))
        values = [None if math.isnan(value) else value for value in answer.value.tolist()]
        return {"index": values, "status": [STATUSES[code] for code in answer.status.tolist()]}


def basket_from(sources: object) -> Basket:
    """Return the sources of a request as records; keys that are not known are passed over."""
    return tuple(
        msgspec.convert({name: value for name, value in each.items() if name in Source.__struct_fields__}, Source)
        for each in cast("list[dict[str, object]]", sources)
    )


def called(make: MakeIndex) -> _Called:
    """Return an index with an interface of calls as one of runs, for assertions and audits. `make(sources)` gives a new one.

    >>> class LastPrice:
    ...     def __init__(self, sources): self.price = None
    ...     def observe(self, source, price, event_time, receive_time): self.price = price
    ...     def advance(self, time): pass
    ...     def publish(self): return (None, "halted") if self.price is None else (self.price, "ok")
    >>> called(LastPrice).index({"sources": [{"id": "a", "venue": "a"}], "times": [5],
    ...     "observations": {"source": [0], "price": [7.0], "event_time": [1], "receive_time": [1]}})
    {'index': [7.0], 'status': ['ok']}
    """
    return _Called(make)
