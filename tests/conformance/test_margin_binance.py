"""Binance's published tiers (margin.md section 1.1), rate and cumulated amount, and what `Account` says of them; all cases are in test_margin_vectors."""

import gzip
import json
from pathlib import Path

import pytest

from indexlab.margin.account import Account
from indexlab.margin.contract import BTCUSDT, Contract, Tier, checked_contract, maintenance_margin
from indexlab.market.errors import InputError

SHARED = Path(__file__).resolve().parents[3] / "shared"
needs_vectors = pytest.mark.skipif(not (SHARED / "vectors").is_dir(), reason="the folder ../shared/vectors is absent")
needs_tiers = pytest.mark.skipif(not (SHARED / "data/leverage_tiers").is_dir(), reason="the folder ../shared/data/leverage_tiers is absent")


def _cases(name: str) -> list[dict]:
    return json.loads((SHARED / "vectors" / name).read_text())["cases"]


def _symbols() -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for case in _cases("margin_binance_tiers_cum.json"):
        found.setdefault(case["inputs"]["symbol"], []).append({**case["inputs"], **case["expected"]})
    return found


def _contract(tiers: list[dict]) -> Contract:
    made = tuple(Tier(tier["max_notional"], 1 / tier["max_leverage"], tier["mmr"], tier["cum"]) for tier in tiers)
    return checked_contract(Contract("X", "X", made))


@needs_vectors
def test_every_published_tier_table_is_continuous_at_its_borders() -> None:
    """All 71 tiers of seven contracts are accepted, and the maintenance margin is the same from both sides of every border."""
    tables = _symbols()
    assert sum(map(len, tables.values())) == 71
    for tiers in tables.values():
        contract = _contract(tiers)
        for tier in tiers[1:]:
            above = tier["min_notional"] * tier["mmr"] - tier["cum"]
            assert maintenance_margin(contract, tier["min_notional"]) == pytest.approx(above, abs=0.011)


@needs_vectors
def test_a_wrong_amount_in_any_tier_is_noticed() -> None:
    for tiers in _symbols().values():
        for position in range(len(tiers)):
            wrong = [{**tier, "cum": tier["cum"] + (1.0 if row == position else 0.0)} for row, tier in enumerate(tiers)]
            with pytest.raises(InputError, match=rf"tiers\[{position}\]\.maintenance_amount"):
                _contract(wrong)


@needs_vectors
def test_the_example_contract_has_the_published_tiers() -> None:
    published = _symbols()["BTC/USDT:USDT"]
    assert [tier["max_notional"] for tier in published[:-1]] == [tier.up_to_notional for tier in BTCUSDT.tiers[:-1]]
    for ours, theirs in zip(BTCUSDT.tiers, published, strict=True):
        assert (ours.maintenance_rate, ours.maintenance_amount) == (theirs["mmr"], theirs["cum"])
        assert ours.initial_rate == pytest.approx(1 / theirs["max_leverage"])


@needs_tiers
def test_the_tiers_of_every_listed_contract_are_accepted() -> None:
    """349 real tables: none jumps by more than a cent at a border."""
    with gzip.open(SHARED / "data/leverage_tiers/binance_usdm_leverage_tiers.json.gz") as stream:
        listed = json.load(stream)
    for rows in listed.values():
        keys = {"max_notional": "maxNotional", "max_leverage": "maxLeverage", "mmr": "maintenanceMarginRate"}
        _contract([{**{ours: float(row[theirs]) for ours, theirs in keys.items()}, "cum": float(row["info"]["cum"])} for row in rows])
    assert len(listed) == 349


@needs_vectors
def test_level_five_amount_follows_from_the_recurrence() -> None:
    """50 * (5 % - 2.5 %) + 0.56 = 1.81: that amount is accepted above the tier of 2.5 %, another is not."""
    case = next(case for case in _cases("margin_docs_binance.json") if case["name"] == "COIN-M BTCUSD maintenance amount level 5")
    given = case["inputs"]
    below = (Tier(given["prev_amount"] / given["prev_mmr"], 1.0, 0.0, 0.0), Tier(given["floor_btc"], 1.0, given["prev_mmr"], given["prev_amount"]))
    checked_contract(Contract("X", "X", (*below, Tier(None, 1.0, given["mmr"], case["expected"]["amount_btc"]))))
    with pytest.raises(InputError, match=r"must be 1\.81"):
        checked_contract(Contract("X", "X", (*below, Tier(None, 1.0, given["mmr"], case["expected"]["amount_btc"] + 0.02))))


@needs_vectors
@pytest.mark.parametrize("name", ["PM Pro uPnL short", "PM Pro uPnL long"])
def test_unrealised_profit_is_the_published_one(name: str) -> None:
    case = next(case for case in _cases("margin_docs_binance.json") if case["name"] == name)
    given = case["inputs"]
    account = Account("a", given["qty"] if given["side"] == "long" else -given["qty"], given["entry"], 0.0)
    assert account.margin_balance(given["mark"]) == pytest.approx(case["expected"]["upnl"])
