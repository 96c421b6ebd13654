"""Each exit code for what it stands for, produced for real."""

import json
import os
import signal

import pytest

from indexlab.report.files import ReportFiles
from tests.cli.commands import planted, ran, started

TWO_SOURCES = """
[target]
use = "preset:plain-median"
sources = [{ id = "one", venue = "one" }, { id = "two", venue = "two" }]
"""


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def verdicts(folder):
    report = json.loads((folder / "report.json").read_text())
    return {one["id"]: one["verdict"] for one in report["targets"][0]["properties"]}


def test_0_where_nothing_judged_was_violated(tmp_path):
    assert ran("audit", "preset:plain-median", "--jobs", 1, "--out", "run").exit_code == 0
    told = verdicts(tmp_path / "run")
    assert {name for name, verdict in told.items() if verdict != "holds"} == {"weight-zero", "quote-depeg", "common-mode", "no-flapping", "agreement"}
    assert set(told.values()) == {"holds", "not-applicable"}


def test_1_where_something_was(tmp_path):
    done = ran("audit", "preset:plain-mean", "--jobs", 1, "--out", "run")
    assert done.exit_code == 1
    assert verdicts(tmp_path / "run")["single-source"] == "violated"
    assert "BROKEN  single-source" in done.stdout


def test_0_where_what_is_broken_was_waived(tmp_path):
    """A waived property is still run and shown, with its finding; it does not fail the audit."""
    (tmp_path / "indexlab.toml").write_text(
        '[target]\nuse = "preset:plain-mean"\n[expect.waive]\nsingle-source = "known"\nmargin-stability = "known"\ninvalid-values = "known"\n'
    )
    done = ran("audit", "--only", "single-source,margin-stability,invalid-values", "--jobs", 1, "--out", "run")
    assert done.exit_code == 0
    assert {name for name, verdict in verdicts(tmp_path / "run").items() if verdict == "waived"} == {"single-source", "margin-stability", "invalid-values"}
    assert "WAIVED  single-source" in done.stdout
    kept = {path.name.rsplit("-", 2)[0] for path in (tmp_path / "run" / "findings").rglob("*.json")}
    assert kept == {"single-source", "margin-stability", "invalid-values"}


def test_0_for_a_survey_whatever_it_finds(tmp_path):
    """Without a target the bundled methodologies are compared; nobody is judged."""
    done = ran("audit", "--only", "single-source", "--jobs", 1, "--out", "run")
    assert done.exit_code == 0
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["survey"] is True
    found = {one["target"]: one["properties"][0]["verdict"] for one in report["targets"]}
    assert len(found) >= 8
    assert found["preset:plain-mean"] == "violated"


def test_2_for_input_that_is_wrong():
    assert ran("audit", "preset:plain-men").exit_code == 2
    assert ran("audit", "--nonsense").exit_code == 2


def test_3_for_a_failure_of_the_harness_and_what_was_found_is_there(tmp_path, monkeypatch):
    def fails(*_):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(ReportFiles, "handle", fails)
    done = ran("audit", "preset:plain-mean", "--only", "single-source", "--jobs", 1, "--out", "run")
    assert done.exit_code == 3
    assert done.stderr.splitlines()[-1].startswith("indexlab: this is a failure of indexlab itself, not of what it tested: ZeroDivisionError: planted")


def test_findings_are_saved_before_the_report_is_written(tmp_path, monkeypatch):
    """A disk that fills up at the end costs the report, not the findings."""

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("indexlab.report.files.write_whole", fails)
    assert ran("audit", "preset:plain-mean", "--only", "single-source", "--jobs", 1, "--out", "run").exit_code == 3
    assert len(list((tmp_path / "run" / "findings").rglob("*.json"))) == 1


def test_4_where_a_premise_was_never_met_and_nothing_violated(tmp_path):
    """Two sources never make a plain median, so there is no index that could lie outside their prices."""
    (tmp_path / "indexlab.toml").write_text(TWO_SOURCES)
    done = ran("audit", "--only", "hull", "--jobs", 1, "--out", "run")
    assert done.exit_code == 4
    assert verdicts(tmp_path / "run") == {"hull": "inconclusive"}


def test_5_where_nothing_is_selected(tmp_path):
    done = ran("audit", "preset:plain-mean", "--only", "single-source", "--skip", "single-source", "--out", "run")
    assert done.exit_code == 5
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_5_where_what_is_selected_does_not_apply():
    """By the clock of receipt nothing is late: there is no occasion to judge."""
    assert ran("audit", "preset:plain-mean", "--only", "late-data", "--expect", "clock=receive", "--jobs", 1).exit_code == 5


@pytest.mark.parametrize("jobs", [pytest.param(1, marks=pytest.mark.long), 2])
def test_130_when_interrupted_and_what_was_found_is_written(tmp_path, jobs):
    """Ctrl-C, as a terminal sends it: to the whole group, while the second target is being audited."""
    targets = "preset:plain-mean", planted("python_index.py")
    process = started("audit", *targets, "--only", "single-source,hull", "--jobs", jobs, "--out", "run", here=tmp_path)
    try:
        heard = []
        for line in process.stderr:
            heard.append(line)
            if "planned" in line:
                os.killpg(process.pid, signal.SIGINT)
                break
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130, (heard, err)
    assert "interrupted: writing what was found" in err
    assert "Traceback" not in err
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["interrupted"] is True
    mean, python = report["targets"]
    judged = {one["id"]: one for one in mean["properties"]}
    assert {name: one["verdict"] for name, one in judged.items()} == {"hull": "holds", "single-source": "violated"}
    assert (tmp_path / "run" / judged["single-source"]["finding"]["scenario"]).is_file()
    assert python["scenarios"] < 174
    for name in ("index.html", "junit.xml", "journal.ndjson"):
        assert (tmp_path / "run" / name).stat().st_size > 0
    assert "BROKEN" in out
