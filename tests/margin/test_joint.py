"""The smallest joint move: exact against the textbook, and a hedge that triggers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.margin import reference_joint
from indexlab.margin.account import Account, Asset, Position
from indexlab.margin.joint import smallest_joint_move
from indexlab.margin.mixed_rack import MIXED_RULES
from indexlab.market.errors import InputError
from tests.margin.margin_drawing import PRICES, accounts, venues

ALT = {"BTC": 100.0, "ALT": 100.0}


@given(venues(), st.data())
def test_the_smallest_joint_move_is_the_textbooks(rules, data):
    """Every mode and kind: the move to 1e-9, and a trigger that loses as much as any position does there."""
    for account in data.draw(accounts(rules)):
        ours, theirs = smallest_joint_move(account, rules, PRICES), reference_joint.smallest_joint_move(account, rules, PRICES)
        assert (ours is None) == (theirs is None)
        if ours is not None and theirs is not None:
            move, losses = theirs
            assert 1 + ours.move == pytest.approx(float(1 + move), rel=1e-9)
            most = float(max(losses))
            gross = sum(abs(float(loss)) for loss in losses)
            assert ours.loss == pytest.approx(max(0.0, most), rel=1e-9, abs=1e-9 * (1 + gross))
            if ours.trigger is not None and most > 1e-6 * gross:
                held = [position for position in account.all_positions if position.size]
                assert float(losses[held.index(ours.trigger)]) == pytest.approx(most, rel=1e-6)


def test_a_hedge_can_be_the_trigger():
    """Long the tested one, short more of another: a joint rise is nearer than a fall, and it is the hedge that loses."""
    account = Account("a", mode="cross", collateral=1_000.0, positions=(Position("BTCUSDT", 100.0, 100.0), Position("ALTUSDT", -200.0, 100.0)))
    found = smallest_joint_move(account, MIXED_RULES, ALT)
    assert found is not None
    assert found.move > 0
    assert found.trigger == account.positions[1]
    # balance 1000 - 10000 m = maintenance 0.004 * 10000 (1 + m) + 0.02 * 20000 (1 + m)
    assert found.move == pytest.approx((1_000 - 440) / (10_000 + 440))


def test_collateral_alone_can_liquidate():
    """A position that gains while what secures it falls by more: no position is the trigger."""
    account = Account("a", mode="cross", positions=(Position("BTCUSDT", -1.0, 100.0),), assets=(Asset("BTC", 50.0),), collateral=-4_600.0)
    found = smallest_joint_move(account, MIXED_RULES, ALT)
    assert found is not None
    assert found.move < 0
    assert found.trigger is None


def test_an_account_in_liquidation_needs_no_move():
    account = Account("a", size=1.0, entry_price=200.0, collateral=1.0)
    found = smallest_joint_move(account, MIXED_RULES, ALT)
    assert found is not None
    assert found.move == 0.0


def test_nothing_liquidates_an_account_without_positions_and_a_price_must_be_there():
    assert smallest_joint_move(Account("a", mode="cross", collateral=5.0), MIXED_RULES, ALT) is None
    with pytest.raises(InputError, match='prices must have a price above 0 for "BTC"'):
        smallest_joint_move(Account("a", size=1.0, entry_price=200.0, collateral=1.0), MIXED_RULES, {"BTC": 0.0})
