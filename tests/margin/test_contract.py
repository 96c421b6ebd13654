"""Contracts: what a tier charges, and which tiers are refused."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.margin.contract import BTCUSDT, Contract, Tier, checked_contract, maintenance_margin, tier_at
from indexlab.market.errors import InputError


def test_a_border_belongs_to_the_lower_tier() -> None:
    assert tier_at(BTCUSDT, 50_000.0).maintenance_rate == 0.004
    assert tier_at(BTCUSDT, 50_000.01).maintenance_rate == 0.005


@pytest.mark.parametrize("border", [tier.up_to_notional for tier in BTCUSDT.tiers if tier.up_to_notional is not None])
def test_maintenance_margin_does_not_jump_at_a_border(border: float) -> None:
    below, above = tier_at(BTCUSDT, border), tier_at(BTCUSDT, border * 1.000001)
    assert below != above
    assert border * below.maintenance_rate - below.maintenance_amount == pytest.approx(border * above.maintenance_rate - above.maintenance_amount)


@given(st.floats(0, 3e9), st.floats(0, 3e9))
def test_more_notional_never_needs_less_margin(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= maintenance_margin(BTCUSDT, low) <= maintenance_margin(BTCUSDT, high) + 1e-6


@pytest.mark.parametrize(
    ("tiers", "said"),
    [
        ((), "must name at least one tier"),
        ((Tier(None, 0.1, 0.05, 0.0), Tier(None, 0.2, 0.1, 0.0)), "every tier but the last"),
        ((Tier(100.0, 0.1, 0.05, 0.0), Tier(50.0, 0.2, 0.1, 5.0)), "must ascend"),
        ((Tier(None, 1.0, 1.0, 0.0),), "below 1"),
        ((Tier(100.0, 0.1, 0.05, 0.0), Tier(None, 0.1, 0.04, -1.0)), "at least the lower tier's"),
        ((Tier(None, 0.01, 0.05, 0.0),), "at least the maintenance rate"),
        ((Tier(100.0, 0.1, 0.05, 0.0), Tier(None, 0.2, 0.1, 0.0)), "must be 5, so that the maintenance margin does not jump at 100"),
        ((Tier(None, 0.1, float("nan"), 0.0),), "was nan"),
    ],
)
def test_tiers_that_do_not_fit_are_refused_by_name(tiers: tuple[Tier, ...], said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        checked_contract(Contract("X", "X", tiers), file="plan.toml")
    assert str(refused.value).startswith("plan.toml: X.tiers")


def test_a_multiplier_of_zero_is_refused() -> None:
    with pytest.raises(InputError, match=r"X\.multiplier must be a finite number above 0"):
        checked_contract(Contract("X", "X", (Tier(None, 0.1, 0.05, 0.0),), multiplier=0.0))


def test_a_contract_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(BTCUSDT), type=Contract) == BTCUSDT
