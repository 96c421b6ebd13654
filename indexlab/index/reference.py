"""The textbook: a declaration followed word by word in exact arithmetic, slow, to be read against a venue's page.

It works straight from the quotes, with fractions of the decimal numbers that people wrote (the shortest that give the same double), and shares nothing with
the engine but the declaration. What each rule means is written in `rules.py`; the modules `reference_*` follow it section by section, and `reference_run`
puts them in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.index.catalogue import preset
from indexlab.index.reference_inputs import notes
from indexlab.index.reference_rows import Row, as_arrays, blended
from indexlab.index.reference_run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from indexlab.index.determination import Determinations
    from indexlab.index.rules import Declaration
    from indexlab.market.quotes import Quotes
    from indexlab.market.rates import Rate
    from indexlab.market.source import Basket

__all__ = ["determine"]


def determine(declaration: Declaration, basket: Basket, quotes: Quotes, times: NDArray[np.int64], rates: Mapping[str, Rate] | None = None) -> Determinations:
    """Return the determinations of one run at `times` (microseconds, not decreasing), exact and then rounded to doubles; `rates` by quote currency.

    Raises InputError where the weights do not fit the basket, or the preset to blend from is not there.
    """
    asked = list(_blended_from(declaration))
    rows = _rows(asked, basket, quotes, times.tolist(), rates)
    said = tuple(dict.fromkeys(note for one in asked for note in notes(one, quotes)))
    return as_arrays(rows, len(basket), said, has_confidence=any(one.aggregation.rule == "votes" for one in asked))


def _blended_from(declaration: Declaration) -> Iterator[Declaration]:
    """Give a declaration, the one that it is blended from, and so on."""
    yield declaration
    if declaration.blend is not None:
        yield from _blended_from(preset(declaration.blend.old))


def _rows(asked: list[Declaration], basket: Basket, quotes: Quotes, times: list[int], rates: Mapping[str, Rate] | None) -> list[Row]:
    declaration, *older = asked
    run = Run(declaration, basket, quotes, rates)
    rows = [run.publish(time) for time in times]
    if declaration.blend is None:
        return rows
    before = _rows(older, basket, quotes, times, rates)
    return [blended(declaration.blend, time, old, new) for time, old, new in zip(times, before, rows, strict=True)]
