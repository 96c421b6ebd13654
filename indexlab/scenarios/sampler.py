"""The independent sampler: case i of a seed is one market and one fault, drawn from a declared distribution and from nothing else.

It is the other way to make scenarios. Guided search goes where it expects something; here every case is drawn anew by the counter of the seed, nothing is
steered, preferred, left out or drawn twice on purpose, so that what is counted is a frequency under the distribution that `DECLARED` writes out.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from indexlab.faults.registry import BUNDLED, fault, fault_names
from indexlab.faults.spec import FaultSpec
from indexlab.market.errors import InputError
from indexlab.market.seeds import derive, stream
from indexlab.market.synthetic import JUMPS, REGIMES, Regime
from indexlab.market.times import parse_time, time_text
from indexlab.market.units import SECOND
from indexlab.scenarios.baskets import FEWEST, FEWEST_SHARED, MOST, drawn_basket
from indexlab.scenarios.currencies import rates_for
from indexlab.scenarios.scenario import Scenario
from indexlab.scenarios.shapes import limit_shape, market_for

if TYPE_CHECKING:
    import numpy as np

    from indexlab.market.source import Basket
    from indexlab.scenarios.recipes import World

__all__ = ["DECLARED", "Case", "Distribution", "case", "faults_that_apply", "stratum_weight"]

_BOOK_FAULTS: Final = frozenset({"crossed-book", "empty-side"})


class Distribution(msgspec.Struct, frozen=True):
    """What cases are drawn from, as numbers. "Log-uniform" is uniform in the logarithm.

    A fault kind and a regime are drawn uniformly, each pair a stratum. The price is log-uniform in `price`, the start uniform in `start` to the second
    (microseconds), the move of a market that jumps log-uniform in `move` and up or down alike. The fault begins uniformly within the first
    `begin` publications; with the chance `to_the_end` it lasts to the end, else log-uniformly between one «interval» and «max_age» + «max_recovery». It is in
    one source, but with the chance `several` in a number of sources uniform from 1 to all. Its intensity is 1 with the chance
    `full_intensity`, uniform in (0, 1] with the chance `uniform_intensity`, else log-uniform from `least_intensity` to 1; its direction is up or down alike.
    """

    regimes: tuple[Regime, ...]
    sources: tuple[int, int]
    price: tuple[float, float]
    start: tuple[int, int]
    move: tuple[float, float]
    begin: int
    to_the_end: float
    several: float
    full_intensity: float
    uniform_intensity: float
    least_intensity: float

    def told(self, world: World) -> list[tuple[str, str]]:
        """Return the declaration for a world in words, as (what, how it is drawn)."""
        faults = faults_that_apply(world)
        low, high = self.sources
        intensity = f"1 in {self.full_intensity:.0%} of cases, uniform in (0, 1] in {self.uniform_intensity:.0%}, "
        intensity += f"else log-uniform from {self.least_intensity:g} to 1; "
        intensity += "what that makes of each kind says `indexlab faults show KIND`"
        basket = f"uniform from {low} to {high}, their weights drawn with them" if world.basket is None else f"the {len(world.basket)} that the plan gives"
        return [
            ("fault kind", f"uniform over {len(faults)}: {', '.join(faults)}"),
            ("regime", f"uniform over {len(self.regimes)}: {', '.join(self.regimes)}"),
            ("sources", basket),
            ("price", f"log-uniform from {self.price[0]:g} to {self.price[1]:g}"),
            ("start", f"uniform from {time_text(self.start[0])} to {time_text(self.start[1])}"),
            ("true move", f"where the regime jumps: a factor log-uniform from {self.move[0]:g} to {self.move[1]:g}, or its inverse, alike"),
            ("fault begins", f"uniform within the first {self.begin} publications"),
            ("fault lasts", f"to the end in {self.to_the_end:.0%} of cases, else log-uniform from one interval to max_age + max_recovery"),
            ("faulty sources", f"one, uniform; in {self.several:.0%} of cases a number uniform from 1 to all"),
            ("intensity", intensity),
            ("direction", "up or down alike"),
        ]


DECLARED: Final = Distribution(
    regimes=REGIMES,
    sources=(FEWEST, MOST),
    price=(1e-4, 1e5),
    start=(parse_time("2019-01-01T00:00:00Z"), parse_time("2025-01-01T00:00:00Z")),
    move=(1.01, 10.0),
    begin=80,
    to_the_end=0.35,
    several=0.2,
    full_intensity=0.3,
    uniform_intensity=0.35,
    least_intensity=1e-4,
)
"""The distribution of every estimate."""


class Case(msgspec.Struct, frozen=True):
    """One case: the stratum it was drawn into, and its scenario (with its one fault)."""

    number: int
    fault: str
    regime: Regime
    scenario: Scenario


def faults_that_apply(world: World) -> tuple[str, ...]:
    """Return the kinds of fault that can touch a quote in a world: all that can be loaded, but those of the book where none is sent."""
    return _kinds(book=world.book)


@cache
def _kinds(*, book: bool) -> tuple[str, ...]:
    return tuple(name for name in fault_names() if (book or name not in _BOOK_FAULTS) and (name in BUNDLED or _loads(name)))


def _loads(name: str) -> bool:
    try:
        fault(name)
    except InputError:
        return False
    return True


def stratum_weight(world: World, distribution: Distribution = DECLARED) -> float:
    """Return the chance that a case is drawn into any one stratum (fault kind x regime); it is the same for all."""
    return 1.0 / (len(faults_that_apply(world)) * len(distribution.regimes))


def case(world: World, seed: int, number: int, distribution: Distribution = DECLARED) -> Case:
    """Return case `number` of a seed: a pure function of these and the world, the same on every machine and in any order."""
    draw = stream("case", seed, number)
    faults = faults_that_apply(world)
    kind = faults[int(draw.integers(len(faults)))]
    regime = distribution.regimes[int(draw.integers(len(distribution.regimes)))]
    low, high = distribution.sources
    many, shared = int(draw.integers(low, high + 1)), world.expect.independence
    many = max(many, FEWEST_SHARED) if shared else many
    basket = world.basket or drawn_basket(many, derive("case basket", seed, number), mixed=world.converts, shared=shared)
    start = distribution.start[0] + SECOND * int(draw.integers((distribution.start[1] - distribution.start[0]) // SECOND))
    price = _log_uniform(draw, *distribution.price)
    move = _log_uniform(draw, *distribution.move) ** (1 if draw.random() < 0.5 else -1)
    market = market_for(
        world.expect,
        regime,
        limit_shape(world.expect).publications + distribution.begin,
        derive("case market", seed, number),
        start=start,
        price=price,
        move=move if regime in JUMPS else 1.0,
        book=world.book,
    )
    if world.columns:
        market = msgspec.structs.replace(market, columns=world.columns)
    spec = _fault(draw, kind, world, basket, start, derive("case fault", seed, number), distribution)
    rates = rates_for(basket) if world.converts else ()
    return Case(number, kind, regime, Scenario(sources=basket, market=market, faults=(spec,), rates=rates))


def _fault(draw: np.random.Generator, kind: str, world: World, basket: Basket, start: int, seed: int, distribution: Distribution) -> FaultSpec:
    expect = world.expect
    begin = start + int(draw.random() * distribution.begin * expect.interval)
    lasting = draw.random() < distribution.to_the_end
    span = _log_uniform(draw, expect.interval, expect.max_age + expect.max_recovery)
    several = draw.random() < distribution.several
    count = int(draw.integers(1, len(basket) + 1)) if several else 1
    who = tuple(sorted(int(place) for place in draw.permutation(len(basket))[:count]))
    even = 1.0 - draw.random()
    how = draw.random() - distribution.full_intensity
    intensity = 1.0 if how < 0 else even if how < distribution.uniform_intensity else distribution.least_intensity**even
    direction: Literal["up", "down"] = "up" if draw.random() < 0.5 else "down"
    return FaultSpec(fault=kind, sources=who, start=begin, end=None if lasting else begin + int(span), intensity=intensity, direction=direction, seed=seed)


def _log_uniform(draw: np.random.Generator, low: float, high: float) -> float:
    return math.exp(draw.uniform(math.log(low), math.log(high)))
