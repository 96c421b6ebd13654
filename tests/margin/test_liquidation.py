"""Forced reductions: the engine is the textbook, and what must hold in each of them holds."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from indexlab.margin import liquidation, reference_liquidation
from indexlab.margin import reference_liquidation_money as money
from indexlab.margin.account import Account, Position
from indexlab.margin.account_rules import FeeRules, StateRules
from indexlab.margin.case import Book, LiquidationCase, MarginCase, Rival
from indexlab.margin.contract import Contract, Tier
from indexlab.margin.exact import exact
from indexlab.margin.ledger import FUND, VAULT
from indexlab.margin.liquidation import reduce_position
from indexlab.margin.liquidation_rules import LiquidationRule
from indexlab.margin.rules import Venue, VenueRules
from indexlab.margin.textbook import textbook
from indexlab.market.errors import InputError
from tests.margin.liquidation_examples import PATHS, SECOND, reductions

CONTRACT = Contract("X", "X", (Tier(500.0, 0.1, 0.05, 0.0), Tier(None, 0.2, 0.1, 25.0)), tick=0.5, lot=1.0, unit=0.01)
FEES = FeeRules(0.001, 0.0, 0.002)


def asked(path="market", *, size=10.0, collateral=100.0, mark=95.0, fund=1000.0, bids=((95.0, 20.0),), asks=((105.0, 20.0),), rivals=(), **rule):
    """Return a case: a position at 100 (5 % maintenance margin up to 500, 10 % beyond), its mark and one book."""
    rules = VenueRules(Venue("some"), (CONTRACT,), fees=FEES, liquidation=LiquidationRule(path=path, **rule))
    case = LiquidationCase("me", 0, 100 * SECOND, ((0, Book(bids, asks)),), ((0, mark),), fund, rivals)
    return MarginCase(rules, (Account("me", size, 100.0, collateral, "X"),), (), {}, {}, liquidation=case)


@pytest.mark.parametrize("kind", ["linear", "inverse", "quanto"])
@pytest.mark.parametrize("path", PATHS)
def test_engine_is_textbook(path, kind):
    @settings(max_examples=25)
    @given(reductions(path, kind))
    def check(case):
        assert liquidation.reduce_position(case) == reference_liquidation.reduce_position(case)

    check()


@pytest.mark.long
@pytest.mark.parametrize("path", PATHS)
def test_engine_is_textbook_in_many_cases(path):
    @settings(max_examples=3000)
    @given(reductions(path))
    def check(case):
        assert liquidation.reduce_position(case) == reference_liquidation.reduce_position(case)

    check()


@settings(max_examples=50)
@given(reductions())
def test_a_position_only_becomes_smaller_and_is_never_turned(case):
    answer, size = reduce_position(case), exact(case.accounts[0].size)
    left = [size]
    for fill in answer.fills:
        left.append(left[-1] + exact(fill.size))
    for before, after in pairwise(left):
        assert abs(after) < abs(before)
        assert after * size >= 0
    assert exact(answer.remaining) == left[-1]


@settings(max_examples=50)
@given(reductions())
def test_nobody_trades_while_safe_and_nothing_goes_on_after_safety(case):
    """Judged by the textbook's sentences at each fill, with the money booked so far, where no fund had to pay a collateral up."""
    answer, account = reduce_position(case), case.accounts[0]
    contract, unit = case.rules.contracts[0], exact(case.rules.contracts[0].unit)
    cash, left = answer_units(account.collateral, unit), exact(account.size)
    for fill in answer.fills:
        assume(cash >= 0)
        mark = exact(max((time, mark) for time, mark in case.liquidation.marks if time <= fill.time)[1])
        balance = cash * unit + money.profit_of(contract, left, exact(account.entry_price), mark)
        if fill.time not in {one.time for one in answer.fills[: answer.fills.index(fill)]}:
            assert not money.is_safe(case.rules, balance, money.maintenance_of(case.rules, contract, left, mark))
        gained = money.profit_of(contract, -exact(fill.size), exact(account.entry_price), exact(fill.price))
        cash += answer_units(gained, unit) - fill.fee
        left += exact(fill.size)
    if left == 0 and VAULT not in {fill.to for fill in answer.fills}:
        assert answer.balances["me"] == max(cash, 0)


def answer_units(amount, unit):
    return exact(amount) // unit


@given(reductions("ioc-takeover"), st.floats(0.3, 0.999))
def test_an_order_is_not_larger_than_what_is_needed(case, share):
    """At a deep level at the mark: with the last lot back, which cost at least its taker fee, the account would still not be safe, but for five units."""
    account, contract = case.accounts[0], case.rules.contracts[0]
    mark, entry, lot = exact(case.liquidation.marks[0][1]), exact(account.entry_price), money.lot_of(contract)
    maintenance = money.maintenance_of(case.rules, contract, exact(account.size), mark)
    collateral = float(f"{float(maintenance) * share - float(money.profit_of(contract, exact(account.size), entry, mark)):.8f}")
    level = ((float(mark), 2 * abs(account.size)),)
    only = msgspec.structs.replace(case.liquidation, start=0, books=((0, Book(level, level)),), marks=((0, float(mark)),))
    poor = msgspec.structs.replace(account, collateral=max(collateral, 0.0))
    answer = reduce_position(msgspec.structs.replace(case, accounts=(poor,), liquidation=only))
    if answer.remaining == 0 or not answer.fills:
        return
    assert [fill.to for fill in answer.fills] == ["book"]
    unit, side = exact(contract.unit), 1 if account.size > 0 else -1
    kept = exact(answer.remaining) + side * lot
    # the liquidation fee may have been cut, so that it is not known to come back
    fees = money.notional_of(contract, lot, mark) * exact(case.rules.fees.taker)
    cash = answer.balances["me"] * unit - money.profit_of(contract, side * lot, entry, mark) + fees - 5 * unit
    balance = cash + money.profit_of(contract, kept, entry, mark)
    assert not money.is_safe(case.rules, balance, money.maintenance_of(case.rules, contract, kept, mark))


@settings(max_examples=50)
@given(reductions("market") | reductions("ioc-takeover"), st.sampled_from([0.5, 0.1, 0.0]))
def test_a_thinner_book_never_costs_less(case, share):
    """Where no price of the book is better than the mark; to a tick of the position, by which the bankruptcy price is rounded, and to units of rounding."""
    account, contract = case.accounts[0], case.rules.contracts[0]
    side = 1 if account.size > 0 else -1
    mark = case.liquidation.marks[0][1]

    def with_depth(scale):
        book = case.liquidation.books[0][1]
        fair = [tuple((price, size * scale) for price, size in levels if side * (price - mark) <= 0 and size * scale) for levels in (book.bids, book.asks)]
        only = msgspec.structs.replace(case.liquidation, books=((0, Book(*fair)),), marks=((0, mark),), fund=1e12)
        return reduce_position(msgspec.structs.replace(case, liquidation=only))

    deep, thin = with_depth(1.0), with_depth(share)
    tick = float(money.tick_of(contract))
    lowest = min([mark, account.entry_price, *(fill.price for fill in (*deep.fills, *thin.fills))])
    a_tick = abs(account.size) * contract.multiplier * (tick / lowest**2 if contract.is_inverse else tick) / contract.unit
    assert thin.cost >= deep.cost - a_tick * 1.01 - 3 * (len(deep.fills) + len(thin.fills)) - 3


@settings(max_examples=50)
@given(reductions(), st.integers(0, 40))
def test_the_fund_pays_nothing_where_the_book_fills_above_bankruptcy(case, ticks):
    """One level of the book holds twice the position, at the bankruptcy price or better."""
    account, contract = case.accounts[0], case.rules.contracts[0]
    first = reduce_position(case).bankruptcy_price
    assume(first is not None)
    side = 1 if account.size > 0 else -1
    price = exact(first) + side * ticks * money.tick_of(contract)
    assume(price > 0)
    level = ((float(price), 2 * abs(account.size)),)
    only = msgspec.structs.replace(case.liquidation, books=((0, Book(level, level)),))
    answer = reduce_position(msgspec.structs.replace(case, liquidation=only))
    assert answer.from_fund <= 3 * len(answer.fills)
    assert not answer.deleveraged


@settings(max_examples=50)
@given(reductions())
def test_who_is_reduced_is_in_liquidation_or_bankrupt(case):
    """What the textbook of accounts says of the first mark is what begins a reduction; with a collateral of whole units, as it is booked."""
    contract, account, mark = case.rules.contracts[0], case.accounts[0], case.liquidation.marks[0][1]
    unit = exact(contract.unit)
    booked = msgspec.structs.replace(account, collateral=float(exact(account.collateral) // unit * unit))
    now = msgspec.structs.replace(case.liquidation, start=0, end=0, marks=((0, mark),))
    judged = MarginCase(case.rules, (booked,), (0,), {contract.underlying: (mark,)}, {contract.id: (mark,)}, liquidation=now)
    answer = textbook(judged)
    assert (answer.liquidation.ended == 0 and not answer.liquidation.fills) == (answer.state[0][0] not in {"liquidation", "bankrupt"})


@settings(max_examples=50)
@given(reductions())
def test_nobody_is_left_with_a_debt_and_cool_downs_are_kept(case):
    answer = reduce_position(case)
    if answer.remaining == 0:
        assert answer.balances["me"] >= 0
    times = sorted({fill.time for fill in answer.fills})
    for before, after in pairwise(times):
        assert after - before >= case.rules.liquidation.cool_down_us
    if answer.ended is not None and answer.fills:
        assert answer.ended == times[-1] or answer.ended > times[-1]
    assert answer.fees == sum(fill.fee for fill in answer.fills)


def test_market_closes_all_and_pays_its_fees():
    """10 sold at 95: 50 lost of 100; taker fee 0.95; the liquidation fee of 1.90 goes to the fund."""
    answer = reduce_position(asked())
    assert [(fill.size, fill.price, fill.fee, fill.to) for fill in answer.fills] == [(-10.0, 95.0, 285, "book")]
    assert (answer.remaining, answer.ended) == (0.0, 0)
    assert answer.balances == {"me": 4715, FUND: 100_190, "fees": 95, "counterparties": 5000, VAULT: 0}
    assert (answer.cost, answer.fees, answer.from_fund) == (285, 285, -190)


def test_ioc_stops_where_the_account_is_safe():
    """At 95 the balance of 50 is below 10 * 95 * 10 % - 25 = 70. With 7 left it is 50 - 3 * 0.285 against 41.5 - ... in the second tier: 7 * 9.5 - 25."""
    answer = reduce_position(asked("ioc-takeover"))
    assert [(fill.size, fill.to) for fill in answer.fills] == [(-3.0, "book")]
    assert answer.ended == 0
    for lots, enough in ((2, False), (3, True)):
        balance, maintenance = 50 - lots * 0.285, (10 - lots) * 9.5 - 25
        assert (maintenance < balance) == enough


def test_ioc_hands_what_the_book_does_not_hold_above_bankruptcy_to_the_fund():
    """Nothing is left of the collateral but what the tick gives: the bankruptcy price of 90.09 is rounded up to 90.5, that of the last 9, 89.57, to 90."""
    answer = reduce_position(asked("ioc-takeover", bids=((95.0, 1.0), (89.0, 50.0))))
    assert answer.bankruptcy_price == 90.5
    assert [(fill.size, fill.price, fill.to) for fill in answer.fills] == [(-1.0, 95.0, "book"), (-9.0, 90.0, FUND)]
    # 9 taken over at 90 and sold at 89; the fee of the first fill came in
    assert answer.from_fund == 900 - 19
    assert answer.remaining == 0


def test_tiers_go_down_to_the_border_and_then_the_rest():
    """At 95 the first tier ends at 5.26: a round to 5, a minute later the rest, were the account not safe by then."""
    answer = reduce_position(asked("incremental-tier", collateral=55.0, mark=95.5, bids=((95.5, 20.0),), cool_down_us=60 * SECOND))
    assert [(fill.time, fill.size) for fill in answer.fills] == [(0, -5.0), (60 * SECOND, -5.0)]
    assert answer.ended == 60 * SECOND


def test_fractions_have_a_least_a_most_and_a_last_round():
    thin = {"collateral": 55.0, "mark": 95.5, "bids": ((95.5, 20.0),), "cool_down_us": 10 * SECOND}
    tenth = reduce_position(asked("incremental-fraction", fraction=0.1, **thin))
    assert [fill.size for fill in tenth.fills][:3] == [-1.0, -1.0, -1.0]
    at_least = reduce_position(asked("incremental-fraction", fraction=0.1, least_notional=280.0, **thin))
    assert at_least.fills[0].size == -3.0
    at_most = reduce_position(asked("incremental-fraction", fraction=0.9, most_notional=380.0, **thin))
    assert at_most.fills[0].size == -4.0
    then_all = reduce_position(asked("incremental-fraction", fraction=0.2, fraction_rounds=1, **thin))
    assert [(fill.time, fill.size) for fill in then_all.fills] == [(0, -2.0), (10 * SECOND, -7.0)]
    assert then_all.remaining == 1.0
    small = reduce_position(asked("incremental-fraction", fraction=0.2, fraction_above=956.0, **thin))
    # the whole of it is wanted; the account is safe with 1 left
    assert [fill.size for fill in small.fills] == [-9.0]


def test_an_auction_falls_until_the_book_takes_it():
    """From 95 down by 0.95 each 10 s: at 94.05, a tick down 94, the book takes what is needed, 70 - 9.5 n being below 50 - 1.282 n from 3 on."""
    answer = reduce_position(asked("dutch-auction", bids=((94.0, 20.0),), auction_end=0.9, auction_us=100 * SECOND, cool_down_us=10 * SECOND))
    assert [(fill.time, fill.price, fill.to) for fill in answer.fills] == [(10 * SECOND, 94.0, "book")]
    assert answer.fills[0].size == -3.0
    over = reduce_position(asked("dutch-auction", bids=(), auction_end=0.9, auction_us=100 * SECOND, cool_down_us=10 * SECOND))
    assert over.fills[0].to == FUND
    # the price is beyond the bankruptcy price of 90.5 after 50 s (90.25, a tick down 90)
    assert over.fills[0].time == 50 * SECOND


def test_an_auction_that_nobody_took_part_in_ends_on_time():
    """Its last price, 94.05, is above the bankruptcy price: the fund takes over when the time is up, not a round later."""
    answer = reduce_position(asked("dutch-auction", bids=(), auction_end=0.99, auction_us=10 * SECOND, cool_down_us=5 * SECOND))
    assert [(fill.time, fill.to) for fill in answer.fills] == [(10 * SECOND, FUND)]


def test_a_vault_takes_nobody_who_is_bankrupt():
    answer = reduce_position(asked("backstop", mark=88.0, backstop_below=2 / 3))
    assert {fill.to for fill in answer.fills} == {"book"}
    assert answer.balances[VAULT] == 0


def test_a_vault_takes_position_and_collateral_below_its_line():
    """Balance 50, maintenance 70: above two thirds of it the book; at a mark of 92.5 it is 25 against 67.5, and the vault keeps what is left."""
    orders = reduce_position(asked("backstop", backstop_below=2 / 3))
    assert {fill.to for fill in orders.fills} == {"book"}
    answer = reduce_position(asked("backstop", mark=92.5, backstop_below=2 / 3))
    assert [(fill.size, fill.price, fill.fee, fill.to) for fill in answer.fills] == [(-10.0, 90.0, 0, VAULT)]
    assert answer.balances == {"me": 0, FUND: 100_000, "fees": 0, "counterparties": 7500, VAULT: 2500}
    assert answer.cost == 2500


RIVALS = (Rival("small", -4.0, 100.0, 100.0), Rival("large", -4.0, 110.0, 100.0), Rival("loser", -20.0, 80.0, 1000.0), Rival("long", 5.0, 80.0, 10.0))


def test_rivals_are_taken_from_by_profit_and_leverage():
    """The fund has nothing: 4 from who won most at most leverage, 4 from the next, the last 2 from who lost; nobody of the own side."""
    answer = reduce_position(asked(mark=88.0, fund=0.0, bids=((80.0, 50.0),), rivals=RIVALS))
    assert answer.deleveraged == ("large", "small", "loser")
    assert [fill.size for fill in answer.fills] == [-4.0, -4.0, -2.0]
    assert {fill.price for fill in answer.fills} == {90.5}
    assert answer.balances["large"] == 10_000 + 4 * 1950
    assert answer.balances["loser"] == 100_000 - 2 * 1050
    assert answer.from_fund == 0


def test_a_fund_that_can_pay_spares_the_rivals_and_one_that_cannot_owes_without_them():
    deep = {"mark": 88.0, "bids": ((80.0, 50.0),)}
    rich = reduce_position(asked("market", fund=1000.0, rivals=RIVALS, **deep))
    assert not rich.deleveraged
    assert [fill.to for fill in rich.fills] == ["book"]
    # 200 lost and a fee of 0.80, of which 100 were there
    assert rich.from_fund == 10_080
    poor = reduce_position(asked("market", fund=1.0, adl="none", rivals=RIVALS, **deep))
    assert not poor.deleveraged
    assert poor.balances[FUND] == 100 - 10 * 1050


def test_among_losers_the_better_levered_goes_first():
    """At 88: one lost 4 % at 16 times, the other 12 % at a bit above once: a loss counts over its leverage."""
    losers = (Rival("careful", -10.0, 80.0, 900.0), Rival("levered", -10.0, 84.6, 90.0))
    answer = reduce_position(asked(mark=88.0, fund=0.0, bids=((80.0, 50.0),), rivals=losers))
    assert answer.deleveraged == ("levered",)


def test_a_fund_that_has_just_enough_pays():
    """9 that are taken over at 90 and sold at 88 cost 18, and 0.19 came in before."""
    thin = {"bids": ((95.0, 1.0), (88.0, 50.0)), "rivals": RIVALS}
    assert reduce_position(asked("ioc-takeover", fund=17.81, **thin)).deleveraged == ()
    assert reduce_position(asked("ioc-takeover", fund=17.80, **thin)).deleveraged != ()


def test_a_market_order_goes_as_far_as_the_fund_can_pay():
    """10 sold at 88 and a fee of 0.88 leave 20.88 to be paid; with a unit less in the fund no order is sent beyond the bankruptcy price."""
    for fund, to in ((20.88, "book"), (20.87, FUND)):
        answer = reduce_position(asked(mark=88.0, bids=((88.0, 20.0),), fund=fund, rivals=()))
        assert {fill.to for fill in answer.fills} == {to}


def test_nothing_is_nothing_where_equality_is_better():
    """At 90 the balance is 0, and so is the maintenance margin of a contract without one."""
    free = msgspec.structs.replace(CONTRACT, tiers=(Tier(None, 0.1, 0.0, 0.0),))
    for at_border, trades in (("better", False), ("worse", True)):
        case = asked(mark=90.0)
        rules = msgspec.structs.replace(case.rules, contracts=(free,), states=StateRules(at_border=at_border))
        assert bool(reduce_position(msgspec.structs.replace(case, rules=rules)).fills) == trades


def test_a_lot_may_be_left():
    """Of 10 that must all go, nine tenths are 9; only less than a lot is closed with them."""
    answer = reduce_position(asked("incremental-fraction", collateral=50.0, mark=95.5, bids=((95.5, 20.0),), fraction=0.9, cool_down_us=SECOND))
    assert [fill.size for fill in answer.fills] == [-9.0, -1.0]


def test_two_tiers_a_round_go_further_than_one():
    """Tiers up to 200, 500 and beyond; at 95.5 they end at 2.09 and 5.23: 10 go down to 5 or to 2."""
    tiers = (Tier(200.0, 0.1, 0.05, 0.0), Tier(500.0, 0.1, 0.05, 0.0), Tier(None, 0.2, 0.1, 25.0))
    for rounds, left in ((1, 5.0), (2, 2.0), (3, 2.0)):
        case = asked("incremental-tier", collateral=55.0, mark=95.5, bids=((95.5, 20.0),), tiers_a_round=rounds, cool_down_us=1000 * SECOND)
        rules = msgspec.structs.replace(case.rules, contracts=(msgspec.structs.replace(CONTRACT, tiers=tiers),))
        assert reduce_position(msgspec.structs.replace(case, rules=rules)).remaining == left


def test_equality_at_the_border_is_the_venues():
    """10 at 95 with 120 of collateral: the balance of 70 is the maintenance margin."""
    case = asked(collateral=120.0)
    assert reduce_position(case).fills
    better = msgspec.structs.replace(case.rules, states=StateRules(at_border="better"))
    assert not reduce_position(msgspec.structs.replace(case, rules=better)).fills


def test_a_part_of_a_lot_goes_with_the_last_one():
    answer = reduce_position(asked("incremental-fraction", size=1.4, collateral=7.0, mark=96.0, bids=((96.0, 20.0),), fraction=0.1))
    assert [fill.size for fill in answer.fills] == [-1.4]


def test_rounds_without_a_mark_are_passed_over():
    case = asked()
    later = msgspec.structs.replace(case.liquidation, marks=((0, float("nan")), (7 * SECOND, 95.0)))
    answer = reduce_position(msgspec.structs.replace(case, liquidation=later))
    assert [fill.time for fill in answer.fills] == [7 * SECOND]
    never = msgspec.structs.replace(case.liquidation, marks=())
    assert reduce_position(msgspec.structs.replace(case, liquidation=never)).ended is None


@pytest.mark.parametrize("reduce", [liquidation.reduce_position, reference_liquidation.reduce_position])
def test_what_cannot_be_told_is_refused_by_key(reduce):
    case = asked(cool_down_us=1)
    cross = Account("me", mode="cross", positions=(Position("X", 1.0, 100.0),))
    refused = [
        (msgspec.structs.replace(case, liquidation=None), "liquidation must be given"),
        (changed(asked(), account="mee"), 'liquidation.account must be one of the accounts, was "mee"'),
        (msgspec.structs.replace(asked(), accounts=(cross,)), "must be an isolated account with a position"),
        (changed(asked(), rivals=(Rival("fees", 1.0, 1.0, 1.0),)), "must have unique names"),
        (changed(asked(), rivals=(Rival("a", 1.0, 0.0, 1.0),)), 'an entry price above 0, "a" has not'),
        (changed(asked(), fund=float("inf")), "fund must be a finite number"),
        (case, "must be at most 100000 rounds of 1 us after the start"),
    ]
    for wrong, message in refused:
        with pytest.raises(InputError, match=message):
            reduce(wrong)


def changed(case, **fields):
    return msgspec.structs.replace(case, liquidation=msgspec.structs.replace(case.liquidation, **fields))
