"""`pytest --indexlab-replay`: findings asked again as tests."""

import contextlib
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from indexlab.audit.replay import Replayed
from indexlab.audit.save import read_finding
from indexlab.contract import replays
from tests.cli.commands import ran
from tests.pytest_plugin.audits import FEW, cases

pytest_plugins = ["pytester"]

MEDIAN = ("--indexlab-target", "preset:plain-median")


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
    assert "replays.py" not in text


def test_a_finding_that_is_fixed_passes(pytester, finding):
    done = pytester.runpytest("--indexlab-replay", finding, *MEDIAN, "-v", "--junitxml=out.xml")
    done.assert_outcomes(passed=1)
    assert f"indexlab-replay::{finding.stem} PASSED" in done.stdout.str()
    [(kind, _, said)] = cases(pytester.path / "out.xml").values()
    assert (kind, said["answer"], said["target"], said["property"]) == ("passed", "FIXED", "preset:plain-median", "single-source")


def test_a_folder_stands_for_all_findings_in_it_and_a_finding_named_twice_is_one_test(pytester, finding):
    run = pytester.path / "run"
    shutil.copytree(finding.parents[2], run)
    for target in ("one", "other"):
        run.joinpath("findings", target).mkdir()
        shutil.copy(finding, run / "findings" / target / "same-name.json")
    done = pytester.runpytest("--indexlab-replay", "run", "--indexlab-replay", f"run/findings/one/../{finding.parent.name}/{finding.name}", "--co", "-q")
    tests = [line for line in done.stdout.lines if "::" in line]
    assert sorted(tests) == sorted([f"indexlab-replay::{finding.stem}", "indexlab-replay::one/same-name", "indexlab-replay::other/same-name"])
    done = pytester.runpytest("--indexlab-replay", "run", "-k", "same-name and other")
    done.assert_outcomes(failed=1, deselected=2)
    assert "replay:  indexlab replay run/findings/other/same-name.json preset:plain-mean" in done.stdout.str()


def test_findings_of_several_runs_are_told_apart(pytester, finding):
    for run in ("first", "second"):
        shutil.copytree(finding.parents[2], pytester.path / "reports" / run)
    done = pytester.runpytest("--indexlab-replay", "reports", "--co", "-q")
    tests = [line for line in done.stdout.lines if "::" in line]
    assert tests == [f"indexlab-replay::{run}/findings/preset-plain-mean/{finding.stem}" for run in ("first", "second")]


def test_a_folder_without_findings_is_one_error(pytester):
    pytester.mkdir("empty")
    done = pytester.runpytest("--indexlab-replay", "empty")
    done.assert_outcomes(errors=1)
    assert "empty: holds no findings" in done.stdout.str()


def test_several_targets_are_asked_one_by_one(pytester, finding):
    done = pytester.runpytest("--indexlab-replay", finding, *MEDIAN, "--indexlab-target", "preset:plain-mean", "-v")
    done.assert_outcomes(passed=1, failed=1)
    assert f"indexlab-replay::{finding.stem}[preset:plain-median] PASSED" in done.stdout.str()


def test_with_findings_alone_nothing_else_is_run_and_beside_a_file_both_are(pytester, finding):
    file = pytester.makepyfile("def test_mine(): pass")
    median = ("--indexlab-replay", finding, *MEDIAN)
    pytester.runpytest(*median).assert_outcomes(passed=1)
    pytester.runpytest(*median, file).assert_outcomes(passed=2)


def test_lf_asks_only_what_was_broken(pytester, finding):
    mine = pytester.makepyfile("def test_mine(): pass")
    shutil.copy(finding, pytester.path / "again.json")
    both = (mine, "--indexlab-replay", finding, "--indexlab-replay", "again.json")
    pytester.runpytest(*both, "-x").assert_outcomes(passed=1, failed=1)
    pytester.runpytest(*both, "--lf").assert_outcomes(failed=1)


def test_without_the_option_the_plugin_adds_nothing(pytester):
    pytester.makepyfile("def test_mine(): pass")
    pytester.runpytest().assert_outcomes(passed=1)


def test_a_file_that_is_no_finding_fails_with_one_line_and_so_does_one_that_is_not_there(pytester):
    pytester.path.joinpath("finding.json").write_text("{}")
    done = pytester.runpytest("--indexlab-replay", "finding.json", "--indexlab-replay", "gone.json")
    done.assert_outcomes(failed=2)
    text = done.stdout.str()
    assert "finding.json: is no finding: " in text
    assert "gone.json: cannot be read: No such file" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(("policy", "ends"), [("fail", {"failed": 1}), ("skip", {"skipped": 1}), ("xfail", {"xfailed": 1})])
def test_what_cannot_be_judged_any_more_ends_as_an_inconclusive_property_does(pytester, finding, monkeypatch, policy, ends):
    def replayed(path, label, *_):
        return Replayed("INCONCLUSIVE", label, read_finding(path).finding, "the premise was not met")

    monkeypatch.setattr(replays, "replay_finding", replayed)
    done = pytester.runpytest("--indexlab-replay", finding, f"--indexlab-inconclusive={policy}", "-rA")
    done.assert_outcomes(**ends)
    assert "INCONCLUSIVE  single-source" in done.stdout.str()


def test_a_target_that_cannot_be_started_is_no_pass(pytester, finding):
    done = pytester.runpytest("--indexlab-replay", finding, "--indexlab-target", "exec:./not-there")
    done.assert_outcomes(failed=1)
    assert "not-there" in done.stdout.str()
    assert "Traceback" not in done.stdout.str()


@pytest.mark.parametrize(("days", "ends"), [(3, {"xfailed": 1}), (-3, {"failed": 1})])
def test_a_known_finding_is_expected_to_be_broken_until_its_day(pytester, finding, days, ends):
    until = (datetime.now(UTC) + timedelta(days=days)).date()
    known = pytester.path / "known.json"
    saved = msgspec.json.decode(finding.read_bytes())
    known.write_bytes(msgspec.json.encode(saved))
    entry = f'[[known]]\nfingerprint = "{saved["finding"]["fingerprint"]}"\ntarget = "t"\nproperty = "single-source"\nreason = "till May"\nuntil = {until}\n'
    pytester.path.joinpath("indexlab-baseline.toml").write_text(entry)
    done = pytester.runpytest("--indexlab-replay", known, "-rx")
    done.assert_outcomes(**ends)
    assert ("till May" in done.stdout.str()) == (days > 0)


def test_a_header_goes_to_no_address_that_a_file_names(pytester, finding):
    done = pytester.runpytest("--indexlab-replay", finding, "--indexlab-header", "Authorization: s3cret")
    done.assert_outcomes(failed=1)
    assert "--indexlab-header needs --indexlab-target beside it" in done.stdout.str()
    assert "s3cret" not in done.stdout.str()
