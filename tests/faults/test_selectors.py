"""Choosing sources by what they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.faults.selectors import selected
from indexlab.market.errors import InputError
from indexlab.market.source import Source

BASKET = (
    Source("a", "kraken", "USD", 0.15, "cables"),
    Source("b", "kraken", "USDT", 0.5),
    Source("c", "okx", "USDT", 0.2, "cables"),
    Source("d", "gemini", "USD", 0.15),
)
baskets = st.lists(st.builds(Source, st.uuids().map(str), st.just("v"), weight=st.floats(0.1, 9)), min_size=1, max_size=8, unique_by=lambda s: s.id).map(tuple)


@pytest.mark.parametrize(
    ("selector", "positions"),
    [
        ("all", (0, 1, 2, 3)),
        ("heaviest", (1,)),
        ("lightest", (0,)),
        ("venue:kraken", (0, 1)),
        ("upstream:cables", (0, 2)),
        ("quote:USDT", (1, 2)),
        ("weight<=15%", (0, 3)),
        ("weight < 15%", ()),
        ("weight>=0.2", (1, 2)),
        (" weight > 1500bp ", (1, 2)),
    ],
)
def test_sources_are_chosen_by_what_they_are(selector: str, positions: tuple[int, ...]) -> None:
    """A weight is a share of the sum, and at the limit in spite of its rounding."""
    if positions:
        assert selected(BASKET, selector, 1) == positions
    else:
        with pytest.raises(InputError, match=r'at least one source, was "weight < 15%"; the weights are from 0.15 to 0.5 of the sum'):
            selected(BASKET, selector, 1)


@given(baskets, st.integers(1, 8), st.integers(0, 2**63))
def test_so_many_are_drawn_by_the_seed(basket: tuple[Source, ...], count: int, seed: int) -> None:
    """Distinct, in order, the same for the same seed; a source more is one more, not another choice; "one" is 1."""
    count = min(count, len(basket))
    chosen = selected(basket, str(count), seed)
    assert chosen == selected(basket, str(count), seed) == tuple(sorted(set(chosen)))
    assert len(chosen) == count
    assert set(selected(basket, "one", seed)) <= set(chosen)


def test_every_source_is_drawn_by_some_seed() -> None:
    assert {selected(BASKET, "one", seed) for seed in range(60)} == {(0,), (1,), (2,), (3,)}


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("0", 'sources must choose from 1 to 4 sources, was "0"; the basket has 4'),
        ("5", 'sources must choose from 1 to 4 sources, was "5"; the basket has 4'),
        ("venue:krakn", 'sources must choose at least one source, was "venue:krakn"; did you mean "kraken"?'),
        ("quote:EUR", 'was "quote:EUR"; known: USD, USDT'),
        ("heavyest", 'must be a way to choose sources, was "heavyest"; did you mean "heaviest"?'),
        ("id:a", 'was "id:a"; write "one", a number, "all", "heaviest"'),
        ("", 'was ""; write "one", a number'),
        ("weight<=much", 'sources must compare the weight with a ratio, was "weight<=much"; write'),
    ],
)
def test_what_chooses_nobody_is_refused_with_a_remedy(selector: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        selected(BASKET, selector, 1)
    assert said in str(refused.value)


def test_no_upstream_at_all_is_said() -> None:
    with pytest.raises(InputError, match="no source has an upstream"):
        selected(BASKET[1:2], "upstream:cables", 1)
