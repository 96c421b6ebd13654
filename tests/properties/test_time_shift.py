"""`time-shift`: the same shift of all clocks, by whole days, changes nothing."""

from dataclasses import replace

import pytest

from indexlab.index.determination import HALTED, Determinations
from indexlab.market.quotes import Quotes
from indexlab.properties.run import CLEAN
from indexlab.properties.time_shift import PROPERTY
from indexlab.scenarios.variants import DAY_US
from tests.properties.recording import answering, assert_broken, assert_holds, assert_unmet, level, market, recorded, retold_otherwise

RUN = recorded(level(1.5, 0), level(0.8, 3), retold=(CLEAN, 1))


def test_a_right_target_holds_on_clean_and_broken_runs():
    assert_holds(PROPERTY.check(RUN), met=2)


@pytest.mark.parametrize("twin", [CLEAN, 1])
def test_another_index_on_another_day_is_found_where_it_begins(twin):
    outcome = PROPERTY.check(retold_otherwise(RUN, "time-shift", twin, [13, 40], factor=1 + 2e-5))
    assert_broken(outcome, twin, 13)
    assert "day" in outcome.breach.sentence
    assert outcome.breach.what == "moved"


def test_a_value_that_is_not_there_on_another_day_is_found():
    outcome = PROPERTY.check(retold_otherwise(RUN, "time-shift", 1, [22], status=HALTED))
    assert_broken(outcome, 1, 22)
    assert outcome.breach.what == "lost"
    assert outcome.by_twin.broken.tolist() == [False, True]
    assert outcome.by_twin.what == ("", "lost")


def test_both_clocks_of_the_observations_are_moved_by_the_same_whole_days():
    for variation in RUN.of_kind("time-shift"):
        base = RUN.trace(variation.twin).quotes
        moved = variation.trace.quotes
        days = {*(moved.receive_time - base.receive_time).tolist(), *(moved.event_time - base.event_time).tolist()}
        assert len(days) == 1
        assert days.pop() % DAY_US == 0


def by_the_calendar(request):
    """Wrong: from day to day the index is another."""
    told = answering()(request)
    return Determinations(told.value * (1.0 + 1e-4 * (request.times // DAY_US)), told.status)


def test_a_target_to_which_the_day_means_something_is_found():
    assert_broken(PROPERTY.check(recorded(answer=by_the_calendar)), CLEAN, 0)


def test_without_observations_there_is_no_verdict():
    assert_unmet(PROPERTY.check(recorded(quotes=Quotes.empty())))
    assert_unmet(PROPERTY.check(replace(recorded(quotes=market()), variations=())))
