"""A source: one venue's market in the basket."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Basket", "Source", "checked_basket"]


class Source(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One venue's market: `quote` is its quote currency, `weight` its given weight (any positive scale), `upstream` what it shares with others."""

    id: str
    venue: str
    quote: str = "USD"
    weight: float = 1.0
    upstream: str | None = None


Basket: TypeAlias = tuple[Source, ...]
_MOST_SOURCES = 1_024


def checked_basket(sources: Iterable[Source], *, file: object = None) -> Basket:
    """Return the sources as a basket; ids are unique, weights finite and not negative with a sum above 0. Raises InputError."""
    basket = tuple(sources)
    if not basket:
        problem = "must name at least one source"
        raise InputError(problem, file=file, key="sources")
    if len(basket) > _MOST_SOURCES:
        problem = f"must not name more than {_MOST_SOURCES} sources, were {len(basket)}"
        raise InputError(problem, file=file, key="sources")
    seen: set[str] = set()
    for source in basket:
        if not source.id or source.id in seen:
            problem = f'must be a unique name, was "{source.id}"' + (" twice" if source.id else "")
            raise InputError(problem, file=file, key="sources.id")
        seen.add(source.id)
        if not (math.isfinite(source.weight) and source.weight >= 0):
            problem = f'must be a finite number of at least 0, was {source.weight} for "{source.id}"'
            raise InputError(problem, file=file, key="sources.weight")
    if not any(source.weight > 0 for source in basket):
        problem = "must have a sum above 0, was 0"
        raise InputError(problem, file=file, key="sources.weight", remedy="give at least one source a weight")
    return basket
