"""`protocol`: every answer is an answer; what is called ok or degraded is a finite number above 0."""

import dataclasses

import numpy as np
import pytest

from indexlab.audit.talk_margin import EXAMPLE as CASE
from indexlab.index.determination import DEGRADED, HALTED, HELD, OK
from indexlab.market.errors import TargetFailure
from indexlab.properties.protocol import PROPERTY
from indexlab.properties.run import CLEAN, MarginFailure
from tests.properties.recording import answering, assert_broken, assert_holds, level, recorded, rewritten

RUN = recorded(level(1.5, 0), level(1.5, 1))


def test_a_right_answer_to_every_request_holds():
    """Its premise is always met: every run is a request."""
    assert_holds(PROPERTY.check(RUN), met=3)


@pytest.mark.parametrize("status", [OK, DEGRADED])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, -1.0])
@pytest.mark.parametrize("twin", [CLEAN, 1])
def test_a_promise_without_a_finite_positive_number_is_found_where_it_was_made(status, value, twin):
    wrong = rewritten(RUN, twin, [7, 30], value=value, status=status)
    assert_broken(PROPERTY.check(wrong), twin, 7)


@pytest.mark.parametrize("status", [HELD, HALTED])
def test_where_nothing_is_promised_no_value_is_owed(status):
    assert_holds(PROPERTY.check(rewritten(RUN, 0, [7], value=np.nan, status=status)), met=3)


def failing(*numbers):
    """Return an answer that fails at these requests (0: the clean run, then the twins, then variations)."""
    count = iter(range(10_000))
    honest = answering()
    return lambda request: TargetFailure("timeout", "no answer within 5 s") if next(count) in numbers else honest(request)


@pytest.mark.parametrize(("number", "twin"), [(0, CLEAN), (1, 0), (2, 1)])
def test_a_request_that_failed_is_found_in_its_run(number, twin):
    outcome = PROPERTY.check(recorded(level(1.5, 0), level(1.5, 1), answer=failing(number)))
    assert_broken(outcome, twin, 0)
    assert "no answer within 5 s" in outcome.breach.sentence


def test_a_failed_variation_is_a_failure_of_its_twin():
    assert_broken(PROPERTY.check(recorded(level(1.5, 0), answer=failing(2))), CLEAN, 0)


def test_a_failure_to_answer_margin_is_said_to_be_one():
    failure = TargetFailure("misfit", 'state[0][0] must be a state, was "dead"')
    run = dataclasses.replace(RUN, margin_failures=(MarginFailure(1, CASE, failure),))
    outcome = PROPERTY.check(run)
    assert_broken(outcome, 1, 0)
    assert ", asked for margin: state[0][0]" in outcome.breach.sentence
    again = dataclasses.replace(run, failures=((0, TargetFailure("timeout", "no answer within 5 s")),))
    assert "asked for margin" not in PROPERTY.check(again).breach.sentence
