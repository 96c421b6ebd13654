"""The Hypothesis strategy of guided search: it draws few numbers, which `recipes` and `synthetic` expand into ticks and twins.

The strategies for tests of one's own are in `indexlab.testing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

from indexlab.market.seeds import derive
from indexlab.market.synthetic import REGIMES
from indexlab.scenarios.baskets import FEWEST, MOST
from indexlab.scenarios.recipes import GAPS, SEARCHED, Drawn
from indexlab.scenarios.shapes import LEVELS, STARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["drawn_batches"]

T = TypeVar("T")


def _bits(count: int) -> st.SearchStrategy[int]:
    # Hypothesis draws integers now and then from the constants of whatever local modules are loaded, which differ between a worker
    # and the process that started it; booleans it draws from its seed alone
    return st.tuples(*[st.booleans()] * count).map(lambda bits: sum(bit << place for place, bit in enumerate(bits)))


def _one_of(options: Sequence[T]) -> st.SearchStrategy[T]:
    # through a hash: Hypothesis likes bits that repeat, and would come back to a few of many options
    return _bits(12).map(lambda number: options[derive("one-of", number) % len(options)])


def drawn_batches() -> st.SearchStrategy[Drawn]:
    """Return the few numbers of one batch of guided search; what is drawn depends on the seed alone, not on what else is loaded."""
    return st.builds(
        Drawn,
        recipe=_one_of(SEARCHED),
        regime=_one_of(REGIMES),
        sources=_one_of(range(FEWEST, MOST + 1)),
        level=_one_of(LEVELS),
        start=_one_of(STARTS),
        move=_one_of(GAPS),
        seed=_bits(31),
        instant=_bits(2).map(lambda number: number == 0),
    )
