"""What an index promises: the keys of `[expect]`, their defaults, and how the layers (flag, plan, target, default) meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.panel import Clock
from indexlab.market.units import SECOND, duration_us, format_duration, format_ratio, ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Expect", "Layer", "promised"]


class Expect(msgspec.Struct, frozen=True):
    """A promise; ratios plain, times in microseconds. Keys and defaults are those of the plan's `[expect]`."""

    min_sources: int = 3
    faulty_sources: int = 1
    max_displacement: float = 0.01
    margin_headroom: float = 0.01
    max_age: int = 60 * SECOND
    clock: Clock = "event"
    interval: int = SECOND
    max_tracking_lag: int = 5 * SECOND
    max_lead: int = 2 * SECOND
    max_recovery: int = 60 * SECOND
    tick: float = 0.0
    independence: bool = False
    max_flapping: float | None = None
    max_disagreement: float = 1e-5
    same_status: bool = True
    waive: dict[str, str] = {}

    @property
    def age_margin(self) -> int:
        """How near to «max_age» an age is too near to judge: max(2 s, 2 × «interval»), microseconds."""
        return max(2 * SECOND, 2 * self.interval)

    @property
    def same_ratio(self) -> float:
        """Two values are the same within this ratio (0.1 bp), or one tick."""
        return 1e-5

    def as_table(self, *, whole: bool = False) -> dict[str, object]:
        """Return the promise as people write it in a file; reading it back gives the same promise, to the bit.

        What two targets promise one another is left out where it is as usual, unless the `whole` is wanted.
        """
        table: dict[str, object] = {}
        for key in msgspec.structs.fields(self):
            value = getattr(self, key.name)
            if key.name in _BETWEEN_TWO and value == key.default and not whole:
                continue
            if key.name in _DURATIONS:
                table[key.name] = format_duration(value)
            elif key.name in _RATIOS:
                table[key.name] = _written(value)
            elif value is not None:
                table[key.name] = dict(value) if key.name == "waive" else value
        return table


def _written(value: float) -> str | float:
    # six digits suit people; where they would read back as another ratio, the plain number stands
    text = format_ratio(value)
    try:
        return text if ratio(text) == value else value
    except InputError:
        return value


class Layer(NamedTuple):
    """One place that promises something: `origin` names it in errors (a file, "the target", "flags")."""

    origin: str
    table: Mapping[str, object]


_DURATIONS: Final = ("max_age", "interval", "max_tracking_lag", "max_lead", "max_recovery")
_RATIOS: Final = ("max_displacement", "margin_headroom", "max_disagreement")
_FLAGS: Final = ("independence", "same_status")
_BETWEEN_TWO: Final = ("max_disagreement", "same_status")
_COUNTS: Final = ("min_sources", "faulty_sources")
_SHORTEST: Final = 10_000
"""Publications and limits below 10 ms are finer than the markets that are drawn."""
_LONGEST: Final = 7 * 86_400 * SECOND
_LARGEST: Final = {"max_displacement": 1.0, "margin_headroom": 0.5, "max_disagreement": 1.0}
"""The rack of accounts covers headrooms up to a half."""
_MOST_SOURCES: Final = 1_024
_LARGEST_TICK: Final = 1e6
_KEYS: Final = tuple(field.name for field in msgspec.structs.fields(Expect))
_GROWS: Final = {"max_age": 5, "max_tracking_lag": 5, "max_lead": 2, "max_recovery": 10}
"""Where `interval` is given and these are not, they grow to at least so many intervals."""


def promised(layers: Sequence[Layer], *, known_properties: Iterable[str] = ()) -> Expect:
    """Merge layers, the strongest first, over the defaults.

    Raises InputError that names the layer, the key, the value and the remedy; a given contradiction is one too.
    """
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    properties = tuple(known_properties)
    for layer in layers:
        for key, given in layer.table.items():
            value = _read(key, given, layer.origin, properties)
            if key == "waive" and key in values:
                values[key] = {**_waivers(value), **_waivers(values[key])}
            elif key not in values:
                values[key], origins[key] = value, layer.origin
    if "interval" in values:
        interval = values["interval"]
        for key, factor in _GROWS.items():
            if key not in values and isinstance(interval, int):
                values[key] = max(getattr(Expect(), key), factor * interval)
    expect = msgspec.convert(values, Expect)
    _check_contradictions(expect, origins)
    return expect


def _waivers(value: object) -> dict[str, str]:
    return value if isinstance(value, dict) else {}


def _read(key: str, given: object, origin: str, properties: Sequence[str]) -> object:
    name = f"expect.{key}"
    try:
        if key in _DURATIONS:
            return _bounded(duration_us(given, key=name, low_us=_SHORTEST), given, name)
        if key in _RATIOS:
            return ratio(given, key=name, high=_LARGEST[key])
        return _read_plain(key, given, name, properties)
    except InputError as error:
        raise error.within(origin) from None


def _read_plain(key: str, given: object, name: str, properties: Sequence[str]) -> object:
    if key in _COUNTS:
        if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= _MOST_SOURCES:
            return given
        raise _must(f"be a whole number from 1 to {_MOST_SOURCES}", given, name)
    if key == "clock":
        if given in ("event", "receive"):
            return given
        raise _must('be "event" or "receive"', given, name)
    if key == "tick":
        if isinstance(given, (int, float)) and not isinstance(given, bool) and 0 <= given <= _LARGEST_TICK:
            return float(given)
        raise _must(f"be a price step from 0 to {_LARGEST_TICK:g}", given, name)
    if key in _FLAGS:
        if isinstance(given, bool):
            return given
        raise _must("be true or false", given, name)
    if key == "max_flapping":
        return ratio(given, key=name, high=float("inf"))
    if key == "waive":
        return _read_waivers(given, name, properties)
    problem = "is no key of [expect]"
    raise InputError(problem, key=name, remedy=did_you_mean(key, _KEYS))


def _read_waivers(given: object, name: str, properties: Sequence[str]) -> dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(reason, str) and reason.strip() for reason in given.values()):
        raise _must('be a table of property = "reason"', given, name)
    for prop in given:
        if properties and prop not in properties:
            problem = "names no property"
            raise InputError(problem, key=f"{name}.{prop}", remedy=did_you_mean(str(prop), properties))
    return {str(prop): reason for prop, reason in given.items()}


def _bounded(span: int, given: object, name: str) -> int:
    if span > _LONGEST:
        raise _must(f"be at most {format_duration(_LONGEST)}", given, name)
    return span


def _must(rule: str, given: object, name: str) -> InputError:
    return InputError(f"must {rule}, was {given!r}", key=name)


def _check_contradictions(expect: Expect, origins: Mapping[str, str]) -> None:
    if 2 * expect.interval > expect.max_age:
        problem = f"must not exceed half of expect.max_age = {format_duration(expect.max_age)}, was {format_duration(expect.interval)}"
        raise InputError(
            problem, file=origins.get("interval") or origins.get("max_age"), key="expect.interval", remedy="publish more often or promise a longer max_age"
        )
    for key in ("max_tracking_lag", "max_recovery"):
        if getattr(expect, key) < expect.interval:
            problem = f"must not be shorter than expect.interval = {format_duration(expect.interval)}, was {format_duration(getattr(expect, key))}"
            raise InputError(problem, file=origins.get(key), key=f"expect.{key}")
