"""Recipes: a batch (market, twins) from a few numbers and the promise that it is to judge; pure, so that scenario i is a function of (seed, i).

`draw_batch` is what guided search expands; `built_in` is the fixed list that meets every premise even in the smallest profile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from indexlab.market.seeds import derive, stream
from indexlab.scenarios.baskets import FEWEST, FEWEST_SHARED, MOST, drawn_basket, shared_groups
from indexlab.scenarios.builders import BUILDERS, ZOO_PLACES
from indexlab.scenarios.currencies import rates_for
from indexlab.scenarios.scenario import Batch, Scenario
from indexlab.scenarios.shapes import LEVELS, STARTS, market_for
from indexlab.scenarios.sweeps_kinds import foreign_faults
from indexlab.scenarios.world import GAPS, LONG, RECIPES, SEARCHED, Drawn, Recipe, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexlab.market.source import Basket
    from indexlab.market.synthetic import Regime

__all__ = ["GAPS", "LONG", "RECIPES", "SEARCHED", "Drawn", "Recipe", "World", "basket_of", "built_in", "draw_batch"]


_SPREAD: Final[dict[Recipe, float]] = {"fewer": 0.0, "minority": 1.0, "depeg": 0.0}
"""Recipes that need equal weights (so that as many as possible may be absent, or most sources are most of the weight), or lopsided ones (so that most
sources may be a minority of weight)."""
_ONE_CURRENCY: Final = ("flat", "unanimous", "minority")
"""Recipes whose prices are held against the index as they are: divided by a rate and multiplied by it again, equal prices differ in the last bit."""


def basket_of(drawn: Drawn, world: World) -> Basket:
    """Return the plan's basket, or a drawn one: now and then of several currencies where the target converts, of shared venues with «independence»."""
    if world.basket:
        return world.basket
    mixed = world.converts and drawn.recipe not in _ONE_CURRENCY and drawn.seed % 2 == 0
    foreign, shared = world.converts and drawn.recipe == "depeg", world.expect.independence
    count = max(drawn.sources, FEWEST_SHARED) if shared else drawn.sources
    return drawn_basket(count, drawn.seed, mixed=mixed, foreign=foreign, shared=shared, spread=_SPREAD.get(drawn.recipe))


def draw_batch(drawn: Drawn, world: World) -> Batch:
    """Expand the few numbers into a batch of twins: as many as the world says, fewer where the recipe's runs are long."""
    basket = basket_of(drawn, world)
    plan = BUILDERS[drawn.recipe](drawn, world, basket)
    market = market_for(
        world.expect,
        plan.regime,
        plan.publications,
        drawn.seed,
        start=drawn.start,
        price=drawn.level,
        move=plan.move,
        leader=0 if plan.regime in ("crash", "rally") else None,
        book=world.book,
    )
    market = msgspec.structs.replace(market, columns=world.columns, **{"instant": drawn.instant, **plan.changes})
    return Batch(Scenario(sources=basket, market=market, rates=rates_for(basket) if world.converts else ()), plan.twins)


_HUGE: Final = 1e10


class _First(NamedTuple):
    recipe: Recipe
    regime: Regime
    place: int
    instant: bool = False


_FIRST: Final[tuple[_First, ...]] = (
    _First("values", "calm", 0),
    _First("garbage", "trending", 1),
    _First("silences", "volatile", 2),
    _First("moves", "gap", 0),
    _First("late", "volatile", 3),
    _First("quorum", "calm", 1),
    _First("moves", "gap", 1),
    _First("flat", "calm", 12),
    _First("start", "calm", 6),
    _First("silences", "crash", 2),
    _First("later", "volatile", 0),
    _First("return", "trending", 8),
    _First("values", "crash", 2),
    _First("partial", "lead-lag", 5),
    _First("restart", "calm", 3),
    _First("zoo", "calm", 9),
    _First("unanimous", "calm", 10),
    _First("future", "volatile", 11),
    _First("timing", "calm", 4),
    _First("minority", "volatile", 7),
    _First("moves", "gap", 2),
    _First("moves", "gap", 3),
    _First("values", "volatile", 20),
    _First("fewer", "calm", 6),
    _First("fewer", "volatile", 4),
    _First("volumes", "calm", 5),
    _First("zoo", "volatile", 13),
    _First("garbage", "volatile", 6, instant=True),
    _First("riders", "calm", 14),
    _First("pairs", "trending", 15),
    _First("values", "rally", 3),
    _First("silences", "trending", 4),
    _First("moves", "gap-open", 4),
    _First("moves", "gap", 5),
    _First("values", "calm", 16, instant=True),
    _First("restart", "gap-open", 0),
    _First("start", "volatile", 17, instant=True),
    _First("partial", "lead-lag", 11),
    _First("late", "calm", 18, instant=True),
    _First("unanimous", "calm", 19, instant=True),
    _First("future", "calm", 8, instant=True),
    _First("bias", "calm", 0),
    _First("messages", "volatile", 1),
)


def built_in(world: World, seed: int) -> tuple[Batch, ...]:
    """Return the batches that every audit runs first; between them they meet every applicable premise."""
    batches = []
    zoos = 0
    for number, (recipe, regime, place, instant) in enumerate(_listed(world)):
        draw = stream("built-in", seed, number)
        drawn = Drawn(
            recipe=recipe,
            regime=regime,
            sources=_count(recipe, LEVELS[place % len(LEVELS)], number),
            level=LEVELS[place % len(LEVELS)],
            start=STARTS[place % len(STARTS)],
            move=GAPS[place % len(GAPS)] * float(draw.uniform(0.999, 1.001)),
            seed=derive("built-in", seed, number),
            instant=instant,
        )
        # one batch for each third party's fault, and the catalogue from where the batch before left it
        remainder, places = (place, len(foreign_faults())) if recipe == "foreign" else (zoos * world.twins, ZOO_PLACES)
        if recipe in ("foreign", "zoo"):
            drawn = msgspec.structs.replace(drawn, seed=drawn.seed // places * places + remainder)
        zoos += recipe == "zoo"
        batches.append(draw_batch(drawn, world))
    return tuple(batches)


def _count(recipe: Recipe, level: float, number: int) -> int:
    # every count, even and odd; the most where some are silent for good or most are a minority; where prices are huge an even one, whose middle is a sum
    if recipe in _SPREAD:
        return MOST
    count = FEWEST + (5 * number) % (MOST - FEWEST + 1)
    return count + count % 2 if level > _HUGE else count


def _listed(world: World) -> Iterator[_First]:
    yield from (first for first in _FIRST if not (world.dear and first.recipe == "messages"))
    mixed = world.converts or (world.basket is not None and len({source.quote for source in world.basket}) > 1)
    if mixed:
        yield from (_First("depeg", "calm", 0), _First("depeg", "volatile", 3))
    if world.expect.independence or (world.basket is not None and shared_groups(world.basket)):
        yield from (_First("shared", "calm", 0), _First("shared", "volatile", 2))
    yield from (_First("foreign", "calm", place) for place in range(len(foreign_faults())))
