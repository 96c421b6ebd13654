"""The first step of shrinking: the few numbers of a market become plain where what breaks does not hang on them."""

import pytest

from indexlab.audit.shrink_market import plainest_market
from indexlab.market.synthetic import Market
from indexlab.scenarios.baskets import drawn_basket
from indexlab.scenarios.scenario import Scenario, materialised

MARKET = Market(
    regime="crash", seed=3, start=10**15, interval=10**6, publications=30, price=0.000123, spacing=10**6, lead=0, move=0.9, move_over=10**7, instant=True
)
SCENARIO = Scenario(sources=drawn_basket(7, 1), market=MARKET)


def test_whatever_breaks_becomes_a_quiet_market_at_a_round_price():
    found = plainest_market(SCENARIO, lambda _: True).market
    assert (found.regime, found.price, found.move, found.instant) == ("calm", 50_000.0, 1.0, False)
    assert (found.seed, found.start, found.publications) == (MARKET.seed, MARKET.start, MARKET.publications)


def test_what_it_hangs_on_is_kept():
    found = plainest_market(SCENARIO, lambda scenario: scenario.market.price < 1 and scenario.market.instant).market
    assert (found.regime, found.price, found.instant) == ("calm", 0.000123, True)


def test_nothing_plainer_breaks():
    assert plainest_market(SCENARIO, lambda _: False) == SCENARIO
    written = materialised(SCENARIO)
    assert plainest_market(written, lambda _: True) == written


def test_it_asks_few_times_and_the_same_ones_again():
    def asked():
        seen = []
        plainest_market(SCENARIO, lambda scenario: seen.append(scenario) or scenario.market.regime == "crash")
        return seen

    first = asked()
    assert first == asked()
    assert len(first) < 20


def test_what_is_raised_goes_through():
    def capped(_):
        raise RuntimeError("capped")

    with pytest.raises(RuntimeError, match="capped"):
        plainest_market(SCENARIO, capped)
