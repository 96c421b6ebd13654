"""`silent-source`: from «max_age» and the margin on a source that fell silent has no influence, and «max_recovery» later none to a tenth of a basis point.

Stopped from 20 s on, a source's last quote came at 19.1 s or later: it is 11.9 s silent at publication 30, 12.9 s at publication 31 (the first that
is judged), and five seconds later, at publication 36, the index must be the same as without it.
"""

import numpy as np
import pytest

from indexlab.index.determination import HALTED, HELD
from indexlab.properties.silent_source import PROPERTY
from tests.properties.recording import (
    answering,
    assert_broken,
    assert_holds,
    assert_unmet,
    at,
    broken,
    market,
    mean,
    recorded,
    rewritten,
)

NEVER_STALE = 10**12
RUN = recorded(broken("stop", 0))


@pytest.mark.parametrize("who", [(0,), (1, 3), (4,)])
@pytest.mark.parametrize("combine", [mean, None])
def test_a_target_with_the_promised_limit_holds(who, combine):
    run = recorded(broken("stop", *who), answer=answering(combine) if combine else None)
    assert_holds(PROPERTY.check(run))


def test_a_price_that_stays_is_found_when_the_index_must_be_the_same():
    """20 bp off in a mean of five: within «max_displacement», and there for ever."""
    quotes = market(lambda _, k: 101.0 if k == 0 else 100.0)
    outcome = PROPERTY.check(recorded(broken("stop", 0), quotes=quotes, answer=answering(mean, max_age=NEVER_STALE)))
    assert_broken(outcome, 0, 36)
    assert "max_recovery" in outcome.breach.promised
    assert "18s after the newest observation of a, which fell silent" in outcome.breach.sentence
    assert outcome.breach.reference == "a absent"


def test_a_price_that_stays_and_displaces_is_found_at_once():
    quotes = market(lambda _, k: 110.0 if k == 0 else 100.0)
    outcome = PROPERTY.check(recorded(broken("stop", 0), quotes=quotes, answer=answering(mean, max_age=NEVER_STALE)))
    assert_broken(outcome, 0, 31)
    assert "max_displacement" in outcome.breach.promised
    assert outcome.breach.size == pytest.approx(0.02)


@pytest.mark.parametrize(("publication", "found"), [(25, False), (28, False), (30, False), (31, True), (35, True), (36, True), (59, True)])
def test_nobody_is_judged_before_the_limit_and_its_margin(publication, found):
    outcome = PROPERTY.check(rewritten(RUN, 0, [publication], factor=1.011))
    assert (outcome.breach is not None) == found
    assert not found or outcome.breach.at == publication


@pytest.mark.parametrize(("publication", "found"), [(31, False), (35, False), (36, True), (59, True)])
def test_the_same_is_owed_from_the_recovery_on(publication, found):
    outcome = PROPERTY.check(rewritten(RUN, 0, [publication], factor=1 + 2e-5))
    assert (outcome.breach is not None) == found
    assert PROPERTY.check(rewritten(RUN, 0, [publication], factor=1 + 0.9e-5)).breach is None


@pytest.mark.parametrize("status", [HELD, HALTED])
def test_an_index_that_goes_with_the_source_is_found(status):
    assert_broken(PROPERTY.check(rewritten(RUN, 0, range(33, 60), status=status)), 0, 33)
    assert PROPERTY.check(rewritten(RUN, 0, [20, 30], status=status)).breach is None


def test_a_source_that_comes_back_is_judged_only_while_it_is_gone():
    """Silent from 20 s to 35 s: publications 31 to 34 are judged, none of them for the same."""
    back = recorded(broken("stop", 0, end=35))
    assert_holds(PROPERTY.check(back))
    assert_broken(PROPERTY.check(rewritten(back, 0, [34], factor=1.02)), 0, 34)
    assert PROPERTY.check(rewritten(back, 0, slice(35, None), factor=1.02)).breach is None


def test_a_true_move_may_come_a_publication_later_than_without_the_source():
    """The displacement is from the range of the absent run over the tracking lag."""
    quotes = market(lambda second, _: 100.0 if second < 33 else 103.0)
    run = recorded(broken("stop", 0), quotes=quotes)
    shifted = run.broken.value[0].copy()
    shifted[33:35] = shifted[32]
    assert_holds(PROPERTY.check(rewritten(run, 0, slice(None), value=shifted)))
    shifted[35] = shifted[32]
    assert_broken(PROPERTY.check(rewritten(run, 0, slice(None), value=shifted)), 0, 35)


@pytest.mark.parametrize(
    "twins",
    [
        (broken("stop", 0, end=28),),
        (broken("stop", 0, 1, 2),),
        (broken("stop", 0, start=50),),
        (broken("freeze", 0),),
        (broken("zero", 0),),
        (),
    ],
    ids=["too short", "too few are left", "too late", "still heard", "still heard of nothing", "no fault"],
)
def test_without_a_long_silence_and_enough_others_there_is_no_verdict(twins):
    assert_unmet(PROPERTY.check(recorded(*twins)))


def test_another_source_near_the_limit_suspends_the_judgement():
    """Source 4 says nothing from 30 s on: its age of 8 to 12 s judges nobody at publications 37 to 40, in any run."""
    quotes = market(lambda second, k: None if k == 4 and second >= 30 else 100.0)
    run = recorded(broken("stop", 0), quotes=quotes)
    assert np.flatnonzero(run.clean.near_limit[0]).tolist() == [37, 38, 39, 40]
    assert_holds(PROPERTY.check(rewritten(run, 0, [37, 38, 39, 40], factor=2.0)))
    assert_broken(PROPERTY.check(rewritten(run, 0, [36], factor=2.0)), 0, 36)
    assert_broken(PROPERTY.check(rewritten(run, 0, [41], factor=2.0)), 0, 41)


def test_each_twin_is_held_against_the_absence_of_its_own_sources():
    quotes = market(lambda _, k: 100.0 + k)
    run = recorded(broken("stop", 0), broken("stop", 4), broken("stop", 0, 1), quotes=quotes, answer=answering(mean))
    assert_holds(PROPERTY.check(run), met=3)
    assert [sorted(each.sources) for each in run.of_kind("absent")] == [[0], [4], [0, 1]]
    assert_broken(PROPERTY.check(rewritten(run, 1, [40], factor=1.0001)), 1, 40)
    assert run.times[36] - at(19.1) > run.expect.max_age + run.expect.age_margin
