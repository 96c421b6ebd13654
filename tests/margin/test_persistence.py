"""How long a breach must last: StateRules.persistence, from its sentence alone, in the engine and in the textbook.

The sentence: how many publications in a row the condition of `liquidation` or `bankrupt` (either counts) must last before an account is in it; until then it is
in `reduce-only` where the venue has it, else `warning`, else `healthy`. A publication at which the account is frozen ends the row.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.margin.account import Account, Asset, Position
from indexlab.margin.account_rules import CollateralRule, StateRules
from indexlab.margin.answer import answer
from indexlab.margin.case import MarginCase
from indexlab.margin.contract import Contract, Tier
from indexlab.margin.rules import Venue, VenueRules
from indexlab.margin.textbook import textbook

BREACH = {"liquidation", "bankrupt"}
CONTRACT = Contract("X", "BTC", (Tier(None, 0.1, 0.05, 0.0),))
# 10 long at 100 with 200: balance 10 p - 800, maintenance margin p / 2
MARKS = {"healthy": 100.0, "warning": 88.0, "reduce-only": 86.0, "liquidation": 84.0, "bankrupt": 79.0}
LONG = Account("long", 10.0, 100.0, 200.0, contract="X")
SHARED = Account("shared", collateral=200.0, mode="cross", positions=(Position("X", 10.0, 100.0),))
WITH_COIN = Account("with-coin", collateral=100.0, mode="cross", positions=(Position("X", 10.0, 100.0),), assets=(Asset("COIN", 100.0),))
ACCOUNTS = (LONG, SHARED, WITH_COIN)
NONE, HELD, NO_INDEX, NO_COIN = "no mark", "held", "no index", "no price of the coin"

words = st.sampled_from(("healthy", "warning", "reduce-only", "liquidation", "liquidation", "bankrupt", NONE, HELD, NO_INDEX, NO_COIN))


def _case(story, persistence=1, warning=0.5, reduce_only=0.7, accounts=ACCOUNTS):
    """A case in which the mark, index and statuses are what each word of the story wants."""
    states = StateRules(warning=warning, reduce_only=reduce_only, persistence=persistence)
    rules = VenueRules(Venue("v"), (CONTRACT,), states, (CollateralRule("COIN", index="COIN"),))
    return MarginCase(
        rules=rules,
        accounts=accounts,
        times=tuple(range(len(story))),
        index={"BTC": tuple(None if word == NO_INDEX else 100.0 for word in story), "COIN": tuple(None if word == NO_COIN else 1.0 for word in story)},
        mark={"X": tuple(None if word == NONE else MARKS.get(word, 84.0) for word in story)},
        status={"BTC": tuple("held" if word == HELD else "ok" for word in story)},
    )


def _expected(raw, persistence, before):
    """Five lines, by hand: a breach counts when it and the persistence - 1 publications before it are breaches."""
    said = []
    for n, state in enumerate(raw):
        row = raw[max(0, n + 1 - persistence) : n + 1]
        lasted = len(row) == persistence and all(one in BREACH for one in row)
        said.append(state if state not in BREACH or lasted else before)
    return said


def _both(case):
    """The columns of states, by account, in which engine and textbook agree."""
    found, exact = answer(case), textbook(case)
    assert found.state == exact.state
    return [[row[a] for row in found.state] for a in range(len(case.accounts))]


def test_the_words_mean_what_they_say():
    """Each mark is in its state, and each way of missing something is frozen, for all kinds of account; the coin's price freezes who has the coin alone."""
    story = [*MARKS, NONE, HELD, NO_INDEX, NO_COIN]
    long, shared, with_coin = _both(_case(story))
    assert long[:5] == shared[:5] == with_coin[:5] == list(MARKS)
    assert long[5:] == shared[5:] == ["frozen", "frozen", "frozen", "liquidation"]
    assert with_coin[5:] == ["frozen"] * 4


@given(st.lists(words, min_size=1, max_size=14), st.integers(1, 5), st.sampled_from(((0.5, 0.7), (0.5, None), (None, 0.7), (None, None))))
def test_both_follow_the_sentence(story, persistence, thresholds):
    """Whatever the story, the persistence and the states that the venue has."""
    warning, reduce_only = thresholds
    raw = _both(_case(story, 1, warning, reduce_only))
    before = "reduce-only" if reduce_only else "warning" if warning else "healthy"
    assert _both(_case(story, persistence, warning, reduce_only)) == [_expected(column, persistence, before) for column in raw]


@pytest.mark.parametrize("hole", [NONE, HELD, NO_INDEX])
def test_a_frozen_publication_ends_the_row(hole):
    """Two breaches, a hole, two breaches are not three in a row, nor four; the third after the hole is. The hole itself is frozen, not the state before."""
    story = ["liquidation", "liquidation", hole, "liquidation", "liquidation", "liquidation"]
    [column] = _both(_case(story, 3, accounts=(LONG,)))
    assert column == ["reduce-only", "reduce-only", "frozen", "reduce-only", "reduce-only", "liquidation"]


def test_frozen_neither_begins_nor_lengthens_a_row():
    """However long an account was frozen, the first breach after it is the first."""
    [column] = _both(_case([NONE] * 9 + ["bankrupt", "bankrupt"], 2, accounts=(LONG,)))
    assert column == ["frozen"] * 9 + ["reduce-only", "bankrupt"]


def test_only_those_that_miss_something_are_set_back():
    """A coin without a price ends the row of the account that has the coin, and of no other."""
    story = ["liquidation", "liquidation", NO_COIN, "liquidation"]
    long, shared, with_coin = _both(_case(story, 3))
    assert long == shared == ["reduce-only", "reduce-only", "liquidation", "liquidation"]
    assert with_coin == ["reduce-only", "reduce-only", "frozen", "reduce-only"]


def test_either_breach_counts():
    """Liquidation and bankruptcy in turn are one row, and the account is in the state of the moment once it lasted."""
    [column] = _both(_case(["liquidation", "bankrupt", "liquidation", "bankrupt"], 3, accounts=(LONG,)))
    assert column == ["reduce-only", "reduce-only", "liquidation", "bankrupt"]


def test_a_milder_state_ends_the_row_and_is_not_delayed():
    """Reduce-only is no breach; warning and reduce-only begin at once, at any persistence."""
    [column] = _both(_case(["warning", "liquidation", "reduce-only", "liquidation", "healthy"], 2, accounts=(LONG,)))
    assert column == ["warning", "reduce-only", "reduce-only", "reduce-only", "healthy"]


@given(st.lists(words, min_size=1, max_size=10), st.integers(1, 4))
def test_more_patience_is_never_worse(story, persistence):
    """A publication more puts nobody into a breach, and changes no state but a breach's."""
    for less, more in zip(_both(_case(story, persistence)), _both(_case(story, persistence + 1)), strict=True):
        for first, second in zip(less, more, strict=True):
            assert first == second or (first in BREACH and second == "reduce-only")
