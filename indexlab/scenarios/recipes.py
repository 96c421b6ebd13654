"""Recipes: a batch (market, twins) from a few numbers and the promise that it is to judge; pure, so that scenario i is a function of (seed, i).

`draw_batch` is what guided search expands; `built_in` is the fixed list that meets every premise even in the smallest profile.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from indexlab.market.seeds import derive, stream
from indexlab.market.source import Basket
from indexlab.market.synthetic import REGIMES, Regime
from indexlab.scenarios import sweeps
from indexlab.scenarios.baskets import FEWEST, MOST, drawn_basket
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.scenario import Batch, Scenario
from indexlab.scenarios.shapes import (
    LEVELS,
    STARTS,
    Shape,
    garbage_shape,
    later_shape,
    limit_shape,
    market_for,
    quorum_shape,
    return_shape,
    start_shape,
    value_shape,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.scenarios.sweeps import FaultList

__all__ = ["RECIPES", "Drawn", "Recipe", "World", "built_in", "draw_batch"]

Recipe: TypeAlias = Literal["values", "garbage", "silences", "late", "quorum", "moves", "volumes", "start", "flat", "return", "later"]
RECIPES: Final[tuple[Recipe, ...]] = ("values", "garbage", "silences", "late", "quorum", "moves", "volumes", "start", "flat", "return", "later")

GAPS: Final = (1.05, 0.85, 20.0, 0.04, 1.6, 0.55, 99.0, 0.0102, 1.012, 0.987, 3.0, 0.3)
"""True moves at once: of either sign, from just over 1 % to a factor of 100."""


class World(msgspec.Struct, frozen=True):
    """What all scenarios of an audit share: the promise, the basket of the plan (None: drawn), whether a book is sent, twins a batch."""

    expect: Expect
    basket: Basket | None
    book: bool
    twins: int


class Drawn(msgspec.Struct, frozen=True):
    """The few numbers that Hypothesis (or a counter) draws for one batch."""

    recipe: Recipe
    regime: Regime
    sources: int
    level: float
    start: int
    move: float
    seed: int


def draw_batch(drawn: Drawn, world: World) -> Batch:
    """Expand the few numbers into a batch of twins."""
    expect = world.expect
    basket = world.basket or drawn_basket(drawn.sources, drawn.seed)
    if drawn.recipe == "quorum":
        publications, windows = quorum_shape(expect)
        twins = sweeps.quorum_losses(world.twins, len(basket), [(drawn.start + a, drawn.start + b) for a, b in windows], expect, drawn.seed)
        return _batch(world, basket, drawn, Shape(publications, 0, None), twins)
    if drawn.recipe == "return":
        publications, pair = return_shape(expect)
        twins = sweeps.returns(world.twins, len(basket), [(drawn.start + a, drawn.start + b) for a, b in pair], drawn.seed)
        return _batch(world, basket, drawn, Shape(publications, 0, None), twins)
    shape = _shape(drawn.recipe, expect)
    window = (drawn.start + shape.window_start, None if shape.window_end is None else drawn.start + shape.window_end)
    return _batch(world, basket, drawn, shape, _twins(drawn, world, len(basket), window))


def _shape(recipe: Recipe, expect: Expect) -> Shape:
    if recipe == "start":
        return start_shape(expect)
    if recipe == "later":
        return later_shape(expect)
    if recipe in ("values", "moves", "volumes"):
        return value_shape(expect)
    if recipe == "flat":
        # long enough that prices which never change are no silence
        usual = value_shape(expect)
        return replace(usual, publications=max(usual.publications, limit_shape(expect).publications))
    return garbage_shape(expect) if recipe == "garbage" else limit_shape(expect)


def _twins(drawn: Drawn, world: World, n: int, window: tuple[int, int | None]) -> tuple[FaultList, ...]:
    count = world.twins
    faulty = min(world.expect.faulty_sources, n)
    if drawn.recipe == "garbage":
        return sweeps.garbage(count, n, window, drawn.seed)
    if drawn.recipe == "silences":
        return sweeps.silences(count, n, window, world.expect, drawn.seed)
    if drawn.recipe == "late":
        return sweeps.late(count, n, window, world.expect, drawn.seed)
    if drawn.recipe == "start":
        return sweeps.from_the_start(count, n, window, world.expect, drawn.seed)
    if drawn.recipe == "volumes":
        return sweeps.volumes(count, n, window, drawn.seed)
    return sweeps.values(count, n, window, drawn.seed, sources=faulty)


def _batch(world: World, basket: Basket, drawn: Drawn, shape: Shape, twins: Sequence[FaultList]) -> Batch:
    regime: Regime = "gap" if drawn.recipe == "moves" else "calm" if drawn.recipe == "flat" else drawn.regime
    market = market_for(
        world.expect,
        regime,
        shape.publications,
        drawn.seed,
        start=drawn.start,
        price=drawn.level,
        move=drawn.move if regime == "gap" else 1.0,
        leader=0 if regime in ("crash", "rally") else None,
        book=world.book,
        flat=drawn.recipe == "flat",
    )
    return Batch(Scenario(sources=basket, market=market), tuple(twins))


_FIRST: Final[tuple[tuple[Recipe, Regime, int], ...]] = (
    ("values", "calm", 0),
    ("garbage", "trending", 1),
    ("silences", "volatile", 2),
    ("moves", "gap", 0),
    ("late", "volatile", 3),
    ("quorum", "calm", 1),
    ("moves", "gap", 1),
    ("flat", "calm", 7),
    ("start", "calm", 6),
    ("silences", "crash", 2),
    ("later", "volatile", 0),
    ("return", "trending", 8),
    ("values", "crash", 2),
    ("moves", "gap", 2),
    ("moves", "gap", 3),
    ("values", "volatile", 4),
    ("volumes", "calm", 5),
    ("garbage", "volatile", 6),
    ("values", "rally", 3),
    ("silences", "trending", 4),
    ("moves", "gap", 4),
    ("moves", "gap", 5),
)


def built_in(world: World, seed: int) -> tuple[Batch, ...]:
    """Return the batches that every audit runs first; between them they meet every applicable premise."""
    batches = []
    for number, (recipe, regime, place) in enumerate(_FIRST):
        draw = stream("built-in", seed, number)
        drawn = Drawn(
            recipe=recipe,
            regime=regime,
            sources=FEWEST + (2 * number) % (MOST - FEWEST + 1),
            level=LEVELS[place % len(LEVELS)],
            start=STARTS[place % len(STARTS)],
            move=GAPS[place % len(GAPS)] * float(draw.uniform(0.999, 1.001)) if recipe == "moves" else 1.0,
            seed=derive("built-in", seed, number),
        )
        batches.append(draw_batch(drawn, world))
    return tuple(batches)


if set(REGIMES) != {"calm", "trending", "volatile", "crash", "rally", "gap"}:  # pragma: no cover
    message = "a new regime must be given a place in the built-in batches"
    raise AssertionError(message)
