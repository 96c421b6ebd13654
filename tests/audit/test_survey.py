"""What the targets of a survey share: the same scenarios, and a time limit; who is slower than all others by far is cut by itself."""

from dataclasses import replace

from indexlab.audit import run
from indexlab.audit.events import AuditFinished, Progress, TargetStarted
from indexlab.audit.plan import Budget
from tests.audit.audits import plan_of, spending

SPENDS = Budget(batches=4, twins=4, shrink=1, seconds=20.0)
"""Ten seconds for each of two targets."""


def surveyed(seconds):
    """Survey two targets, with a clock that goes on by so many seconds with each unit of one of them; return the scenario at which each was cut."""
    now, target = [0.0], ""
    plan = plan_of("preset:plain-median", "preset:plain-mean", survey=True, only=("hull",))
    with spending(SPENDS):
        for event, _ in run.audit(replace(plan, clock=lambda: now[0])):
            if isinstance(event, TargetStarted):
                target = event.target
            if isinstance(event, Progress) and event.phase == "search":
                now[0] += seconds.get(target, 0.0)
            if isinstance(event, AuditFinished):
                return [(one.cut, one.scenarios) for one in event.result.targets]
    raise AssertionError


def test_where_nobody_is_late_nobody_is_cut():
    (first, scenarios), second = surveyed({})
    assert first is None
    assert second == (None, scenarios)


def test_where_the_first_is_cut_all_are_cut_alike():
    [(first, scenarios), second] = surveyed({"preset:plain-median": 11.0})
    assert first == scenarios
    assert second == (first, scenarios)


def test_one_that_is_somewhat_slower_gets_the_same_scenarios():
    (_, scenarios), second = surveyed({"preset:plain-mean": 4.0})
    assert second == (None, scenarios)


def test_the_slowest_by_far_is_cut_by_itself_and_it_is_said():
    (first, scenarios), (second, fewer) = surveyed({"preset:plain-mean": 61.0})
    assert first is None
    assert second == fewer < scenarios
