"""An audit of a bad target ends in its time, with the right finding, with everything found before, and with nothing of the target left running."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from indexlab.audit.plan import Budget
from tests.cli.commands import TARGETS, planted, ran, started
from tests.targets.leftovers import ended, marked_processes

FEW = Budget(batches=1, twins=2, shrink=24, seconds=1e9)
MORE = Budget(batches=24, twins=8, shrink=24, seconds=1e9)
"""Guided search draws a negative price."""
LIMITS = ("--start-timeout", "1s", "--answer-timeout", "300ms", "--memory", "128MiB")
PATIENT = ("--start-timeout", "60s", "--answer-timeout", "60s")

PROTOCOL = {
    "hangs_at_once": ("gave no first answer within 1 s", LIMITS),
    "hangs_after_100": ("gave no answer within 0.3 s", LIMITS),
    "floods_stdout": ("answered a line that is no JSON: tick", PATIENT),
    "gigabyte_line": ("answered a line of more than 64 MiB: 777", PATIENT),
    "half_a_line": ("after a line without an end: {", PATIENT),
    "wrong_shape": ("index[0] must be a number or null, was a list of 1", PATIENT),
    "says_nan": ("answered NaN, which is no JSON", PATIENT),
    "wrong_ids": ("it was 1 more", PATIENT),
    "duplicate_ids": ("it was 1 less, which was answered already", PATIENT),
    "leaves_children": ("exited with status 5, and left a child that holds its standard output", ("--start-timeout", "60s", "--answer-timeout", "300ms")),
    "eats_memory": ("held more than 128 MiB of memory with its children, and was ended", ("--memory", "128MiB", *PATIENT)),
    "slows_down": ("gave no answer within 0.3 s", ("--start-timeout", "60s", "--answer-timeout", "300ms")),
    "closes_stdin": ("gave no answer within 0.3 s, and had closed its standard input", ("--start-timeout", "60s", "--answer-timeout", "300ms")),
    "banner": ("a banner belongs on standard error): ACME index 2.3.1", PATIENT),
    "segfaults_on_negative": ("was ended by SIGSEGV instead of answering", PATIENT),
    "buffers_output": ("it came when the input ended: standard output is buffered where it is a pipe", LIMITS),
    "poisoned_batch": ("exited with status 7 instead of answering", PATIENT),
}
OTHERS = {"floods_stderr": "holds", "ignores_sigterm": "holds", "changes_its_answer": "violated", "leaks_state": "violated", "answers_out_of_order": "holds"}
"""They fit the protocol: what becomes of `determinism`."""
KEEPS = {"hangs_after_100", "segfaults_on_negative", "poisoned_batch", "banner", "slows_down"}
"""They answer enough before, and are no robust index: one broken source is seen to move it."""
QUICK = {"half_a_line", "hangs_after_100"}


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert all(ended(process) for process in marked_processes())


def audited(name, properties, limits, folder):
    done = ran("audit", planted(f"hostile/{name}.py"), "--only", properties, *limits, "--jobs", 1, "--out", "run", budget=MORE if "negative" in name else FEW)
    [target] = json.loads((folder / "run" / "report.json").read_text())["targets"]
    return done, {one["id"]: one for one in target["properties"]}


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.long) for name in PROTOCOL])
def test_the_audit_ends_with_the_right_finding_and_with_what_was_found_before(name, tmp_path):
    said, limits = PROTOCOL[name]
    done, found = audited(name, "protocol,single-source", limits, tmp_path)
    assert done.exit_code == 1, done.stderr
    assert found["protocol"]["verdict"] == "violated"
    assert said in found["protocol"]["finding"]["summary"]
    assert (tmp_path / "run" / found["protocol"]["finding"]["scenario"]).is_file()
    if name in KEEPS:
        assert found["single-source"]["verdict"] == "violated"
        assert (tmp_path / "run" / found["single-source"]["finding"]["scenario"]).is_file()


@pytest.mark.long
@pytest.mark.parametrize("name", OTHERS)
def test_what_fits_the_protocol_is_judged_by_the_properties(name, tmp_path):
    done, found = audited(name, "protocol,determinism", PATIENT, tmp_path)
    assert found["protocol"]["verdict"] == "holds", done.stdout
    assert found["determinism"]["verdict"] == OTHERS[name]


@pytest.mark.long
def test_one_that_resets_connections_is_a_finding(tmp_path):
    server = subprocess.Popen([sys.executable, "-S", str(TARGETS / "hostile" / "resets_connections.py")], stderr=subprocess.PIPE, text=True)
    try:
        label = f"http://127.0.0.1:{int(server.stderr.readline())}"
        done = ran("audit", label, "--only", "protocol", "--jobs", 1, "--out", "run", budget=FEW)
    finally:
        server.kill()
        server.communicate()
    assert done.exit_code == 1, done.stderr
    [target] = json.loads((tmp_path / "run" / "report.json").read_text())["targets"]
    assert "the connection" in target["properties"][0]["finding"]["summary"]


@pytest.mark.long
@pytest.mark.parametrize("name", ["poisoned_batch", "segfaults_on_negative"])
def test_two_workers_find_what_one_finds(name, tmp_path):
    """A process that is started again and again answers the same: nothing depends on who is asked what after whom."""
    found = []
    for jobs in (1, 2):
        done = ran("audit", planted(f"hostile/{name}.py"), "--only", "protocol,single-source", *PATIENT, "--jobs", jobs, "--out", f"run{jobs}", budget=MORE)
        assert done.exit_code == 1, done.stderr
        [target] = json.loads((tmp_path / f"run{jobs}" / "report.json").read_text())["targets"]
        told = [(one["id"], one["verdict"], one["premise_met"], one["finding"]) for one in target["properties"]]
        found.append(json.dumps(told).replace(f"run{jobs}", "run"))
    assert found[0] == found[1]


@pytest.mark.long
def test_an_audit_that_is_ended_leaves_nothing_of_a_stubborn_target(tmp_path):
    """Ctrl-C, with two workers: their targets are ended with them."""
    audit = started("audit", planted("hostile/ignores_sigterm.py"), "--jobs", 2, "--out", "run", here=tmp_path)
    try:
        audit.stderr.readline()
        os.killpg(audit.pid, signal.SIGINT)
        audit.communicate(timeout=120)
    finally:
        audit.kill()
    mark = f"{TARGETS}/hostile/ignores_sigterm.py".encode()
    assert [entry for entry in Path("/proc").glob("[0-9]*/cmdline") if mark in _read(entry)] == []


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""
