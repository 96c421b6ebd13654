"""Published cases of funding, and BitMEX's pages."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from fractions import Fraction

import msgspec

from indexlab.margin.case import Holding, Sample
from indexlab.margin.funding_rules import FundingRule
from tests.conformance.asking import asked, ruled, value
from tests.conformance.margin_account_cases import dydx, family
from tests.conformance.margin_asking import HOUR, balance, close, each, flat, isolated, of_venue, plain, settled
from tests.conformance.page_cases import NoRuleError, vectors
from tests.conformance.venue_cases import check_bitmex_2017, check_reintroduction

NEVER = 10 * HOUR


def premium(time, ratio, index=1e6):
    """A sample with this premium: so much of the index above it, or below."""
    away = round(ratio * index, 6)
    return Sample(time, index, index + max(away, 0.0), index + away if away < 0 else index + max(away, 0.0) + 1.0)


def received(said, account) -> int:
    return sum(payments[account] for payments in said.payments)


# ---------------------------------------------------------------------------------------------------------------- Binance


def check_binance_funding(case):
    if "N" in case["inputs"]:
        check_interval_scaling(case)
    else:
        check_back_to_four_hours(case)


def check_interval_scaling(case):
    given = case["inputs"]
    rule = FundingRule(interval_us=given["N"] * HOUR, base_interval_us=8 * HOUR, interest=given["I"], clamp=0.0005)
    found = settled(plain(flat(0.01), funding=rule), contract="X", start=0, end=given["N"] * HOUR, samples=(premium(HOUR, given["P"]),), **NOBODY)
    assert found.rates == (close(case["expected"]["F"]),)


NOBODY = {"holdings": (), "price": (), "ticks": (1000 * HOUR,)}


def check_back_to_four_hours(case):
    """At its cap at 4:00, so hourly from then; then so many rates exactly at the limit, and the next slot is four hours later. With one rate above: not yet."""
    given = case["inputs"]
    limit, count = given["abs_rate_max"], given["consecutive"]
    rule = FundingRule(interval_us=4 * HOUR, cap=0.003, shorter_interval_us=HOUR, calm_slots=count, calm_rate=limit)
    hourly = [4 + number for number in range(1, count + 1)]
    samples = [premium(4 * HOUR, 0.5), *(premium(hour * HOUR, 8 * limit * (-1) ** hour) for hour in hourly)]
    end = (hourly[-1] + 4) * HOUR
    found = settled(plain(flat(0.01), funding=rule), contract="X", start=0, end=end, samples=tuple(samples), **NOBODY)
    assert case["expected"] == {"revert_at_cycle": count + 1, "interval": "4h"}
    assert [slot // HOUR for slot in found.slots] == [4, *hourly, hourly[-1] + 4]
    samples[5] = premium(samples[5].time, 8.01 * limit)
    found = settled(plain(flat(0.01), funding=rule), contract="X", start=0, end=end, samples=tuple(samples), **NOBODY)
    assert [slot // HOUR for slot in found.slots] == [4, *range(5, hourly[-1] + 5)]


# ---------------------------------------------------------------------------------------------------------------- freqtrade

RATES = {0: -0.000008, 8: -0.000003}
NIGHT = int(datetime(2021, 9, 1, tzinfo=UTC).timestamp()) * 1_000_000


def check_fee(case):
    """What a short receives; Kraken's share of time is nothing that a slot has."""
    given = case["inputs"]
    rule = FundingRule(interval_us=8 * HOUR)
    found = settled(
        plain(flat(0.01), funding=rule),
        contract="X",
        start=0,
        end=8 * HOUR,
        samples=(premium(HOUR, given["funding_rate"]),),
        holdings=(Holding("short", -float(given["size"]), 0),),
        price=((0, float(given["mark_price"])),),
        ticks=(8 * HOUR,),
    )
    assert received(found, "short") * 1e-8 == close(case["expected"]["funding_fee"])


def check_fees(case):
    """Two slots, of which the case may know one; a position is there at its closing time too. Binance's are late by less than 15 seconds."""
    given, marks = case["inputs"], vectors("margin_freqtrade_funding.json")["marks_by_hour"]
    first, last = given["rate_history_slice"]
    slots = [NIGHT + hour * HOUR for hour in (0, 8)][first:last]
    opened, closed = (int(datetime.fromisoformat(f"{given[key]}+00:00").timestamp()) * 1_000_000 for key in ("open_utc", "close_utc"))
    rule = FundingRule(interval_us=8 * HOUR, window_late_us=15_000_000 if given["exchange"] == "binance" else 0)
    found = settled(
        plain(flat(0.01), funding=rule),
        contract="X",
        start=slots[0] - 1,
        end=slots[-1],
        samples=tuple(premium(NIGHT + hour * HOUR, rate) for hour, rate in RATES.items()),
        holdings=tuple(Holding(name, size, opened, closed + 1) for name, size in (("short", -given["amount"]), ("long", given["amount"]))),
        price=tuple((NIGHT + hour * HOUR, marks[str(hour)]) for hour in RATES),
        ticks=(slots[-1],),
    )
    assert list(found.slots) == slots
    for name in ("short", "long"):
        paid = sum(payments.get(name, 0) for payments in found.payments)
        expected = case["expected"][f"funding_fee_{name}"]
        assert paid * 1e-8 == close(expected, abs_=1.1e-10 if case["name"] in FLOATS else 0.0)


FLOATS = {case["name"] for case in vectors("margin_freqtrade_funding.json")["cases"] if "999" in str(case["expected"].get("funding_fee_short"))}
IN_PART = {
    f"test_calculate_funding_fees[{number}]": "the fee of a slot; the share of it that Kraken takes for the time held is no rule here" for number in range(4)
}


# ---------------------------------------------------------------------------------------------------------------- dYdX


def check_funding_index(case):
    """What a million base quantums pay is the index's delta in quote quantums, cut off toward zero."""
    given = case["inputs"]
    contract, rules = dydx(0.1)
    interval = given["seconds_since_last"] * 1_000_000
    rule = FundingRule(interval_us=interval, base_interval_us=8 * HOUR, interest=given["funding_rate_8h_ppm"] / 1e6, clamp=10.0)
    found = settled(
        msgspec.structs.replace(rules, funding=rule),
        contract=contract.id,
        start=0,
        end=interval,
        samples=(),
        holdings=(Holding("long", float(Fraction(10) ** (6 + given["atomic_resolution"])), 0),),
        price=((0, float(Fraction(10) ** given["market_exponent"] * given["market_price"])),),
        ticks=(interval,),
    )
    assert -received(found, "long") == case["expected"]["funding_index_delta"]


def check_funding_cap(case):
    """The largest rate is a factor of the difference between both margin rates; they drop what is below a millionth."""
    given = case["inputs"]
    kept = given["initialMarginPpm"] * given["maintenanceFractionPpm"] // 1_000_000
    cap = float(Fraction(given["clampFactorPpm"] * (given["initialMarginPpm"] - kept), 10**12))
    if cap == 0:
        raise NoRuleError
    rule = FundingRule(interval_us=8 * HOUR, cap=cap)
    _, rules = dydx(0.1)
    for side in (1, -1):
        samples = (Sample(HOUR, 1.0, 1e9, 1e9 + 1) if side > 0 else Sample(HOUR, 1e9, 1.0, 2.0),)
        if side < 0 and cap >= 1:
            continue  # no premium is below -1
        found = settled(msgspec.structs.replace(rules, funding=rule), contract="X", start=0, end=8 * HOUR, samples=samples, **NOBODY)
        assert found.capped == (True,)
        assert side * found.rates[0] > 0
        assert math.floor(abs(found.rates[0]) * 1e6 + 1e-6) == case["expected"]["expectedUpperBoundPpm"]


# ---------------------------------------------------------------------------------------------------------------- BitMEX


def check_bitmex(case):
    name = case["name"]
    if name.startswith("reintroduction "):
        check_reintroduction({"at": name.split()[1], "prices": tuple(case["inputs"]["prices"]), "active": case["expected"]["active"]})
        return
    checks = {
        "perp guide: entry value": check_entry_value,
        "perp guide: funding": check_guide_funding,
        "perp guide: pnl": check_guide_profit,
        "index protection 3 constituents": check_protection,
        "nautilus ws_margin invariant": check_excess,
    }
    checks.get(name, check_gdax)(case)


def check_entry_value(case):
    """Its maintenance margin is half a percent of its value."""
    given = case["inputs"]
    for said in each(of_venue("bitmex"), isolated(given["contracts"], given["price"], 100, "XBTUSD"), {"XBTUSD": given["price"]}):
        assert said.margin_ratio[0][0] * 100 / 0.005 == close(case["expected"]["xbt"])


def check_guide_funding(case):
    given, expected = case["inputs"], case["expected"]
    interest = (given["quote_rate_day"] - given["base_rate_day"]) / given["interval_per_day"]
    interval = 24 * HOUR // given["interval_per_day"]
    rule = FundingRule(interval_us=interval, base_interval_us=interval, interest=interest, clamp=1.0)
    found = settled(
        of_venue("bitmex", funding=rule),
        contract="XBTUSD",
        start=0,
        end=interval,
        samples=(),
        holdings=(Holding("long", 750.0 * given["xbt_value"], 0),),
        price=((0, 750.0),),
        ticks=(interval,),
    )
    assert found.rates == (close(expected["funding_rate"]),)
    assert -received(found, "long") * 1e-8 == close(expected["long_pays_xbt"])


def check_guide_profit(case):
    given, expected = case["inputs"], case["expected"]
    for collateral, gained in ((100, expected["pnl_xbt"]), (100 - given["funding_paid"], expected["total_xbt"])):
        account = isolated(given["contracts"], given["entry"], collateral, "XBTUSD")
        for said in each(of_venue("bitmex"), account, {"XBTUSD": given["exit"]}):
            assert balance(said, given["contracts"] / given["exit"] * 0.005) - 100 == close(gained)


def check_protection(case):
    given, expected = case["inputs"], case["expected"]
    check_bitmex_2017({"in": {"before": given["prices_before"], "then": given["prices"]}, "out": expected})


def check_gdax(case):
    """Four sources, one of them next to nothing: a mean follows it, a median does not."""
    prices = [float(price) for price in case["inputs"]["prices"]]
    assert value(asked(ruled("plain-mean"), prices)) == close(case["expected"]["mean_index"])
    assert value(asked(ruled("plain-median"), prices)) == close(case["expected"]["median_index"])


def check_excess(case):
    """Amounts in satoshis; a position of one unit has the profit and the margin that are given."""
    given, expected = case["inputs"], case["expected"]
    wallet, gained, needed = (given[key] * 1e-8 for key in ("walletBalance", "unrealisedPnl", "maintMargin"))
    for said in each(plain(flat(needed / (1 + gained))), isolated(1, 1, wallet), {"X": 1 + gained}):
        found = balance(said, needed)
        assert found * 1e8 == close(expected["marginBalance"])
        assert (found - said.margin_ratio[0][0] * found) * 1e8 == close(expected["excessMargin"])


FAMILIES = (
    family("examples of its pages, funding", "in the test", "docs_binance", check_binance_funding, keep="funding|interval"),
    family(
        "examples of its pages",
        "bitmex, bitmex-2017, bitmex-2020",
        "docs_bitmex",
        check_bitmex,
        loose={
            "2017-04-15 GDAX print, equal-weight mean of 4 (derived composition)": "the derived mean; 888.48 was published, of a composition that is not known",
        },
    ),
    family(
        "funding fees",
        "in the test",
        "freqtrade_funding",
        check_fee,
        keep="test_calculate",
        loose=IN_PART,
    ),
    family(
        "funding fees of slots",
        "in the test",
        "freqtrade_funding",
        check_fees,
        keep="test__fetch",
        loose=dict.fromkeys(sorted(FLOATS), "to a ten-billionth: what is printed is a float's 0.0009141, 0.0006648 and so on"),
    ),
    family("funding index", "dydx-v4", "dydx_funding_index", check_funding_index),
    family(
        "largest funding rate",
        "dydx-v4",
        "dydx_liquidity_tiers_oimf",
        check_funding_cap,
        keep="GetMaxAbsFundingClampPpm",
        excepted={
            case["name"]: "a cap of 0 stands for no cap here; a contract whose rate is always 0 has no funding"
            for case in vectors("margin_dydx_liquidity_tiers_oimf.json")["cases"]
            if case["expected"].get("expectedUpperBoundPpm") == 0
        },
    ),
)
