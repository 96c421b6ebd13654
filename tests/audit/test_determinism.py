"""The same seed, version, plan and target give the same report and the same findings, with one worker and with two."""

import contextlib
import json
from pathlib import Path

import pytest

from indexlab.audit.plan import Budget
from tests.cli.commands import planted, ran

TARGETS = ("preset:plain-mean", "preset:deribit-2019")
FEW = Budget(batches=2, twins=2, shrink=40, seconds=1e9)


@pytest.fixture(scope="module")
def run_of(tmp_path_factory):
    """A function that audits in a folder of its own and returns report.json without the run's times, and the bytes of every finding's file."""

    def audit(*arguments, **changes):
        with contextlib.chdir(tmp_path_factory.mktemp("here")):
            done = ran("audit", *arguments, "--out", "run", **changes)
            assert done.exit_code in (0, 1), done.stderr
            report = json.loads(Path("run/report.json").read_text())
            assert set(report.pop("run")) == {"started", "seconds"}
            return report, {str(path): path.read_bytes() for path in sorted(Path("run/findings").rglob("*.json"))}

    return audit


@pytest.fixture(scope="module")
def once(run_of):
    return run_of(*TARGETS, "--seed", 5, "--jobs", 1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_twice_the_same_seed_is_twice_the_same_report(run_of, once, jobs):
    report, findings = run_of(*TARGETS, "--seed", 5, "--jobs", jobs)
    assert report == once[0]
    assert findings == once[1]
    assert len(findings) == 6


def test_another_seed_is_another_search(run_of, once):
    report, findings = run_of(*TARGETS, "--seed", 6, "--jobs", 1)
    assert findings.keys() != once[1].keys()
    assert report["targets"] != once[0]["targets"]


def test_what_is_audited_beside_it_changes_nothing(run_of, once):
    """A target's part of the report is its own, whatever stands before it."""
    alone, _ = run_of(TARGETS[1], "--seed", 5, "--jobs", 1)
    assert alone["targets"] == once[0]["targets"][1:]


def test_a_selection_changes_no_verdict(run_of, once):
    """A property sees the same scenarios and says the same, alone or among all."""
    alone, _ = run_of(TARGETS[0], "--only", "single-source", "--seed", 5, "--jobs", 1)
    [single] = alone["targets"][0]["properties"]
    [among] = [one for one in once[0]["targets"][0]["properties"] if one["id"] == "single-source"]
    kept = ("verdict", "reason", "scenarios", "premise_met", "breaches", "worst")
    assert {key: single[key] for key in kept} == {key: among[key] for key in kept}


def test_a_process_gives_the_same_report_with_one_and_two_jobs(run_of):
    target = planted("python_index.py", "--defect", "no-filter")
    one, two = (run_of(target, "--jobs", jobs, budget=FEW) for jobs in (1, 2))
    assert one == two
    assert one[1]


def test_a_fixture_is_searched_the_same_way_again(run_of):
    one, two = (run_of("preset:plain-mean", "--fixture", "calm-hour", "--jobs", jobs, budget=FEW) for jobs in (1, 2))
    assert one == two
