"""Opening an isolated account: what a tier allows, and figures whose products a double holds."""

import math

import pytest

from indexlab.margin.contract import BTCUSDT, Contract, Tier, checked_contract
from indexlab.margin.funding_pressure import least_leverage_charged
from indexlab.margin.opening import checked_figure, highest_leverage, opened
from indexlab.margin.rules_file import parse_venue
from indexlab.market.errors import InputError

FREE = Contract(id="FREE", underlying="BTC", tiers=(Tier(50_000.0, 0.0, 0.0, 0.0), Tier(None, 0.1, 0.0, 0.0)))
RULES = parse_venue(
    """
    [[contract]]
    id = "FREE"
    tiers = [{ initial_rate = 0.0, maintenance_rate = 0.0 }]
    [funding]
    cap = "1%"
    """
)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf, 1e-101, 1e101, 5e-324])
def test_a_figure_beyond_the_range_is_refused(value):
    with pytest.raises(InputError, match="price must be "):
        checked_figure("price", value)


@pytest.mark.parametrize("value", [1e-100, 0.5, 1e100])
def test_a_figure_within_it_is_what_it_is(value):
    assert checked_figure("price", value) == value


@pytest.mark.parametrize("key", ["leverage", "notional", "price"])
def test_each_figure_of_an_account_is_checked(key):
    figures = {"leverage": 10.0, "notional": 1_000.0, "price": 100.0, key: 1e-300}
    with pytest.raises(InputError, match=f"{key} must be from 1e-100"):
        opened(RULES, BTCUSDT, "long", figures["leverage"], notional=figures["notional"], price=figures["price"])


@pytest.mark.parametrize("field", ["multiplier", "unit"])
def test_a_contract_s_figures_are_within_it_too(field):
    figures = {"id": "X", "underlying": "BTC", "tiers": (Tier(None, 0.1, 0.05, 0.0),)}
    for value in (1e-320, 1e308):
        with pytest.raises(InputError, match=rf"X\.{field} must be from 1e-100 to 1e\+100"):
            checked_contract(Contract(**figures, **{field: value}))


def test_a_tier_without_an_initial_margin_allows_any_leverage():
    assert highest_leverage(FREE, 1_000.0, 100.0) == math.inf
    assert opened(RULES, FREE, "long", 5_000.0, notional=1_000.0, price=100.0).collateral == 0.2
    with pytest.raises(InputError, match="up to 50 000 USDT: any, beyond: 10x"):
        opened(RULES, FREE, "long", 20.0, notional=100_000.0, price=100.0)


def test_where_any_leverage_is_allowed_a_payment_is_found_that_liquidates():
    """A payment of 1 % of the notional leaves nothing of the margin from 100x on."""
    assert least_leverage_charged(RULES, RULES.contracts[0], "long", 0.01, 100.0, notional=1_000.0) == 100.0
