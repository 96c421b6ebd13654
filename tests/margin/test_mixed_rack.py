"""The mixed rack and its ladders: the same states as the engine's and the textbook's answer to a case with the same accounts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from indexlab.margin.account import Account, Asset, Position
from indexlab.margin.account_rules import StateRules
from indexlab.margin.answer import answer
from indexlab.margin.case import MarginCase
from indexlab.margin.contract import Contract, Tier
from indexlab.margin.ladder import OTHER_PRICE, ladder_from_accounts
from indexlab.margin.mixed_rack import MIXED_RULES, build_mixed_rack, ladder_from_rack, mixed_rack_from_accounts
from indexlab.margin.rack import build_rack, rack_from_accounts
from indexlab.margin.reference_account import states as exact_states
from indexlab.margin.rules import Venue, VenueRules
from indexlab.margin.rules_file import venue, venue_names
from indexlab.margin.states import FROZEN, HEALTHY, STATES
from indexlab.market.errors import InputError
from tests.margin.margin_drawing import accounts, venues

prices = st.floats(-4, 6).map(lambda exponent: 10.0**exponent)


def case_of(rules, held, underlying, marks):
    """The case in which that underlying stands at each of the marks and everything else at OTHER_PRICE."""
    still = (OTHER_PRICE,) * len(marks)
    names = {contract.underlying for contract in rules.contracts} | {rule.index for rule in rules.collateral if rule.index}
    index = {name: tuple(marks) if name == underlying else still for name in names}
    mark = {contract.id: index[contract.underlying] for contract in rules.contracts}
    return MarginCase(rules, tuple(held), tuple(range(len(marks))), index, mark)


def beside(rungs, price):
    """Marks around, and just beside, every price at which a state changes; none nearer to one than a relative 1e-9."""
    found = [mark for rung in rungs for mark in (rung * (1 - 1e-8), rung * (1 + 1e-8))] + [price * step for step in (0.1, 0.5, 0.9, 1.0, 1.1, 2.0, 10.0)]
    near = np.asarray(rungs)
    return [mark for mark in found if mark > 0 and not (np.abs(near / mark - 1) < 1e-9).any()]


@given(venues(), st.data())
def test_a_ladder_is_where_the_textbook_is(rules, data):
    """Accounts of every mode under any rules, whole-position tiers with their jumps among them: every state and no other change between."""
    rules = replace(rules, states=replace(rules.states, persistence=1))
    held = data.draw(accounts(rules))
    ladder = ladder_from_accounts(held, rules, "BTC", 100.0)
    for place, account in enumerate(held):
        rungs, codes = ladder.rungs(place)
        assert (np.diff(rungs) > 0).all()
        assert (np.diff(codes) != 0).all()
        marks = beside(rungs.tolist(), 100.0)
        said = ladder.states(marks)[:, place].tolist()
        assert [STATES[code] for code in said] == [row[0] for row in exact_states(case_of(rules, [account], "BTC", marks))[0]]


@settings(max_examples=15)
@given(prices, st.sampled_from([0.0005, 0.01, 0.05]), st.integers(0, 5))
def test_a_mixed_rack_answers_as_the_engine_does(price, margin_headroom, seed):
    rack = build_mixed_rack(price, margin_headroom, seed=seed)
    of_other_modes = [account for account in rack.accounts if account.mode != "isolated"]
    more = rack.take([place for place, account in enumerate(rack.accounts) if account.mode != "isolated"])
    marks = beside(more.price.tolist(), price)
    said = answer(case_of(MIXED_RULES, of_other_modes, "BTC", marks)).state
    assert [[STATES[code] for code in row] for row in more.states(marks).tolist()] == [list(row) for row in said]


@settings(max_examples=20)
@given(prices, st.sampled_from([0.0005, 0.01, 0.05]), st.integers(0, 9))
def test_every_kind_stands_outside_the_promise_or_where_the_seed_puts_it(price, margin_headroom, seed):
    """Healthy at the start, in both directions of the index, at 1.1 times the promise or at one drawn distance."""
    rack = build_mixed_rack(price, margin_headroom, seed=seed)
    others = [place for place, account in enumerate(rack.accounts) if account.mode != "isolated"]
    against, in_favour = (part[others] for part in rack.headroom(price))
    assert (rack.states(price)[others] == HEALTHY).all()
    assert np.isinf(in_favour).all()
    assert {"cross", "portfolio"} == {rack.accounts[place].mode for place in others}
    assert any(rack.accounts[place].hedged for place in others)
    near = np.isclose(against, 1.1 * margin_headroom, rtol=1e-6)
    assert 0.4 < near.mean() < 0.6
    assert np.ptp(against[~near]) < 1e-6
    assert 0.002 <= against[~near].min() <= 0.3


def test_the_isolated_rack_is_in_it_unchanged():
    """The same names, accounts, states and headrooms, at any price and at the borders themselves."""
    rack, mixed = build_rack(50_000.0, 0.01), build_mixed_rack(50_000.0, 0.01)
    count = len(rack)
    assert mixed.ids[:count] == rack.ids
    assert mixed.accounts[:count] == rack.accounts
    assert len(mixed) == len(set(mixed.ids)) > count
    borders = rack.borders[np.isfinite(rack.borders)]
    marks = np.concatenate((np.geomspace(1e3, 1e6, 500), borders, np.nextafter(borders, 0), np.nextafter(borders, np.inf)))
    assert (mixed.states(marks)[:, :count] == rack.states(marks)).all()
    for ours, theirs in zip(mixed.headroom(marks[:500]), rack.headroom(marks[:500]), strict=True):
        np.testing.assert_allclose(ours[:, :count], theirs, rtol=1e-9, atol=1e-12)


def test_a_rack_made_of_its_own_accounts_is_the_same():
    rack = build_mixed_rack(123.0, 0.01, seed=4)
    again = mixed_rack_from_accounts(rack.accounts, 150.0)
    assert again.ids == rack.ids
    np.testing.assert_allclose(again.price, rack.price, rtol=1e-9)
    assert (again.code == rack.code).all()


def test_shapes_missing_prices_and_parts_of_a_rack():
    """As a Rack: [..., T] marks give [..., T, A] states, frozen without a price; accounts can be taken in any order."""
    rack = build_mixed_rack(100.0, 0.01)
    marks = np.array([[100.0, np.nan], [90.0, 0.0]])
    states, (against, in_favour) = rack.states(marks, [[False, False], [True, False]]), rack.headroom(marks)
    assert states.shape == against.shape == in_favour.shape == (2, 2, len(rack))
    assert (states[0, 1] == FROZEN).all()
    assert (states[1, 0] == FROZEN).all()
    assert np.isnan(against[0, 1]).all()
    assert np.isnan(against[1, 1]).all()
    chosen = [70, 3, 64]
    part = rack.take(chosen)
    assert part.ids == tuple(rack.ids[place] for place in chosen)
    assert (part.states([80.0, 100.0, 130.0]) == rack.states([80.0, 100.0, 130.0])[:, chosen]).all()
    assert rack.take([]).states([1.0]).shape == (1, 0)


def test_collateral_priced_by_the_index_is_what_breaks():
    """Binance 2025-10-10: the position's own mark stands still; the index of its collateral falls."""
    rack = build_mixed_rack(50_000.0, 0.01, seed=0)
    place = next(place for place, name in enumerate(rack.ids) if name.startswith("collateral"))
    account = rack.accounts[place]
    assert all(MIXED_RULES.contract(position.contract).underlying != "BTC" for position in account.positions)
    low, high = rack.states([40_000.0, 60_000.0])[:, place].tolist()
    assert STATES[low] == "bankrupt"
    assert STATES[high] == "healthy"


def test_a_worse_price_can_give_a_better_state_where_tiers_jump():
    """OKX-like tiers: as a long's price falls its notional leaves a tier, and it needs less than half of what it needed a moment before."""
    jumping = Contract("OKX", "BTC", (Tier(900.0, 0.02, 0.01, 0.0), Tier(None, 0.2, 0.1, 0.0)), tier_rule="whole-position")
    rules = VenueRules(Venue("drawn"), (jumping,))
    account = Account("a", 10.0, 100.0, 180.0, "OKX")
    ladder = ladder_from_accounts([account], rules, "BTC", 100.0)
    rungs, codes = ladder.rungs(0)
    assert [STATES[code] for code in codes] == ["bankrupt", "liquidation", "healthy", "liquidation", "healthy"]
    # balance 10 p - 820 against a tenth of 10 p above 90, a hundredth up to there
    assert rungs.tolist() == pytest.approx([82.0, 820 / 9.9, 90.0, 820 / 9])
    marks = [81.0, 82.5, 85.0, 90.0, 90.5, 95.0]
    said = [STATES[code] for code in ladder.states(marks)[:, 0].tolist()]
    assert said == ["bankrupt", "liquidation", "healthy", "healthy", "liquidation", "healthy"]
    assert said == [row[0] for row in exact_states(case_of(rules, [account], "BTC", marks))[0]]


def test_rules_with_one_contract_alone_leave_out_what_they_cannot_hold():
    rules = VenueRules(Venue("one"), (MIXED_RULES.contracts[0],), StateRules(warning=0.8))
    kinds = {account.id.split()[0] for account in build_mixed_rack(100.0, 0.01, rules).accounts if account.mode != "isolated"}
    assert kinds == {"hedged"}


@pytest.mark.parametrize("name", venue_names())
def test_every_bundled_venue_has_a_mixed_rack(name):
    """Healthy at the start, the engine's states around, and the same again from the stored accounts."""
    rules = venue(name)
    rack = build_mixed_rack(50_000.0, 0.01, rules, seed=1)
    others = [place for place, account in enumerate(rack.accounts) if account.mode != "isolated"]
    assert len(others) >= 2
    assert (rack.states(50_000.0)[others] == HEALTHY).all()
    marks = np.geomspace(20_000, 120_000, 9)
    again = mixed_rack_from_accounts(rack.accounts, 40_000.0, rules)
    assert (again.states(marks) == rack.states(marks)).all()
    plain = replace(rules, states=replace(rules.states, persistence=1))
    said = answer(case_of(plain, rack.take(others).accounts, rules.contracts[0].underlying, marks.tolist())).state
    assert [[STATES[code] for code in row] for row in rack.states(marks)[:, others].tolist()] == [list(row) for row in said]


def test_rules_that_measure_the_other_way_are_met_as_well():
    """balance / maintenance, reduce-only, better at the border."""
    states = StateRules("balance/maintenance", 1.5, 1.2, 1.0, "better")
    rack = build_mixed_rack(100.0, 0.01, replace(MIXED_RULES, states=states), seed=1)
    others = [place for place, account in enumerate(rack.accounts) if account.mode != "isolated"]
    assert set(np.round(rack.headroom(100.0)[0][others] / 0.011, 6)) > {1.0}
    assert (rack.states(100.0)[others] == HEALTHY).all()
    assert {"reduce-only"} <= {STATES[code] for code in rack.states(np.linspace(50, 150, 5000))[:, others].reshape(-1)}


def test_a_venue_without_a_contract_for_the_isolated_rack_keeps_that_of_the_example():
    """A stored rack finds both again, in its order."""
    jumping = Contract("OKX", "BTC", (Tier(900.0, 0.02, 0.01, 0.0), Tier(None, 0.2, 0.1, 0.0)), tier_rule="whole-position")
    rules = VenueRules(Venue("drawn"), (jumping,), StateRules(warning=0.5))
    rack = build_mixed_rack(100.0, 0.01, rules)
    mixed = rack.take([65, 3, 64, 0])
    again = mixed_rack_from_accounts(mixed.accounts, 100.0, rules)
    assert again.ids == mixed.ids
    marks = np.geomspace(10, 1000, 200)
    assert (again.states(marks) == mixed.states(marks)).all()


def test_an_unknown_asset_is_refused_by_name():
    account = Account("a", mode="cross", positions=(Position("ALTUSDT", 1.0, 1.0),), assets=(Asset("BTD", 1.0),))
    with pytest.raises(InputError, match=r'must be an asset with a collateral rule, was "BTD" for "a"; did you mean "BTC"\?'):
        mixed_rack_from_accounts([account], 1.0)


def test_a_short_that_owes_too_much_is_liquidated_at_every_price_and_a_long_with_enough_at_none():
    rack = rack_from_accounts([Account("short", -1.0, 100.0, -150.0), Account("long", 1.0, 100.0, 150.0), Account("at 0", 1.0, 100.0, 100.0)])
    marks = np.geomspace(1e-9, 1e9, 50)
    assert (ladder_from_rack(rack).states(marks) == rack.states(marks)).all()
    assert {STATES[code] for code in rack.states(marks)[:, 0]} == {"bankrupt"}
    assert {STATES[code] for code in rack.states(marks)[:, 1]} == {"healthy"}
