"""`start-up`: what holds of a running index holds from its first publication on, and again after a gap of all sources."""

from dataclasses import replace

import numpy as np
import pytest

from indexlab.index.determination import OK, Determinations
from indexlab.properties.property import Occasion
from indexlab.properties.run import CLEAN
from indexlab.properties.single_source import PROPERTY as SINGLE_SOURCE
from indexlab.properties.start_up import PROPERTY
from tests.properties.recording import EXPECT, answering, assert_broken, assert_holds, assert_unmet, broken, level, living, market, mean, recorded, rewritten

AT_ONCE = level(1.5, 0, start=0)
LATER = level(1.5, 0)


def naive(unguarded):
    """Wrong: the first three publications of a run, and the first three after it had no price, are not filtered."""

    def answer(request):
        plain, careful = unguarded(request), answering()(request)
        gone = np.isnan(careful.value)
        since = np.arange(len(gone)) - np.maximum.accumulate(np.where(gone, np.arange(len(gone)), -1))
        fresh = since <= 3
        return Determinations(np.where(fresh, plain.value, careful.value), careful.status)

    return answer


def test_a_guard_that_is_there_from_the_first_publication_holds():
    outcome = PROPERTY.check(recorded(AT_ONCE, LATER))
    assert_holds(outcome)
    assert outcome.by_twin.met.tolist() == [True, False]


def test_a_first_publication_without_a_guard_is_found():
    outcome = PROPERTY.check(recorded(LATER, AT_ONCE, answer=naive(answering(mean))))
    assert_broken(outcome, 1, 0)
    assert outcome.breach.sentence == "at the first publication: a alone moved the index by 1000.0 bp."
    assert outcome.by_twin.what == ("", "moved")


def test_what_is_broken_later_is_the_business_of_the_running_index():
    run = recorded(LATER, answer=answering(mean))
    assert SINGLE_SOURCE.check(run).breach is not None
    assert_unmet(PROPERTY.check(run))


AWAY = market(lambda second, venue: None if 20 <= second < 40 else 100.0 + 0.002 * venue, seconds=80)


def test_after_a_gap_of_all_sources_it_starts_again():
    twin = level(1.5, 0, start=40)
    assert_holds(PROPERTY.check(recorded(twin, quotes=AWAY, seconds=80)))
    outcome = PROPERTY.check(recorded(twin, quotes=AWAY, seconds=80, answer=naive(answering(mean))))
    assert_broken(outcome, 0, 40)
    assert outcome.breach.sentence.endswith("after all sources had been away: a alone moved the index by 1000.0 bp.")


def test_zeros_from_the_start_are_no_prices():
    """As after the migration of January 2026: a zero is the first thing said."""
    run = recorded(broken("zero", 0, start=0, end=10))
    assert_holds(PROPERTY.check(run))
    swallowed = answering(mean, accept=lambda price: price >= 0)
    assert_broken(PROPERTY.check(recorded(broken("zero", 0, start=0, end=10), answer=swallowed)), 0, 0)


def test_who_speaks_once_and_falls_silent_has_no_influence():
    run = recorded(broken("stop", 0, 1, start=2))
    assert_holds(PROPERTY.check(run))
    outcome = PROPERTY.check(recorded(broken("stop", 0, 1, start=2), answer=answering(mean, max_age=10**12), quotes=market(lambda second, venue: 100 + second)))
    assert outcome.breach.twin == 0
    assert "still sway the index" in outcome.breach.sentence
    assert outcome.breach.sentence[0].isdigit()


def early_ok(request):
    """Wrong: ok from the first price on."""
    value = np.array([np.median(list(prices.values())) if prices else np.nan for prices in living(request)])
    return Determinations(value, np.where(np.isnan(value), 3, OK).astype(np.int8))


def test_too_few_sources_at_the_start_are_not_ok():
    mute = broken("stop", 0, 1, 2, start=0, end=20)
    outcome = PROPERTY.check(recorded(mute, answer=early_ok))
    assert_broken(outcome, 0, 0)
    assert outcome.breach.what == "called-ok"
    assert_holds(PROPERTY.check(recorded(mute)))


def test_of_the_clean_run_a_breach_counts_and_a_start_alone_does_not():
    slow = market(lambda second, venue: None if second < 5 * venue else 100.0)
    assert_unmet(PROPERTY.check(recorded(quotes=slow)))
    assert_broken(PROPERTY.check(recorded(quotes=slow, answer=early_ok)), CLEAN, 0)


@pytest.mark.parametrize(("publication", "found"), [(10, True), (20, True), (21, False)])
def test_it_judges_until_what_was_said_at_the_start_is_stale_and_an_index_has_settled(publication, found):
    """Ten seconds of age, two of margin, five of recovery and two of tracking lag: nineteen seconds; the first publication is at second 1."""
    run = rewritten(recorded(AT_ONCE), 0, [publication - 1], factor=1.2)
    assert (PROPERTY.check(run).breach is not None) == found


def test_it_takes_the_variations_of_its_parts():
    bare = replace(recorded(broken("zero", 0, start=0, end=10)), variations=())
    assert PROPERTY.needs
    assert PROPERTY.check(bare).breach is None
    assert PROPERTY.applies(Occasion(EXPECT, ("price",), ("index",), sources=2))
    assert PROPERTY.applies(Occasion(EXPECT, ("price",), ("index",))) == ""
