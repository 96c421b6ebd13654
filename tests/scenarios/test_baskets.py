"""Where the plan gives no sources, baskets of 7 to 12 are drawn, none above 15 % of the weight."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market.source import checked_basket
from indexlab.scenarios.baskets import FEWEST, LARGEST_WEIGHT, MOST, drawn_basket

seeds = st.integers(0, 2**63)


def test_the_bounds_are_those_of_the_contract():
    assert (FEWEST, MOST, LARGEST_WEIGHT) == (7, 12, 0.15)


@given(st.integers(FEWEST, MOST), seeds)
def test_no_source_holds_more_than_its_share(count, seed):
    basket = drawn_basket(count, seed)
    total = sum(source.weight for source in basket)
    assert len(basket) == count
    assert all(0 < source.weight <= LARGEST_WEIGHT * total for source in basket)


@given(st.integers(1, 20), seeds)
def test_a_drawn_basket_is_a_right_one_of_independent_sources(count, seed):
    basket = checked_basket(drawn_basket(count, seed))
    assert len({source.venue for source in basket}) == count
    assert {source.upstream for source in basket} == {None}
    assert drawn_basket(count, seed) == basket


def test_weights_are_equal_in_some_baskets_and_lopsided_in_others_at_several_scales():
    baskets = [drawn_basket(MOST, seed) for seed in range(60)]
    shares = [max(s.weight for s in basket) / min(s.weight for s in basket) for basket in baskets]
    assert min(shares) == 1.0
    assert max(shares) > 4.0
    totals = {round(sum(s.weight for s in basket)) for basket in baskets}
    assert {1, 100} <= totals


@pytest.mark.parametrize("count", range(1, FEWEST))
def test_a_basket_too_small_for_the_cap_comes_as_near_to_it_as_it_can(count):
    for seed in range(40):
        basket = drawn_basket(count, seed)
        assert max(s.weight for s in basket) <= sum(s.weight for s in basket) * (1 / count + 1e-3)
