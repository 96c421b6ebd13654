"""Choosing the sources of a fault by what they are, instead of by position. No numpy.

one              one source, drawn by the seed
3                three sources, drawn by the seed
all              every source
heaviest         the source of the largest weight (the first of equals)
lightest         the source of the smallest weight (the first of equals)
venue:NAME       every source of a venue
upstream:NAME    every source with this upstream
quote:NAME       every source that quotes in this currency
weight<=15%      every source whose share of the weights is such; also <, >= and >
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Final

from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.seeds import derive
from indexlab.market.units import ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.market.source import Basket

__all__ = ["selected"]

_BY_WEIGHT: Final = re.compile(r"weight\s*(<=|>=|<|>)\s*(.+)")
_COMPARED: Final[dict[str, Callable[[float, float], bool]]] = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
_FIELDS: Final = ("venue", "upstream", "quote")
_WORDS: Final = ("one", "all", "heaviest", "lightest")
_REMEDY: Final = 'write "one", a number, "all", "heaviest", "lightest", "venue:NAME", "upstream:NAME", "quote:NAME" or "weight<=15%"'
_NEARLY: Final = 1e-9
"""A share is rounded: what misses the limit by less is at the limit."""


def selected(basket: Basket, selector: str, seed: int) -> tuple[int, ...]:
    """Return the positions of the chosen sources, at least one, in ascending order; the same for the same seed.

    Raises InputError with a remedy for a selector that cannot be read, and for one that chooses nobody.
    """
    text = selector.strip()
    if text.isdigit():
        return _drawn(basket, int(text), selector, seed)
    if text == "one":
        return _drawn(basket, 1, selector, seed)
    if text == "all":
        return tuple(range(len(basket)))
    weights = [source.weight for source in basket]
    if text in {"heaviest", "lightest"}:
        return (weights.index(max(weights) if text == "heaviest" else min(weights)),)
    if found := _BY_WEIGHT.fullmatch(text):
        return _by_weight(weights, found[1], found[2], selector)
    field, colon, name = text.partition(":")
    if colon and field.strip() in _FIELDS:
        return _by_field(basket, field.strip(), name.strip(), selector)
    near = did_you_mean(field, (*_WORDS, *_FIELDS, "weight"))
    raise _refused(f'must be a way to choose sources, was "{selector}"', near if near and near.startswith("did") and not colon else _REMEDY)


def _drawn(basket: Basket, count: int, selector: str, seed: int) -> tuple[int, ...]:
    if not 1 <= count <= len(basket):
        raise _refused(f'must choose from 1 to {len(basket)} sources, was "{selector}"', f"the basket has {len(basket)}")
    # each source has a number of its own: with one source less, the others are chosen as before
    by_lot = sorted(range(len(basket)), key=lambda position: derive("selector", seed, basket[position].id))
    return tuple(sorted(by_lot[:count]))


def _by_weight(weights: list[float], sign: str, limit_text: str, selector: str) -> tuple[int, ...]:
    try:
        limit = ratio(limit_text.strip())
    except InputError as error:
        raise _refused(f'must compare the weight with a ratio, was "{selector}"', error.remedy or 'write "weight<=15%"') from None
    total = sum(weights)
    limit += _NEARLY if sign in {"<=", ">"} else -_NEARLY
    chosen = tuple(place for place, weight in enumerate(weights) if _COMPARED[sign](weight / total, limit))
    if not chosen:
        low, high = min(weights) / total, max(weights) / total
        raise _refused(f'must choose at least one source, was "{selector}"', f"the weights are from {low:.4g} to {high:.4g} of the sum")
    return chosen


def _by_field(basket: Basket, field: str, name: str, selector: str) -> tuple[int, ...]:
    known = [getattr(source, field) for source in basket]
    chosen = tuple(place for place, value in enumerate(known) if value == name)
    if not chosen:
        names = list(dict.fromkeys(value for value in known if value is not None))
        raise _refused(f'must choose at least one source, was "{selector}"', did_you_mean(name, names) or f"no source has an {field}")
    return chosen


def _refused(problem: str, remedy: str) -> InputError:
    return InputError(problem, key="sources", remedy=remedy)
