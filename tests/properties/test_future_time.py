"""`future-time`: an event time ahead of the receive time buys no freshness; by the receive clock event times have no effect.

Ahead from 20 s on and silent from 30 s on, source 0 was last heard at 29.1 s: it is 11.9 s silent at publication 40 and 12.9 s at publication 41, the first
that is judged.
"""

import msgspec
import pytest

from indexlab.properties.future_time import PROPERTY
from indexlab.properties.property import Occasion
from indexlab.properties.run import CLEAN
from tests.properties.recording import (
    EXPECT,
    answering,
    assert_broken,
    assert_holds,
    assert_unmet,
    broken,
    late,
    market,
    mean,
    recorded,
    retold_otherwise,
    rewritten,
)

APART = market(lambda _, k: 110.0 if k == 0 else 100.0)
AHEAD = late(60, 0, fault="skew", end=30) + broken("stop", 0, start=30)
RECEIVE = msgspec.structs.replace(EXPECT, clock="receive")


@pytest.mark.parametrize("ahead", [0, 10**6])
def test_a_target_that_refuses_what_lies_ahead_holds(ahead):
    assert_holds(PROPERTY.check(recorded(AHEAD, quotes=APART, answer=answering(mean, ahead=ahead))))


def test_a_negative_age_that_counts_as_fresh_is_found():
    outcome = PROPERTY.check(recorded(broken("stop", 1), AHEAD, quotes=APART, answer=answering(mean, ahead=10**12)))
    assert_broken(outcome, 1, 41)
    assert "stamped ahead" in outcome.breach.sentence
    assert outcome.breach.size == pytest.approx(0.02)
    assert outcome.by_twin.broken.tolist() == [False, True]


@pytest.mark.parametrize(("publication", "found"), [(35, False), (40, False), (41, True), (59, True)])
def test_it_is_absent_from_the_age_limit_after_receipt_on(publication, found):
    run = rewritten(recorded(AHEAD), 0, [publication], factor=1.02)
    assert (PROPERTY.check(run).breach is not None) == found


@pytest.mark.parametrize(
    "twin",
    [broken("stop", 0), late(60, 0, fault="skew"), late(60, 0, 1, 2, fault="skew", end=30) + broken("stop", 0, 1, 2, start=30)],
    ids=["never ahead", "still heard", "too few are left"],
)
def test_without_a_silence_after_it_and_enough_others_there_is_no_verdict(twin):
    assert_unmet(PROPERTY.check(recorded(twin)))


# ------------------------------------------------------------------------------------------------------------- by the receive clock


def test_by_the_receive_clock_other_event_times_change_nothing():
    run = recorded(AHEAD, expect=RECEIVE, answer=answering(clock="receive"), retold=(CLEAN, 0))
    assert_holds(PROPERTY.check(run), met=2)
    assert_broken(PROPERTY.check(retold_otherwise(run, "restamped", 0, [12], factor=1.001)), 0, 12)


def test_a_target_that_looks_at_event_times_all_the_same_is_found():
    assert PROPERTY.check(recorded(expect=RECEIVE, answer=answering(clock="event"))).breach is not None


def test_it_applies_by_either_clock():
    for expect in (EXPECT, RECEIVE):
        assert PROPERTY.applies(Occasion(expect, ("price",), ("index",))) == ""
    assert not recorded(AHEAD).of_kind("restamped")
