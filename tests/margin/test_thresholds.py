"""The closed forms hold to the definitions: to exact arithmetic, and to stepping the price until the state changes."""

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indexlab.margin import reference
from indexlab.margin.account import Account
from indexlab.margin.contract import BTCUSDT, Contract, Tier, checked_contract
from indexlab.margin.rack import rack_from_accounts
from indexlab.margin.states import BANKRUPT, STATES
from indexlab.margin.thresholds import headroom, headrooms, thresholds
from indexlab.market.errors import InputError

FLAT = checked_contract(Contract("BTCUSDT", "BTC", (Tier(None, 0.1, 0.05, 0.0),), multiplier=0.01))
FREE_THEN_STEEP = checked_contract(Contract("BTCUSDT", "BTC", (Tier(1e5, 0.0, 0.0, 0.0), Tier(1e6, 0.3, 0.2, 2e4), Tier(None, 0.5, 0.45, 2.7e5))))
TIE = Fraction(1, 10**11)


def _logarithmic(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(math.log(low), math.log(high)).map(math.exp)


contracts = st.sampled_from([BTCUSDT, FLAT, FREE_THEN_STEEP])
warning_ratios = st.sampled_from([0.55, 0.8, 0.95, 1.0])


@st.composite
def accounts(draw: st.DrawFn, contract: Contract) -> Account:
    """Draw accounts from deep in debt to more than fully paid, in every tier."""
    entry, notional = draw(_logarithmic(1e-3, 1e6)), draw(_logarithmic(1e2, 4e9))
    size = draw(st.sampled_from([1, -1])) * notional / entry / contract.multiplier
    return Account("a", size, entry, notional * draw(st.floats(-0.3, 2.0)))


@st.composite
def situations(draw: st.DrawFn) -> tuple[Contract, Account, float, float]:
    """Draw a contract, an account, a mark and a warning ratio."""
    contract = draw(contracts)
    account = draw(accounts(contract))
    return contract, account, account.entry_price * draw(_logarithmic(0.05, 20)), draw(warning_ratios)


@given(situations())
def test_rack_states_equal_exact_arithmetic(situation: tuple[Contract, Account, float, float]) -> None:
    """Comparing with borders solved beforehand gives the state that exact arithmetic gives, away from ties."""
    contract, account, mark, ratio = situation
    changes = reference.change_prices(account, contract, Fraction(ratio))
    assume(all(abs(price / Fraction(mark) - 1) > TIE for price, _, _ in changes))
    rack = rack_from_accounts([account], contract, ratio)
    expected = reference.state(account, contract, Fraction(mark), Fraction(ratio))
    assert STATES[rack.states(mark)[0]] == expected
    assert account.state(mark, contract, ratio) == expected


@given(situations())
def test_thresholds_equal_exact_arithmetic(situation: tuple[Contract, Account, float, float]) -> None:
    """Each state begins where exact arithmetic says that it begins, and nowhere where it never does."""
    contract, account, _, ratio = situation
    tiny = Fraction(account.entry_price) * Fraction(1, 10**6)
    changes = [change for change in reference.change_prices(account, contract, Fraction(ratio)) if change[0] > tiny]
    found = [Fraction(price) for price in thresholds(account, contract, ratio) if price is not None and price > tiny]
    for price, below, above in changes:
        worse = STATES[max(STATES.index(below), STATES.index(above))]
        closed = thresholds(account, contract, ratio)[("warning", "liquidation", "bankrupt").index(worse)]
        assert closed is not None
        assert float(price) == pytest.approx(closed, rel=1e-9)
    for price in found:
        assert any(abs(price / there - 1) < Fraction(1, 10**9) for there, _, _ in changes)


@given(situations())
def test_headrooms_equal_exact_arithmetic(situation: tuple[Contract, Account, float, float]) -> None:
    """Scalar and compiled headrooms are the exact ones, for and against, to 1e-9 of the mark."""
    contract, account, mark, ratio = situation
    exact_changes = reference.change_prices(account, contract, Fraction(ratio))
    assume(all(abs(price / Fraction(mark) - 1) > TIE for price, _, _ in exact_changes))
    assume(all(price > Fraction(account.entry_price) / 10**6 for price, _, _ in exact_changes))
    exact = reference.headrooms(account, contract, Fraction(mark), Fraction(ratio))
    expected = [math.inf if distance is None else float(distance) for distance in exact]
    assert headrooms(account, mark, contract, ratio) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    compiled = rack_from_accounts([account], contract, ratio).headroom(mark)
    assert [float(part[0]) for part in compiled] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def _stepped(state: Callable[[float], str], mark: float, direction: int) -> float:
    """Walk away from the mark in growing steps until the state changes, then bisect; the distance as a ratio, inf where it never does."""
    here = state(mark)
    steps = [0.0, *np.geomspace(1e-7, 1e5, 400).tolist()]
    walked = [step for step in steps if direction > 0 or step < 1] + ([] if direction > 0 else [1 - 1e-9])
    for near, far in pairwise(walked):
        if state(mark * (1 + direction * far)) == here:
            continue
        low, high = near, far
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if state(mark * (1 + direction * middle)) == here else (low, middle)
        return high
    return math.inf


@given(situations())
def test_headroom_equals_stepping_the_price(situation: tuple[Contract, Account, float, float]) -> None:
    """Stepping the mark away until the state function changes finds the closed form's nearest change of state."""
    contract, account, mark, ratio = situation
    stepped = min(_stepped(lambda price: account.state(price, contract, ratio), mark, direction) for direction in (1, -1))
    closed = headroom(account, mark, contract, ratio)
    if closed > 1e5 or 1 - 1e-8 < closed < 1:
        return  # further than the steps go
    assert stepped == pytest.approx(closed, rel=1e-7, abs=1e-9)


@given(situations(), st.floats(0.01, 100))
def test_worse_prices_never_give_a_better_state(situation: tuple[Contract, Account, float, float], factor: float) -> None:
    contract, account, mark, ratio = situation
    low, high = sorted((mark, mark * factor))
    rack = rack_from_accounts([account], contract, ratio)
    at_low, at_high = (int(rack.states(price)[0]) for price in (low, high))
    assert at_low >= at_high if account.size > 0 else at_low <= at_high


def test_a_long_paid_in_full_never_changes_state() -> None:
    """Collateral of the whole notional: no positive price makes the balance too small."""
    account = Account("a", 1.0, 50_000.0, 50_000.0)
    assert thresholds(account) == (None, None, None)
    assert headrooms(account, 50_000.0) == (math.inf, math.inf)
    assert rack_from_accounts([account]).states([1e-6, 1e9]).tolist() == [[0], [0]]


def test_a_short_deep_in_debt_is_bankrupt_at_every_price() -> None:
    account = Account("a", -1.0, 100.0, -200.0)
    assert thresholds(account) == (None, None, None)
    assert headrooms(account, 1.0) == (math.inf, math.inf)
    assert rack_from_accounts([account]).states([1e-6, 1e9]).tolist() == [[BANKRUPT], [BANKRUPT]]


def test_without_a_price_there_is_no_headroom() -> None:
    account = Account("a", 1.0, 100.0, 20.0)
    for mark in (math.nan, 0.0, -1.0, math.inf):
        assert all(math.isnan(part) for part in headrooms(account, mark))


@pytest.mark.parametrize("ratio", [0.5, 0.0, 1.01, math.nan])
def test_a_warning_ratio_that_would_break_the_order_of_states_is_refused(ratio: float) -> None:
    with pytest.raises(InputError, match=r"warning_ratio must be above the highest maintenance rate \(0\.5\) and at most 1"):
        headroom(Account("a", 1.0, 100.0, 20.0), 100.0, BTCUSDT, ratio)
