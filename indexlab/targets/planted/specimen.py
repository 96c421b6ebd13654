"""The specimen as a target: it runs a methodology in the compiled loops of `kernel`, with some switches set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.determination import Determinations
from indexlab.index.panels import joined_runs
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source
from indexlab.targets.planted.catalogue import find_method
from indexlab.targets.planted.kernel import run_specimen
from indexlab.targets.planted.memory import Messages, method_of, new_memory, new_space
from indexlab.targets.planted.switches import COUNT, SWITCHES
from indexlab.targets.target import Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from indexlab.index.rules import Declaration
    from indexlab.market.rates import Rates
    from indexlab.market.source import Basket
    from indexlab.targets.target import Outcome

__all__ = ["Specimen", "warm"]

_COLUMNS = ("receive_time", "event_time", "source", "price", "bid", "ask", "volume")


class Specimen:
    """One methodology with some rules broken. It keeps its memory from one request to the next: only a switch makes that seen."""

    def __init__(self, declaration: Declaration, switches: Mapping[str, float]) -> None:
        """Take the rules and the switches by name; what they are set to is in `switches`."""
        self._declaration = declaration
        self._method = method_of(declaration)
        self._switches = np.zeros(COUNT)
        for name, setting in switches.items():
            self._switches[SWITCHES[name]] = setting
        self._memory = new_memory(1)
        self._space = new_space(1)

    def index(self, requests: Sequence[Request]) -> list[Outcome]:
        """Determine every request in its order; those that follow one another and share basket, times and rates go as one call."""
        found: list[Outcome] = []
        first = 0
        while first < len(requests):
            after = first + 1
            while after < len(requests) and _is_alike(requests[first], requests[after]):
                after += 1
            found.extend(self._together(requests[first:after]))
            first = after
        return found

    def _together(self, requests: Sequence[Request]) -> list[Outcome]:
        basket, times = requests[0].basket, np.ascontiguousarray(requests[0].times, dtype=np.int64)
        n = len(basket)
        quotes, bounds = joined_runs([request.quotes for request in requests], n, _COLUMNS)
        said = Messages(quotes.receive_time, quotes.event_time, quotes.source, quotes.price, quotes.bid, quotes.ask, quotes.volume, np.zeros(len(quotes)))
        if len(self._memory.price) != n:
            self._memory, self._space = new_memory(n), new_space(n)
        value, status = np.empty((len(requests), len(times))), np.empty((len(requests), len(times)), dtype=np.int8)
        given = np.array(self._declaration.weights_for(basket), dtype=np.float64)
        group = np.array(self._declaration.groups_for(basket), dtype=np.int64)
        rate = _rates(basket, times, requests[0].rates)
        run_specimen(self._switches, self._method, given, group, said, bounds, times, rate, self._memory, self._space, value, status)
        return [Determinations(value[k], status[k]) for k in range(len(requests))]


def _is_alike(one: Request, other: Request) -> bool:
    alike = one.basket is other.basket or one.basket == other.basket
    return alike and one.rates is other.rates and (one.times is other.times or np.array_equal(one.times, other.times))


def _rates(basket: Basket, times: NDArray[np.int64], rates: Rates | None) -> NDArray[np.float64]:
    """Return what a price is worth at each publication, [times, sources]: the newest good rate of its currency, NaN before the first one."""
    found = np.ones((len(times), len(basket)))
    for s, source in enumerate(basket):
        rate = (rates or {}).get(source.quote)
        if rate is None:
            continue
        good = np.isfinite(rate.price) & (rate.price > 0)
        place = np.searchsorted(rate.receive_time[good], times, side="right") - 1
        price = rate.price[good] if good.any() else np.full(1, np.nan)
        found[:, s] = np.where(place >= 0, price[np.maximum(place, 0)], np.nan)
    return found


def warm() -> None:
    """Compile the specimen, so that no audit waits for it."""
    quotes = Quotes.from_columns(receive_time=[0], source=[0], price=[100.0])
    request = Request((Source("a", "a"),), quotes, np.array([1], dtype=np.int64))
    Specimen(find_method("median"), {}).index([request])
