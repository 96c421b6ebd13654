"""The worst moment of funding: the slot lies in the window, the rate stands at the cap, and who paid is one payment nearer to the border."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.margin import reference_funding
from indexlab.margin.funding import settle
from indexlab.margin.rules_file import venue, venue_names
from indexlab.scenarios.margin_cases import margin_case
from indexlab.scenarios.margin_charged import charged_in

SECOND = 1_000_000
TIMES = 1_700_000_000 * SECOND + np.arange(60) * SECOND
WINDOW = (int(TIMES[20]), int(TIMES[40]))
VENUES = [name for name in venue_names() if venue(name).funding is not None]


def drawn(seed, name):
    value = 100.0 + np.arange(60) * 0.01
    return margin_case(seed, venue(name), TIMES, value, np.zeros(60, dtype=bool), np.zeros(60, dtype=np.int8))


def cases():
    return [case for name in VENUES for seed in range(3) if (case := drawn(seed, name)).funding is not None]


CASES = cases()


def test_there_are_cases_with_funding():
    assert len(CASES) > len(VENUES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rules.venue.id)
def test_a_slot_in_the_window_stands_at_the_cap(case):
    charged = charged_in(WINDOW, case, 1)
    if charged is case:
        pytest.skip("nobody pays here")
    funding = settle(charged.rules, charged.funding)
    slot = (WINDOW[0] + WINDOW[1]) // 2
    assert slot in funding.slots
    assert abs(funding.rates[funding.slots.index(slot)]) == charged.rules.funding.cap
    assert funding == reference_funding.settle(charged.rules, charged.funding)


@given(st.integers(0, 40), st.sampled_from(VENUES))
def test_who_paid_has_less_by_the_payment_and_everybody_else_stays(seed, name):
    case = drawn(seed, name)
    charged = charged_in(WINDOW, case, seed)
    assert charged.accounts[: len(case.accounts)] == case.accounts
    before = {account.id: account for account in case.accounts}
    for account in charged.accounts[len(case.accounts) :]:
        one = before[account.id.removesuffix(" after the payment")]
        assert account.collateral < one.collateral
        assert msgspec.structs.replace(account, id=one.id, collateral=one.collateral) == one


def test_most_cases_get_charged_accounts_on_both_sides():
    sides = {account.size > 0 for case in CASES for seed in range(4) for account in charged_in(WINDOW, case, seed).accounts[len(case.accounts) :]}
    assert sides == {True, False}


def test_a_case_without_funding_stays_as_it_is():
    case = msgspec.structs.replace(CASES[0], funding=None)
    assert charged_in(WINDOW, case, 1) is case
