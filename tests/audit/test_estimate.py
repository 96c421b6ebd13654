"""Independent cases: counted right, the same under any number of workers, apart from the search; and the bound covers what is true."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.audit import estimating as estimation
from indexlab.audit.course import Course
from indexlab.audit.estimate import EstimateTally, EstimateUnit, do_estimate, estimated
from indexlab.audit.estimating import estimating
from indexlab.audit.events import Note
from indexlab.audit.judge import Judge
from indexlab.audit.plan import Budget
from indexlab.audit.statistics import upper
from indexlab.audit.tally import Candidate, PropertyTally, Tally
from indexlab.audit.work import Job
from indexlab.audit.workers import Workers
from indexlab.market.errors import HarnessError
from indexlab.market.seeds import stream
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import World
from indexlab.scenarios.sampler import case
from tests.audit.audits import audited, plan_of

RARE = 1 / 1_000
STRATA = {("level", "calm"): 0.25, ("level", "gap"): 0.25, ("stop", "calm"): 0.25, ("stop", "gap"): 0.25}
FEW = Budget(batches=1, twins=1, shrink=40, seconds=1e9)


def job(*properties, seed=0, label="preset:plain-median"):
    world = World(Expect(), None, book=False, twins=1)
    return Job(label, "m", "", ("price",), ("index",), world, properties or ("hull", "single-source"), seed, sparing=False)


def counted(breaches, cases):
    """What the real counting says of a target that breaks in these cases: units of a fixed size, merged in order, bounds at the end."""
    whole, strata = EstimateTally(), list(STRATA)
    for first in range(0, cases, 500):
        unit = EstimateTally()
        for number in range(first, min(first + 500, cases)):
            unit.done += 1
            unit.add(strata[number % len(strata)], "single-source", met=True, broken=number in breaches)
        whole.merge(unit)
    assert whole.done == cases
    [figures] = estimated(whole.counts, ["single-source"], STRATA)
    return figures


@pytest.mark.parametrize("cases", [1_000, 4_000])
def test_the_bound_covers_a_known_probability(cases):
    """A target that fails once in 1 000 cases: of 1 000 repetitions at least 95 % (99 %) have their bound above that. The seeds are fixed."""
    covered = {"95": 0, "99": 0, "weighted": 0}
    for repetition in range(1_000):
        breaks = np.flatnonzero(stream("fails with a known probability", cases, repetition).random(cases) < RARE)
        figures = counted(set(breaks.tolist()), cases)
        assert (figures.bound.n, figures.bound.k) == (cases, len(breaks))
        covered["95"] += figures.bound.upper_95 >= RARE
        covered["99"] += figures.bound.upper_99 >= RARE
        covered["weighted"] += figures.weighted_95 >= RARE
    assert covered["95"] >= 950
    assert covered["99"] >= 990
    assert covered["weighted"] >= 950


@given(st.integers(1, 3_000), st.floats(1e-4, 0.2), st.sampled_from([0.95, 0.99]))
def test_the_chance_of_covering_is_never_below_the_level(n, p, level):
    """The same with nothing left to chance: the probability of every k whose bound lies below p, added up."""
    missed = 0.0
    for k in range(n + 1):
        if upper(k, n, level) >= p:
            break
        missed += math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * math.log(p) + (n - k) * math.log1p(-p))
    assert missed <= 1 - level + 1e-9


def test_a_case_whose_premise_was_not_met_counts_nowhere():
    tally = EstimateTally()
    for met, broken in ((True, False), (False, False), (True, True), (False, True)):
        tally.add(("level", "calm"), "hull", met=met, broken=broken)
    assert tally.total("hull") == (3, 2)
    [hull, other] = estimated(tally.counts, ["hull", "quorum"], STRATA)
    assert [(one.fault, one.regime, one.weight, one.bound.n) for one in hull.strata] == [("level", "calm", 0.25, 3)]
    assert (hull.family_95, other.bound.upper_95, other.weighted_95) == (upper(2, 3, 0.975), 1.0, None)


def test_a_unit_is_a_function_of_its_numbers():
    """Cases 0 to 5 in one unit count the same as in three, and as in other company."""
    whole = do_estimate(job(), EstimateUnit(0, 6))
    parts = EstimateTally()
    for first in (0, 2, 4):
        parts.merge(do_estimate(job(), EstimateUnit(first, 2)))
    assert parts.counts == whole.counts
    assert (parts.done, whole.done) == (6, 6)
    strata = {(drawn.fault, drawn.regime) for drawn in (case(job().world, 0, number) for number in range(6))}
    assert set(whole.counts["hull"]) <= strata
    assert whole.total("hull")[0] == 6


def ended(phase):
    """Everything a phase said, and what it returned."""
    said = []
    while True:
        try:
            said.append(next(phase)[0])
        except StopIteration as end:
            return said, end.value


def phase(planned, *, clock=lambda: 0.0, stop=lambda: False, seconds=10.0):
    workers = Workers(1)
    try:
        course = Course(replace(plan_of("preset:plain-median", stop=stop), clock=clock), workers)
        return ended(estimating(course, job("hull"), planned, seconds, Tally()))
    finally:
        workers.close(at_once=False)


def test_all_planned_cases_are_run_and_nothing_is_said_of_a_stop(monkeypatch):
    monkeypatch.setattr(estimation, "_UNIT", 2)
    said, seen = phase(5)
    assert (seen.tally.done, seen.stopped) == (5, "")
    assert [one.done for one in said] == [2, 4, 5]
    assert {one.phase for one in said} == {"estimate"}


@pytest.mark.parametrize(("ending", "word"), [("clock", "a time limit"), ("stop", "an interrupt")])
def test_what_was_run_is_what_is_bounded(monkeypatch, ending, word):
    """Ended by a limit or by the user, the estimate counts the cases up to there, and says so."""
    monkeypatch.setattr(estimation, "_UNIT", 2)
    asked = iter(range(10_000))
    times = {"clock": {"clock": lambda: float(next(asked)), "seconds": 0.5}, "stop": {"stop": lambda: next(asked) > 3}}
    said, seen = phase(40, **times[ending])
    assert 0 < seen.tally.done < 40
    assert seen.stopped.startswith(f"stopped by {word} after {seen.tally.done} of 40 cases")
    assert isinstance(said[-1], Note)
    assert seen.tally.counts == do_estimate(job("hull"), EstimateUnit(0, seen.tally.done)).counts


def test_a_fault_that_fails_takes_its_cases_and_nothing_else(monkeypatch):
    judge = Judge.judge

    def fails(self, batch, number, seed):
        if number % 2:
            raise HarnessError('the fault "theirs" failed: ValueError: no')
        return judge(self, batch, number, seed)

    monkeypatch.setattr(Judge, "judge", fails)
    tally = do_estimate(job("hull"), EstimateUnit(0, 4))
    assert (tally.done, tally.total("hull")) == (4, (2, 0))
    assert tally.unrun.startswith("case 1 (")


def test_no_audit_estimates_unless_asked_and_then_beside_the_search():
    """At quick nothing is estimated; asked for, the counts of the search are what they were without it."""
    plain, asked = audited("preset:plain-median", budget=FEW), audited("preset:plain-median", budget=FEW, estimate=30)
    assert plain.result.targets[0].estimate is None
    found = asked.result.targets[0].estimate
    assert (found.planned, found.done, found.stopped) == (30, 30, "")
    assert found.family == len([one for one in asked.result.targets[0].properties if one.verdict != "not-applicable"]) == len(found.properties)
    assert [one.bound.k for one in found.properties] == [0] * found.family
    assert asked.result.targets[0].properties == plain.result.targets[0].properties
    assert asked.result.targets[0].coverage == plain.result.targets[0].coverage


@pytest.mark.parametrize("jobs", [1, 2])
def test_workers_change_nothing(jobs):
    found = audited("preset:plain-mean", budget=FEW, estimate=60, jobs=jobs, only=("hull", "single-source")).result.targets[0].estimate
    assert {one.id: (one.bound.n, one.bound.k) for one in found.properties} == alone()


def alone():
    """The same cases with no audit around them."""
    mean = Job("preset:plain-mean", "m", "", ("price",), ("index",), World(Expect(), None, book=False, twins=1), ("hull", "single-source"), 0, sparing=False)
    tally = do_estimate(mean, EstimateUnit(0, 60))
    assert tally.total("single-source")[1] > 0
    return {name: tally.total(name) for name in ("hull", "single-source")}


def test_a_breach_that_only_independent_cases_show_is_a_breach(monkeypatch):
    """The search looked elsewhere: the property is violated all the same, with a finding, and the reason says where it was seen."""
    seen = EstimateTally(done=3)
    seen.add(("level", "calm"), "hull", met=True, broken=True)
    seen.add(("level", "gap"), "hull", met=True, broken=False)
    drawn = case(job().world, 0, 0)
    seen.candidates["hull"] = [Candidate("hull", "0000-1", drawn.scenario, 0, retold=False)]
    tally = Tally(properties={"hull": PropertyTally(10, 10, 0)})
    estimation.taken_over(tally.properties, seen, PropertyTally)
    assert tally.properties["hull"].independent == (2, 1)
    assert tally.properties["hull"].candidates == seen.candidates["hull"]
    assert (tally.properties["hull"].scenarios, tally.properties["hull"].breached) == (10, 0)


def test_a_breach_of_the_search_keeps_its_own_candidates():
    seen = EstimateTally()
    seen.add(("level", "calm"), "hull", met=True, broken=True)
    mine = Candidate("hull", "0000-2", case(job().world, 0, 1).scenario, 0, retold=False)
    seen.candidates["hull"] = [Candidate("hull", "0000-1", case(job().world, 0, 0).scenario, 0, retold=False)]
    tally = Tally(properties={"hull": PropertyTally(10, 10, 1, candidates=[mine])})
    estimation.taken_over(tally.properties, seen, PropertyTally)
    assert tally.properties["hull"].candidates == [mine]


def test_the_plan_says_what_was_asked_for():
    assert "estimate" not in plan_of("preset:plain-median").as_table()
    table = plan_of("preset:plain-median", estimate=7, require_coverage=True).as_table()
    assert (table["estimate"], table["require_coverage"]) == (7, True)
