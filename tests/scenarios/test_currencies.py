"""Rates are part of a scenario: written compactly, replayed to the bit, and a lost peg is followed by its rate."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexlab.faults.sizes import intensity_of_factor
from indexlab.faults.spec import FaultSpec
from indexlab.market.errors import InputError
from indexlab.market.rates import factors
from indexlab.market.source import Source
from indexlab.market.synthetic import Market
from indexlab.market.units import SECOND
from indexlab.scenarios.currencies import CurrencyRate, RateColumns, expand_rates, index_currency, rates_for
from indexlab.scenarios.scenario import Batch, Scenario, expand, expand_base, from_bytes, materialised, to_bytes

START = 1_700_000_000 * SECOND
BASKET = tuple(Source(name, name, quote=quote) for name, quote in zip("abcdef", ("USD", "USDT", "USDT", "EUR", "USD", "USDC"), strict=True))
MARKET = Market(regime="calm", seed=7, start=START, interval=SECOND, publications=40, price=100.0, spacing=SECOND // 2, lead=0, instant=True)
SCENARIO = Scenario(sources=BASKET, market=MARKET, rates=rates_for(BASKET))


def lost(sources, seed, factor=1.2, direction="up"):
    return FaultSpec("depeg", sources, START + 10 * SECOND, START + 20 * SECOND, intensity_of_factor(factor), direction, seed)


def test_every_foreign_currency_has_a_rate_in_the_index_s_own():
    assert index_currency(BASKET) == "USD"
    assert {rate.currency for rate in SCENARIO.rates} == {"USDT", "EUR", "USDC"}
    euros = tuple(Source(name, name, quote=quote) for name, quote in (("a", "EUR"), ("b", "EUR"), ("c", "USDT")))
    assert index_currency(euros) == "EUR"
    (rate,) = rates_for(euros)
    assert rate.level == pytest.approx(0.9996 / 1.0842)
    assert rates_for(BASKET[:1]) == ()


def test_prices_are_in_each_source_s_own_currency():
    _, times, own = expand_base(SCENARIO)
    _, _, dollars = expand_base(msgspec.structs.replace(SCENARIO, rates=()))
    worth = factors(expand_rates(SCENARIO.rates, times), BASKET, own.receive_time)[np.arange(len(own)), own.source]
    assert np.allclose(own.price * worth, dollars.price, rtol=1e-12)
    assert np.array_equal(own.price[own.source == 0], dollars.price[dollars.source == 0])
    assert not np.array_equal(own.price[own.source == 3], dollars.price[dollars.source == 3])


def test_rates_are_known_before_the_first_publication_and_heard_at_every_one():
    expanded = expand(Batch(SCENARIO, ()))
    for rate in expanded.rates.values():
        assert rate.receive_time[0] < expanded.times[0]
        assert rate.receive_time[1:].tolist() == expanded.times.tolist()
    slow = expand_rates((CurrencyRate("EUR", 1.08, spacing=7 * SECOND),), expanded.times)["EUR"]
    assert np.diff(slow.receive_time).max() == 7 * SECOND
    assert expand_rates((), expanded.times) is None
    assert len(expand_rates((CurrencyRate("EUR"),), expanded.times[:0])["EUR"]) == 0


@given(st.integers(0, 2**32), st.sampled_from([1.005, 1.3, 2.0]), st.sampled_from(["up", "down"]))
def test_a_rate_follows_the_loss_of_peg_and_converted_prices_stay_where_they_were(seed, factor, direction):
    """At once and slowly; every publication hears all sources and all rates, so nothing is half converted."""
    expanded = expand(Batch(SCENARIO, ((lost((1, 2), seed, factor, direction),),)))
    rates, broken = expanded.twin_rates[0], expanded.injections[0].quotes
    assert rates["EUR"] is expanded.rates["EUR"]
    moved = rates["USDT"].price / expanded.rates["USDT"].price
    assert moved.min() == pytest.approx(1 / factor if direction == "up" else 1.0)
    assert moved.max() == pytest.approx(1.0 if direction == "up" else factor)
    places = np.arange(len(broken)), broken.source
    before = expanded.clean.price * factors(expanded.rates, BASKET, broken.receive_time)[places]
    after = broken.price * factors(rates, BASKET, broken.receive_time)[places]
    assert np.allclose(before, after, rtol=1e-12)


def test_a_fault_in_some_users_of_a_currency_is_theirs_and_changes_no_rate():
    twins = ((lost((1,), 2),), (lost((0,), 2),), (FaultSpec("level", (1, 2), START),), (msgspec.structs.replace(lost((1, 2), 2), probability=0.5),))
    expanded = expand(Batch(SCENARIO, twins))
    assert all(rates is expanded.rates for rates in expanded.twin_rates)
    none = expand(Batch(msgspec.structs.replace(SCENARIO, rates=()), (lost((1, 2), 2),) * 0 + ((lost((1, 2), 2),),)))
    assert none.rates is None
    assert none.twin_rates == (None,)


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(0, 9))
def test_a_scenario_with_rates_replays_to_the_bit_also_written_out(seed, spacing):
    rates = tuple(msgspec.structs.replace(rate, spacing=spacing * SECOND) for rate in SCENARIO.rates)
    scenario = msgspec.structs.replace(SCENARIO, rates=rates, faults=(lost((1, 2), seed),))
    written = from_bytes(to_bytes(materialised(scenario)))
    assert from_bytes(to_bytes(scenario)) == scenario
    assert materialised(written) == written
    one, other = (expand(Batch(msgspec.structs.replace(each, faults=()), (each.faults,))) for each in (scenario, written))
    assert other.clean.equals(one.clean)
    for mine, theirs in ((one.rates, other.rates), (one.twin_rates[0], other.twin_rates[0])):
        assert all(mine[currency].equals(theirs[currency]) for currency in mine)


def test_scenarios_without_rates_are_written_as_before():
    assert b"rates" not in to_bytes(msgspec.structs.replace(SCENARIO, rates=()))


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ((CurrencyRate("EUR"), CurrencyRate("EUR")), 'scenario.rates.currency must name each currency once, was "EUR"'),
        ((CurrencyRate(""),), 'scenario.rates.currency must name each currency once, was ""'),
        ((CurrencyRate("EUR", 0.0),), "scenario.rates.EUR must have a level above 0 and a spacing of at least 0, were 0.0 and 0"),
        ((CurrencyRate("EUR", 1.0, -1),), "scenario.rates.EUR must have a level above 0 and a spacing of at least 0, were 1.0 and -1"),
        ((CurrencyRate("EUR", columns=RateColumns((2, 1), (1.0, 1.0))),), "rates.EUR.receive_time must not go back in time, was 1 in row 1"),
        ((CurrencyRate("EUR", columns=RateColumns((2,), (1.0, None))),), "rates.EUR.price must have as many entries as receive_time (1), were 2"),
    ],
)
def test_wrong_rates_are_refused_in_one_line(rates, message):
    with pytest.raises(InputError) as caught:
        expand(Batch(msgspec.structs.replace(SCENARIO, rates=rates), ()))
    assert str(caught.value) == message


def test_a_null_rate_that_is_written_out_stays_null():
    columns = RateColumns((START, START + SECOND), (1.1, None), (START - 5, START))
    (written,) = materialised(msgspec.structs.replace(SCENARIO, rates=(CurrencyRate("EUR", 1.1, columns=columns),))).rates
    assert written.columns == columns
