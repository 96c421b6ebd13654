"""A scenario in a few words that are valid Python: what a failing test prints, and what a person pastes back.

`market(…)`, `fault(…)` and texts such as "kraken:USD:0.4" become the records; `written_…` are the way back. What has no short form is written as the record
itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypedDict, Unpack

import msgspec

from indexlab.faults.registry import fault_names
from indexlab.faults.spec import FaultSpec
from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.source import Source, checked_basket
from indexlab.market.synthetic import JUMPS, REGIMES, Market
from indexlab.market.times import parse_time, time_text
from indexlab.market.units import duration_us, format_duration
from indexlab.scenarios.baskets import NAMES
from indexlab.scenarios.expect import Layer, promised
from indexlab.scenarios.shapes import LEVELS, STARTS, market_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal

    from indexlab.market.source import Basket
    from indexlab.market.synthetic import Regime

__all__ = ["SaidFault", "basket_said", "fault", "faults_said", "market", "plain_basket", "plain_market", "written_basket", "written_faults", "written_market"]

MOVE: Final = 1.05
"""By how much the true price moves in a market that jumps, where nobody says."""
_MOST: Final = 1_024
_IN_US: Final = ("spacing", "lead", "move_at", "move_over", "silence", "busy_spacing", "mute_from")


class MarketFields(TypedDict, total=False):
    """What may be said of a market besides: durations as text ("5s"), all else as the record `Market` holds it."""

    move: float
    spacing: str
    lead: str
    move_at: str
    move_over: str
    leader: int | None
    book: bool
    flat: bool
    silence: str
    instant: bool
    busiest: int | None
    busy_spacing: str
    columns: tuple[str, ...]
    mute: tuple[int, ...]
    mute_from: str


def plain_basket(count: int) -> Basket:
    """Return `count` sources of equal weight that quote in dollars."""
    if not 1 <= count <= _MOST:
        problem = f"must be from 1 to {_MOST}, was {count}"
        raise InputError(problem, key="sources")
    return tuple(Source(id=name, venue=name) for name in [*NAMES, *(f"venue{k}" for k in range(len(NAMES), count))][:count])


def basket_said(given: int | Iterable[str | Source]) -> Basket:
    """Return the basket of a number (so many plain sources) or of entries: "kraken", "kraken:EUR", "kraken:USD:0.4" or a Source. Raises InputError."""
    if isinstance(given, int):
        return plain_basket(given)
    return checked_basket(entry if isinstance(entry, Source) else _source_said(entry) for entry in given)


def _source_said(text: str) -> Source:
    name, *rest = text.split(":")
    try:
        quote, weight = (rest[0] if rest else "USD"), (float(rest[1]) if len(rest) > 1 else 1.0)
    except ValueError:
        rest = ["", "", ""]
    if len(rest) > 2 or not name:
        problem = f'must be "id", "id:quote" or "id:quote:weight", was "{text}"'
        raise InputError(problem, key="sources", remedy='write "kraken:USD:0.4"')
    return Source(id=name, venue=name, quote=quote, weight=weight)


def written_basket(basket: Basket) -> str:
    """Return a basket as Python, as short as it goes."""
    if 0 < len(basket) <= _MOST and basket == plain_basket(len(basket)):
        return str(len(basket))
    return f"[{', '.join(_written_source(source) for source in basket)}]"


def _written_source(source: Source) -> str:
    tail = [f":{source.quote}"] if source.quote != "USD" or source.weight != 1.0 else []
    tail += [f":{source.weight!r}"] if source.weight != 1.0 else []
    text = source.id + "".join(tail)
    try:
        same = math.isfinite(source.weight) and _source_said(text) == source
    except InputError:
        same = False
    return _quoted(text) if same else repr(source)


def plain_market(regime: Regime, publications: int, seed: int, interval: int, start: int, price: float) -> Market:
    """Return the market that these numbers make under a promise that says nothing but its interval (microseconds)."""
    promise = promised([Layer("market", {"interval": format_duration(interval)})])
    made = market_for(promise, regime, publications, seed, start=start, price=price, move=MOVE if regime in JUMPS else 1.0)
    return msgspec.structs.replace(made, seed=seed)


def market(
    regime: str = "calm",
    *,
    publications: int = 60,
    seed: int = 0,
    interval: str = "1s",
    start: str | int = STARTS[0],
    price: float = LEVELS[0],
    **others: Unpack[MarketFields],
) -> Market:
    """Return a synthetic market: venues around a true price, made from these numbers alone.

    Durations are texts ("5s"), `start` is an RFC 3339 time or microseconds. Regimes: calm, trending, volatile, crash, rally, gap, gap-open, lead-lag.
    Raises InputError.

    >>> market("calm", publications=60).end - market("calm", publications=60).start
    60000000
    """
    if regime not in REGIMES:
        problem = f'names no regime, was "{regime}"'
        raise InputError(problem, key="market", remedy=did_you_mean(regime, REGIMES))
    if not 1 <= publications <= 10_000_000:
        problem = f"must be from 1 to 10000000, was {publications}"
        raise InputError(problem, key="market.publications")
    if not (price > 0 and math.isfinite(price)):
        problem = f"must be a finite number above 0, was {price}"
        raise InputError(problem, key="market.price")
    begin = start if isinstance(start, int) else parse_time(start, key="market.start")
    made = plain_market(regime, publications, seed, duration_us(interval, key="market.interval", low_us=1), begin, float(price))
    for name in others:
        if name not in MarketFields.__annotations__:
            problem = "is no number of a market"
            raise InputError(problem, key=f"market.{name}", remedy=did_you_mean(name, MarketFields.__annotations__))
    given = {name: duration_us(value, key=f"market.{name}") if name in _IN_US else value for name, value in others.items()}
    return msgspec.structs.replace(made, **given)


def written_market(made: Market) -> str:
    """Return a market as a call of `market`, or as the record where that does not say it."""
    try:
        plain = plain_market(made.regime, made.publications, made.seed, made.interval, made.start, made.price)
        words = [_quoted(made.regime), f"publications={made.publications}"]
        words += [f"seed={made.seed}"] if made.seed else []
        words += [f"interval={_duration(made.interval)}"] if made.interval != 1_000_000 else []
        words += [f'start="{time_text(made.start)}"'] if made.start != STARTS[0] else []
        words += [f"price={made.price!r}"] if made.price != LEVELS[0] else []
        for name in MarketFields.__annotations__:
            value = getattr(made, name)
            if value != getattr(plain, name):
                words.append(f"{name}={_duration(value) if name in _IN_US else repr(value)}")
    except (InputError, OverflowError, ValueError):
        return repr(made)
    return f"market({', '.join(words)})"


class SaidFault(msgspec.Struct, frozen=True):
    """A fault before it is known whose: `who` are ids, and the times of `spec` count from the market's start."""

    who: tuple[str, ...]
    spec: FaultSpec


def fault(  # noqa: PLR0913 - the numbers that a fault is
    kind: str,
    *sources: str,
    at: str = "0s",
    until: str | None = None,
    intensity: float = 1.0,
    direction: Literal["up", "down"] = "up",
    seed: int = 0,
    probability: float = 1.0,
    burst: float = 1.0,
    every: str | None = None,
    repeats_until: str | None = None,
    stagger: str = "0s",
) -> SaidFault:
    """Return a fault of these sources (ids) from `at` after the market's start `until` another time (None: to its end). Raises InputError.

    `indexlab faults show KIND` says what an intensity makes of each kind.

    >>> fault("level", "kraken", at="20s", until="40s", intensity=0.025).who
    ('kraken',)
    """
    if kind not in fault_names():
        problem = f'names no fault, was "{kind}"'
        raise InputError(problem, key="fault", remedy=did_you_mean(kind, fault_names()))
    spec = FaultSpec(
        fault=kind,
        sources=(),
        start=duration_us(at, key=f"fault {kind}.at"),
        end=None if until is None else duration_us(until, key=f"fault {kind}.until"),
        intensity=float(intensity),
        direction=direction,
        seed=seed,
        probability=float(probability),
        burst=float(burst),
        every=None if every is None else duration_us(every, key=f"fault {kind}.every"),
        until=None if repeats_until is None else duration_us(repeats_until, key=f"fault {kind}.repeats_until"),
        stagger=duration_us(stagger, key=f"fault {kind}.stagger"),
    )
    return SaidFault(sources, spec)


def faults_said(given: Iterable[SaidFault | FaultSpec], basket: Basket, start: int) -> tuple[FaultSpec, ...]:
    """Return faults over a basket in a market that begins at `start` (microseconds). Raises InputError where one names a source that is not there."""
    return tuple(each if isinstance(each, FaultSpec) else _placed(each, basket, start) for each in given)


def _placed(said: SaidFault, basket: Basket, start: int) -> FaultSpec:
    ids = [source.id for source in basket]
    for name in said.who:
        if name not in ids:
            problem = f'names no source of the basket, was "{name}"'
            raise InputError(problem, key=f"fault {said.spec.fault}", remedy=did_you_mean(name, ids))
    spec = said.spec
    return msgspec.structs.replace(
        spec,
        sources=tuple(ids.index(name) for name in said.who),
        start=spec.start + start,
        end=None if spec.end is None else spec.end + start,
        until=None if spec.until is None else spec.until + start,
    )


def written_faults(faults: Sequence[FaultSpec], basket: Basket, start: int) -> list[str]:
    """Return faults as calls of `fault`, or as records where that does not say them."""
    return [_written_fault(spec, basket, start) for spec in faults]


def _written_fault(spec: FaultSpec, basket: Basket, start: int) -> str:
    try:
        return _called_fault(spec, basket, start)
    except InputError:
        return repr(spec)


def _called_fault(spec: FaultSpec, basket: Basket, start: int) -> str:
    moments = [moment for moment in (spec.start, spec.end, spec.until) if moment is not None]
    if any(moment < start for moment in moments) or any(not 0 <= place < len(basket) for place in spec.sources) or spec.fault not in fault_names():
        return repr(spec)
    words = [_quoted(spec.fault), *(_quoted(basket[place].id) for place in spec.sources)]
    words += [f"at={_duration(spec.start - start)}"] if spec.start != start else []
    words += [f"until={_duration(spec.end - start)}"] if spec.end is not None else []
    for name, usual in (("intensity", 1.0), ("direction", "up"), ("seed", 0), ("probability", 1.0), ("burst", 1.0)):
        value = getattr(spec, name)
        words += [f"{name}={_quoted(value) if isinstance(value, str) else repr(value)}"] if value != usual else []
    words += [f"every={_duration(spec.every)}"] if spec.every is not None else []
    words += [f"repeats_until={_duration(spec.until - start)}"] if spec.until is not None else []
    words += [f"stagger={_duration(spec.stagger)}"] if spec.stagger else []
    return f"fault({', '.join(words)})"


def _duration(span: int) -> str:
    text = format_duration(span)
    duration_us(text)  # raises where it could not be read back: below 0, or beyond 2^53
    return f'"{text}"'


def _quoted(text: str) -> str:
    return f'"{text}"' if text.isprintable() and '"' not in text and "\\" not in text else repr(text)
