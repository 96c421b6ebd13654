"""One small market on which a definition sheet works a methodology through, with the reference: five sources, one far off, one silent for long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from indexlab.index.determination import REASONS, STATUSES
from indexlab.index.reference import determine
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source
from indexlab.market.units import MINUTE, SECOND

if TYPE_CHECKING:
    from indexlab.index.rules import Declaration
    from indexlab.market.source import Basket

__all__ = ["Line", "Worked", "worked_example"]

_NOW: Final = 1_600_000_000 * SECOND
_NAMES: Final = ("alpha", "beta", "gamma", "delta", "epsilon")
_WEIGHTS: Final = (3.0, 2.0, 2.0, 1.0, 1.0)
_SPREAD: Final = 0.1


class Line(NamedTuple):
    """One source of the example: what it said and how long ago, and what became of it."""

    source: str
    given_weight: float
    said: float
    age_us: int
    used: float
    weight: float
    reason: str


class Worked(NamedTuple):
    """The example's outcome: all five sources, and then alpha and beta alone (value NaN: none)."""

    lines: tuple[Line, ...]
    value: float
    status: str
    value_of_two: float
    status_of_two: str


def worked_example(declaration: Declaration) -> Worked:
    """Work one publication through; how far off delta is, and how long epsilon is silent, follow from the declaration's own limits."""
    basket = _basket(declaration)
    prices, ages = _prices(declaration), _ages(declaration)
    weights = declaration.weights_for(basket)
    found = determine(declaration, basket, _quotes(prices, ages), np.array([_NOW], dtype=np.int64))
    of_two = determine(declaration, basket, _quotes(prices[:2], ages[:2]), np.array([_NOW], dtype=np.int64))
    if found.used is None or found.weight is None or found.reason is None:
        raise AssertionError  # the reference always explains itself
    lines = [
        Line(source.id, weights[s], prices[s], ages[s], float(found.used[0, s]), float(found.weight[0, s]), REASONS[found.reason[0, s]])
        for s, source in enumerate(basket[: len(prices)])
    ]
    return Worked(tuple(lines), float(found.value[0]), STATUSES[found.status[0]], float(of_two.value[0]), STATUSES[of_two.status[0]])


def _basket(declaration: Declaration) -> Basket:
    """Return the five sources, named as the declaration names them where it does, and whatever else it names."""
    named = tuple(declaration.weights.fixed)
    names = (*named, *(name for name in _NAMES if name not in named))[: max(len(_NAMES), len(named))]
    return tuple(Source(name, name, weight=weight) for name, weight in zip(names, (*_WEIGHTS, *[1.0] * len(names)), strict=False))


def _prices(declaration: Declaration) -> tuple[float, ...]:
    off = 2 * declaration.outlier.band or 0.05
    return 100.0, 100.2, 99.9, round(100 * (1 + off), 6), 100.1


def _ages(declaration: Declaration) -> tuple[int, ...]:
    limit = declaration.staleness.silence_us
    fresh = SECOND if limit is None else min(SECOND, limit // 2)
    return fresh, fresh, fresh, fresh, (10 * MINUTE if limit is None else 2 * limit)


def _quotes(prices: tuple[float, ...], ages: tuple[int, ...]) -> Quotes:
    said = [_NOW - age for age in ages]
    order = sorted(range(len(said)), key=lambda s: said[s])
    return Quotes.from_columns(
        receive_time=[said[s] for s in order],
        source=order,
        price=[prices[s] for s in order],
        bid=[prices[s] - _SPREAD / 2 for s in order],
        ask=[prices[s] + _SPREAD / 2 for s in order],
    )
