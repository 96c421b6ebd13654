"""The rack: where its accounts stand, and that it answers for many marks as for one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.margin.account import Account
from indexlab.margin.contract import BTCUSDT, Contract, Tier
from indexlab.margin.rack import build_rack, rack_from_accounts
from indexlab.margin.states import BANKRUPT, FROZEN, HEALTHY, LIQUIDATION, STATES, WARNING
from indexlab.margin.thresholds import headrooms
from indexlab.market.errors import InputError

prices = st.floats(-12, 12).map(lambda exponent: 10.0**exponent)
margin_headrooms = st.sampled_from([0.0005, 0.002, 0.01, 0.03, 0.05])
FLAT = Contract("FLAT", "BTC", (Tier(None, 0.01, 0.005, 0.0),), multiplier=0.001)


@given(prices, margin_headrooms, st.sampled_from([BTCUSDT, FLAT]))
def test_healthy_headrooms_cover_five_basis_points_to_half_evenly(price: float, margin_headroom: float, contract: Contract) -> None:
    """17 a side on a logarithmic scale and pairs at 1.01 and 1.1 times the promise, exact to 1e-9, long and short alike, at any price."""
    rack = build_rack(price, margin_headroom, contract)
    against, in_favour = rack.headroom(price)
    healthy = rack.states(price) == 0
    wanted = sorted([*np.geomspace(0.0005, 0.5, 17).tolist(), 1.01 * margin_headroom, 1.1 * margin_headroom])
    for side in (1, -1):
        of_side = healthy & (rack.side == side)
        assert sorted(against[of_side].tolist()) == pytest.approx(wanted, abs=1e-9)
        assert np.isinf(in_favour[of_side]).all()


@given(prices, st.sampled_from([0.0005, 0.002, 0.01]))
def test_every_border_has_a_pair_just_beyond_the_promise(price: float, margin_headroom: float) -> None:
    """In `warning` before `liquidation` and before `healthy`, in `liquidation` before `bankrupt`: 1.1 times the promise away, the other way more than it."""
    rack = build_rack(price, margin_headroom)
    headroom = np.stack(rack.headroom(price))
    states = rack.states(price)
    for state, way in ((WARNING, 0), (WARNING, 1), (LIQUIDATION, 0)):
        near = (states == state) & np.isclose(headroom[way], 1.1 * margin_headroom, rtol=0, atol=1e-9)
        assert sorted(rack.side[near].tolist()) == [-1.0, 1.0]
        assert (headroom[1 - way][near] > margin_headroom).all()
    assert len(rack) == len(set(rack.ids)) == 44


def test_no_account_changes_state_within_the_promise() -> None:
    """At 1 % every account that stands further than 1 % from its borders keeps its state, and some account stands just above that."""
    rack = build_rack(50_000.0, 0.01)
    before = rack.states(50_000.0)
    safe = np.minimum(*rack.headroom(50_000.0)) > 0.01
    for moved in (49_500.0, 50_500.0):
        assert (rack.states(moved)[safe] == before[safe]).all()
    assert (rack.states(50_000.0 * 1.0111)[safe] != before[safe]).any()
    assert (rack.states(50_000.0 * 0.9889)[safe] != before[safe]).any()


def test_accounts_stand_in_every_tier() -> None:
    rack = build_rack(50_000.0, 0.01)
    ends = [tier.up_to_notional for tier in BTCUSDT.tiers if tier.up_to_notional is not None]
    assert set(np.searchsorted(ends, np.abs(rack.size) * 50_000.0).tolist()) == set(range(len(BTCUSDT.tiers)))


@given(prices, margin_headrooms)
def test_a_state_has_begun_at_its_price(price: float, margin_headroom: float) -> None:
    """At the border itself an account is in the worse state; the next double on the good side is in the better one."""
    rack = build_rack(price, margin_headroom)
    steps = ((HEALTHY, WARNING, rack.warning_price), (WARNING, LIQUIDATION, rack.liquidation_price), (LIQUIDATION, BANKRUPT, rack.bankruptcy_price))
    for before, worse, borders in steps:
        of_account = np.arange(len(rack))
        assert (rack.states(borders)[of_account, of_account] == worse).all()
        better = np.nextafter(borders, rack.side * np.inf)
        assert (rack.states(better)[of_account, of_account] == before).all()


def test_a_rack_made_of_its_own_accounts_is_the_same() -> None:
    """A scenario file stores accounts one by one; nothing is lost on the way."""
    rack = build_rack(123.456, 0.01)
    again = rack_from_accounts(rack.accounts)
    assert again.ids == rack.ids
    assert again.borders.tobytes() == rack.borders.tobytes()
    marks = np.geomspace(50, 300, 1000)
    assert (again.states(marks) == rack.states(marks)).all()


def test_states_of_many_marks_are_those_of_each() -> None:
    """[..., T] marks give [..., T, A] states, the scalar account's own."""
    rack = build_rack(100.0, 0.01).take([0, 5, 33, 38, 43])
    marks = np.linspace(40.0, 160.0, 24).reshape(2, 3, 4)
    states, (against, in_favour) = rack.states(marks), rack.headroom(marks)
    assert states.shape == against.shape == in_favour.shape == (2, 3, 4, 5)
    for place in np.ndindex(marks.shape):
        for position, account in enumerate(rack.accounts):
            assert STATES[states[(*place, position)]] == account.state(float(marks[place]))
            expected = headrooms(account, float(marks[place]))
            assert (against[(*place, position)], in_favour[(*place, position)]) == pytest.approx(expected)


def test_without_a_price_every_account_is_frozen() -> None:
    rack = build_rack(100.0, 0.01)
    states = rack.states([[100.0, 90.0], [np.nan, 100.0]], [[False, True], [False, False]])
    assert (states[0, 0] != FROZEN).all()
    assert (states[0, 1] == FROZEN).all()
    assert (states[1, 0] == FROZEN).all()
    assert np.isnan(rack.headroom([90.0], [True])[0]).all()


def test_an_empty_rack_and_no_marks_are_fine() -> None:
    assert rack_from_accounts([]).states([1.0, 2.0]).shape == (2, 0)
    assert build_rack(1.0, 0.01).states(np.empty((3, 0))).shape == (3, 0, 44)


def test_where_bands_are_narrow_only_healthy_accounts_are_built() -> None:
    """A flat half a percent leaves no room for an account 1.1 % inside `warning`: it is left out, not misplaced."""
    rack = build_rack(100.0, 0.01, FLAT)
    assert (rack.states(100.0) == 0).all()
    assert len(rack) == 38


@pytest.mark.parametrize(
    ("price", "margin_headroom", "ratio", "key"),
    [
        (0.0, 0.01, 0.8, "price"),
        (np.nan, 0.01, 0.8, "price"),
        (1.0, 0.95, 0.8, "margin_headroom"),
        (1.0, 0.0, 0.8, "margin_headroom"),
        (1.0, 0.01, 0.4, "warning"),
    ],
)
def test_a_rack_that_cannot_be_built_is_refused_by_key(price: float, margin_headroom: float, ratio: float, key: str) -> None:
    with pytest.raises(InputError, match=f"^{key}"):
        build_rack(price, margin_headroom, BTCUSDT, ratio)


def test_accounts_of_another_contract_are_refused() -> None:
    with pytest.raises(InputError, match="known contract"):
        rack_from_accounts([Account("a", 1.0, 1.0, 1.0, "ETHUSDT")])
