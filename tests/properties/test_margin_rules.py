"""`margin-rules`: what a margin engine says is what the venue's rules say, to the state at a border and a relative 1e-9."""

from dataclasses import replace

import msgspec
import pytest

from indexlab.margin.account import Account
from indexlab.margin.answer import answer
from indexlab.margin.case import MarginCase
from indexlab.margin.rules_file import venue
from indexlab.properties.margin_rules import PROPERTY
from indexlab.properties.run import CLEAN, MarginTalk
from indexlab.scenarios.margin_cases import margin_case
from tests.properties.recording import at, level, market, recorded

RUN = recorded(level(1.02, 1), quotes=market(lambda *_: 100.0))
TIMES = [at(second) for second in range(1, 61)]
CASE = margin_case(5, venue("binance-usdm"), TIMES, [100.0] * 60, [False] * 60, [0] * 60)


def long(collateral, *, size=1.0, entry=50_000.0):
    return Account("ann", size, entry, collateral)


def case_of(account, *marks):
    """Return a case of one account at these marks, under Binance's example tiers."""
    times = tuple(at(second + 1) for second in range(len(marks)))
    return MarginCase(venue("binance-usdm"), (account,), times, {"BTC": marks}, {"BTCUSDT": marks})


def checked(case, *, ours=False, **changed):
    """What is found of our engine's answer with some of its parts changed."""
    return PROPERTY.check(replace(RUN, margin=(MarginTalk(CLEAN, case, msgspec.structs.replace(answer(case), **changed), ours=ours),)))


def what(outcome):
    return None if outcome.breach is None else outcome.breach.what


def swapped(rows, place, row, value):
    """Return rows with another entry for one account at one time."""
    return tuple(tuple(value if (i, j) == (row, place) else entry for j, entry in enumerate(line)) for i, line in enumerate(rows))


@pytest.mark.parametrize("ours", [False, True])
def test_our_engine_keeps_the_rules(ours):
    outcome = checked(CASE, ours=ours)
    assert (outcome.premise_met, outcome.breach) == (1, None)


def test_without_a_case_there_is_no_verdict():
    assert PROPERTY.check(RUN).premise_met == 0


@pytest.mark.parametrize("state", ["healthy", "warning", "reduce-only", "liquidation", "bankrupt", "frozen"])
def test_every_other_state_is_wrong(state):
    """Balance 2 300, maintenance 190: healthy."""
    case = case_of(long(4_800.0), 47_500.0)
    assert what(checked(case, state=((state,),))) == (None if state == "healthy" else "state")


def test_a_ratio_is_right_to_a_billionth():
    case = case_of(long(4_800.0), 47_500.0)
    (ratio,) = answer(case).margin_ratio[0]
    for factor, found in ((1.0, None), (1 + 1e-10, None), (1 + 1e-8, "ratio"), (1 - 1e-8, "ratio")):
        assert what(checked(case, margin_ratio=((ratio * factor,),))) == found
    assert what(checked(case, margin_ratio=((None,),))) == "ratio"
    assert "the margin ratio of the isolated account ann is none at 47 500; by the rules it is" in checked(case, margin_ratio=((None,),)).breach.sentence


def test_exactly_at_a_border_there_is_one_state_where_the_figures_are_plain():
    """Maintenance 200, balance 250 at 50 000: four fifths, in whatever order it is worked out."""
    case = case_of(long(250.0), 50_000.0)
    assert answer(case).state == (("warning",),)
    assert what(checked(case, state=(("healthy",),))) == "state"


def test_within_a_hair_of_a_border_either_state_will_do():
    hair = 250.0 * (1 + 1e-12)
    case = case_of(long(hair), 50_000.0)
    assert what(checked(case, state=(("healthy",),))) is None
    assert what(checked(case, state=(("warning",),))) is None
    assert what(checked(case, state=(("liquidation",),))) == "state"


def test_a_worse_price_never_gives_a_better_state():
    """What is out of order is wrong by the textbook too, and found by that first: here the order is asked about alone."""
    from indexlab.properties.margin_slips import _out_of_order

    case = case_of(long(500.0), 50_000.0, 49_740.0, 49_690.0)
    told = answer(case)
    assert [row[0] for row in told.state] == ["healthy", "warning", "liquidation"]
    turned = MarginTalk(CLEAN, case, msgspec.structs.replace(told, state=told.state[::-1]), ours=False)
    assert _out_of_order(turned).what == "order"
    assert _out_of_order(MarginTalk(CLEAN, case, told, ours=False)) is None
    short = case_of(long(500.0, size=-1.0), 49_690.0, 50_000.0)
    assert _out_of_order(MarginTalk(CLEAN, short, msgspec.structs.replace(told, state=(("liquidation",), ("healthy",))), ours=False)).what == "order"


@pytest.mark.parametrize(("part", "word"), [("liquidation_price", "price"), ("initial_margin", "initial")])
def test_prices_and_initial_margins_are_held_against_the_rules_where_they_are_answered(part, word):
    told = getattr(answer(CASE), part)
    place = next(place for place, value in enumerate(told) if value is not None)
    for factor, found in ((1 + 1e-11, None), (1 + 1e-7, word)):
        assert what(checked(CASE, **{part: (*told[:place], told[place] * factor, *told[place + 1 :])})) == found
    assert what(checked(CASE, **{part: (*told[:place], None, *told[place + 1 :])})) == word
    assert what(checked(CASE, **{part: None})) is None


def test_of_a_case_any_account_and_time_may_be_wrong():
    told = answer(CASE)
    for row in range(0, len(CASE.times), 4):
        for place in range(row // 4, len(CASE.accounts), 3):
            wrong = "frozen" if told.state[row][place] != "frozen" else "healthy"
            outcome = checked(CASE, state=swapped(told.state, place, row, wrong))
            assert what(outcome) == "state"
            assert outcome.breach.account == CASE.accounts[place]
            assert TIMES[outcome.breach.at] == CASE.times[row]


def test_a_broken_run_s_case_counts_for_its_twin():
    case = case_of(long(4_800.0), 47_500.0)
    talks = (MarginTalk(CLEAN, case, answer(case), ours=False), MarginTalk(0, case, msgspec.structs.replace(answer(case), state=(("bankrupt",),)), ours=False))
    outcome = PROPERTY.check(replace(RUN, margin=talks))
    assert (outcome.premise_met, outcome.breached, outcome.breach.twin) == (2, 1, 0)
    assert outcome.by_twin.what == ("state",)
    assert outcome.breach.sentence.startswith("in the run with faults the isolated account ann is bankrupt at 47 500; by the rules it is healthy")
