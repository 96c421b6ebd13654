"""Liquidation prices and tiers that freqtrade publishes, by the thresholds of a rack: the isolated linear ones; all cases are in test_margin_vectors."""

import json
from pathlib import Path

import pytest

from indexlab.margin.account import Account
from indexlab.margin.contract import Contract, Tier, checked_contract, maintenance_margin
from indexlab.margin.thresholds import thresholds

VECTORS = Path(__file__).resolve().parents[3] / "shared/vectors"
pytestmark = pytest.mark.skipif(not VECTORS.is_dir(), reason="the folder ../shared/vectors is absent")

FILES = ("margin_freqtrade_binance_liquidation", "margin_freqtrade_generic_liquidation", "margin_freqtrade_tier_lookup")


def _cases(*files: str) -> list[dict]:
    found = [case for name in files if VECTORS.is_dir() for case in json.loads((VECTORS / f"{name}.json").read_text())["cases"]]
    return [case for case in found if not _left_to_others(case["inputs"])]


def _left_to_others(given: dict) -> bool:
    """Spot has no margin, a cross account several positions, Bybit's margin is fixed at entry, OKX's rate counts for the whole position."""
    modes = {given.get(key) for key in ("trading_mode", "margin_mode", "exchange_name")}
    return bool(modes & {"spot", "cross", "bybit"}) or given.get("exchange") == "okx"


def _contract(rate: float, amount: float) -> Contract:
    """Rate and amount are given for the one tier that counts; a tier without margin below it makes them continuous."""
    steep = Tier(None, 1.0, rate, amount)
    return checked_contract(Contract("X", "X", (Tier(amount / rate, 1.0, 0.0, 0.0), steep) if amount else (steep,)))


@pytest.mark.parametrize("case", _cases(*FILES[:2]), ids=lambda case: case["name"])
def test_liquidation_price_is_the_published_one(case: dict) -> None:
    """Binance: rate and amount. Gate and OKX: the taker fee is part of the rate, no amount."""
    given, expected = case["inputs"], case["expected"]["liquidation_price"]
    fee = given.get("taker_fee_rate")
    contract = _contract(given["mm_ratio"] + fee, 0.0) if fee else _contract(given["mm_ratio"], given["maintenance_amt"])
    size = -given["amount"] if given["is_short"] else given["amount"]
    account = Account("a", size, given["open_rate"], given["wallet_balance"], "X")
    assert thresholds(account, contract, 0.99).liquidation == pytest.approx(expected, **({"abs": 0.005} if "pair" in given else {"rel": 1e-9}))


@pytest.mark.parametrize("case", _cases(FILES[2]), ids=lambda case: case["name"])
def test_maintenance_margin_is_that_of_the_published_tier(case: dict) -> None:
    """At a border itself freqtrade takes the upper tier and we the lower: the margin is the same."""
    table = json.loads((VECTORS / f"{FILES[2]}.json").read_text())["leverage_tiers"][case["inputs"]["pair"]]
    tiers = tuple(Tier(row["maxNotional"], 1 / row["maxLeverage"], row["maintenanceMarginRate"], row["maintAmt"]) for row in table)
    notional, expected = case["inputs"]["notional_value"], case["expected"]
    ours = maintenance_margin(checked_contract(Contract("X", "X", tiers)), notional)
    assert ours == pytest.approx(notional * expected["mm_ratio"] - expected["maintenance_amt"])


def test_so_many_cases_are_those_of_isolated_accounts() -> None:
    assert [len(_cases(name)) for name in FILES] == [2, 16, 10]
