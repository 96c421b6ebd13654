"""Cases of dYdX v4's own tests by `Account` and the thresholds of a rack: those of an isolated linear account; all cases are in test_margin_vectors."""

import json
from pathlib import Path

import pytest

from indexlab.margin.account import Account
from indexlab.margin.contract import Contract, Tier, checked_contract, maintenance_margin
from indexlab.margin.thresholds import thresholds

VECTORS = Path(__file__).resolve().parents[3] / "shared/vectors"
pytestmark = pytest.mark.skipif(not VECTORS.is_dir(), reason="the folder ../shared/vectors is absent")

PRICE = "Can calculate bankruptcy price in quote quantums for a subaccount that is "
ROUNDED = "Rounds up bankruptcy price in quote quantums for a subaccount that is partially closing one "
NEEDS = "TestGetMarginRequirementsInQuoteQuantums_2: "
OTHERS = {
    # several positions in one account
    PRICE + "fully closing one long position and has multiple long positions",
    PRICE + "fully closing one short position and has multiple short positions",
    PRICE + "fully closing one short position and has a long and short position",
    # rounded to quantums
    ROUNDED + "long position that is slightly below maintenance margin requirements",
    ROUNDED + "short position that is below the bankruptcy price",
    # no position
    "Subaccount with no open positions but positive net collateral is not liquidatable",
    "Subaccount with no open positions but negative net collateral is not liquidatable",
    # equality is safe there, and liquidation by Account's own rule
    "Subaccount below initial but at maintenance margin requirements is not liquidatable",
    # rates of 1, and figures beyond the integers that a double holds
    NEEDS + "InitialMargin 10_000 BIPs (max), MaintenanceMargin 10_000 BIPs (max), atomic resolution 6",
    NEEDS + "Price and quantums are max uints",
    # initial margin, and margin divided by leverage
    "StandardMarginModel init AUD/USD",
    "LeveragedMarginModel init AUD/USD",
    "LeveragedMarginModel maint AUD/USD",
    "test_calculate_margin_init_with_default_leverage (10x)",
}
"""Cases that no isolated linear account says: test_margin_vectors has them."""


def _cases(name: str) -> list[dict]:
    found = json.loads((VECTORS / f"{name}.json").read_text())["cases"] if VECTORS.is_dir() else []
    # an error is expected where what is to be closed is no part of the position: nothing here closes positions
    return [case for case in found if case["name"] not in OTHERS and "error" not in case["expected"]]


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


def test_every_case_that_is_left_to_others_is_one() -> None:
    files = ("margin_dydx_bankruptcy_price", "margin_dydx_is_liquidatable", "margin_dydx_margin_requirements", "margin_nautilus_models")
    assert {case["name"] for name in files for case in json.loads((VECTORS / f"{name}.json").read_text())["cases"]} >= OTHERS
