"""What a batch is made from: the world that all scenarios of an audit share, and the few numbers that are drawn for one of them."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import msgspec

from indexlab.market.source import Basket
from indexlab.market.synthetic import Regime
from indexlab.scenarios.expect import Expect

__all__ = ["GAPS", "LONG", "RECIPES", "SEARCHED", "Drawn", "Recipe", "World"]

Recipe: TypeAlias = Literal[
    "values",
    "garbage",
    "silences",
    "late",
    "quorum",
    "moves",
    "volumes",
    "start",
    "flat",
    "return",
    "later",
    "fewer",
    "restart",
    "partial",
    "zoo",
    "pairs",
    "timing",
    "riders",
    "future",
    "unanimous",
    "minority",
    "shared",
    "depeg",
    "foreign",
    "bias",
    "messages",
]
RECIPES: Final[tuple[Recipe, ...]] = get_args(Recipe)
LONG: Final[tuple[Recipe, ...]] = ("bias", "messages")
"""Recipes of an hour, or of more messages of one source than 16 bits count: few twins, and not part of guided search."""
SEARCHED: Final[tuple[Recipe, ...]] = tuple(recipe for recipe in RECIPES if recipe not in LONG)

GAPS: Final = (1.05, 0.85, 20.0, 0.04, 1.6, 0.55, 99.0, 0.0102, 1.012, 0.987, 3.0, 0.3)
"""True moves at once: of either sign, from just over 1 % to a factor of 100."""


class World(msgspec.Struct, frozen=True):
    """What all scenarios of an audit share: the promise, the basket of the plan (None: drawn), whether bid and ask are sent, twins a batch.

    `columns` are those that the target needs beside the usual ones (confidence, trade_size, book); with `converts` drawn baskets mix quote currencies and rates
    are given. `thresholds` are ratios at which the target declares that something changes (a band of 0.05). A `dear` target is spared the longest runs.
    """

    expect: Expect
    basket: Basket | None
    book: bool
    twins: int
    columns: tuple[str, ...] = ()
    converts: bool = False
    thresholds: tuple[float, ...] = ()
    dear: bool = False


class Drawn(msgspec.Struct, frozen=True):
    """The few numbers that Hypothesis (or a counter) draws for one batch; in an `instant` market quotes happen and arrive at publication times."""

    recipe: Recipe
    regime: Regime
    sources: int
    level: float
    start: int
    move: float
    seed: int
    instant: bool = False
