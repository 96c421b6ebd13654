"""Funding that others published: freqtrade's and dYdX's cases, BitMEX's guide, and the rates that venues charged in 2020 to 2023."""

import csv
import datetime as dt
import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest

from indexlab.margin import reference_funding
from indexlab.margin.case import FundingCase, Holding, Sample
from indexlab.margin.contract import Contract, Tier
from indexlab.margin.exact import exact
from indexlab.margin.funding import settle
from indexlab.margin.funding_rules import FundingRule
from indexlab.margin.rules import Venue, VenueRules
from indexlab.margin.rules_file import venue
from tests.margin.funding_strategies import HOUR, SECOND

SHARED = Path(__file__).parents[3] / "shared"
VECTORS, RATES = SHARED / "vectors", SHARED / "data" / "funding_rates"
needs_vectors = pytest.mark.skipif(not VECTORS.is_dir(), reason="the shared cases are not beside this checkout")
needs_rates = pytest.mark.skipif(not RATES.is_dir(), reason="the shared funding rates are not beside this checkout")
BOTH = pytest.mark.parametrize("pay", [settle, reference_funding.settle], ids=["engine", "textbook"])
TIERS = (Tier(None, 0.01, 0.005, 0.0),)


def cases(name):
    path = VECTORS / name
    return json.loads(path.read_text())["cases"] if path.is_file() else []


def moment(text):
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * SECOND


def received(pay, rules, case, party):
    """Return what a party received over all slots, in the settlement currency, exactly."""
    unit = exact(rules.contract(case.contract).unit)
    return sum(slot.get(party, 0) for slot in pay(rules, case).payments) * unit


def last_digit(number):
    """Return one in the last digit of a published number, which was cut off there; 0 for 0."""
    return exact(Decimal(1).scaleb(Decimal(repr(number)).as_tuple().exponent)) if number else 0


# ------------------------------------------------------------------------------------------------------------------- freqtrade

MIDNIGHT = moment("2021-09-01 00:00:00")
MARKS = {0: 2.77, 8: 2.77}
CHARGED = {0: -0.000008, 8: -0.000003}


def freqtrade_rules(late):
    """Rates are given: no interest, no clamp, a premium that is the rate. Binance counts who opens within 15 s."""
    fine = Contract("FT", "FT", TIERS, unit=1e-15)
    return VenueRules(Venue("freqtrade"), (fine,), funding=FundingRule(window_late_us=late))


def freqtrade_case(*, opened, closed, size, rates, marks):
    """Return the case: a rate at an hour of the day is a sample at it. Their holding's last instant is included, ours is not."""
    samples = tuple(Sample(MIDNIGHT + hour * HOUR, 1.0, float(1 + Decimal(repr(rate))), float(1 + Decimal(repr(rate)))) for hour, rate in rates.items())
    price = tuple((MIDNIGHT + hour * HOUR, mark) for hour, mark in marks.items())
    end = MIDNIGHT + 24 * HOUR
    return FundingCase("FT", MIDNIGHT - 1, end, samples, (Holding("one", size, opened, closed),), price, (end,))


FETCHED = [case for case in cases("margin_freqtrade_funding.json") if case["name"].startswith("test__fetch")]
SIMPLE = [case for case in cases("margin_freqtrade_funding.json") if case["name"].startswith("test_calculate")]


@needs_vectors
def test_the_cases_of_freqtrade_are_there():
    assert (len(FETCHED), len(SIMPLE)) == (15, 4)


@BOTH
@pytest.mark.parametrize("published", FETCHED, ids=lambda case: case["name"])
def test_a_position_pays_the_slots_that_freqtrade_counts(pay, published):
    """Binance: who opens 1 s after a slot pays it, 15 s after does not; elsewhere the slot is the border."""
    told = published["inputs"]
    rules = freqtrade_rules(15 * SECOND if told["exchange"] == "binance" else 0)
    opened, closed = moment(told["open_utc"]), moment(told["close_utc"]) + 1
    for size, key in ((told["amount"], "funding_fee_long"), (-told["amount"], "funding_fee_short")):
        case = freqtrade_case(opened=opened, closed=closed, size=size, rates=CHARGED, marks=MARKS)
        told_fee = exact(published["expected"][key])
        assert abs(received(pay, rules, case, "one") - told_fee) <= last_digit(published["expected"][key])


@BOTH
@pytest.mark.parametrize("published", SIMPLE, ids=lambda case: case["name"])
def test_one_slot_pays_size_times_mark_times_rate(pay, published):
    """A mark that is no number pays nothing. Kraken's fee, by the share of the interval, is not expressed."""
    told = published["inputs"]
    case = freqtrade_case(opened=MIDNIGHT, closed=MIDNIGHT + HOUR, size=-told["size"], rates={0: told["funding_rate"]}, marks={0: float(told["mark_price"])})
    assert float(received(pay, freqtrade_rules(0), case, "one")) == pytest.approx(published["expected"]["funding_fee"], rel=1e-9)


# ------------------------------------------------------------------------------------------------------------------------ dYdX


@BOTH
@pytest.mark.parametrize("published", cases("margin_dydx_funding_index.json"), ids=lambda case: case["name"])
def test_a_funding_index_is_what_the_smallest_position_pays(pay, published):
    """The index delta is the payment of one quantum, in millionths of a quote quantum, cut off toward zero."""
    told = published["inputs"]
    rate, passed = Decimal(told["funding_rate_8h_ppm"]) / 10**6, told["seconds_since_last"] * SECOND
    contract = Contract("DY", "DY", TIERS, multiplier=float(Decimal(10) ** told["atomic_resolution"]), unit=1e-12)
    rules = VenueRules(Venue("dydx"), (contract,), funding=FundingRule(interval_us=passed))
    price = float(Decimal(told["market_price"]) * Decimal(10) ** told["market_exponent"])
    case = FundingCase("DY", 0, passed, (Sample(passed, 1.0, float(1 + rate), float(1 + rate)),), (Holding("one", 1.0, 0),), ((passed, price),), (passed,))
    assert pay(rules, case).payments[0]["one"] == -published["expected"]["funding_index_delta"]


def test_the_cap_of_dydx_is_an_hour_of_600_percent_of_what_initial_is_above_maintenance_margin():
    rules = venue("dydx-v4")
    tier = rules.contract("BTC-USD").tiers[0]
    assert exact(rules.funding.cap) == 6 * (exact(tier.initial_rate) - exact(tier.maintenance_rate)) / 8


# ---------------------------------------------------------------------------------------------------------------------- BitMEX


@BOTH
def test_the_guide_of_bitmex(pay):
    """15,000 contracts at 750 are 20 XBT; (1.00 % - 0.25 %) / 3 is 0.25 %, which is 0.05 XBT; with 1.25 gained up to 800, 1.20 are left."""
    contract = Contract("XBTUSD", "BTC", TIERS, kind="inverse", quote="USD", settlement="XBT")
    rules = VenueRules(Venue("bitmex"), (contract,), funding=FundingRule(offset_us=4 * HOUR, base_interval_us=8 * HOUR, interest=0.0025, clamp=0.0025))
    slot = MIDNIGHT + 4 * HOUR
    case = FundingCase("XBTUSD", MIDNIGHT, slot, (), (Holding("long", 15_000.0, MIDNIGHT),), ((slot, 750.0),), (slot,))
    assert pay(rules, case).rates == (0.0025,)
    paid = received(pay, rules, case, "long")
    assert float(paid) == -0.05
    assert float(15_000 * (1 / exact(750.0) - 1 / exact(800.0)) + paid) == 1.2


@pytest.mark.parametrize("name", ["bitmex", "bybit"])
def test_caps_of_75_percent_of_what_initial_is_above_maintenance_margin(name):
    rules = venue(name)
    tier = rules.contracts[0].tiers[0]
    assert exact(rules.funding.cap) == exact(0.75) * (exact(tier.initial_rate) - exact(tier.maintenance_rate))


@pytest.mark.parametrize("name", ["binance-usdm", "binance-coinm", "binance-2025"])
def test_caps_of_75_percent_of_the_first_maintenance_rate(name):
    rules = venue(name)
    assert exact(rules.funding.cap) == exact(0.75) * exact(rules.contracts[0].tiers[0].maintenance_rate)


def test_the_first_slot_of_a_day_is_at_each_venues_hour():
    wanted = {"binance-usdm": [8, 16, 24], "bitmex": [4, 12, 20], "okx": [8, 16, 24], "hyperliquid": list(range(1, 25)), "drift": list(range(1, 25))}
    for name, hours in wanted.items():
        rules = venue(name)
        end = MIDNIGHT + 24 * HOUR
        answer = settle(rules, FundingCase(rules.contracts[0].id, MIDNIGHT, end, (), (), (), (end,)))
        assert [(slot - MIDNIGHT) // HOUR for slot in answer.slots] == hours


def test_hyperliquid_pays_an_eighth_an_hour():
    """Without a premium 0.01 % for 8 h is 0.00125 % an hour."""
    rules = venue("hyperliquid")
    end = MIDNIGHT + HOUR
    assert settle(rules, FundingCase("BTC", MIDNIGHT, end, (), (), (), (end,))).rates == (0.0000125,)


# ---------------------------------------------------------------------------------------------------------------- charged rates

# clocks are the collector's: three hours ahead of UTC but for gate and (as it seems) dydx
AHEAD_HOURS = {"binance": 3, "bybit": 3, "htx": 3, "kucoin": 3, "mexc": 3, "gate": 0, "dydx": 0}
USUAL = Decimal("0.00375")


def charged(file):
    """Give (time in UTC, rate) of a file."""
    venue_id = file.name.split("_")[1]
    with gzip.open(file, "rt") as lines:
        for row in csv.DictReader(lines):
            stamp = dt.datetime.fromisoformat(row["Date"]) - dt.timedelta(hours=AHEAD_HOURS[venue_id])
            yield stamp, Decimal(row["Funding Rate"])


def files():
    return sorted(RATES.glob("*_funding_history.csv.gz")) if RATES.is_dir() else []


@needs_rates
def test_there_are_fourteen_files():
    assert len(files()) == 14


@pytest.mark.parametrize("file", files(), ids=lambda file: file.name[:16])
def test_no_rate_is_beyond_the_usual_cap(file):
    assert all(abs(rate) <= USUAL for _, rate in charged(file))


@pytest.mark.parametrize("file", [file for file in files() if "_dydx_" not in file.name and "_kucoin_" not in file.name], ids=lambda file: file.name[:16])
def test_slots_are_at_0_8_and_16_utc(file):
    """To the minute; seven slots of htx were charged at other hours."""
    found = [stamp for stamp, _ in charged(file)]
    on_time = sum(stamp.hour % 8 == 0 and stamp.minute == 0 for stamp in found)
    assert on_time >= 0.997 * len(found)


@pytest.mark.parametrize(("name", "reached"), [("BTC-USDT_binance", True), ("BTC-USDT_bybit", True), ("ETH-USDT_bybit", True)])
@needs_rates
def test_rates_are_within_the_cap_that_the_rules_declare_and_stand_at_it(name, reached):
    rules = venue("binance-usdm" if "binance" in name else "bybit")
    file = next(file for file in files() if file.name.startswith(name))
    sizes = [abs(rate) for _, rate in charged(file)]
    cap = Decimal(repr(rules.funding.cap))
    assert max(sizes) <= cap
    assert (cap in sizes) == reached


@pytest.mark.parametrize(("name", "rules"), [("BTC-USDT_binance", "binance-usdm"), ("ETH-USDT_binance", "binance-usdm"), ("BTC-USDT_bybit", "bybit")])
@needs_rates
def test_rates_have_the_digits_that_the_rules_round_to(name, rules):
    file = next(file for file in files() if file.name.startswith(name))
    step = Decimal(1).scaleb(-venue(rules).funding.rate_decimals)
    assert all(rate % step == 0 for _, rate in charged(file))


@needs_rates
def test_the_interest_alone_is_the_most_usual_rate_of_binance():
    """Within the clamp the rate is the interest: 0.01 %."""
    file = next(file for file in files() if file.name.startswith("BTC-USDT_binance"))
    rates = [rate for _, rate in charged(file)]
    usual = Decimal(repr(venue("binance-usdm").funding.interest))
    assert max(set(rates), key=rates.count) == usual
    assert rates.count(usual) > len(rates) / 3
