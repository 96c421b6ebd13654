"""Held against what is right, a wrong index is found whatever is wrong with it, and shrinks to a stated size; what is right is left alone."""

from typing import NamedTuple

import pytest

from indexlab.audit.plan import Budget
from indexlab.targets.planted.catalogue import defects, find_defect, label_of
from indexlab.targets.planted.defect import NONE
from indexlab.targets.right import RIGHT_TARGETS
from tests.audit.audits import audited

FEW = Budget(batches=1, twins=6, shrink=400, seconds=1e9, sweeps=1)


class Promise(NamedTuple):
    """So many sources and quotes are left at the most when it is shrunk, and never a fault."""

    sources: int
    quotes: int


PROMISES = {
    "null-as-zero": Promise(4, 4),
    "negative-abs": Promise(3, 4),
    "future-a-minute": Promise(3, 4),
    "jump-refused": Promise(3, 4),
    "highest-stays": Promise(3, 4),
    "never-stale": Promise(4, 4),
    "no-filter": Promise(3, 3),
    "late-replaces": Promise(3, 4),
    "quorum-ignored": Promise(3, 3),
    "refresh-is-limit": Promise(4, 6),
}
MORE = ("negative-abs", "jump-refused", "highest-stays", "no-filter")
"""Left to the long tests."""


def parted(defect, **changes):
    """Hold a defect against its methodology; return the verdict and the findings."""
    method = find_defect(defect).methods[0]
    told = audited(label_of(defect, method), against=label_of(NONE, method), only=("agreement",), **changes)
    return told.properties()["agreement"].verdict, [finding for finding, _ in told.found]


@pytest.mark.parametrize("defect", [pytest.param(name, marks=pytest.mark.long) if name in MORE else name for name in PROMISES])
def test_a_defect_is_found_and_shrinks(defect):
    verdict, found = parted(defect, budget=FEW)
    assert verdict == "violated"
    assert (found[0].sources <= PROMISES[defect].sources, found[0].quotes <= PROMISES[defect].quotes, found[0].faults) == (True, True, 0)


def test_what_a_run_leaves_behind_for_the_next_one_is_no_tie():
    """The two agree about each scenario by itself, and did not where it came after others."""
    verdict, found = parted("garbage-remembered", budget=Budget(batches=1, twins=6, shrink=20, seconds=1e9))
    assert verdict == "violated"
    assert found[0].shrink_note.startswith("not shrunk")


@pytest.mark.long
@pytest.mark.parametrize("defect", [defect.id for defect in defects() if not defect.equivalent][::8])
def test_every_eighth_defect_is_found_at_quick(defect):
    verdict, _ = parted(defect, budget=None, estimate=0)
    assert verdict == "violated"


@pytest.mark.long
@pytest.mark.parametrize("right", RIGHT_TARGETS, ids=lambda right: right.name)
def test_a_right_target_agrees_with_the_textbook(right, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text(right.text)
    few = Budget(batches=1, twins=1, shrink=100, seconds=1e9)
    told = audited(right.label, against=f"file:{rules}@reference", only=("agreement",), budget=few, estimate=0)
    assert told.properties()["agreement"].verdict == "holds"
