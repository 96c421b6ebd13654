"""A target that exits, hangs, answers garbage or the wrong id is a finding of `protocol`, and the audit goes on."""

import json

import pytest

from indexlab.audit.plan import Budget
from indexlab.targets import resolve
from indexlab.targets.life import Limits
from indexlab.targets.process import ProcessTarget
from tests.cli.commands import TARGETS, planted, ran, started

FEW = Budget(batches=1, twins=2, shrink=36, seconds=1e9)
SHORT = Limits(first_answer_s=1.0, answer_s=0.3)
"""No other target in these tests needs them; they keep the one that hangs from costing a minute."""

MISBEHAVIOUR = {
    ("exits.py", "at-once"): "exited with status 3 before its first answer",
    ("exits.py", "at-request"): "exited with status 1",
    ("exits.py", "by-signal"): "was ended by SIGSEGV",
    ("exits.py", "half-a-line"): "after a line without an end",
    ("exits.py", "at-zero"): "exited with status 7 instead of answering",
    ("answers.py", "garbage"): "answered a line that is no JSON: Traceback (most recent call last):",
    ("answers.py", "wrong-id"): "id must repeat the id of the request, a whole number; it was 1 more",
    ("answers.py", "nan"): "answered NaN, which is no JSON",
    ("answers.py", "error"): "answered with an error: no price·for kraken",
    ("answers.py", "short-index"): "one for each time",
    ("answers.py", "describe-misfit"): "the target failed to describe itself: result.provides must be a list of names",
    ("talks.py", "banner"): "the target failed to describe itself: wrote to standard output before its first answer",
    ("talks.py", "answers-twice"): "id must repeat the id of the request, a whole number; it was 1 less",
}

ALWAYS = {"at-once", "garbage", "wrong-id", "banner", "describe-misfit"}


def report_of(folder):
    report = json.loads((folder / "report.json").read_text())
    return [{one["id"]: one for one in target["properties"]} for target in report["targets"]]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("how", "said"),
    [pytest.param(how, said, id=how[1], marks=() if how[1] in ALWAYS else pytest.mark.long) for how, said in MISBEHAVIOUR.items()],
)
def test_it_is_a_finding_that_says_what_happened_and_others_are_still_judged(tmp_path, how, said):
    done = ran("audit", planted(f"misbehaving/{how[0]}", how[1]), "preset:plain-median", "--only", "protocol,quorum", "--jobs", 1, "--out", "run", budget=FEW)
    assert done.exit_code == 1, done.stderr
    wrong, right = report_of(tmp_path / "run")
    assert wrong["protocol"]["verdict"] == "violated"
    finding = wrong["protocol"]["finding"]
    assert said in finding["summary"]
    assert (tmp_path / "run" / finding["scenario"]).is_file()
    assert "BROKEN  protocol" in done.stdout
    assert {one["verdict"] for one in right.values()} == {"holds"}


def test_what_a_target_said_last_is_shown_with_its_finding(tmp_path):
    done = ran("audit", planted("misbehaving/exits.py", "at-request"), "--only", "protocol", "--jobs", 1, "--out", "run", budget=FEW)
    assert "    | dividing by the price of kraken" in done.stdout


def test_one_poisonous_price_is_found_and_shrunk_and_the_rest_is_judged(tmp_path):
    """The request that caused it is kept: one source, one quote, one fault."""
    done = ran("audit", planted("misbehaving/exits.py", "at-zero"), "--only", "protocol,determinism", "--jobs", 1, "--out", "run", budget=FEW)
    assert done.exit_code == 1
    [properties] = report_of(tmp_path / "run")
    finding = properties["protocol"]["finding"]
    assert (finding["sources"], finding["quotes"], finding["faults"], finding["fault_names"]) == (1, 1, 1, ["zero"])
    assert properties["determinism"]["verdict"] == "holds"
    assert properties["determinism"]["premise_met"] > 10


def test_a_target_that_hangs_is_a_finding_and_the_audit_goes_on(tmp_path, monkeypatch):
    monkeypatch.setitem(resolve._BUNDLED, "exec", lambda command, _: ProcessTarget(command, limits=SHORT))
    done = ran("audit", planted("misbehaving/hangs.py", "at-request"), "preset:plain-median", "--only", "protocol", "--jobs", 1, "--out", "run", budget=FEW)
    assert done.exit_code == 1
    wrong, right = report_of(tmp_path / "run")
    assert "gave no" in wrong["protocol"]["finding"]["summary"]
    assert "answer within" in wrong["protocol"]["finding"]["summary"]
    assert right["protocol"]["verdict"] == "holds"


@pytest.mark.long
@pytest.mark.parametrize("how", ["at-request", "at-describe"])
def test_a_target_that_hangs_is_a_finding_within_the_limits_of_the_protocol(tmp_path, how):
    process = started("audit", planted("misbehaving/hangs.py", how), "preset:plain-median", "--only", "protocol", "--jobs", 2, "--out", "run", here=tmp_path)
    try:
        _, err = process.communicate(timeout=500)
    finally:
        process.kill()
    assert process.returncode == 1, err
    wrong, right = report_of(tmp_path / "run")
    assert "gave no" in wrong["protocol"]["finding"]["summary"]
    assert right["protocol"]["verdict"] == "holds"


def test_a_promise_of_its_own_that_cannot_be_is_a_finding_too(tmp_path):
    """What a process says of itself is an answer; the rest of the audit goes on without it."""
    boasts = tmp_path / "boasts.py"
    boasts.write_text((TARGETS / "python_index.py").read_text().replace('"max_age": "60s"', '"max_agee": "60s"'))
    done = ran("audit", planted(boasts), "preset:plain-median", "--only", "protocol,quorum", "--jobs", 1, "--out", "run", budget=FEW)
    assert done.exit_code == 1
    wrong, right = report_of(tmp_path / "run")
    assert wrong["protocol"]["verdict"] == "violated"
    assert 'did you mean "max_age"?' in wrong["protocol"]["finding"]["summary"]
    assert right["protocol"]["verdict"] == "holds"
