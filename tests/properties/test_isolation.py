"""`isolation`: one source's garbage never makes the index missing while «min_sources» unbroken sources are live."""

import numpy as np
import pytest

from indexlab.index.determination import HALTED, HELD, Determinations
from indexlab.properties.isolation import PROPERTY
from indexlab.properties.run import CLEAN
from tests.properties.recording import answering, assert_broken, assert_holds, assert_unmet, broken, level, market, recorded, rewritten

GARBAGE = ("null", "zero", "negative", "huge", "tiny")
RUN = recorded(*(broken(fault, 0, end=40) for fault in GARBAGE))


def test_a_median_holds_whatever_the_garbage():
    assert_holds(PROPERTY.check(RUN), met=len(GARBAGE))


@pytest.mark.parametrize("status", [HELD, HALTED])
@pytest.mark.parametrize("twin", range(len(GARBAGE)))
def test_an_index_that_goes_missing_is_found(twin, status):
    outcome = PROPERTY.check(rewritten(RUN, twin, [25, 26], status=status))
    assert_broken(outcome, twin, 25)
    assert "took the index away" in outcome.breach.sentence
    assert outcome.breach.what == ("held" if status == HELD else "halted")
    assert outcome.by_twin.size[twin] == outcome.worst.value == 2.0


def stops_on_null(request):
    """Wrong: once a source has said null, there is no index."""
    told = answering()(request)
    nulls = request.quotes.receive_time[np.isnan(request.quotes.price)]
    gone = np.searchsorted(nulls, request.times, side="right") > 0
    return Determinations(np.where(gone, np.nan, told.value), np.where(gone, HALTED, told.status).astype(np.int8))


def test_a_target_that_one_null_stops_is_found():
    run = recorded(broken("zero", 1), broken("null", 1, end=30), answer=stops_on_null)
    assert_broken(PROPERTY.check(run), 1, 20)


def test_weight_makes_no_difference():
    """A source with nearly all the weight is no majority of sources: four others are enough."""
    run = recorded(broken("null", 0), weights=[100.0, 1.0, 1.0, 1.0, 1.0])
    assert_broken(PROPERTY.check(rewritten(run, 0, [25], status=HALTED)), 0, 25)


def test_what_is_missing_in_the_clean_twin_too_is_not_the_garbage_s_doing():
    halted = rewritten(RUN, CLEAN, range(24, 28), status=HALTED)
    assert PROPERTY.check(rewritten(halted, 0, [25, 26], status=HALTED)).breach is None


@pytest.mark.parametrize(
    "twin",
    [broken("null", 0, 1), level(1.5, 0), broken("stop", 0), broken("null", 0, start=100)],
    ids=["two sources", "a wrong price", "silence", "too late"],
)
def test_without_one_source_s_garbage_there_is_no_verdict(twin):
    assert_unmet(PROPERTY.check(recorded(twin)))


def test_below_the_least_number_of_others_nothing_is_owed():
    three = market(venues=3)
    assert_unmet(PROPERTY.check(recorded(broken("null", 0), quotes=three, weights=[1.0] * 3)))
