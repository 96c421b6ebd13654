"""Cases of dYdX v4's own tests that an isolated linear account expresses; and which margin vectors are out of today's rules, by name."""

import json
from pathlib import Path

import pytest

from indexlab.margin.account import Account
from indexlab.margin.contract import Contract, Tier, checked_contract, maintenance_margin
from indexlab.margin.thresholds import thresholds

VECTORS = Path(__file__).resolve().parents[3] / "shared/vectors"
pytestmark = pytest.mark.skipif(not VECTORS.is_dir(), reason="the folder ../shared/vectors is absent")

FILES_EXCEPTED = {
    "margin_docs_bitmex.json": "inverse contracts, funding and index rules",
    "margin_docs_bybit.json": "maintenance margin fixed at entry (example 1), inverse contracts",
    "margin_dydx_block_limits.json": "liquidation paths",
    "margin_dydx_fillable_price.json": "liquidation paths",
    "margin_dydx_funding_index.json": "funding",
    "margin_dydx_insurance_delta.json": "the insurance fund",
    "margin_dydx_liquidity_tiers_oimf.json": "initial margin scaled by open interest; maintenance rates as a product of two",
    "margin_freqtrade_buffer.json": "a trading bot's own buffer around the liquidation price",
    "margin_freqtrade_funding.json": "funding",
    "margin_freqtrade_interest.json": "interest on borrowed money",
}
FILES_TESTED = {
    *("margin_binance_tiers_cum.json", "margin_docs_binance.json"),
    *("margin_freqtrade_binance_liquidation.json", "margin_freqtrade_generic_liquidation.json", "margin_freqtrade_tier_lookup.json"),
    *("margin_dydx_bankruptcy_price.json", "margin_dydx_is_liquidatable.json", "margin_dydx_margin_requirements.json", "margin_nautilus_models.json"),
}
PRICE = "Can calculate bankruptcy price in quote quantums for a subaccount that is "
ROUNDED = "Rounds up bankruptcy price in quote quantums for a subaccount that is partially closing one "
NEEDS = "TestGetMarginRequirementsInQuoteQuantums_2: "
EXCEPTED = {
    PRICE + "fully closing one long position and has multiple long positions": "several positions in one account",
    PRICE + "fully closing one short position and has multiple short positions": "several positions in one account",
    PRICE + "fully closing one short position and has a long and short position": "several positions in one account",
    ROUNDED + "long position that is slightly below maintenance margin requirements": "rounding of a partial close to quantums",
    ROUNDED + "short position that is below the bankruptcy price": "rounding of a partial close to quantums",
    "Subaccount with no open positions but positive net collateral is not liquidatable": "no position",
    "Subaccount with no open positions but negative net collateral is not liquidatable": "no position",
    "Subaccount below initial but at maintenance margin requirements is not liquidatable": "there equality is safe; here ratio >= 1 is liquidation",
    NEEDS + "InitialMargin 10_000 BIPs (max), MaintenanceMargin 10_000 BIPs (max), atomic resolution 6": "a maintenance rate of 1 is refused",
    NEEDS + "Price and quantums are max uints": "beyond the integers that a double holds",
    "StandardMarginModel init AUD/USD": "initial margin",
    "LeveragedMarginModel init AUD/USD": "margin divided by leverage",
    "LeveragedMarginModel maint AUD/USD": "margin divided by leverage",
    "test_calculate_margin_init_with_default_leverage (10x)": "initial margin",
}


def _cases(name: str) -> list[dict]:
    found = json.loads((VECTORS / f"{name}.json").read_text())["cases"] if VECTORS.is_dir() else []
    # an error is expected where what is to be closed is no part of the position: nothing here closes positions
    return [case for case in found if case["name"] not in EXCEPTED and "error" not in case["expected"]]


def _flat(rate: float) -> Contract:
    return checked_contract(Contract("X", "X", (Tier(None, 1.0, rate, 0.0),)))


def _account(given: dict) -> tuple[Account, Contract, float]:
    """A subaccount with one position is an isolated account: what was paid for the position is its entry value."""
    market, size = given["perpetuals"][0], given["positions"][0]["size_base"]
    price = market["oracle_price_usd"]
    rate = market["initial_margin_ppm"] * market["maintenance_fraction_ppm"] / 1e12
    return Account("a", size, price, given["usdc_balance"] + size * price, "X"), _flat(rate), price


@pytest.mark.parametrize("case", _cases("margin_dydx_bankruptcy_price"), ids=lambda case: case["name"][len(PRICE) :])
def test_bankruptcy_price_is_the_published_one(case: dict) -> None:
    """The value of what is closed, at the price where the balance is 0."""
    account, contract, _ = _account(case["inputs"])
    price = thresholds(account, contract).bankruptcy
    closed = -case["inputs"]["delta_base_quantums"] / 1e8
    if case["expected"]["bankruptcy_price_quote_quantums"] * closed < 0:
        assert price is None, "a long that would have to be sold below 0 is never bankrupt"
        return
    assert price is not None
    assert price * closed * 1e6 == pytest.approx(case["expected"]["bankruptcy_price_quote_quantums"], rel=1e-12)


@pytest.mark.parametrize("case", _cases("margin_dydx_is_liquidatable"), ids=lambda case: case["name"])
def test_liquidation_is_where_it_was_published(case: dict) -> None:
    account, contract, price = _account(case["inputs"])
    assert (account.state(price, contract) in {"liquidation", "bankrupt"}) == case["expected"]["is_liquidatable"]


@pytest.mark.parametrize("case", _cases("margin_dydx_margin_requirements"), ids=lambda case: case["name"][len(NEEDS) :])
def test_maintenance_requirement_is_the_published_one(case: dict) -> None:
    """Open interest scales the initial margin alone; they round up to a millionth."""
    given = case["inputs"]
    rate = given["initialMarginPpm"] * given["maintenanceFractionPpm"] // 1_000_000 / 1e6
    size = abs(given["bigBaseQuantums"]) * 10.0 ** given["baseCurrencyAtomicResolution"]
    ours = maintenance_margin(_flat(rate), size * given["price"] * 10.0 ** given["exponent"])
    assert ours * 1e6 == pytest.approx(case["expected"]["bigExpectedMaintenanceMargin"], rel=1e-12, abs=1)


@pytest.mark.parametrize("case", _cases("margin_nautilus_models"), ids=lambda case: case["name"])
def test_standard_margin_model_is_a_single_tier(case: dict) -> None:
    given = case["inputs"]
    assert maintenance_margin(_flat(given["margin_maint"]), given["qty"] * given["price"]) == pytest.approx(case["expected"]["margin_maint"])


def test_every_vector_file_is_tested_or_excepted_by_name() -> None:
    assert {path.name for path in VECTORS.glob("margin_*.json")} == FILES_TESTED | set(FILES_EXCEPTED)
