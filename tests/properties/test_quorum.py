"""`quorum`: below «min_sources» live sources nothing is ok; back above it there is a value within «max_recovery», the third time as the first.

Three of five stop from 20 to 36 s: their ages pass 12 s at publication 31 (the first that counts as below), and they are back at publication 36; five
seconds later, at publication 41, a value is owed.
"""

import pytest

from indexlab.index.determination import DEGRADED, HALTED, HELD, OK
from indexlab.market.quotes import Quotes
from indexlab.properties.quorum import PROPERTY
from indexlab.properties.run import CLEAN
from tests.properties.recording import answering, assert_broken, assert_holds, assert_unmet, broken, level, market, recorded, rewritten

LOSS = broken("stop", 0, 1, 2, end=36)
RUN = recorded(level(1.5, 0), LOSS)


def test_a_target_that_halts_below_and_comes_back_holds():
    assert_holds(PROPERTY.check(RUN))


def test_a_target_that_calls_two_sources_ok_is_found():
    outcome = PROPERTY.check(recorded(level(1.5, 0), LOSS, answer=answering(least=1)))
    assert_broken(outcome, 1, 31)
    assert "2 live sources" in outcome.breach.sentence


@pytest.mark.parametrize("status", [DEGRADED, HELD, HALTED])
def test_below_the_quorum_anything_but_ok_will_do(status):
    assert_holds(PROPERTY.check(rewritten(RUN, 1, range(25, 41), status=status)))


@pytest.mark.parametrize(("publication", "found"), [(29, False), (30, False), (31, True), (35, True), (36, False), (37, False)])
def test_ok_is_judged_while_the_quorum_is_surely_lost(publication, found):
    outcome = PROPERTY.check(rewritten(RUN, 1, [publication], value=100.0, status=OK))
    assert (outcome.breach is not None) == found


@pytest.mark.parametrize("status", [HELD, HALTED])
def test_a_value_is_owed_from_the_recovery_on(status):
    assert_holds(PROPERTY.check(rewritten(RUN, 1, range(25, 41), status=status)))
    outcome = PROPERTY.check(rewritten(RUN, 1, range(25, 43), status=status))
    assert_broken(outcome, 1, 41)
    assert "within max_recovery" in outcome.breach.promised
    assert_holds(PROPERTY.check(rewritten(RUN, 1, slice(41, None), status=DEGRADED)))


def test_the_third_time_is_as_the_first():
    three = tuple(fault for start in (5, 30, 55) for fault in broken("stop", 0, 1, 2, start=start, end=start + 16))
    run = recorded(three, quotes=market(seconds=80), seconds=80)
    assert_holds(PROPERTY.check(run))
    assert_broken(PROPERTY.check(rewritten(run, 0, slice(66, None), status=HALTED)), 0, 76)
    assert_broken(PROPERTY.check(rewritten(run, 0, [68], value=100.0, status=OK)), 0, 68)


def test_a_value_is_owed_only_while_the_disturbed_sources_stay_away():
    """Garbage that follows the loss is another fault: the promise is about coming back, not about that."""
    run = recorded(LOSS + broken("zero", 0, 1, 2, start=36))
    assert_holds(PROPERTY.check(rewritten(run, 0, slice(36, None), status=HALTED)))


def test_a_value_is_not_owed_while_a_disturbed_source_is_live():
    """Four right ones of five are enough, but what the fifth does to the index is `single-source`'s business."""
    run = recorded(LOSS + level(1.5, 0, start=36))
    assert_holds(PROPERTY.check(rewritten(run, 0, slice(36, None), status=HALTED)))


def test_the_clean_run_is_judged_too():
    quotes = market(lambda second, k: None if k < 3 and second >= 20 else 100.0)
    assert_holds(PROPERTY.check(recorded(quotes=quotes)))
    assert_broken(PROPERTY.check(recorded(quotes=quotes, answer=answering(least=1))), CLEAN, 31)


def test_a_run_in_which_nobody_ever_spoke_is_no_occasion_unless_it_is_called_ok():
    silent = recorded(quotes=Quotes.empty(), seconds=5)
    assert_unmet(PROPERTY.check(silent))
    assert_broken(PROPERTY.check(rewritten(silent, CLEAN, [2], value=100.0, status=OK)), CLEAN, 2)


def test_while_the_quorum_is_never_lost_there_is_no_verdict():
    assert_unmet(PROPERTY.check(recorded(level(1.5, 0), broken("stop", 0, 1))))
    assert_unmet(PROPERTY.check(recorded(broken("stop", 0, 1, 2, end=28))))
