"""The second door: a finding asked again as a test."""

import contextlib
from pathlib import Path

import pytest

from indexlab.audit.plan import Budget
from tests.cli.commands import ran

pytest_plugins = ["pytester"]

FEW = Budget(batches=1, twins=2, shrink=60, seconds=1e9)


@pytest.fixture(scope="module")
def finding(tmp_path_factory):
    with contextlib.chdir(tmp_path_factory.mktemp("here")):
        ran("audit", "preset:plain-mean", "--only", "single-source", "--jobs", 1, "--out", "run", budget=FEW)
        [file] = Path("run/findings").rglob("*.json")
        return file.resolve()


def test_a_finding_that_is_still_there_fails_with_its_text_and_no_traceback_of_ours(pytester, finding):
    done = pytester.runpytest("--indexlab-replay", finding)
    done.assert_outcomes(failed=1)
    assert done.ret == 1
    text = done.stdout.str()
    assert f"indexlab replay {finding.name}" in text
    assert "BROKEN  single-source      target preset:plain-mean" in text
    assert "alone moved the index by" in text
    assert "first breach" in text
    assert "Traceback" not in text
    assert "replay.py" not in text


def test_a_finding_that_is_fixed_passes(pytester, finding):
    done = pytester.runpytest("--indexlab-replay", finding, "--indexlab-target", "preset:plain-median", "-v")
    done.assert_outcomes(passed=1)
    assert f"indexlab-replay[{finding.stem}] PASSED" in done.stdout.str()


def test_several_findings_are_a_test_each(pytester, finding):
    pytester.runpytest("--indexlab-replay", finding, "--indexlab-replay", finding).assert_outcomes(failed=2)


def test_with_findings_alone_nothing_else_is_run_and_beside_a_file_both_are(pytester, finding):
    file = pytester.makepyfile("def test_mine(): pass")
    median = ("--indexlab-replay", finding, "--indexlab-target", "preset:plain-median")
    pytester.runpytest(*median).assert_outcomes(passed=1)
    pytester.runpytest(*median, file).assert_outcomes(passed=2)


def test_without_the_option_the_plugin_adds_nothing(pytester):
    pytester.makepyfile("def test_mine(): pass")
    pytester.runpytest().assert_outcomes(passed=1)


def test_a_file_that_is_no_finding_fails_with_one_line(pytester):
    pytester.path.joinpath("finding.json").write_text("{}")
    done = pytester.runpytest("--indexlab-replay", "finding.json")
    done.assert_outcomes(failed=1)
    assert "InputError: finding.json: is no finding: " in done.stdout.str()
    assert "Traceback" not in done.stdout.str()
