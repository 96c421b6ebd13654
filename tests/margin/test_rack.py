"""The rack: where its accounts stand, and that it answers for many marks as for one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from indexlab.margin.account import Account
from indexlab.margin.account_rules import FeeRules, StateRules
from indexlab.margin.case import MarginCase
from indexlab.margin.contract import BTCUSDT, Contract, Tier, tier_at
from indexlab.margin.mixed_rack import ladder_from_rack
from indexlab.margin.rack import Rack, build_rack, rack_from_accounts
from indexlab.margin.reference_account import states as exact_states
from indexlab.margin.rules import Venue, VenueRules
from indexlab.margin.states import BANKRUPT, FROZEN, HEALTHY, LIQUIDATION, STATES, WARNING
from indexlab.margin.thresholds import headrooms
from indexlab.market.errors import InputError

prices = st.floats(-12, 12).map(lambda exponent: 10.0**exponent)
margin_headrooms = st.sampled_from([0.0005, 0.002, 0.01, 0.03, 0.05])
FLAT = Contract("FLAT", "BTC", (Tier(None, 0.01, 0.005, 0.0),), multiplier=0.001)


def of_headroom(rack: Rack) -> Rack:
    """The accounts that are placed by their headroom, not by leverage or beside a border."""
    return rack.take([place for place, name in enumerate(rack.ids) if not name.endswith(("x", "border"))])


@given(prices, margin_headrooms, st.sampled_from([BTCUSDT, FLAT]))
def test_healthy_headrooms_cover_five_basis_points_to_half_evenly(price: float, margin_headroom: float, contract: Contract) -> None:
    """17 a side on a logarithmic scale and pairs at 1.01 and 1.1 times the promise, exact to 1e-9, long and short alike, at any price."""
    rack = of_headroom(build_rack(price, margin_headroom, contract))
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
    assert len(rack) == len(set(rack.ids)) == 64
    assert len(of_headroom(rack)) == 44


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
    assert build_rack(1.0, 0.01).states(np.empty((3, 0))).shape == (3, 0, 64)


def test_where_bands_are_narrow_only_healthy_accounts_are_built() -> None:
    """A flat half a percent leaves no room for an account 1.1 % inside `warning`: it is left out, not misplaced."""
    rack = build_rack(100.0, 0.01, FLAT)
    assert (rack.states(100.0) == 0).all()
    assert len(of_headroom(rack)) == 38


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


@given(prices, st.sampled_from([BTCUSDT, FLAT]))
def test_accounts_by_leverage_stand_in_the_highest_tier_that_allows_it(price: float, contract: Contract) -> None:
    """Both sides, notional / leverage as collateral; a leverage that no tier allows is left out."""
    rack = build_rack(price, 0.01, contract)
    by_leverage = {account.id: account for account in rack.accounts if account.id.endswith("x")}
    lowest = min(tier.initial_rate for tier in contract.tiers)
    wanted = [leverage for leverage in (3, 5, 10, 20, 50, 100, 125) if leverage * lowest <= 1 + 1e-9]
    assert list(by_leverage) == [f"{side} {leverage}x" for leverage in wanted for side in ("long", "short")]
    for leverage in wanted:
        for side, sign in (("long", 1), ("short", -1)):
            account = by_leverage[f"{side} {leverage}x"]
            notional = sign * account.size * contract.multiplier * price
            assert account.collateral == pytest.approx(notional / leverage)
            assert tier_at(contract, notional).initial_rate * leverage <= 1 + 1e-9
            above = [tier.initial_rate for tier in contract.tiers if tier.maintenance_rate > tier_at(contract, notional).maintenance_rate]
            assert all(rate * leverage > 1 for rate in above)


@given(prices, margin_headrooms)
def test_accounts_beside_a_border_stand_just_outside_the_promise(price: float, margin_headroom: float) -> None:
    rack = build_rack(price, margin_headroom)
    beside = rack.take([place for place, name in enumerate(rack.ids) if name.endswith("border")])
    assert beside.headroom(price)[0] == pytest.approx([1.1 * margin_headroom] * 6)
    border = BTCUSDT.tiers[5].up_to_notional or 0.0
    assert np.abs(beside.size) * price / border - 1 == pytest.approx([-1e-4, -1e-4, 0, 0, 1e-4, 1e-4], abs=1e-12)


RULES = st.builds(
    StateRules,
    measure=st.sampled_from(["maintenance/balance", "balance/maintenance"]),
    warning=st.sampled_from([None, 1.25]),
    reduce_only=st.sampled_from([None, 1.1]),
    at_border=st.sampled_from(["worse", "better"]),
    liquidation_fee=st.booleans(),
).map(lambda rules: rules if rules.measure == "balance/maintenance" else replace(rules, warning=rules.warning and 0.7, reduce_only=rules.reduce_only and 0.9))
CONTRACTS = (
    BTCUSDT,
    Contract("QUANTO", "ETH", (Tier(10.0, 0.02, 0.01, 0.0), Tier(None, 0.1, 0.05, 0.4)), "quanto", 0.001, settlement="BTC"),
    Contract("INVERSE", "BTC", (Tier(5.0, 0.02, 0.01, 0.0), Tier(50.0, 0.05, 0.02, 0.05), Tier(None, 0.1, 0.05, 1.55)), "inverse", 100.0, settlement="BTC"),
    Contract("LOTS", "BTC", (Tier(10.0, 0.02, 0.01, 0.0), Tier(40.0, 0.05, 0.03, 0.0)), tier_rule="whole-position", tier_measure="contracts"),
)


@given(st.sampled_from(CONTRACTS), RULES, st.data())
def test_a_rack_under_any_rules_is_where_the_textbook_is(contract: Contract, states: StateRules, data: st.DataObject) -> None:
    """Linear, inverse, quanto, by notional and by contracts, with fee, reduce-only and either side of equality, at random marks and beside the borders."""
    rules = VenueRules(Venue("drawn"), (contract,), states, fees=FeeRules(liquidation=0.01))
    whole = st.integers(1, 400).map(lambda n: n / 4)
    size = data.draw(st.tuples(whole, st.sampled_from([1, -1])).map(lambda pair: pair[0] * pair[1]), "size")
    entry, ratio = data.draw(whole, "entry"), data.draw(st.integers(1, 12), "twentieths of the notional")
    notional = abs(size) * contract.multiplier * (1 / entry if contract.is_inverse else entry)
    account = Account("a", size, entry, notional * ratio / 20, contract.id)
    rack = rack_from_accounts([account], contract, rules=rules)
    borders = [float(price) for price in rack.borders[:, 0] if np.isfinite(price)]
    marks = [*data.draw(st.lists(whole, max_size=5), "marks"), *(price * step for price in borders for step in (1 - 1e-9, 1 + 1e-9))]
    said = [STATES[code] for code in rack.states(marks)[:, 0].tolist()]
    case = MarginCase(rules, (account,), tuple(range(len(marks))), {}, {contract.id: tuple(marks)})
    exactly_at = {place for place, mark in enumerate(marks) if any(abs(mark / price - 1) < 1e-12 for price in borders)}
    expected = [row[0] for row in exact_states(case)[0]]
    assert [one for place, one in enumerate(said) if place not in exactly_at] == [one for place, one in enumerate(expected) if place not in exactly_at]


def test_a_rack_is_built_under_a_venues_rules() -> None:
    """Headrooms are exact with a fee, a reduce-only state and the measure the other way round."""
    states = StateRules("balance/maintenance", 1.5, 1.2, 1.0, "better", liquidation_fee=True)
    rules = VenueRules(Venue("drawn"), (BTCUSDT,), states, fees=FeeRules(liquidation=0.01))
    rack = build_rack(100.0, 0.01, rules=rules)
    healthy = rack.states(100.0) == HEALTHY
    names = [name for name, is_healthy in zip(rack.ids, healthy, strict=True) if is_healthy and not name.endswith(("x", "border")) and "edge" not in name]
    assert len(names) == 34
    against = dict(zip(rack.ids, rack.headroom(100.0)[0].tolist(), strict=True))
    assert sorted(against[name] for name in names if name.startswith("long")) == pytest.approx(np.geomspace(0.0005, 0.5, 17).tolist(), abs=1e-9)
    assert STATES.index("reduce-only") in rack.states(np.geomspace(50, 200, 5000))


@given(prices, st.sampled_from([0.0005, 0.01]), st.sampled_from([contract for contract in CONTRACTS if contract is not BTCUSDT]))
def test_headrooms_are_exact_for_inverse_and_quanto_contracts_and_tiers_by_contracts(price: float, margin_headroom: float, contract: Contract) -> None:
    """The same rack under any contract whose margin does not jump: every distance as its name says, beside a border 1.1 times the promise."""
    rack = build_rack(price, margin_headroom, contract)
    healthy = rack.states(price) == HEALTHY
    against = rack.headroom(price)[0]
    wanted = [*np.geomspace(0.0005, 0.5, 17).tolist(), 1.01 * margin_headroom, 1.1 * margin_headroom]
    placed = {name: value for name, value, is_healthy in zip(rack.ids, against.tolist(), healthy, strict=True) if is_healthy and not name.endswith("x")}
    for side in ("long", "short"):
        of_side = [value for name, value in placed.items() if name.startswith(side) and "border" not in name and "w" not in name]
        assert sorted(of_side) == pytest.approx(sorted(wanted), abs=1e-9)
        assert [value for name, value in placed.items() if name.startswith(side) and "border" in name] == pytest.approx([1.1 * margin_headroom] * 3)
    assert {f"{side} 20x" for side in ("long", "short")} <= set(rack.ids)
    assert all(account.collateral > 0 for account in rack.accounts if account.id.endswith("x"))


def test_a_rack_of_tiers_that_jump_cannot_be_built() -> None:
    jumping = Contract("OKX", "BTC", (Tier(1000.0, 0.02, 0.01, 0.0), Tier(None, 0.1, 0.05, 0.0)), tier_rule="whole-position")
    with pytest.raises(InputError, match="contract must have tiers without jumps"):
        build_rack(100.0, 0.01, jumping)


@pytest.mark.parametrize("sign", [1, -1])
def test_exactly_at_its_border_an_account_is_where_the_venue_says(sign: int) -> None:
    """Figures that doubles hold: at 64 half the notional is the balance, at 32 (for the short 96) there is none."""
    contract = Contract("HALF", "BTC", (Tier(None, 0.5, 0.5, 0.0),))
    account = Account("a", sign * 1.0, 64.0, 32.0, "HALF")
    bankrupt = 64.0 - sign * 32.0
    for at_border, expected in (("worse", ["liquidation", "bankrupt"]), ("better", ["healthy", "liquidation"])):
        rules = VenueRules(Venue("drawn"), (contract,), StateRules(at_border=at_border))
        rack = rack_from_accounts([account], contract, rules=rules)
        assert [STATES[code] for code in rack.states([64.0, bankrupt])[:, 0].tolist()] == expected
        assert ladder_from_rack(rack).states([64.0, bankrupt]).tolist() == rack.states([64.0, bankrupt]).tolist()
        assert [row[0] for row in exact_states(MarginCase(rules, (account,), (0, 1), {}, {"HALF": (64.0, bankrupt)}))[0]] == expected


def test_accounts_with_no_border_of_their_own_are_refused() -> None:
    """Whole-position tiers by notional jump: a long that falls out of a tier may be better off at a worse price."""
    jumping = Contract("OKX", "BTC", (Tier(1000.0, 0.02, 0.01, 0.0), Tier(None, 0.1, 0.05, 0.0)), tier_rule="whole-position")
    rules = VenueRules(Venue("drawn"), (jumping,))
    with pytest.raises(InputError, match=r"contract\.tier_rule must not jump"):
        rack_from_accounts([Account("a", 1.0, 100.0, 10.0, "OKX")], jumping, rules=rules)
    with pytest.raises(InputError, match="states must be above the highest maintenance rate"):
        rack_from_accounts([], BTCUSDT, rules=VenueRules(Venue("drawn"), (BTCUSDT,), StateRules(warning=0.4)))
