"""The engine against the textbook, over everything the rules know."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from indexlab.margin import engine
from indexlab.margin.account import Account, Asset, Position
from indexlab.margin.answer import answer
from indexlab.margin.batch import account_batch
from indexlab.margin.case import MarginCase
from indexlab.margin.reference_account import states
from indexlab.margin.rules_file import venue, venue_names
from indexlab.margin.states import STATES
from indexlab.margin.textbook import textbook
from tests.margin.margin_drawing import cases


def assert_near(ours, theirs):
    """None where the other is None, else equal to a relative 1e-9."""
    assert [one is None for one in ours] == [one is None for one in theirs]
    assert [one for one in ours if one is not None] == pytest.approx([one for one in theirs if one is not None], rel=1e-9, abs=1e-12)


@given(cases())
def test_the_engine_says_what_the_textbook_says(case):
    """States exactly, those at a border too; ratios and initial margin to 1e-9."""
    ours, theirs = answer(case), textbook(case)
    assert ours.state == theirs.state
    for mine, others in zip(ours.margin_ratio, theirs.margin_ratio, strict=True):
        assert_near(mine, others)
    assert_near(ours.initial_margin, theirs.initial_margin)
    assert_near(ours.liquidation_price, theirs.liquidation_price)


@settings(max_examples=50)
@given(cases(rules_of=st.sampled_from(venue_names()).map(venue)))
def test_the_engine_says_what_the_textbook_says_by_every_bundled_venues_rules(case):
    """The same under rules that people trade by, with their own steps and thirds."""
    test_the_engine_says_what_the_textbook_says.hypothesis.inner_test(case)


@settings(max_examples=40)
@given(cases(max_times=6))
def test_a_case_of_many_times_is_answered_alike(case):
    """The compiled loop with its missing prices and its counting of breaches, and the plain one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "MANY", 0)
        many = answer(case)
    few = answer(case)
    assert many.state == few.state
    for mine, theirs in zip(many.margin_ratio, few.margin_ratio, strict=True):
        assert_near(mine, theirs)


@settings(max_examples=40)
@given(cases(max_times=6))
def test_the_batch_says_what_the_textbook_says(case):
    """The compiled loop over columns, with marks and prices alone: persistence and the trust in an index are not its to judge."""
    plain = replace(case, rules=replace(case.rules, states=replace(case.rules.states, persistence=1)), status={})
    known = {name: tuple(1.0 if value is None else value for value in series) for name, series in case.index.items()}
    marks = {name: tuple(series) for name, series in case.mark.items()}
    expected, wanted = states(replace(plain, index=known))
    codes, ratios = account_batch(plain.accounts, plain.rules).judge(marks, known, case.short_mark)
    assert tuple(tuple(STATES[code] for code in row) for row in codes.tolist()) == expected
    for mine, theirs in zip(ratios.tolist(), wanted, strict=True):
        assert_near([None if one != one else one for one in mine], theirs)  # noqa: PLR0124 - NaN is no ratio


@pytest.mark.long
@settings(max_examples=1500)
@given(cases())
def test_the_engine_says_what_the_textbook_says_for_long(case):
    """Fifteen times as many cases."""
    test_the_engine_says_what_the_textbook_says.hypothesis.inner_test(case)


def test_in_a_batch_an_index_freezes_who_has_what_it_prices_and_nobody_else():
    """As its docstring says; a case's index freezes who holds a contract on it."""
    rules = venue("binance-usdm")
    holds = Account("holds", 1.0, 10_000.0, 5_000.0)
    has = Account("has", mode="cross", positions=(Position("BTCUSDT", 1.0, 10_000.0),), assets=(Asset("ETH", 10.0),))
    marks, missing = {"BTCUSDT": [10_000.0]}, {"BTC": [np.nan], "ETH": [np.nan]}
    codes, _ = account_batch([holds, has], rules).judge(marks, missing)
    assert [STATES[code] for code in codes[0]] == ["healthy", "frozen"]
    case = MarginCase(rules, (holds, has), (0,), {"BTC": (None,), "ETH": (2_000.0,)}, {"BTCUSDT": (10_000.0,)})
    assert answer(case).state == (("frozen", "frozen"),)
