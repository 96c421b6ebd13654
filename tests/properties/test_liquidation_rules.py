"""`liquidation-rules`: no more than needed, never turned, in its rounds, nobody in debt, rivals in order, every unit booked."""

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from indexlab.margin.liquidation import reduce_position
from indexlab.margin.liquidation_rules import LiquidationRule
from indexlab.market.units import SECOND
from indexlab.properties.liquidation_rules import PROPERTY
from indexlab.properties.liquidation_slips import slip
from indexlab.properties.run import CLEAN
from tests.margin.liquidation_examples import reductions
from tests.properties.examples import told
from tests.properties.liquidation_talks import EMPTY, SETTING, STEPS, case_with, example, first_fill, moved, other, resized, run_with, talk
from tests.properties.recording import assert_broken, assert_holds, assert_unmet, at


def test_our_engine_holds_in_the_clean_run_and_in_broken_ones():
    outcome = PROPERTY.check(run_with(talk(CLEAN, case_with()), talk(0, EMPTY)))
    assert_holds(outcome, met=2)
    # ann and bob give up 4 each at 92.5; the fund, which had 1, sells the last 2 at 89
    assert outcome.worst.value == pytest.approx(7 / 80)
    assert outcome.by_twin.met.tolist() == [True]


def test_what_the_fund_paid_is_measured():
    outcome = PROPERTY.check(run_with(talk(0, case_with(mark=91.0, bids=((89.0, 20.0),), rule=LiquidationRule(path="market")))))
    assert_holds(outcome)
    # a long of 10 from 100 to 89 loses 110 and a fee of 0.45 where there are 80
    assert outcome.worst.value == pytest.approx(30.45 / 80)


FLIPPED = resized(-14.0)
CHANGES = {
    "flipped": (case_with(), FLIPPED),
    "increased": (case_with(), resized(4.0)),
    "no-trade": (case_with(), first_fill(price=0.0)),
    "remaining": (case_with(), other(remaining=lambda answer: answer.remaining - 1)),
    "out-of-time": (case_with(), first_fill(time=at(51))),
    "cool-down": (STEPS, first_fill(time=at(23))),
    "fee": (case_with(), first_fill(fee=0)),
    "money": (case_with(), other(balances=lambda answer: {**answer.balances, "fees": answer.balances["fees"] - 1})),
    "debt": (EMPTY, moved("me", "fees", 900)),
    "fund": (case_with(), other(from_fund=lambda answer: answer.from_fund + 2)),
    "adl-order": (EMPTY, other(deleveraged=lambda answer: answer.deleveraged[::-1])),
    "bankruptcy-price": (case_with(), other(bankruptcy_price=lambda _: 91.0)),
    "traded-safe": (case_with(mark=99.0), lambda _: reduce_position(case_with())),
    "overshoot": (case_with(), resized(-6.0)),
    "too-little": (case_with(), resized(-2.0)),
    "another-trade": (case_with(), first_fill(time=at(25))),
    "balance": (case_with(), moved("me", "counterparties", 100)),
    "cost": (case_with(), other(cost=lambda answer: answer.cost + 100)),
}


@pytest.mark.parametrize("price", [1e300, 1e305, 1.7e308])
def test_a_trade_that_is_worth_more_than_can_be_booked_is_found_whatever_it_makes_of_the_figures(price):
    case = case_with()
    outcome = PROPERTY.check(run_with(talk(CLEAN, case, first_fill(price=price))))
    assert outcome.breach.what == "no-trade"
    assert "is worth more than can be booked" in outcome.breach.sentence
    assert "inf" not in outcome.breach.promised + outcome.breach.seen


@pytest.mark.parametrize("what", CHANGES)
def test_each_way_to_be_wrong_is_found_and_named(what):
    case, change = CHANGES[what]
    outcome = PROPERTY.check(run_with(talk(CLEAN, case), talk(0, case, change)))
    assert outcome.breach is not None
    assert outcome.breach.what == what
    assert outcome.by_twin.what == (what,)
    assert_broken(outcome, 0, outcome.breach.at)
    clean = PROPERTY.check(run_with(talk(CLEAN, case, change)))
    assert_broken(clean, CLEAN, clean.breach.at)


def test_rivals_out_of_order_are_found_by_who_was_traded_with():
    """Ann before bob, named as traded with, is still the wrong order; so is bob left alone."""

    def swapped(answer):
        names = {"ann": "bob", "bob": "ann"}
        fills = tuple(msgspec.structs.replace(fill, to=names.get(fill.to, fill.to)) for fill in answer.fills)
        return msgspec.structs.replace(answer, fills=fills, deleveraged=tuple(names[name] for name in answer.deleveraged))

    assert reduce_position(EMPTY).deleveraged == ("bob", "ann")
    assert slip(EMPTY, swapped(reduce_position(EMPTY)), ours=False).what == "adl-order"


def test_our_own_engine_may_not_differ_at_all():
    case = case_with()
    wrong = msgspec.structs.replace(reduce_position(case), cost=reduce_position(case).cost + 1)
    assert slip(case, wrong, ours=False) is None
    assert slip(case, wrong, ours=True).what == "another-answer"


def test_a_lot_more_or_less_is_anothers_rounding():
    case = case_with()
    assert reduce_position(case).fills[0].size == -4.0
    for size, what in ((-5.0, None), (-3.0, None), (-6.0, "overshoot")):
        found = slip(case, resized(size)(reduce_position(case)), ours=False)
        assert (found and found.what) == what


def test_at_the_threshold_either_side_will_do():
    """At 96 the balance of 48 is the maintenance margin to the last digit: whether to trade is the float's affair. A cent further it is not."""
    rule = LiquidationRule(path="market")
    case = case_with(mark=96.0, collateral=88.0, rule=rule)
    idle = reduce_position(case_with(mark=96.0, collateral=88.01, rule=rule))
    assert reduce_position(case).fills
    assert not idle.fills
    assert slip(case, said_of(idle, -1), ours=False) is None
    assert slip(case, said_of(idle, -1), ours=True).what == "too-little"
    assert slip(case_with(mark=96.0, collateral=87.99, rule=rule), said_of(idle, -2), ours=False).what == "too-little"


def said_of(answer, more):
    """Return an answer of an account that had so many cents more."""
    return msgspec.structs.replace(answer, balances={**answer.balances, "me": answer.balances["me"] + more})


def test_rounds_are_told_by_their_times():
    times = [fill.time for fill in reduce_position(STEPS).fills]
    assert times == [at(20), at(25)]
    assert STEPS.rules.liquidation.cool_down_us == 5 * SECOND


def test_without_a_forced_reduction_there_is_no_verdict():
    assert_unmet(PROPERTY.check(run_with()))
    assert_unmet(PROPERTY.check(run_with(talk(CLEAN, case_with(mark=99.0)))))
    silent = PROPERTY.check(run_with(talk(CLEAN, case_with(), answered=False)))
    assert_unmet(silent)
    assert silent.no_occasion


def test_the_example_is_what_really_happens():
    run = example()
    assert PROPERTY.example == told(SETTING, run, PROPERTY.check(run))


@settings(max_examples=40)
@given(reductions())
def test_the_engine_is_never_blamed(case):
    for ours in (True, False):
        assert slip(case, reduce_position(case), ours=ours) is None


@settings(max_examples=40)
@given(reductions(), st.integers(1, 3))
def test_a_unit_lost_is_always_found(case, units):
    answer = reduce_position(case)
    party = sorted(answer.balances)[units]
    wrong = msgspec.structs.replace(answer, balances={**answer.balances, party: answer.balances[party] - 7})
    assert slip(case, wrong, ours=False).what == "money"


@settings(max_examples=40)
@given(reductions())
def test_a_position_that_is_turned_is_always_found(case):
    answer = reduce_position(case)
    assume(answer.fills)
    size = answer.fills[-1].size - 2 * case.accounts[0].size
    wrong = msgspec.structs.replace(answer, fills=(*answer.fills[:-1], msgspec.structs.replace(answer.fills[-1], size=size)))
    assert slip(case, wrong, ours=False).what == "flipped"
