"""Shrinking: within any cap the result still breaks the same property, is never larger, and is the same again."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexlab.audit.judge import Judge, run_of_one
from indexlab.audit.shrink import shrink
from indexlab.market.errors import TargetFailure
from indexlab.properties.registry import find_property
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import World, built_in
from indexlab.scenarios.scenario import Scenario, materialised
from indexlab.targets.resolve import open_target

PLAIN = ("single-source", "invalid-values", "margin-stability")
WEIGHED = ("source-order", "duplicates")
LIMIT = 150


class Wrong:
    """A plain median that is off by one part in ten thousand for each of two mistakes: the first source listed weighs, and so does being told twice."""

    label, kind = "wrong", "in-process"

    def __init__(self):
        self.right = open_target("preset:plain-median")

    def describe(self):
        return self.right.describe()

    def close(self):
        self.right.close()

    def index(self, requests):
        answers = self.right.index(requests)
        for request, answer in zip(requests, answers, strict=True):
            quotes = request.quotes
            rows = np.column_stack((quotes.source, quotes.event_time))
            told_twice = len(rows) - len(np.unique(rows, axis=0))
            answer.value[:] *= 1 + 1e-4 * (ord(request.basket[0].id[0]) % 7) + 1e-4 * told_twice
        return answers


def judge_of(target, *names):
    return Judge(target, target.describe(), Expect(), tuple(find_property(name) for name in names))


def candidates_of(judge):
    """The first breach of each property in the built-in batches."""
    found = {}
    for number, batch in enumerate(built_in(World(judge.expect, None, book=False, twins=6), 1)):
        for name, counts in judge.judge(batch, number, 1).properties.items():
            if counts.candidates:
                found.setdefault(name, counts.candidates[0])
    return found


@pytest.fixture(scope="module")
def broken():
    """Judges and candidates of seven mistakes, by property."""
    judges = judge_of(open_target("preset:plain-mean"), *PLAIN), judge_of(Wrong(), *WEIGHED)
    return {name: (judge, candidate) for judge in judges for name, candidate in candidates_of(judge).items()}


def size(scenario):
    return len(scenario.sources), len(scenario.quotes.price), len(scenario.faults)


def test_every_mistake_is_there_to_be_shrunk(broken):
    assert set(broken) == {*PLAIN, *WEIGHED}


@settings(max_examples=20, suppress_health_check=[HealthCheck.nested_given])  # shrinking asks Hypothesis for a plainer market first
@given(name=st.sampled_from([*PLAIN, *WEIGHED]), cap=st.integers(1, LIMIT))
def test_whatever_the_cap_it_still_breaks_and_is_no_larger(broken, name, cap):
    judge, candidate = broken[name]
    prop = find_property(name)
    alone = replace(judge, properties=(prop,))
    shrunk = shrink(alone, prop, candidate, cap)
    assert shrunk.reproduced
    assert shrunk.evaluations <= cap + prop.metamorphic
    assert shrunk.outcome.breach is not None
    run, _ = run_of_one(alone, shrunk.candidate)
    assert prop.check(run).breach is not None
    if shrunk.candidate.scenario.quotes is not None:
        assert all(now <= before for now, before in zip(size(shrunk.candidate.scenario), shrunk.before, strict=True))


@pytest.mark.parametrize("name", [*PLAIN, *WEIGHED])
def test_it_is_the_same_again_and_ends_small(broken, name):
    judge, candidate = broken[name]
    alone = replace(judge, properties=(find_property(name),))
    once, twice = (shrink(alone, find_property(name), candidate, LIMIT) for _ in range(2))
    assert once.candidate == twice.candidate
    assert (once.evaluations, once.before) == (twice.evaluations, twice.before)
    assert once.before == size(materialised(candidate.scenario))
    sources, quotes, faults = size(once.candidate.scenario)
    assert quotes <= 6
    assert faults <= 1
    assert sources <= (4 if name != "source-order" else once.before[0])  # with one source fewer another order is drawn


@pytest.mark.parametrize("name", [*PLAIN, *WEIGHED])
def test_shrinking_what_is_shrunk_changes_nothing_more_of_its_size(broken, name):
    judge, candidate = broken[name]
    alone = replace(judge, properties=(find_property(name),))
    once = shrink(alone, find_property(name), candidate, 10 * LIMIT)
    again = shrink(alone, find_property(name), once.candidate, 10 * LIMIT)
    assert not once.capped
    assert size(again.candidate.scenario) == size(once.candidate.scenario)


def test_what_is_not_there_again_is_said_and_left_as_it_was(broken):
    judge, candidate = broken["single-source"]
    harmless = replace(candidate, scenario=msgspec.structs.replace(candidate.scenario, faults=()))
    shrunk = shrink(judge, find_property("single-source"), harmless, LIMIT)
    assert not shrunk.reproduced
    assert shrunk.candidate == harmless


class Failing:
    """A target that fails whenever a price is 0: by an answer that does not fit, or by silence."""

    label, kind = "failing", "process"

    def __init__(self, kind_of_failure):
        self.right, self.failure, self.closed = open_target("preset:plain-median"), TargetFailure(kind_of_failure, "planted"), 0

    def describe(self):
        return self.right.describe()

    def close(self):
        self.closed += 1

    def index(self, requests):
        return [self.failure if (request.quotes.price == 0).any() else answer for request, answer in zip(requests, self.right.index(requests), strict=True)]


def test_a_failure_of_the_target_is_shrunk_to_one_quote_and_forgiven_each_time():
    judge = judge_of(Failing("misfit"), "protocol")
    shrunk = shrink(judge, find_property("protocol"), candidates_of(judge)["protocol"], LIMIT)
    assert size(shrunk.candidate.scenario) == (1, 1, 1)
    assert shrunk.run.failures[0][1].kind == "misfit"
    assert judge.target.closed > 1  # it is asked afresh after each failure: one that failed too often would not be asked any more


def test_a_failure_that_costs_seconds_an_attempt_is_kept_as_it_was_found():
    judge = judge_of(Failing("timeout"), "protocol")
    candidate = candidates_of(judge)["protocol"]
    shrunk = shrink(judge, find_property("protocol"), candidate, LIMIT)
    assert (shrunk.evaluations, shrunk.candidate) == (1, candidate)


def test_a_failing_target_is_no_smaller_example_of_another_property(broken):
    """A scenario on which the target fails altogether does not show that a single source moves its index."""
    judge, candidate = broken["single-source"]

    class Dead(Failing):
        def index(self, requests):
            return [self.failure for _ in requests]

    dead = replace(judge, target=Dead("exited"))
    assert not shrink(dead, find_property("single-source"), candidate, LIMIT).reproduced


def test_a_whole_scenario_is_what_is_returned(broken):
    """It replays from its own record alone: quotes and times written out, every fault's source still there."""
    for name, (judge, candidate) in broken.items():
        shrunk = shrink(replace(judge, properties=(find_property(name),)), find_property(name), candidate, LIMIT).candidate.scenario
        assert msgspec.json.decode(msgspec.json.encode(shrunk), type=Scenario) == shrunk
        assert (shrunk.market, shrunk.fixture) == (None, None)
        assert all(0 <= position < len(shrunk.sources) for fault in shrunk.faults for position in fault.sources)
        assert list(shrunk.times) == sorted(shrunk.times)


def test_a_window_that_repeats_keeps_its_end_for_as_long_as_it_repeats(broken):
    judge, candidate = broken["single-source"]
    prop = find_property("single-source")
    [fault] = candidate.scenario.faults
    end = fault.start + 2_000_000
    repeating = msgspec.structs.replace(fault, end=end, every=4_000_000, until=fault.start + 20_000_000)
    candidate = replace(candidate, scenario=msgspec.structs.replace(candidate.scenario, faults=(repeating,)))
    shrunk = shrink(replace(judge, properties=(prop,)), prop, candidate, LIMIT)
    assert shrunk.reproduced
    assert [(one.every, one.until, one.end) for one in shrunk.candidate.scenario.faults] == [(None, None, None)]
