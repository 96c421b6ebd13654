"""Thirty right targets, each under its own promise: no false alarm, and nothing left unjudged."""

import pytest

from indexlab.audit.plan import Budget
from tests.audit.audits import audited
from tests.quality.right_targets import RIGHT_TARGETS

FEW = Budget(batches=4, twins=6, shrink=100, seconds=1e9)
UNASKED = {"event": set(), "receive": {"late-data", "lagging-source"}}
"""Properties that a promise by the clock of receipt gives no occasion for."""


def judged(right, folder, **changes):
    """Audit one right target; return what was not kept, with the findings' sentences."""
    file = folder / f"{right.name}.toml"
    file.write_text(right.text)
    told = audited(f"file:{file}", **changes)
    properties = told.properties()
    clock = told.result.targets[0].expect["clock"]
    assert {name for name, one in properties.items() if one.verdict == "not-applicable"} == UNASKED[clock]
    wrong = {name: one.reason for name, one in properties.items() if one.verdict not in {"holds", "not-applicable"}}
    return wrong, [f"{finding.sentence} {finding.seen}" for finding, _ in told.found]


def test_there_are_thirty_of_them_with_a_name_each():
    assert len({right.name for right in RIGHT_TARGETS}) == len(RIGHT_TARGETS) == 30


@pytest.mark.parametrize("right", RIGHT_TARGETS, ids=lambda right: right.name)
def test_a_right_target_holds_and_every_premise_is_met(right, tmp_path):
    """The built-in batches alone meet every premise."""
    assert judged(right, tmp_path, budget=FEW) == ({}, [])


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("right", RIGHT_TARGETS, ids=lambda right: right.name)
def test_a_right_target_holds_at_quick(right, seed, tmp_path):
    assert judged(right, tmp_path, budget=None, seed=seed) == ({}, [])
