"""Strategies for tests of one's own compose with @given, give right records, the simplest first, and mostly such that there is something to judge."""

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from indexlab.faults.registry import fault, fault_names
from indexlab.faults.spec import checked_spec
from indexlab.margin.account import checked_accounts
from indexlab.margin.contract import BTCUSDT
from indexlab.market.errors import InputError
from indexlab.market.quotes import valid_quotes
from indexlab.market.source import checked_basket
from indexlab.market.synthetic import JUMPS, synthesise
from indexlab.market.units import SECOND
from indexlab.properties.registry import find_property
from indexlab.scenarios.baskets import shared_groups
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.scenario import Batch, Scenario, expand
from indexlab.testing import (
    accounts,
    any_fault,
    baskets,
    between,
    lagging,
    market,
    markets,
    scenarios,
    several_sources,
    silent,
    single_source,
    true_moves,
)
from indexlab.testing import fault as said
from indexlab.testing.breaking import KINDS
from indexlab.testing.holding import ask

SHORT = {"max_age": "6s", "max_recovery": "2s", "max_tracking_lag": "1s"}
PROMISE = Expect(max_age=6 * SECOND, max_recovery=2 * SECOND, max_tracking_lag=SECOND)


@given(baskets(), baskets(between(3, 4)), baskets(9, lopsided=False), baskets(["okx", "kraken:EUR:0.5"]))
def test_baskets_are_right_and_as_large_as_asked(basket, few, even, named):
    assert 7 <= len(checked_basket(basket)) <= 12
    assert shared_groups(basket) == ()
    assert len(checked_basket(few)) in {3, 4}
    assert {source.weight for source in even} == {1.0}
    assert [(source.id, source.quote, source.weight) for source in named] == [("okx", "USD", 1.0), ("kraken", "EUR", 0.5)]


@given(baskets(currencies=True, shared=True))
def test_baskets_mix_currencies_and_share_venues_where_asked(basket):
    assert len({source.quote for source in checked_basket(basket)}) > 2
    assert len(shared_groups(basket)) == 2


@settings(max_examples=30)
@given(markets(expect=SHORT, book=True), st.integers(3, 12))
def test_markets_fit_their_promise(market, n):
    """Every source live throughout, the venues together within the lead."""
    assert market.interval == PROMISE.interval
    assert market.lead <= PROMISE.max_lead
    assert 1.8 * market.spacing + SECOND < PROMISE.max_age
    assert (market.regime in JUMPS) <= (market.move != 1.0)
    quotes = synthesise(market, n)
    assert valid_quotes(quotes, uses_book=True).all()
    assert quotes.has_book


@given(markets(["calm", "gap"], publications=33), true_moves())
def test_markets_are_of_the_regimes_and_as_long_as_asked(market, moved):
    assert (market.publications, market.interval) == (33, SECOND)
    assert market.regime in {"calm", "gap"}
    assert moved.regime in JUMPS
    assert moved.move != 1.0


@settings(max_examples=40)
@given(scenarios(expect=SHORT, sources=between(2, 12), faults=any_fault() | several_sources(3)))
def test_scenarios_expand_and_are_long_enough_for_what_breaks_in_them(scenario):
    """A fault begins once everybody has been heard; one that lasts to the end is given the time in which it must have no influence."""
    (spec,) = scenario.faults
    assert checked_spec(spec, scenario.sources) is spec
    assert spec.fault in fault_names()
    assert spec.start >= scenario.market.start + 20 * scenario.market.interval
    assert spec.end is None or spec.end + PROMISE.max_tracking_lag <= scenario.market.end
    if spec.fault in {"stop", "lag"} and spec.end is None and spec.intensity == 1.0:
        assert scenario.market.end - spec.start >= PROMISE.max_age + PROMISE.max_recovery
    expanded = expand(Batch(msgspec.structs.replace(scenario, faults=()), (scenario.faults,)))
    assert len(expanded.times) == scenario.market.publications
    first = expanded.injections[0].first
    assert first is None or first >= spec.start


@given(scenarios(sources=between(4, 6), faults=several_sources(3, kinds=["null", "stop"], intensity=0.5)))
def test_faults_are_of_the_kinds_and_the_size_asked_for_in_so_many_sources(scenario):
    (spec,) = scenario.faults
    assert spec.fault in {"null", "stop"}
    assert (len(spec.sources), spec.intensity) == (3, 0.5)


@given(scenarios(sources=5, faults=None, market=markets(["calm"], publications=30, price=0.25), accounts=accounts))
def test_a_scenario_may_have_no_fault_a_market_of_ones_own_and_accounts(scenario):
    assert scenario.faults == ()
    assert (scenario.market.regime, scenario.market.publications, scenario.market.price) == ("calm", 30, 0.25)
    assert {account.entry_price for account in scenario.accounts} == {0.25}
    for account in checked_accounts(scenario.accounts, BTCUSDT):
        leverage = abs(account.size) * account.entry_price / account.collateral
        assert 0.99 <= leverage <= 126


@given(scenarios(sources=baskets(currencies=True), faults=silent()))
def test_rates_are_given_where_currencies_are_mixed(scenario):
    assert {rate.currency for rate in scenario.rates} == {source.quote for source in scenario.sources} - {"USD"}


def test_every_kind_that_one_source_can_have_is_drawn():
    assert len(set(KINDS)) == len(KINDS) > 35
    assert all(fault(kind).family != "shared" for kind in KINDS)


def simplest(strategy):
    return find(strategy, lambda _: True, settings=settings(max_examples=20, database=None, phases=[Phase.generate, Phase.shrink]))


@pytest.mark.parametrize(
    ("strategy", "scenario"),
    [
        (
            scenarios(sources=between(5, 9), faults=single_source()),
            Scenario.of(5, market("calm", publications=47), [said("level", "kraken", at="20s", until="40s", intensity=0.025)]),
        ),
        (scenarios(sources=between(3, 9), faults=silent(2)), Scenario.of(3, market("calm", publications=264), [said("stop", "kraken", at="20s")])),
        (scenarios(faults=None), Scenario.of(7, market("calm", publications=46))),
    ],
    ids=["single", "silent", "none"],
)
def test_the_simplest_comes_first(strategy, scenario):
    """What every failing test shrinks towards: the fewest sources, all alike, a calm market, one plain fault."""
    assert simplest(strategy) == scenario


RATES = {
    "single": (scenarios(sources=between(5, 9), faults=single_source()), ("single-source", "margin-stability")),
    "few": (scenarios(sources=between(3, 4), faults=single_source()), ("single-source", "margin-stability")),
    "usual": (scenarios(), ("single-source", "margin-stability")),
    "any": (scenarios(faults=any_fault()), ("single-source", "margin-stability")),
    "ends": (scenarios(sources=between(5, 9), faults=single_source(ends=True)), ("recovery",)),
    "garbage": (scenarios(sources=between(5, 9), faults=single_source(["null", "zero", "negative"])), ("isolation", "invalid-values")),
    "silent": (scenarios(sources=between(5, 9), faults=silent()), ("silent-source",)),
    "lagging": (scenarios(sources=between(5, 9), faults=lagging()), ("lagging-source",)),
    "moves": (scenarios(sources=between(5, 9), faults=None, market=true_moves()), ("responsiveness", "hull", "availability")),
}


@pytest.mark.parametrize("name", RATES)
def test_mostly_there_is_something_to_judge(name):
    """In four of five scenarios at least: the rest are rejected, and a test that rejects many is slow."""
    strategy, properties = RATES[name]
    met = dict.fromkeys(properties, 0)
    drawn = 0

    @settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate], derandomize=True)
    @given(strategy)
    def count(scenario):
        nonlocal drawn
        drawn += 1
        asked = ask("preset:plain-median", scenario, properties, {})
        for prop in properties:
            met[prop] += find_property(prop).check(asked.run).premise_met > 0

    count()
    assert min(met.values()) >= 0.8 * drawn, met


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: between(9, 5), "between must not have low = 9 above high = 5; did you mean between(5, 9)?"),
        (lambda: single_source(kinds="level"), 'kinds must be a list of kinds of fault, was \'level\'; write kinds=["level", "stop"]'),
        (lambda: single_source(["levle"]), 'there is no fault "levle"; did you mean "level"?'),
        (lambda: several_sources(0), "several_sources must be at least 1, was 0"),
        (lambda: scenarios(expect={"max_aeg": "5s"}), 'expect: expect.max_aeg is no key of [expect]; did you mean "max_age"?'),
    ],
)
def test_what_a_person_gets_wrong_is_said_before_anything_is_drawn(wrong, said):
    with pytest.raises(InputError) as caught:
        wrong()
    assert str(caught.value) == said
