"""`margin-recovery`: accounts that a fault moved, and did not liquidate, are back from «max_recovery» after its end.

Off by half until 25 s, the source's next right quote is of second 25: publication 30 owes every account its own state again.
"""

from dataclasses import replace

import pytest

from indexlab.index.determination import HALTED
from indexlab.margin.account import Account
from indexlab.margin.rack import rack_from_accounts
from indexlab.margin.states import LIQUIDATION, WARNING
from indexlab.properties.margin_recovery import PROPERTY
from tests.properties.recording import answering, assert_broken, assert_holds, assert_unmet, broken, level, market, mean, recorded, rewritten

FLAT = market(lambda *_: 100.0)
RUN = recorded(level(1.05, 0), level(1.05, 0, end=25), quotes=FLAT, answer=answering(mean))
"""The mean is 1 % too high while the fault lasts: short accounts are moved."""


def test_a_target_without_memory_holds():
    outcome = PROPERTY.check(RUN)
    assert_holds(outcome)
    assert outcome.by_twin.met.tolist() == [False, True]


@pytest.mark.parametrize(("publication", "found"), [(24, False), (29, False), (30, True), (59, True)])
def test_accounts_are_owed_from_the_recovery_on(publication, found):
    outcome = PROPERTY.check(rewritten(RUN, 1, [publication], value=101.0))
    assert (outcome.breach is not None) == found
    if found:
        assert_broken(outcome, 1, publication)
        assert outcome.breach.account.size < 0
        assert outcome.breach.what == "not-back"
        assert "a short account that it had moved is warning, and healthy in the clean twin" in outcome.breach.sentence


def test_an_index_that_never_comes_back_leaves_everybody_frozen():
    run = recorded(broken("stop", 0, 1, 2, end=36), quotes=FLAT)
    assert_holds(PROPERTY.check(run))
    outcome = PROPERTY.check(rewritten(run, 0, slice(30, None), status=HALTED))
    assert_broken(outcome, 0, 41)
    assert "is frozen, and healthy in the clean twin" in outcome.breach.sentence


def test_who_was_liquidated_is_a_finding_of_its_own():
    """Its entry is 100, its margin gone at 101 in every respect: there is no warning before it."""
    edge = Account("edge", -1.0, 100.0, 1.4)
    run = recorded(level(1.05, 0, end=25), quotes=FLAT, answer=answering(mean))
    alone = replace(run, rack=rack_from_accounts([edge]))
    assert alone.rack.states(101.0)[0] == LIQUIDATION
    assert_unmet(PROPERTY.check(rewritten(alone, 0, slice(30, None), value=101.0)))


def test_who_was_not_moved_by_the_fault_is_not_owed_anything():
    run = recorded(level(1.05, 0, end=25), quotes=FLAT)
    assert_unmet(PROPERTY.check(run))
    assert_unmet(PROPERTY.check(rewritten(run, 0, slice(40, None), value=101.0)))


def test_a_hair_s_breadth_from_a_border_is_no_other_state():
    borders = RUN.rack.warning_price
    border = next(float(borders[k]) for k in range(len(borders)) if borders[k] > 100.0 and RUN.rack.states(borders[k] * 1.01)[k] == WARNING)
    quotes = market(lambda *_: border * (1 - 2e-6))
    run = replace(recorded(level(1.05, 0, end=25), quotes=quotes, answer=answering(mean)), rack=RUN.rack)
    assert_holds(PROPERTY.check(rewritten(run, 0, slice(30, None), factor=1 + 4e-6)))
    assert PROPERTY.check(rewritten(run, 0, slice(30, None), factor=1 + 1e-3)).breach is not None


def test_a_fault_that_lasts_has_no_end_to_recover_from():
    assert_unmet(PROPERTY.check(recorded(level(1.05, 0), quotes=FLAT, answer=answering(mean))))
    assert_unmet(PROPERTY.check(replace(RUN, rack=None)))
