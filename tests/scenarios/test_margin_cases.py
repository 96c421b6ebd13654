"""Margin cases from a seed: the same again, borders hit in plain decimals, every mode that the rules allow, a broken index that moves what it should."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexlab.index.determination import HALTED, OK
from indexlab.margin.answer import answer
from indexlab.margin.case_check import checked_case
from indexlab.margin.reference_account import states
from indexlab.margin.rules_file import venue, venue_names
from indexlab.market.units import SECOND
from indexlab.scenarios.margin_borders import is_plainly_at_border, is_plainly_in_tier, plain_near
from indexlab.scenarios.margin_cases import Published, margin_case, retold
from indexlab.scenarios.margin_slots import slots_of

COUNT = 60
TIMES = 1_700_000_000_000_000 + SECOND * np.arange(1, COUNT + 1)
VALUE = 50_000 + 7.3 * np.sin(np.arange(COUNT))
NONE = np.zeros(COUNT, dtype=bool)
WELL = np.full(COUNT, OK, dtype=np.int8)
CLEAN = Published.of(TIMES, VALUE, NONE, WELL)
FAR = np.where(np.arange(COUNT) >= 30, 1.1, 1.0)
seeds = st.integers(0, 2**32)
venues = st.sampled_from(venue_names())


def drawn(seed, name="binance-usdm", value=VALUE, missing=NONE, status=WELL, **more):
    return margin_case(seed, venue(name), TIMES, value, missing, status, **more)


@given(seeds, venues)
@settings(max_examples=30)
def test_a_case_is_a_function_of_its_seed_and_fits_its_rules(seed, name):
    case = drawn(seed, name)
    assert case == drawn(seed, name)
    assert checked_case(case) is case
    assert case.times[0] == TIMES[0]
    assert case.times[-1] == TIMES[-1]
    assert len({account.id for account in case.accounts}) == len(case.accounts)


@pytest.mark.parametrize("name", venue_names())
def test_between_them_cases_have_all_that_the_rules_allow(name):
    cases = [drawn(seed, name) for seed in range(40)]
    accounts = [account for case in cases for account in case.accounts]
    modes = {account.mode for account in accounts}
    assert {"isolated", "cross"} <= modes or name in {"bitmex-2017", "deribit-2019"} or modes == {"isolated"}
    assert ("portfolio" in modes) == (venue(name).matrix is not None)
    assert {1, -1} == {int(np.sign(position.size)) for account in accounts for position in account.all_positions}
    assert any(account.hedged for account in accounts) or "cross" not in modes
    assert any(case.liquidation for case in cases)
    assert any(case.funding for case in cases) == (venue(name).funding is not None)
    assert any(status != "ok" for case in cases for series in case.status.values() for status in series)
    for case in cases:
        assert all(last != mark for key, series in case.mark.items() for last, mark in zip(case.last[key], series, strict=True) if mark is not None)


def at_borders(cases):
    """Return how many times an isolated account is exactly at a border, by the state that it is in there."""
    found = {}
    for case in cases:
        told = states(case)[0]
        for place, account in enumerate(case.accounts):
            if account.mode != "isolated":
                continue
            contract = case.rules.contract(account.contract)
            for row, mark in enumerate(case.mark[account.contract]):
                if mark is not None and told[row][place] != "frozen" and is_plainly_at_border(case.rules, contract, account, mark):
                    found[told[row][place]] = found.get(told[row][place], 0) + 1
    return found


def test_marks_stand_exactly_at_every_border():
    found = at_borders([drawn(seed) for seed in range(30)])
    assert min(found[state] for state in ("warning", "liquidation", "bankrupt")) > 10
    # where equality is safe, the same border is on the other side
    better = at_borders([drawn(seed, "dydx-v4") for seed in range(30)])
    assert "healthy" in better


def test_notionals_stand_just_below_at_and_just_above_a_tier():
    seen = dict.fromkeys(("below", "at", "above"), 0)
    for seed in range(30):
        case = drawn(seed)
        for account in case.accounts:
            words = account.id.split()
            if account.mode == "isolated" and words[2:] and words[2] in seen:
                contract = case.rules.contract(account.contract)
                ends = [tier.up_to_notional for tier in contract.tiers[:-1]]
                near = [abs(account.size) * contract.multiplier * mark / end for mark in case.mark[contract.id] if mark for end in ends]
                hit = [ratio for ratio in near if abs(ratio - 1) < 2e-6]
                seen[words[2]] += any((ratio < 1 - 1e-9, abs(ratio - 1) <= 1e-9, ratio > 1 + 1e-9)[("below", "at", "above").index(words[2])] for ratio in hit)
    assert min(seen.values()) > 5


@given(seeds, venues, st.booleans())
@settings(max_examples=30)
def test_a_broken_index_moves_what_comes_from_the_index_and_nothing_else(seed, name, gone):
    case = drawn(seed, name, whole=True)
    missing = NONE | (gone & (FAR > 1))
    broken = Published.of(TIMES, VALUE * FAR, missing, np.where(missing, HALTED, OK))
    other = retold(case, CLEAN, broken)
    assert retold(case, CLEAN, CLEAN) == case
    for field in ("rules", "accounts", "times", "open_interest"):
        assert getattr(other, field) == getattr(case, field)
    tested = case.rules.contracts[0].underlying
    late = [row for row, time in enumerate(case.times) if time >= TIMES[30]]
    for row, value in enumerate(case.index[tested]):
        if row not in late:
            assert other.index[tested][row] == value
        elif gone:
            assert other.index[tested][row] is None
            assert other.status[tested][row] == "halted"
        else:
            assert other.index[tested][row] == pytest.approx(1.1 * value)
    for name_, series in case.mark.items():
        mine = case.rules.contract(name_).underlying == tested and not gone
        for row, mark in enumerate(series):
            assert mark is None or other.mark[name_][row] == pytest.approx(mark * (1.1 if mine and row in late else 1.0))
    if case.funding is not None:
        assert [(one.bid, one.ask) for one in case.funding.samples] == [(one.bid, one.ask) for one in other.funding.samples]
        assert case.funding.holdings == other.funding.holdings
        assert case.funding.ticks == other.funding.ticks
    assert case.liquidation.books == other.liquidation.books


@given(seeds, venues)
@settings(max_examples=30)
def test_two_to_five_slots_fall_into_a_run_and_sizes_add_up_to_nothing(seed, name):
    case = drawn(seed, name, whole=True)
    if case.funding is None:
        assert venue(name).funding is None
        return
    slots = slots_of(case.rules.funding, case.funding.start, case.funding.end)
    assert 1 <= len(slots) <= 6
    for slot in slots:
        there = [held.size for held in case.funding.holdings if held.opened <= slot and (held.closed is None or held.closed > slot)]
        assert sum(there) == pytest.approx(0, abs=1e-9 * sum(map(abs, there)) if there else 0)


def test_clocks_repeat_step_back_and_leave_slots_out():
    ticks = [case.funding.ticks for case in (drawn(seed, whole=True) for seed in range(20)) if case.funding]
    assert any(len(set(read)) < len(read) for read in ticks)
    assert any(list(read) != sorted(read) for read in ticks)


def test_who_is_reduced_is_in_liquidation_to_begin_with():
    for seed in range(20):
        case = drawn(seed, whole=True)
        assert answer(msgspec.structs.replace(case, funding=None)).liquidation.fills


def test_a_run_without_an_index_has_a_case_too():
    gone = np.ones(COUNT, dtype=bool)
    case = drawn(1, value=np.full(COUNT, np.nan), missing=gone, status=np.full(COUNT, HALTED, dtype=np.int8))
    assert {state for row, time in zip(states(case)[0], case.times, strict=True) for state in row if time} >= {"frozen"}
    assert margin_case(1, venue("okx"), [], [], [], []).times == ()


@pytest.mark.parametrize("price", [0.00037, 1.0, 99.0, 63_933.7, 7.7e8])
def test_a_plain_number_is_near_and_divides_well(price):
    plain = plain_near(price)
    assert abs(plain / price - 1) < 0.26
    assert float(f"{1e6 / plain:.12g}") == 1e6 / plain


def test_what_is_a_hair_off_a_border_is_in_no_tier_for_sure():
    case = drawn(3)
    contract = case.rules.contracts[0]
    end = contract.tiers[0].up_to_notional
    held = next(account for account in case.accounts if account.mode == "isolated" and account.contract == contract.id)
    for ratio, sure in ((1.0, True), (1 + 1e-12, False), (1 - 1e-6, True)):
        account = msgspec.structs.replace(held, size=end * ratio / contract.multiplier)
        assert is_plainly_in_tier(contract, account, 1.0) == sure


def test_a_payment_at_the_worst_moment_is_what_liquidates():
    """Right before it the account stands, right after it it is at the border, at the very same mark."""
    seen = 0
    for seed in range(20):
        case = drawn(seed)
        told = states(case)[0]
        places = {account.id.partition(" ")[2]: place for place, account in enumerate(case.accounts) if account.id.endswith("funding")}
        if not places:
            continue
        after = case.accounts[places["after funding"]]
        for row, mark in enumerate(case.mark[after.contract]):
            if mark == after.entry_price and told[row][places["after funding"]] != "frozen":
                assert told[row][places["after funding"]] == "liquidation"
                assert told[row][places["before funding"]] in {"healthy", "warning"}
                seen += 1
    assert seen > 5
