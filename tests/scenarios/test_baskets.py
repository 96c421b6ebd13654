"""Where the plan gives no sources, baskets of 7 to 12 are drawn, none above 15 % of the weight."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market.source import Source, checked_basket
from indexlab.scenarios.baskets import FEWEST, FEWEST_SHARED, LARGEST_WEIGHT, MOST, currency_users, drawn_basket, independent, shared_groups, spared

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


def test_some_baskets_have_ids_of_which_one_begins_another():
    drawn = [[source.id for source in drawn_basket(MOST, seed)] for seed in range(30)]
    alike = [sum(a != b and b.startswith(a) for a in ids for b in ids) for ids in drawn]
    assert 5 <= sum(count > 2 for count in alike) <= 25


@given(st.integers(FEWEST, MOST), seeds)
def test_a_mixed_basket_has_currencies_of_one_source_and_of_several(count, seed):
    basket = drawn_basket(count, seed, mixed=True)
    users = currency_users(basket)
    assert sorted(place for places in users.values() for place in places) == list(range(count))
    assert {1, 2} & {len(places) for places in users.values()} == {1, 2} or count > FEWEST
    assert len(users["USD"]) >= 3
    assert [msgspec.structs.replace(source, quote="USD") for source in basket] == list(drawn_basket(count, seed))


@given(st.integers(FEWEST, MOST), seeds)
def test_a_sharing_basket_has_two_legs_of_one_venue_and_two_sources_of_one_upstream(count, seed):
    basket = drawn_basket(count, seed, shared=True)
    groups = shared_groups(basket)
    assert len({source.venue for source in basket}) == count - 1
    assert sum(source.upstream is not None for source in basket) == 2
    assert sorted(len(group) for group in groups) == [2, 2]
    assert independent(basket, range(count)) == count - 2
    assert shared_groups(drawn_basket(count, seed)) == ()


@given(st.integers(FEWEST_SHARED, MOST), seeds)
def test_those_that_count_as_one_hold_no_more_than_one_may(count, seed):
    basket = drawn_basket(count, seed, shared=True)
    total = sum(source.weight for source in basket)
    groups = shared_groups(basket)
    for group in (*groups, *((place,) for place in range(count))):
        assert 0 < sum(basket[place].weight for place in group) <= LARGEST_WEIGHT * total * (1 + 1e-9)


@given(st.integers(FEWEST, MOST), seeds)
def test_in_a_foreign_basket_most_quote_in_one_currency_that_is_not_the_index_s(count, seed):
    users = currency_users(drawn_basket(count, seed, foreign=True))
    assert 2 * len(users["USDT"]) > count
    assert len(users["USD"]) >= 1


def test_what_hangs_together_through_others_is_one_group():
    basket = (
        Source("a", "x"),
        Source("b", "y", upstream="u"),
        Source("c", "z"),
        Source("d", "x", upstream="u"),
        Source("e", "z"),
    )
    assert shared_groups(basket) == ((0, 1, 3), (2, 4))
    assert independent(basket, [0, 1, 2]) == 2
    assert independent(basket, range(5)) == 2
    assert independent(basket, []) == 0


@given(seeds)
def test_the_spread_of_weights_may_be_asked_for(seed):
    equal = drawn_basket(MOST, seed, spread=0.0)
    assert len({source.weight for source in equal}) == 1
    assert spared(equal, FEWEST, LARGEST_WEIGHT) == (0, 1, 2, 3, 4)
    assert [source.id for source in drawn_basket(MOST, seed, spread=1.0)] == [source.id for source in equal]


@given(st.integers(1, MOST), seeds, st.integers(1, MOST), st.floats(0.05, 0.9))
def test_who_may_be_absent_leaves_enough_and_nobody_too_heavy(count, seed, least, cap):
    basket = drawn_basket(count, seed)
    gone = spared(basket, least, cap)
    left = [source.weight for place, source in enumerate(basket) if place not in gone]
    assert len(left) >= min(least, count)
    assert not gone or max(left) <= cap * sum(left) * (1 + 1e-9)
    assert not gone or max(basket[place].weight for place in gone) <= min(left)
