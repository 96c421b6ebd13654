"""Accounts: balance, ratio and state at a mark, and which accounts are refused."""

import msgspec
import pytest

from indexlab.margin.account import Account, checked_accounts
from indexlab.margin.contract import BTCUSDT
from indexlab.market.errors import InputError

LONG = Account("long", 0.1, 50_000.0, 500.0)
SHORT = Account("short", -0.1, 50_000.0, 500.0)


def test_profit_and_loss_go_into_the_balance() -> None:
    assert LONG.margin_balance(49_000.0) == 400.0
    assert SHORT.margin_balance(49_000.0) == 600.0


def test_the_ratio_is_maintenance_over_balance_and_none_without_a_balance() -> None:
    assert LONG.margin_ratio(50_000.0) == pytest.approx(5_000 * 0.004 / 500)
    assert LONG.margin_ratio(45_000.0) is None


@pytest.mark.parametrize(
    ("account", "mark", "state"),
    [
        (LONG, 50_000.0, "healthy"),
        (LONG, 45_220.0, "warning"),
        (LONG, 45_170.0, "liquidation"),
        (LONG, 45_000.0, "bankrupt"),
        (LONG, None, "frozen"),
        (LONG, float("nan"), "frozen"),
        (SHORT, 50_000.0, "healthy"),
        (SHORT, 54_760.0, "warning"),
        (SHORT, 54_790.0, "liquidation"),
        (SHORT, 55_000.0, "bankrupt"),
    ],
)
def test_states_from_best_to_worst(account: Account, mark: float | None, state: str) -> None:
    assert account.state(mark) == state


def test_the_state_begins_at_the_ratio_itself() -> None:
    """Ratio 1 is `liquidation`, the warning ratio is `warning`: both borders belong to the worse state (0.004 and 0.005 are exact enough here by choice)."""
    at_one = Account("a", 1.0, 64.0, 0.25)
    assert at_one.margin_ratio(64.0) == 64.0 * 0.004 / 0.25
    assert Account("a", 1.0, 64.0, 64.0 * 0.004).state(64.0) == "liquidation"
    assert Account("a", 1.0, 64.0, 2 * 64.0 * 0.004).state(64.0, warning_ratio=0.5) == "warning"


def test_an_account_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(SHORT), type=Account) == SHORT
    assert msgspec.json.encode(SHORT) == b'{"id":"short","size":-0.1,"entry_price":50000.0,"collateral":500.0}'


@pytest.mark.parametrize(
    ("accounts", "said"),
    [
        ((LONG, LONG), "twice"),
        ((Account("", 1.0, 1.0, 1.0),), "unique name"),
        ((Account("a", 0.0, 1.0, 1.0),), "not 0"),
        ((Account("a", float("inf"), 1.0, 1.0),), "not 0"),
        ((Account("a", 1.0, 0.0, 1.0),), "above 0"),
        ((Account("a", 1.0, 1.0, float("nan")),), "finite"),
        ((Account("a", 1.0, 1.0, 1.0, "BTCUSD"),), r'known contract, was "BTCUSD" for "a"; did you mean "BTCUSDT"\?'),
    ],
)
def test_accounts_that_do_not_fit_are_refused_by_name(accounts: tuple[Account, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        checked_accounts(accounts, BTCUSDT)
