"""Published cases of accounts: tiers, margins, balances, states and liquidation prices."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from math import floor

from indexlab.margin.account import Asset
from indexlab.margin.account_rules import FeeRules
from indexlab.margin.contract import Contract, OpenInterest, Tier, checked_contract
from tests.conformance.margin_asking import balance, close, cross, each, flat, in_millionths, isolated, maintenance, margins, needs, of_venue, plain
from tests.conformance.page_cases import Family, NoRuleError, vectors

AT_ENTRY = "the maintenance margin is fixed at entry, not that of the mark"
SPOT = "spot: no margin, no liquidation price"
FULL_RATE = "a maintenance rate of 1 is refused: a long would need as much less as it has less, and no price would liquidate it"


def no_rule(_case):
    raise NoRuleError


def family(rule, venue, file, check, keep=None, source=None, **more) -> Family:
    """The cases of a file of margin vectors, or those whose names match."""
    content = vectors(f"margin_{file}.json")
    cases = {case["name"]: case for case in content["cases"] if keep is None or re.search(keep, case["name"])}
    repository = source or content["source"].split(":")[0].split(" (")[0]
    excepted = {name: reason for name, reason in more.pop("excepted", {}).items() if name in cases}
    loose = {name: reason for name, reason in more.pop("loose", {}).items() if name in cases}
    return Family(rule, venue, repository, cases, check, excepted, loose)


# ---------------------------------------------------------------------------------------------------------------- Binance


@cache
def brackets(symbol: str) -> Contract:
    rows = [case for case in vectors("margin_binance_tiers_cum.json")["cases"] if case["inputs"]["symbol"] == symbol]
    return checked_contract(Contract("X", "X", tuple(_bracket(row) for row in rows)))


def _bracket(case) -> Tier:
    given = case["inputs"]
    return Tier(given["max_notional"], 1 / given["max_leverage"], given["mmr"], case["expected"]["cum"])


def check_bracket(case):
    """Just above the bracket's floor, in its middle and at its cap: notional * rate - amount."""
    given = case["inputs"]
    low, high = given["min_notional"], given["max_notional"]
    notionals = (low + 1e-6 * (high - low), (low + high) / 2, high)
    for notional, both in zip(notionals, needs(brackets(given["symbol"]), notionals), strict=True):
        assert both == (close(notional * given["mmr"] - case["expected"]["cum"]),) * 2


def check_binance(case):
    {
        "COIN-M BTCUSD maintenance amount level 5": check_coin_margined,
        "COIN-M BTCUSD 300 BTC position": check_coin_margined,
        "COIN-M forum mismatch": check_forum,
        "multi-asset haircut BNB": check_haircut,
        "multi-asset haircut ADA": check_haircut,
        "PM Pro uPnL short": check_profit,
        "PM Pro uPnL long": check_profit,
        "PM Pro states": check_uni_mmr,
    }.get(case["name"], no_rule)(case)


def check_coin_margined(case):
    """A position of so many bitcoin in the bundled brackets: level 5 begins at 50 BTC, so 75 is in it."""
    given, expected = case["inputs"], case["expected"]
    size, rate = given.get("position_btc", 75), given.get("mmr", expected.get("mmr"))
    for said in each(of_venue("binance-coinm"), isolated(size * 500, 50_000, 1000, "BTCUSD_PERP"), {"BTCUSD_PERP": 50_000}):
        assert maintenance(said, 1000) == close(size * rate - expected["amount_btc"])


def check_forum(case):
    given = case["inputs"]
    account = isolated(given["usd"] / 100, given["entry"], given["wb_btc"], "BTCUSD_PERP")
    for said in each(of_venue("binance-coinm"), account, {"BTCUSD_PERP": given["entry"]}):
        assert said.liquidation_price[0] == close(case["expected"]["formula"])


def check_haircut(case):
    """So much of the asset, credited beside a position whose maintenance margin is 120."""
    name = case["name"].split()[-1]
    account = cross(0, ("BTCUSDT", 0.5, 60_000.0), assets=(Asset(name, case["inputs"]["value"] / 4.0),))
    for said in each(of_venue("binance-usdm"), account, {"BTCUSDT": 60_000}, {name: 4.0}):
        assert balance(said, 120) == close(case["expected"]["credited"])


def check_profit(case):
    given = case["inputs"]
    size = given["qty"] if given["side"] == "long" else -given["qty"]
    contract = flat(0.01)
    for said in each(plain(contract), isolated(size, given["entry"], 1000), {"X": given["mark"]}):
        assert balance(said, given["qty"] * given["mark"] * 0.01) - 1000 == close(case["expected"]["upnl"])


STATES = {"free": "healthy", "reminder": "warning", "reduce_only": "reduce-only", "liquidation": "liquidation", "liquidation+claim": "liquidation"}


def check_uni_mmr(case):
    """A position whose maintenance margin is 100, with so much equity."""
    for level, expected in zip(case["inputs"]["uniMMR"], case["expected"]["state"], strict=True):
        for said in each(of_venue("binance-pm"), cross(round(100 * level, 6), ("BTCUSDT", 0.5, 50_000.0)), {"BTCUSDT": 50_000}):
            assert said.state[0] == (STATES[expected],), level


def check_liquidation_price(case):
    """Binance: rate and amount. Gate and OKX: the fee is added to the maintenance margin, no amount. Two digits are printed in Binance's own example."""
    given = case["inputs"]
    if given["trading_mode"] == "spot" or given.get("exchange_name") == "bybit":
        raise NoRuleError
    fee = given.get("taker_fee_rate")
    sign = -1 if given["is_short"] else 1
    contract = flat(given["mm_ratio"]) if fee else flat(given["mm_ratio"], given["maintenance_amt"])
    rules = of_venue("okx", contract, fees=FeeRules(liquidation=fee)) if fee else of_venue("binance-usdm", contract)
    account, marks = isolated(sign * given["amount"], given["open_rate"], given["wallet_balance"]), {"X": given["open_rate"]}
    if given["margin_mode"] == "cross":
        rules, account, marks = _cross_account(given, sign)
    for said in each(rules, account, marks):
        expected = case["expected"]["liquidation_price"]
        assert said.liquidation_price[0] == (close(expected, rel=0, abs_=0.005) if "pair" in given else close(expected))


def _cross_account(given, sign):
    trades = sorted(given["open_trades"], key=lambda trade: trade["pair"] != given["pair"])
    contracts = [_named(flat(trade["mm_ratio"], trade["maintenance_amt"]), trade["pair"]) for trade in trades]
    positions = [(trade["pair"], sign * trade["amount"], trade["open_rate"]) for trade in trades]
    account = cross(given["wallet_balance"], *positions)
    return of_venue("binance-usdm", *contracts), account, {trade["pair"]: trade["mark_price"] for trade in trades}


def _named(contract, name):
    return Contract(id=name, underlying=name, tiers=contract.tiers)


@cache
def tiers_of(pair: str) -> Contract:
    rows = vectors("margin_freqtrade_tier_lookup.json")["leverage_tiers"][pair]
    tiers = tuple(Tier(row["maxNotional"], 1 / row["maxLeverage"], row["maintenanceMarginRate"], row["maintAmt"]) for row in rows)
    return checked_contract(Contract("X", "X", tiers))


WHOLE = {
    # what lies between two cases is where no case says otherwise
    "ETH/USDT:USDT": (Tier(2000.0, 1.0, 0.01, 0.0), Tier(4000.0, 1.0, 0.015, 0.0), Tier(None, 1.0, 0.02, 0.0)),
    "ADA/USDT:USDT": (Tier(500.0, 1.0, 0.02, 0.0), Tier(None, 1.0, 0.03, 0.0)),
}


def check_tier(case):
    """At a border itself freqtrade takes the upper tier and we the lower: the margin is the same. OKX: the rate counts for the whole position."""
    given, expected = case["inputs"], case["expected"]
    whole = given.get("exchange") == "okx"
    contract = checked_contract(Contract("X", "X", WHOLE[given["pair"]], tier_rule="whole-position")) if whole else tiers_of(given["pair"])
    for margin, _ in margins(contract, given["notional_value"]):
        assert margin == close(given["notional_value"] * expected["mm_ratio"] - (expected["maintenance_amt"] or 0.0))


def check_nautilus(case):
    """The leveraged model's rates are the standard ones over the leverage."""
    given, expected = case["inputs"], case["expected"]
    over = given["leverage"] if given.get("model", "leveraged") == "leveraged" else 1
    for margin, initial in margins(flat(given.get("margin_maint", 0.0) / over, initial=given.get("margin_init", 0.03) / over), given["qty"] * given["price"]):
        assert ("margin_maint" not in expected) or margin == close(expected["margin_maint"])
        assert ("margin_init" not in expected) or initial == close(expected["margin_init"])


# ---------------------------------------------------------------------------------------------------------------- dYdX


def dydx(rate, initial=1.0, **fields):
    contract = flat(rate, initial=initial, quote="USDC", settlement="USDC", unit=1e-6, **fields)
    return contract, of_venue("dydx-v4", contract)


def check_liquidatable(case):
    """A subaccount is a cross account: what was paid for its positions is their entry value."""
    given = case["inputs"]
    prices = {market["id"]: market["oracle_price_usd"] for market in given["perpetuals"]}
    rates = [market["initial_margin_ppm"] * market["maintenance_fraction_ppm"] / 1e12 for market in given["perpetuals"]]
    contract, rules = dydx(rates[0] if rates else 0.1)
    held = [("X", one["size_base"], float(prices[one["perpetual_id"]])) for one in given["positions"]]
    worth = sum(size * price for _, size, price in held)
    for said in each(rules, cross(given["usdc_balance"] + worth, *held), {contract.id: prices.get(0, 1)}):
        assert (said.state[0][0] in {"liquidation", "bankrupt"}) == case["expected"]["is_liquidatable"]


def _rate(given) -> float:
    """They keep the product of two rates to a millionth."""
    return given["initialMarginPpm"] * given["maintenanceFractionPpm"] // 1_000_000 / 1e6


def _caps(given, scale) -> OpenInterest | None:
    """Two caps of 0 stand for none."""
    lower, upper = given.get("openInterestLowerCap", 0), given.get("openInterestUpperCap", 0)
    return OpenInterest(lower * scale, upper * scale) if upper else None


def check_requirements(case):
    """The open interest is in the smallest base unit, its caps in millionths."""
    given, expected = case["inputs"], case["expected"]
    base, price = Fraction(10) ** given["baseCurrencyAtomicResolution"], Fraction(10) ** given["exponent"] * given["price"]
    if price == 0 or given["maintenanceFractionPpm"] == given["initialMarginPpm"] == 1_000_000:
        raise NoRuleError
    _, rules = dydx(_rate(given), given["initialMarginPpm"] / 1e6, open_interest=_caps(given, 1e-6))
    size, notional = given["bigBaseQuantums"] * base, abs(given["bigBaseQuantums"]) * base * price
    wealth = 1e3 + 2 * float(notional)
    interest = {"X": float(given.get("openInterest", 0) * base * price)}
    for said in each(rules, isolated(size, price, wealth), {"X": price}, open_interest=interest):
        assert in_millionths(maintenance(said, wealth), notional) == expected["bigExpectedMaintenanceMargin"]
        assert in_millionths(said.initial_margin[0], notional) == expected["bigExpectedInitialMargin"]


def check_maintenance_rate(case):
    """The margin of a notional of 1, in millionths, of which they drop the rest."""
    given = case["inputs"]
    if given["maintenanceFractionPpm"] == given["initialMarginPpm"] == 1_000_000:
        raise NoRuleError
    exact = float(Fraction(given["initialMarginPpm"] * given["maintenanceFractionPpm"], 10**12))
    contract, rules = dydx(exact, max(exact, given["initialMarginPpm"] / 1e6))
    for margin, _ in margins(contract, 1.0, rules):
        assert floor(margin * 1e6 + 1e-6) == case["expected"]["expectedMaintenanceMarginPpm"]


def check_initial(case):
    given = case["inputs"]
    _, rules = dydx(0.0, given["initialMarginPpm"] / 1e6, open_interest=_caps(given, 1e-6))
    interest, notional = {"X": given.get("openInterestNotional", 0) * 1e-6}, Fraction(given["bigQuoteQuantums"], 10**6)
    for said in each(rules, isolated(notional, 1.0, 1.0), {"X": 1.0}, open_interest=interest):
        assert in_millionths(said.initial_margin[0], notional) == case["expected"]["expectedInitialMarginQuoteQuantums"]


def check_adjusted(case):
    """The margin of a notional of 1, in millionths, of which they drop the rest; caps and open interest are in one unit."""
    given = case["inputs"]
    contract, rules = dydx(0.0, given["initialMarginPpm"] / 1e6, open_interest=_caps(given, 1.0))
    for _, initial in margins(contract, 1.0, rules, open_interest={"X": float(given["openInterestNotional"])}):
        assert floor(initial * 1e6 + 1e-6) == case["expected"]["expectedPpm"]


# ---------------------------------------------------------------------------------------------------------------- Bybit


def check_bybit(case):
    given, expected = case["inputs"], case["expected"]
    if "im_btc" not in expected:
        raise NoRuleError
    contract = flat(given["mmr"], initial=1 / given["lev"], kind="inverse", quote="USD", settlement="BTC")
    for said in each(plain(contract, currency="BTC"), isolated(given["qty_usd"], given["price"], 5), {"X": given["price"]}):
        assert maintenance(said, 5) / given["mmr"] == close(expected["position_value_btc"])
        assert said.initial_margin[0] == close(expected["im_btc"])


NEEDS = "TestGetMarginRequirementsInQuoteQuantums_2: "
BUFFER = "a trading bot's own distance from the liquidation price, no rule of a venue"
CASES = vectors("margin_freqtrade_generic_liquidation.json")["cases"]
LIQUIDATION = {
    **{case["name"]: SPOT for case in CASES if case["inputs"]["trading_mode"] == "spot"},
    **{case["name"]: AT_ENTRY for case in CASES if case["inputs"]["exchange_name"] == "bybit"},
}
EXCHANGED = "how much is sold when a debt is exchanged by itself: no state of an account"
FAMILIES = (
    family("brackets", "binance-usdm", "binance_tiers_cum", check_bracket),
    family(
        "examples of its pages, accounts",
        "binance-coinm, binance-pm, binance-usdm",
        "docs_binance",
        check_binance,
        keep="COIN-M|haircut|exchange|PM Pro",
        excepted={"auto-exchange BUSD -20,000": EXCHANGED, "auto-exchange USDC -5,000": EXCHANGED},
        loose={"COIN-M forum mismatch": "the formula's value; the page's calculator shows 20.54 more, which the thread does not explain"},
    ),
    family(
        "liquidation price, Binance's example",
        "binance-usdm",
        "freqtrade_binance_liquidation",
        check_liquidation_price,
        loose={case["name"]: "to the two digits that are printed" for case in vectors("margin_freqtrade_binance_liquidation.json")["cases"]},
    ),
    family("liquidation price", "binance-usdm, okx", "freqtrade_generic_liquidation", check_liquidation_price, excepted=LIQUIDATION),
    family("tier of a notional", "binance-usdm, okx", "freqtrade_tier_lookup", check_tier),
    family("buffer", "none", "freqtrade_buffer", no_rule, excepted={case["name"]: BUFFER for case in vectors("margin_freqtrade_buffer.json")["cases"]}),
    family(
        "interest",
        "none",
        "freqtrade_interest",
        no_rule,
        excepted={case["name"]: "interest on borrowed money, no rule of a contract" for case in vectors("margin_freqtrade_interest.json")["cases"]},
    ),
    family("margin models", "in the test", "nautilus_models", check_nautilus),
    family(
        "examples of its pages",
        "bybit",
        "docs_bybit",
        check_bybit,
        excepted={"USDT isolated long example 1": AT_ENTRY, "inverse cross long 10,000 @8000": f"{AT_ENTRY}; so is the fee of closing"},
    ),
    family("whether it is liquidated", "dydx-v4", "dydx_is_liquidatable", check_liquidatable),
    family(
        "margin requirements",
        "dydx-v4",
        "dydx_margin_requirements",
        check_requirements,
        excepted={
            f"{NEEDS}InitialMargin 10_000 BIPs (max), MaintenanceMargin 10_000 BIPs (max), atomic resolution 6": FULL_RATE,
            f"{NEEDS}Price is zero, atomic resolution 6": "a price of zero is no price here: the account is frozen",
        },
    ),
    family(
        "maintenance rate of a liquidity tier",
        "dydx-v4",
        "dydx_liquidity_tiers_oimf",
        check_maintenance_rate,
        keep="GetMaintenanceMarginPpm",
        excepted={"TestLiquidityTierGetMaintenanceMarginPpm: 100% initial margin, 100% maintenance fraction": FULL_RATE},
    ),
    family("initial margin with open interest", "dydx-v4", "dydx_liquidity_tiers_oimf", check_initial, keep="GetInitialMarginQuoteQuantums"),
    family("initial rate with open interest", "dydx-v4", "dydx_liquidity_tiers_oimf", check_adjusted, keep="GetAdjustedInitialMarginPpm"),
)
