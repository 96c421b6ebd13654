"""`single-source`: «faulty_sources» sources displace the index by at most «max_displacement», and never take it away."""

import msgspec
import numpy as np
import pytest

from indexlab.index.determination import HALTED, HELD
from indexlab.market.quotes import Quotes
from indexlab.properties.run import CLEAN
from indexlab.properties.single_source import PROPERTY
from tests.properties.recording import EXPECT, answering, assert_broken, assert_holds, assert_unmet, broken, level, market, mean, recorded, rewritten

RUN = recorded(level(1.5, 0, end=40), level(0.5, 3, end=40))


def test_a_median_holds():
    assert_holds(PROPERTY.check(RUN), met=2)


@pytest.mark.parametrize(("factor", "moved"), [(1.06, 0.012), (0.94, 0.012), (1000.0, 199.8)])
def test_a_mean_is_found_at_the_first_publication_that_saw_it(factor, moved):
    run = recorded(level(1.04, 1), level(factor, 0), quotes=market(lambda *_: 100.0), answer=answering(mean))
    outcome = PROPERTY.check(run)
    assert_broken(outcome, 1, 20)
    assert outcome.breach.size == outcome.worst.value == pytest.approx(moved)
    assert outcome.premise_met == 2
    assert outcome.breach.sentence.startswith("a alone moved the index by")


@pytest.mark.parametrize(("factor", "found"), [(1.0099, False), (1.0101, True), (0.9901, False), (0.9899, True)])
def test_the_promised_displacement_is_the_border(factor, found):
    flat = recorded(level(1.5, 0), quotes=market(lambda *_: 100.0))
    assert (PROPERTY.check(rewritten(flat, 0, [30], factor=factor)).breach is not None) == found


def test_before_the_fault_and_in_the_clean_twin_nothing_is_judged():
    assert_holds(PROPERTY.check(rewritten(RUN, 1, range(20), factor=2.0)), met=2)


# ------------------------------------------------------------------------------------------------------------- the window


STEP = market(lambda second, _: 100.0 if second < 30 else 110.0)


def shifted(run, by):
    """Return the run in which the broken twin follows the clean one `by` publications later (earlier, where below 0)."""
    places = np.clip(np.arange(60) - by, 0, 59)
    return rewritten(run, 0, slice(None), value=run.clean.value[0, places])


@pytest.mark.parametrize("by", [-2, -1, 1, 2])
def test_a_step_that_comes_within_the_tracking_lag_is_no_displacement(by):
    run = recorded(level(1.5, 0), quotes=STEP)
    assert_holds(PROPERTY.check(shifted(run, by)))


@pytest.mark.parametrize(("by", "publication"), [(3, 32), (-3, 27)])
def test_a_step_that_comes_later_or_earlier_than_that_is_one(by, publication):
    """The clean twin steps at publication 30; its range over two seconds is the new price alone from 32 on, the old alone up to 27."""
    assert_broken(PROPERTY.check(shifted(recorded(level(1.5, 0), quotes=STEP), by)), 0, publication)


# ------------------------------------------------------------------------------------------------------------- the premise


@pytest.mark.parametrize(
    ("weights", "who", "met"),
    [
        ((0.22, 0.10, 0.08), 0, 0),
        ((0.22, 0.10, 0.08), 1, 1),
        ((0.22, 0.10, 0.08), 2, 1),
        ((0.18, 0.10, 0.08), 0, 0),
        ((0.17, 0.10, 0.08), 0, 1),
        ((0.20, 0.10, 0.10), 0, 0),
    ],
)
def test_the_broken_sources_hold_less_than_half_of_the_live_weight(weights, who, met):
    """Three live sources of 0.22, 0.10 and 0.08: the first is a weighted median."""
    run = recorded(level(3.0, who), quotes=market(venues=3), weights=weights, answer=answering(mean))
    outcome = PROPERTY.check(run)
    assert outcome.premise_met == outcome.breached == met


def test_the_weight_is_counted_among_the_live_ones():
    """0.3 of 0.8 is less than half; with source 2 silent it is 0.3 of 0.5."""
    quotes = market(lambda second, k: None if k == 2 and second >= 20 else 100.0, venues=4)
    run = recorded(level(3.0, 0), quotes=quotes, weights=(0.30, 0.10, 0.30, 0.10))
    assert_broken(PROPERTY.check(rewritten(run, 0, [24], factor=2.0)), 0, 24)
    assert_holds(PROPERTY.check(rewritten(run, 0, range(31, 60), factor=2.0)))


@pytest.mark.parametrize(
    ("venues", "faulty", "who", "met"),
    [(2, 1, (0,), 0), (3, 1, (0,), 1), (5, 1, (0, 1), 0), (5, 2, (0, 1), 1), (4, 2, (0, 1), 0), (5, 2, (0,), 1), (8, 3, (0, 1, 2), 1), (6, 3, (0,), 0)],
)
def test_enough_sources_are_live_and_few_enough_broken(venues, faulty, who, met):
    """At least max(«min_sources», 2 × «faulty_sources» + 1) live ones, at most «faulty_sources» broken."""
    expect = msgspec.structs.replace(EXPECT, faulty_sources=faulty)
    run = recorded(level(3.0, *who), quotes=market(venues=venues), weights=[1.0] * venues, expect=expect, answer=answering(mean, least=1))
    outcome = PROPERTY.check(run)
    assert outcome.premise_met == outcome.breached == met


def test_without_a_fault_that_bites_there_is_no_verdict():
    assert_unmet(PROPERTY.check(recorded()))
    assert_unmet(PROPERTY.check(recorded(level(2.0, 0, start=100), broken("zero", 0, 1))))
    assert_unmet(PROPERTY.check(recorded(level(2.0, 0), quotes=Quotes.empty(), seconds=5)))


def test_nobody_is_judged_near_the_limit():
    """Source 4 is silent in both twins from 20 to 45 s: 8.55 s to 11.55 s old at publications 27 to 30."""
    quotes = market(lambda second, k: None if k == 4 and 20 <= second < 45 else 100.0)
    run = recorded(level(1.5, 0), quotes=quotes)
    assert_holds(PROPERTY.check(rewritten(run, 0, range(27, 31), factor=2.0)))
    assert_broken(PROPERTY.check(rewritten(run, 0, [26], factor=2.0)), 0, 26)
    assert_broken(PROPERTY.check(rewritten(run, 0, [31], factor=2.0)), 0, 31)


def test_nobody_is_judged_near_the_limit_in_the_broken_twin_either():
    """A source that stops from 20 s on is 8.95 to 11.95 s old at publications 27 to 30."""
    run = recorded(broken("stop", 0))
    assert_holds(PROPERTY.check(rewritten(run, 0, range(27, 31), factor=2.0)))
    assert_broken(PROPERTY.check(rewritten(run, 0, [31], factor=2.0)), 0, 31)


# ------------------------------------------------------------------------------------------------------------- missing values


@pytest.mark.parametrize("status", [HELD, HALTED])
def test_an_index_that_is_missing_in_the_broken_twin_alone_is_found(status):
    outcome = PROPERTY.check(rewritten(RUN, 1, [25, 26], status=status))
    assert_broken(outcome, 1, 25)
    assert "took the index away" in outcome.breach.sentence


def test_it_is_no_breach_where_too_few_unbroken_sources_are_live():
    """Two unbroken of three: the index may stop, but not move."""
    run = recorded(level(3.0, 0), quotes=market(venues=3), weights=[1.0] * 3)
    assert_holds(PROPERTY.check(rewritten(run, 0, slice(20, None), status=HALTED)))
    assert_broken(PROPERTY.check(rewritten(run, 0, slice(20, None), factor=1.02)), 0, 20)


def test_an_index_that_only_the_broken_twin_has_is_found():
    run = rewritten(recorded(level(1.5, 0)), CLEAN, slice(None), status=HELD)
    outcome = PROPERTY.check(run)
    assert_broken(outcome, 0, 20)
    assert "brought an index" in outcome.breach.sentence


def test_the_instant_at_which_an_index_goes_missing_may_shift_by_the_tracking_lag():
    halted = rewritten(recorded(level(1.5, 0)), CLEAN, slice(30, None), status=HALTED)
    assert_holds(PROPERTY.check(rewritten(halted, 0, slice(28, None), status=HALTED)))
    assert_holds(PROPERTY.check(rewritten(halted, 0, slice(32, None), status=HALTED)))
    assert_broken(PROPERTY.check(rewritten(halted, 0, slice(27, None), status=HALTED)), 0, 27)
    assert_broken(PROPERTY.check(rewritten(halted, 0, slice(33, None), status=HALTED)), 0, 32)
