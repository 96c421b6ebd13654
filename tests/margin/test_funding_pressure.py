"""What funding does to equity: payments bring liquidation nearer by what they take, and liquidate who has no more than that."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.margin.account import Account
from indexlab.margin.funding_pressure import accounts_charged, least_leverage_charged, worst_moment
from indexlab.margin.rules_file import venue
from indexlab.market.errors import InputError

RULES = venue("binance-usdm")
PRICE = 60_000.0


def account(leverage: float, *, side: int = 1, size: float = 0.5) -> Account:
    return Account("one", side * size, PRICE, size * PRICE / leverage)


def test_a_payment_brings_liquidation_nearer_by_the_rate() -> None:
    """20x: 1/20 of margin, 0.4 % of maintenance; 0.3 % are paid at the cap, and the border comes nearer by 0.3 % / (1 - 0.4 %)."""
    moment = worst_moment(account(20), RULES, (0.003,), (PRICE,))
    assert moment.paid == 90.0
    assert moment.before == pytest.approx((1 / 20 - 0.004) / (1 - 0.004))
    assert moment.before - moment.distance == pytest.approx(0.003 / (1 - 0.004))


@pytest.mark.parametrize("side", [1, -1])
@given(rate=st.floats(-0.003, 0.003), leverage=st.sampled_from([2.0, 10.0, 50.0]))
def test_who_receives_is_farther_from_liquidation(side: int, rate: float, leverage: float) -> None:
    moment = worst_moment(account(leverage, side=side), RULES, (rate,), (PRICE,))
    pays = side * rate > 0
    assert (moment.distance <= moment.before) if pays else (moment.distance >= moment.before)


def test_payments_add_up_and_the_last_is_the_worst_where_the_mark_stands_still() -> None:
    moment = worst_moment(account(20), RULES, (0.003,) * 5, (PRICE,) * 5)
    assert (moment.slot, moment.paid) == (4, 450.0)


def test_a_mark_that_dips_is_the_worst_moment() -> None:
    moment = worst_moment(account(20), RULES, (0.0001,) * 3, (PRICE, 0.97 * PRICE, PRICE))
    assert moment.slot == 1
    assert not moment.liquidated


def test_a_payment_alone_liquidates_who_has_less_than_it_above_maintenance() -> None:
    """125x of a small position: 0.8 % of margin, 0.4 % of maintenance. Two payments of 0.3 % take 0.6 %."""
    once = worst_moment(account(125, size=0.5), RULES, (0.003,), (PRICE,))
    assert not once.liquidated
    twice = worst_moment(account(125, size=0.5), RULES, (0.003, 0.003, 0.003), (PRICE,) * 3)
    assert (twice.slot, twice.liquidated, twice.by_funding) == (1, True, True)


def test_a_broken_mark_and_not_the_payment_liquidates() -> None:
    moment = worst_moment(account(20), RULES, (0.003,), (0.9 * PRICE,))
    assert moment.liquidated
    assert not moment.by_funding


def test_a_breach_that_must_last_is_a_breach() -> None:
    patient = msgspec.structs.replace(RULES, states=msgspec.structs.replace(RULES.states, persistence=3))
    assert worst_moment(account(125), patient, (0.003,) * 3, (PRICE,) * 3).liquidated


def test_the_cap_of_hyperliquid_liquidates_who_has_less_than_four_percent() -> None:
    """4 % in an hour at 1.25 % of maintenance: from 1 / (4 % + 1.25 %) = 19x on the payment alone liquidates a long, and no short."""
    rules = venue("hyperliquid")
    found = accounts_charged(rules, rules.contract("BTC"), 0.04, PRICE, (10, 19, 20, 40), notional=10_000.0)
    assert [(one.leverage, one.side) for one in found if one.moment.by_funding] == [(20, "long"), (40, "long")]
    assert {one.side for one in accounts_charged(rules, rules.contract("BTC"), -0.04, PRICE, (20,), notional=1e4) if one.moment.by_funding} == {"short"}


def test_the_least_leverage_is_found() -> None:
    rules = venue("hyperliquid")
    contract = rules.contract("BTC")
    assert least_leverage_charged(rules, contract, "long", 0.04, PRICE, notional=10_000.0) == 20
    assert least_leverage_charged(rules, contract, "short", 0.04, PRICE, notional=10_000.0) is None
    assert least_leverage_charged(RULES, RULES.contract("BTCUSDT"), "long", 0.003, PRICE, notional=10_000.0) is None


def test_an_inverse_contract_pays_in_the_coin() -> None:
    rules = venue("binance-coinm")
    found = accounts_charged(rules, rules.contract("BTCUSD_PERP"), 0.003, PRICE, (20,), notional=2 * PRICE)
    assert [one.moment.paid for one in found] == pytest.approx([0.006, -0.006], abs=1e-8)


@pytest.mark.parametrize(("wrong", "rates"), [(Account("two", mode="cross"), (0.1,)), (account(20), ()), (account(20), (0.1, 0.2))])
def test_what_cannot_be_judged_is_refused(wrong: Account, rates: tuple[float, ...]) -> None:
    with pytest.raises(InputError):
        worst_moment(wrong, RULES, rates, (PRICE,))
