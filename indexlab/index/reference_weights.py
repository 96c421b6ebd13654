"""Given weights: of the basket, or of what was traded, and none above the cap."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from indexlab.index.reference_numbers import exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.index.reference_sources import Memory
    from indexlab.index.rules import Declaration
    from indexlab.market.source import Basket

__all__ = ["given_weights"]


def given_weights(declaration: Declaration, basket: Basket, memories: Sequence[Memory], time: int) -> list[Fraction]:
    """Return the weight of each source at a publication, before anything is thrown out; the venue's own has none.

    Raises InputError where the weights do not fit the basket.
    """
    weights = [exact(weight) for weight in declaration.weights_for(basket)]
    amounts = _amounts(declaration, memories, time)
    own = declaration.own.source
    if own:
        weights, amounts = ([Fraction(0) if source.id == own else w for source, w in zip(basket, list_, strict=True)] for list_ in (weights, amounts))
    return _capped(amounts if any(amounts) else weights, exact(declaration.weights.cap))


def _amounts(declaration: Declaration, memories: Sequence[Memory], time: int) -> list[Fraction]:
    kind = declaration.weights.kind
    if kind == "volume":
        return [memory.volume_at(time) for memory in memories]
    if kind == "traded":
        return [memory.traded_at(time) for memory in memories]
    return [Fraction(0)] * len(memories)


def _capped(weights: list[Fraction], cap: Fraction) -> list[Fraction]:
    """Give none more than its share of the sum, and what is above to the others in proportion, again and again."""
    total, some = sum(weights, Fraction(0)), sum(1 for weight in weights if weight > 0)
    if cap * some <= 1:
        return [Fraction(int(weight > 0)) for weight in weights]
    most, capped = cap * total, set[int]()
    while over := {s for s, weight in enumerate(weights) if weight > most and s not in capped}:
        capped |= over
        rest = sum((weight for s, weight in enumerate(weights) if s not in capped), Fraction(0))
        grown = (total - most * len(capped)) / rest
        weights = [most if s in capped else weight * grown for s, weight in enumerate(weights)]
    return weights
