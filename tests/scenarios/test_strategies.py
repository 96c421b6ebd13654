"""Strategies compose with @given and give right records: what a user's own test draws from."""

import math

import msgspec
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from indexlab.faults.registry import fault_names
from indexlab.faults.spec import checked_spec
from indexlab.margin.account import checked_accounts
from indexlab.margin.contract import BTCUSDT
from indexlab.market.quotes import valid_quotes
from indexlab.market.source import checked_basket
from indexlab.market.synthetic import JUMPS, synthesise
from indexlab.market.units import SECOND
from indexlab.scenarios.baskets import shared_groups
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import SEARCHED, World, draw_batch
from indexlab.scenarios.scenario import Batch, expand
from indexlab.scenarios.strategies import accounts, baskets, drawn_batches, faults, markets, scenarios

SHORT = Expect(max_age=6 * SECOND, max_recovery=2 * SECOND, max_tracking_lag=SECOND)


@given(baskets(), baskets(3, 3))
def test_baskets_are_right_and_as_large_as_asked(basket, three):
    assert 7 <= len(checked_basket(basket)) <= 12
    assert len(checked_basket(three)) == 3
    assert shared_groups(basket) == ()


@given(baskets(mixed=True, shared=True))
def test_baskets_mix_currencies_and_share_venues_where_asked(basket):
    assert len({source.quote for source in checked_basket(basket)}) > 2
    assert len(shared_groups(basket)) == 2


@settings(max_examples=30)
@given(markets(SHORT, book=True), st.integers(3, 12))
def test_markets_fit_their_promise(market, n):
    """Long enough to judge its limits, every source live throughout, the venues together within the lead."""
    assert market.interval * market.publications >= 2 * (SHORT.max_age + SHORT.max_recovery)
    assert market.publications >= 20
    assert market.interval == SHORT.interval
    assert market.lead <= SHORT.max_lead
    assert 1.8 * market.spacing + SECOND < SHORT.max_age
    assert (market.regime in JUMPS) <= (market.move != 1.0)
    quotes = synthesise(market, n)
    assert valid_quotes(quotes, uses_book=True).all()
    assert quotes.has_book


@given(markets(publications=33))
def test_a_market_is_as_long_as_asked(market):
    assert (market.publications, market.interval) == (33, Expect().interval)


@given(st.data(), st.integers(1, 12), st.integers(1, 3))
def test_faults_lie_in_their_window_and_their_sources(data, n, most):
    start, end = 5 * SECOND, 9 * SECOND
    spec = data.draw(faults(n, start, end, most_sources=min(most, n)))
    basket = data.draw(baskets(n, n))
    assert checked_spec(spec, basket) is spec
    assert spec.fault in fault_names()
    assert start <= spec.start < end
    assert spec.end is None or spec.start < spec.end <= end
    assert 1 <= len(set(spec.sources)) == len(spec.sources) <= most


@given(faults(4, 0, 10, names=["stop", "spike"]))
def test_faults_are_of_the_kinds_asked_for(spec):
    assert spec.fault in {"stop", "spike"}


@given(st.lists(accounts(100.0), max_size=5))
def test_accounts_are_right_and_hold_their_leverage(drawn):
    named = [msgspec.structs.replace(account, id=str(k)) for k, account in enumerate(drawn)]
    for account in checked_accounts(named, BTCUSDT):
        leverage = abs(account.size) * 100.0 / account.collateral
        assert 1 - 1e-9 <= leverage <= 125 + 1e-9
        assert account.margin_balance(100.0) == account.collateral > 0


@settings(max_examples=40)
@given(scenarios(SHORT, most_faults=3))
def test_scenarios_expand_and_their_faults_begin_after_a_fifth(scenario):
    market = scenario.market
    assert 1 <= len(scenario.faults) <= 3
    assert all(fault.start >= market.start + market.interval * (market.publications // 5) for fault in scenario.faults)
    expanded = expand(Batch(msgspec.structs.replace(scenario, faults=()), (scenario.faults,)))
    assert expanded.basket == scenario.sources
    assert len(expanded.times) == market.publications
    first = expanded.injections[0].first
    assert first is None or first >= min(fault.start for fault in scenario.faults)


@settings(max_examples=5)
@given(scenarios(SHORT, sources=baskets(3, 4)))
def test_scenarios_are_over_the_sources_asked_for(scenario):
    assert len(scenario.sources) in {3, 4}


@pytest.mark.parametrize("recipe", SEARCHED)
def test_batches_of_guided_search_reach_every_recipe(recipe):
    found = find(drawn_batches(), lambda drawn: drawn.recipe == recipe, settings=settings(max_examples=600, phases=[Phase.generate]))
    batch = draw_batch(found, World(SHORT, None, book=False, twins=2))
    assert len(batch.twins) == 2
    assert math.isfinite(found.move)
