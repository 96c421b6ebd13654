"""`lagging-source`: who is still heard, but of things older than «max_age», has no influence.

Delayed by 15 s from 20 s on, a source is heard again at 35.1 s, of 20.05 s: publication 35 is the first at which somebody talks of old things, and
five seconds later, at publication 40, the index must be the same as without it.
"""

import msgspec
import pytest

from indexlab.properties.lagging_source import PROPERTY
from indexlab.properties.property import Occasion
from tests.properties.recording import EXPECT, answering, assert_broken, assert_holds, assert_unmet, broken, late, market, mean, recorded, rewritten

OFF_BY_A_PERCENT = market(lambda _, k: 101.0 if k == 0 else 100.0)
OFF_BY_TEN = market(lambda _, k: 110.0 if k == 0 else 100.0)


@pytest.mark.parametrize("who", [(0,), (1, 2)])
@pytest.mark.parametrize("combine", [mean, None])
def test_a_target_that_heeds_event_times_holds(who, combine):
    assert_holds(PROPERTY.check(recorded(late(15, *who), answer=answering(combine) if combine else None)))


def test_a_target_that_heeds_receive_times_is_found():
    outcome = PROPERTY.check(recorded(late(15, 0), quotes=OFF_BY_A_PERCENT, answer=answering(mean, clock="receive")))
    assert_broken(outcome, 0, 40)
    assert "stamped late" in outcome.breach.sentence
    assert_broken(PROPERTY.check(recorded(late(15, 0), quotes=OFF_BY_TEN, answer=answering(mean, clock="receive"))), 0, 35)


@pytest.mark.parametrize(("publication", "found"), [(20, False), (31, False), (34, False), (35, True), (39, True), (59, True)])
def test_it_is_judged_from_the_first_old_thing_heard(publication, found):
    """Before that the source is only silent, which `silent-source` judges."""
    outcome = PROPERTY.check(rewritten(recorded(late(15, 0)), 0, [publication], factor=1.011))
    assert (outcome.breach is not None) == found
    assert not found or outcome.breach.at == publication


def test_the_same_is_owed_from_the_recovery_on():
    run = recorded(late(15, 0))
    assert_holds(PROPERTY.check(rewritten(run, 0, [39], factor=1 + 2e-5)))
    assert_broken(PROPERTY.check(rewritten(run, 0, [40], factor=1 + 2e-5)), 0, 40)


@pytest.mark.parametrize(
    "twins",
    [(late(3, 0),), (late(15, 0, fault="relabelled-lag"),), (broken("stop", 0),), (broken("zero", 0),), (late(15, 0, 1, 2),), ()],
    ids=["a little late", "stamped as new", "silent", "heard of nothing valid", "too few are left", "no fault"],
)
def test_without_old_things_heard_and_enough_others_there_is_no_verdict(twins):
    assert_unmet(PROPERTY.check(recorded(*twins)))


def test_it_does_not_apply_where_event_times_have_no_effect():
    receive = msgspec.structs.replace(EXPECT, clock="receive")
    assert 'clock = "receive"' in PROPERTY.applies(Occasion(receive, ("price",), ("index",)))
    assert PROPERTY.applies(Occasion(EXPECT, ("price",), ("index",))) == ""
