"""Liquidation prices and tiers that freqtrade publishes as test cases: the isolated linear ones."""

import json
from pathlib import Path

import pytest

from indexlab.margin.account import Account
from indexlab.margin.contract import Contract, Tier, checked_contract, maintenance_margin
from indexlab.margin.thresholds import thresholds

VECTORS = Path(__file__).resolve().parents[3] / "shared/vectors"
pytestmark = pytest.mark.skipif(not VECTORS.is_dir(), reason="the folder ../shared/vectors is absent")

EXCEPTED = {
    "test_liquidation_price_binance[2] ETH/USDT:USDT cross": "a cross account",
    "test_liquidation_price_binance[3] BTC/USDT:USDT cross": "a cross account",
    **{
        f"test_get_liquidation_price[{number}] {what}": "spot: no margin, no liquidation price"
        for number, what in enumerate(
            [
                *("binance long lev=5.0", "binance short lev=5.0", "gate long lev=5.0"),
                *("gate short lev=5.0", "okx long lev=5.0", "okx short lev=5.0"),
            ]
        )
    },
    **{
        f"test_get_liquidation_price[{number}] bybit {what}": "the maintenance margin is fixed at entry, not that of the mark"
        for number, what in enumerate(
            [
                *("long lev=1.0", "long lev=3.0", "long lev=5.0", "long lev=10.0"),
                *("short lev=1.0", "short lev=3.0", "short lev=5.0", "short lev=10.0"),
            ],
            start=22,
        )
    },
    **{
        f"mmr okx {what}": "one rate for the whole position: the maintenance margin jumps at a border, which is refused for now"
        for what in ("ETH 2000", "ETH 2001", "ETH 4001", "ETH 8000", "ADA 1", "ADA 2000")
    },
}
FILES = ("margin_freqtrade_binance_liquidation", "margin_freqtrade_generic_liquidation", "margin_freqtrade_tier_lookup")


def _cases(*files: str) -> list[dict]:
    found = [case for name in files if VECTORS.is_dir() for case in json.loads((VECTORS / f"{name}.json").read_text())["cases"]]
    return [case for case in found if case["name"] not in EXCEPTED]


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


def test_every_exception_names_a_case() -> None:
    names = {case["name"] for name in FILES for case in json.loads((VECTORS / f"{name}.json").read_text())["cases"]}
    assert set(EXCEPTED) <= names
    assert len(names) - len(EXCEPTED) == 2 + 16 + 10
