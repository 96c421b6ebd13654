"""`small-bias`: a source that is a little wrong for an hour moves the index by no more than its own error, and by no more at the end than at first.

In the long runs the market speaks every ten seconds, so that an hour is 360 publications.
"""

import msgspec
import numpy as np
import pytest

from indexlab.audit.evaluate import Setting, evaluate
from indexlab.index.determination import OK, Determinations
from indexlab.market.quotes import Quotes
from indexlab.market.units import SECOND
from indexlab.properties.property import Occasion
from indexlab.properties.small_bias import PROPERTY
from indexlab.scenarios.scenario import Batch, QuoteColumns, Scenario
from tests.properties.recording import (
    EXPECT,
    Answering,
    answering,
    assert_broken,
    assert_holds,
    assert_unmet,
    at,
    basket,
    broken,
    late,
    level,
    market,
    mean,
    median,
    recorded,
    rewritten,
)

BIAS = level(1.005, 0)


@pytest.mark.parametrize("combine", [mean, median])
def test_a_mean_and_a_median_hold(combine):
    outcome = PROPERTY.check(recorded(BIAS, answer=answering(combine)))
    assert_holds(outcome)
    assert outcome.by_twin.met.tolist() == [True]


def test_the_worst_is_what_the_mean_moves_by():
    outcome = PROPERTY.check(recorded(BIAS, answer=answering(mean)))
    assert outcome.worst.value == pytest.approx(0.001, rel=0.01)
    assert outcome.by_twin.size[0] == outcome.worst.value


@pytest.mark.parametrize(("factor", "found"), [(1.00505, False), (1.0052, True), (0.9948, True)])
def test_no_more_than_the_bias_and_a_basis_point(factor, found):
    run = rewritten(recorded(BIAS), 0, [33], factor=factor)
    outcome = PROPERTY.check(run)
    if not found:
        assert_holds(outcome)
        return
    assert_broken(outcome, 0, 33)
    assert outcome.breach.what == "moved"
    assert outcome.breach.sentence == f"a steady bias of 50.0 bp of a alone moved the index by {outcome.breach.size * 1e4:.1f} bp, more than the bias itself."


@pytest.mark.parametrize(
    "twin",
    [
        level(1.0009, 0),
        level(1.02, 0),
        level(1.005, 0, 1),
        late(3, 0),
        broken("stop", 0),
        broken("zero", 0),
    ],
    ids=["too small", "too large", "two sources", "late", "silent", "no price"],
)
def test_anything_but_one_steady_small_bias_is_no_occasion(twin):
    assert_unmet(PROPERTY.check(recorded(twin)))


def test_where_the_others_disagree_nothing_is_owed():
    wide = market(lambda _, venue: 100.0 + 0.05 * venue)
    assert_unmet(PROPERTY.check(recorded(BIAS, quotes=wide)))


def test_a_bias_that_stops_is_steady_until_then():
    run = recorded(level(1.005, 0, end=30))
    assert_holds(PROPERTY.check(run))
    assert_holds(PROPERTY.check(rewritten(run, 0, slice(31, None), factor=1.05)))


LONG = msgspec.structs.replace(EXPECT, interval=10 * SECOND, max_age=60 * SECOND, max_recovery=60 * SECOND, max_tracking_lag=20 * SECOND)
STEPS = 385


def an_hour(answer, spread=0.0):
    """Return the run of an hour and more, a publication every ten seconds, source a 0.5 % too high from the 200th second on."""
    said = [(at(10 * s + 0.1 * (k + 1)), k, 100.0 + spread * k) for s in range(STEPS) for k in range(5)]
    received = np.array([row[0] for row in said], dtype=np.int64)
    quotes = Quotes.from_columns(
        receive_time=received, event_time=received - 50_000, source=[row[1] for row in said], price=[row[2] for row in said], volume=np.ones(len(said))
    )
    times = tuple(at(10 * s + 1) for s in range(STEPS))
    scenario = Scenario(sources=basket(*[1.0] * 5), quotes=QuoteColumns.of(quotes), times=times)
    return evaluate(Answering(answer), Batch(scenario, (level(1.005, 0, start=200),)), Setting(LONG, ("price",), frozenset(), 1))


def creeping(request):
    """Wrong: each publication goes a thousandth of the way from the last index to the highest price."""
    quotes, value, values = request.quotes, np.nan, []
    for now in request.times.tolist():
        heard = quotes.receive_time <= now
        newest = [float(quotes.price[heard & (quotes.source == k)][-1]) for k in range(5)]
        value = float(np.median(newest)) if np.isnan(value) else value + 0.001 * (max(newest) - value)
        values.append(value)
    return Determinations(np.array(values), np.full(len(values), OK, dtype=np.int8))


def test_an_index_that_creeps_is_found_after_the_hour():
    outcome = PROPERTY.check(an_hour(creeping))
    assert_broken(outcome, 0, 380)
    assert outcome.breach.what == "grown"
    assert "at first, and by" in outcome.breach.sentence
    assert "1h" in outcome.breach.sentence


def test_an_index_that_does_not_creep_holds_for_the_hour():
    assert_holds(PROPERTY.check(an_hour(answering(max_age=LONG.max_age))))
    assert_holds(PROPERTY.check(an_hour(answering(mean, max_age=LONG.max_age))))


def test_which_of_the_others_is_the_middle_one_is_no_growth():
    run = an_hour(answering(max_age=LONG.max_age), spread=0.02)
    assert_holds(PROPERTY.check(run))
    late_on = rewritten(run, 0, [382], factor=1.0005)
    assert_holds(PROPERTY.check(late_on))
    assert PROPERTY.check(rewritten(run, 0, [382], factor=1.002)).breach.what == "grown"


def test_it_applies_where_a_bias_fits_below_the_bound_and_there_are_others():
    plain = {"expect": EXPECT, "uses": ("price",), "provides": ("index",)}
    assert PROPERTY.applies(Occasion(**plain)) == ""
    assert "3 sources" in PROPERTY.applies(Occasion(**plain, sources=3))
    strict = plain | {"expect": msgspec.structs.replace(EXPECT, max_displacement=0.0005)}
    assert "5bp" in PROPERTY.applies(Occasion(**strict))
