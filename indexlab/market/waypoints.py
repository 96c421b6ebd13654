"""Waypoints: the few published prices of an incident, and the quotes that are derived from them.

A source quotes from its first waypoint on: at every publication time and at each waypoint's own instant. Between two waypoints its price
is what the earlier one's `path` says: `step` (the default) keeps the price, `linear` moves evenly to the next waypoint's price, `silent` says
nothing until the next one. Every price carries its `basis`, known or assumed, and in `from` where it comes from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
import numpy as np

from indexlab.market.errors import InputError
from indexlab.market.quotes import Quotes
from indexlab.market.times import time_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexlab.market.source import Basket

__all__ = ["Basis", "Path", "Waypoint", "checked_waypoints", "quotes_from_waypoints"]

Basis: TypeAlias = Literal["known", "assumed"]
Path: TypeAlias = Literal["step", "linear", "silent"]
_HIGHEST_PRICE: Final = 1e15


class Waypoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"cited": "from"}):
    """What one source said at one time (microseconds), whether that is known or assumed, and where it comes from.

    `price` is absent exactly where `path` is "silent". A price may be zero or negative: wrong prices are what incidents are made of.
    """

    time: int
    source: str
    basis: Basis
    cited: str
    price: float | None = None
    path: Path = "step"


def checked_waypoints(waypoints: Sequence[Waypoint], basket: Basket, *, start: int, end: int, file: object = None) -> tuple[Waypoint, ...]:
    """Return the waypoints; each is within start..end, after its source's former one, and says a price or a silence. Raises InputError."""
    last: dict[str, tuple[int, Waypoint]] = {}
    known = {source.id for source in basket}
    for number, waypoint in enumerate(waypoints, start=1):
        key = f"waypoint {number}"
        if waypoint.source not in known:
            problem = f'names the source "{waypoint.source}", which is none of [[source]]'
            raise InputError(problem, file=file, key=key)
        _check_price(waypoint, key, file)
        if not start <= waypoint.time <= end:
            problem = f"must lie between start and end ({time_text(start)} to {time_text(end)}), was {time_text(waypoint.time)}"
            raise InputError(problem, file=file, key=f"{key}: time")
        former = last.get(waypoint.source)
        if former is not None:
            if waypoint.time <= former[1].time:
                problem = f"must be later than waypoint {former[0]} of the same source ({time_text(former[1].time)}), was {time_text(waypoint.time)}"
                raise InputError(problem, file=file, key=f"{key}: time")
            _check_slope(former[1], waypoint, f"waypoint {former[0]}", file)
        last[waypoint.source] = (number, waypoint)
    for number, waypoint in last.values():
        _check_slope(waypoint, None, f"waypoint {number}", file)
    return tuple(waypoints)


def _check_price(waypoint: Waypoint, key: str, file: object) -> None:
    if (waypoint.price is None) != (waypoint.path == "silent"):
        problem = 'must be given unless path = "silent"' if waypoint.price is None else f'must be absent where path = "silent", was {waypoint.price:g}'
        raise InputError(problem, file=file, key=f"{key}: price")
    if waypoint.price is not None and not abs(waypoint.price) <= _HIGHEST_PRICE:
        problem = f"must be a number no further than {_HIGHEST_PRICE:g} from zero, was {waypoint.price}"
        raise InputError(problem, file=file, key=f"{key}: price")
    if not waypoint.cited.strip():
        problem = "must say where the price comes from, was empty"
        raise InputError(problem, file=file, key=f"{key}: from")


def _check_slope(waypoint: Waypoint, following: Waypoint | None, key: str, file: object) -> None:
    if waypoint.path == "linear" and (following is None or following.price is None):
        problem = f'must be "step" or "silent" where no priced waypoint of "{waypoint.source}" follows, was "linear"'
        raise InputError(problem, file=file, key=f"{key}: path")


def quotes_from_waypoints(waypoints: Sequence[Waypoint], basket: Basket, times: NDArray[np.int64]) -> Quotes:
    """Derive the quotes: `times` are the publication times (int64 microseconds, sorted); event time is receive time, there is no book and no volume."""
    return Quotes.concatenate([_quotes_of(position, [w for w in waypoints if w.source == source.id], times) for position, source in enumerate(basket)])


def _quotes_of(position: int, waypoints: Sequence[Waypoint], times: NDArray[np.int64]) -> Quotes:
    if not waypoints:
        return Quotes.empty()
    marks = np.array([waypoint.time for waypoint in waypoints], dtype=np.int64)
    moments = np.union1d(times[times >= marks[0]], marks)
    stretch = np.searchsorted(marks, moments, side="right") - 1
    price = np.array([np.nan if waypoint.price is None else waypoint.price for waypoint in waypoints])
    after = np.append(price[1:], np.nan)
    length = np.append(np.diff(marks), 1)
    linear = np.array([waypoint.path == "linear" for waypoint in waypoints])
    share = np.where(linear[stretch], (moments - marks[stretch]) / length[stretch], 0.0)
    slope = np.where(linear, after - price, 0.0)
    said = np.array([waypoint.path != "silent" for waypoint in waypoints])[stretch]
    moments = moments[said]
    return Quotes.from_columns(receive_time=moments, source=np.full(len(moments), position), price=(price[stretch] + slope[stretch] * share)[said])
