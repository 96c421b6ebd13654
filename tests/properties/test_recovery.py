"""`recovery`: from «max_recovery» after the last disturbed quote was received and the twins see the same, they say the same.

Off by half until 25 s, a source's next right quote is of second 25: publication 25 sees the same in both twins, publication 30 owes the same index.
"""

import numpy as np
import pytest

from indexlab.index.determination import HALTED, HELD
from indexlab.properties.recovery import PROPERTY
from indexlab.properties.run import CLEAN
from tests.properties.recording import answering, assert_broken, assert_holds, assert_unmet, broken, late, level, market, recorded, rewritten

RUN = recorded(level(1.5, 0), level(1.5, 0, end=25))


def test_a_target_without_memory_holds():
    assert_holds(PROPERTY.check(RUN))


@pytest.mark.parametrize(("publication", "found"), [(20, False), (25, False), (29, False), (30, True), (59, True)])
def test_the_same_is_owed_from_the_recovery_on(publication, found):
    outcome = PROPERTY.check(rewritten(RUN, 1, [publication], factor=1 + 2e-5))
    assert (outcome.breach is not None) == found
    assert not found or (outcome.breach.twin, outcome.breach.at) == (1, publication)
    assert PROPERTY.check(rewritten(RUN, 1, [publication], factor=1 + 0.9e-5)).breach is None


def latching(request):
    """Wrong: a source that was far off once is out for good."""
    quotes, out = request.quotes, set()
    for k in range(5):
        price = quotes.price[quotes.source == k]
        far = np.flatnonzero(np.abs(price / 100.0 - 1.0) > 0.1)
        if len(far):
            out.add((k, quotes.receive_time[quotes.source == k][far[0]]))
    keep = np.ones(len(quotes), dtype=bool)
    for k, since in out:
        keep &= (quotes.source != k) | (quotes.receive_time < since)
    return answering()(type(request)(request.basket, quotes.take(keep), request.times))


def test_a_target_that_never_takes_a_source_back_is_found():
    quotes = market(lambda _, k: 100.0 + 0.1 * k)
    outcome = PROPERTY.check(recorded(level(1.5, 0, end=25), quotes=quotes, answer=latching))
    assert_broken(outcome, 0, 30)
    assert "after the last disturbed quote of a the twins still differ" in outcome.breach.sentence


@pytest.mark.parametrize("status", [HELD, HALTED])
def test_a_value_that_is_missing_in_one_twin_alone_is_found(status):
    assert_broken(PROPERTY.check(rewritten(RUN, 1, slice(25, None), status=status)), 1, 30)
    assert_broken(PROPERTY.check(rewritten(RUN, CLEAN, slice(25, None), status=status)), 1, 30)
    both = rewritten(rewritten(RUN, 1, slice(25, None), status=status), CLEAN, slice(25, None), status=status)
    assert_holds(PROPERTY.check(both))


def test_a_delayed_quote_ends_the_fault_when_it_is_received():
    """Delayed by 6.5 s until 25 s: the last delayed quote, of 24.1 s, comes at 30.6 s, after newer ones; publication 31 hears the same again."""
    run = recorded(broken("lag", 0, end=25, intensity=late(6.5, 0)[0].intensity))
    assert np.flatnonzero(~run.intact[0].all(axis=1)).tolist() == [20, 21, 22, 23, 24, 26, 27, 28, 29, 30]
    assert_holds(PROPERTY.check(rewritten(run, 0, slice(31, 36), factor=1.5)))
    assert_broken(PROPERTY.check(rewritten(run, 0, slice(31, 40), factor=1.5)), 0, 36)


def test_a_stop_is_over_when_the_source_is_heard_again():
    run = recorded(broken("stop", 0, end=25))
    assert_holds(PROPERTY.check(rewritten(run, 0, [29], factor=1.5)))
    assert_broken(PROPERTY.check(rewritten(run, 0, [30], factor=1.5)), 0, 30)


@pytest.mark.parametrize("twins", [(), (level(1.5, 0),), (level(1.5, 0, end=57),), (level(1.5, 0, start=100),)], ids=["no fault", "to the end", "late", "idle"])
def test_where_no_fault_is_over_for_long_enough_there_is_no_verdict(twins):
    assert_unmet(PROPERTY.check(recorded(*twins)))


def test_several_sources_that_come_back_are_judged_together():
    run = recorded(level(1.5, 0, 1, 2, end=25))
    assert_holds(PROPERTY.check(run))
    assert_broken(PROPERTY.check(rewritten(run, 0, slice(31, 50), factor=1.5)), 0, 31)
