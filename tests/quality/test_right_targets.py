"""The right targets, each under its own promise: no false alarm, and nothing left unjudged."""

import pytest

from indexlab.audit.plan import Budget
from indexlab.index.declaration import parse_declaration
from indexlab.scenarios.baskets import drawn_basket
from indexlab.targets.right import RIGHT_TARGETS
from tests.audit.audits import audited

FEW = Budget(batches=4, twins=6, shrink=100, seconds=1e9)
UNASKED = {"event": set(), "receive": {"late-data", "lagging-source"}}
"""Properties that a promise by the clock of receipt gives no occasion for, at least."""
NAMED = {"argvalues": RIGHT_TARGETS, "ids": [right.name for right in RIGHT_TARGETS]}


def judged(right, **changes):
    """Audit one right target; return what was not kept, with the findings' sentences."""
    basket = None if right.sources is None else drawn_basket(right.sources, right.sources)
    told = audited(right.label, sources=basket, **changes)
    properties = told.properties()
    clock = told.result.targets[0].expect["clock"]
    assert {name for name, one in properties.items() if one.verdict == "not-applicable"} >= UNASKED[clock]
    wrong = {name: one.reason for name, one in properties.items() if one.verdict not in {"holds", "not-applicable"}}
    return wrong, [f"{finding.sentence} {finding.seen}" for finding, _ in told.found]


def test_they_differ_in_everything_that_matters():
    declared = [parse_declaration(right.text) for right in RIGHT_TARGETS]
    assert len({right.name for right in RIGHT_TARGETS}) == len(RIGHT_TARGETS) > 30
    assert {one.staleness.clock for one in declared} == {"event", "receive"}
    assert len({one.staleness.silence_us for one in declared}) >= 8
    assert len({one.outlier.band for one in declared}) >= 6
    assert {one.aggregation.rule for one in declared} == {"weighted-mean", "median", "weighted-median", "drop-highest-and-lowest"}
    assert {one.outlier.rule for one in declared} == {"clamp", "drop", "none"}
    sources = {right.sources for right in RIGHT_TARGETS} - {None}
    assert (min(sources), max(sources)) == (3, 20)


@pytest.mark.parametrize("right", **NAMED)
def test_a_right_target_holds_and_every_premise_is_met(right):
    """The built-in batches alone meet every premise."""
    assert judged(right, budget=FEW) == ({}, [])


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("right", **NAMED)
def test_a_right_target_holds_at_quick(right, seed):
    assert judged(right, budget=None, seed=seed) == ({}, [])


@pytest.mark.long
@pytest.mark.parametrize("right", **NAMED)
def test_a_right_target_holds_at_ci(right):
    assert judged(right, budget=None, profile="ci") == ({}, [])
