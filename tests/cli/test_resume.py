"""`kill -9`, a full disk, Ctrl-C: nothing that was found is lost, nothing goes on running, and `--resume` ends with the report of an unbroken run."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import ENVIRONMENT, TARGETS, planted, ran, started
from tests.cli.ended import FEW

ROOT = TARGETS.parents[1]
ONLY = ("--only", "single-source,invalid-values,protocol")
MOMENTS = random.Random(9)  # noqa: S311 - moments, not secrets
PROCESS = planted("python_index.py", "--defect", "no-filter")
BOTH = ("preset:plain-mean", PROCESS)


def ended(folder, *arguments, at=0, share=1.0, limit=0):
    """An audit in a process of its own, and the leader of a group; it is read until nobody is left who could write to its pipes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.cli.ended", str(at), str(share), str(limit), *map(str, arguments)],
        cwd=folder,
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    out, err = process.communicate(timeout=300)
    return process, out, err


def assert_nothing_runs_in(folder):
    """Workers and targets end by themselves where the audit cannot end them any more: at once, or when they see that nobody asks."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if entry.joinpath("cwd").readlink() == folder:
                handle = os.pidfd_open(int(entry.name))
                poll = select.poll()
                poll.register(handle, select.POLLIN)
                assert poll.poll(60_000), entry.joinpath("cmdline").read_bytes()
                os.close(handle)


def came_to(folder):
    """The report without the table `run`, and every finding's file."""
    report = json.loads((folder / "report.json").read_text())
    assert set(report.pop("run")) == {"started", "seconds"}
    return report, {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("findings/**/*.json"))}


def breaches_on_disk(folder):
    """The properties that were seen to be broken, as the journal alone tells it; a line that was cut short tells nothing."""
    seen = set()
    for line in (folder / "journal.ndjson").read_bytes().split(b"\n")[:-1]:
        told = json.loads(line)
        if told["type"] == "Piece" and told["phase"] == "search":
            seen |= {breach["property"] for breach in told["piece"].get("breaches", [])}
    return seen


def unbroken(here, *arguments):
    """What a run that nobody ends comes to, and how many lines its journal has."""
    process, _, err = ended(here, "audit", *arguments, "--out", "run")
    assert process.returncode == 1, err
    return *came_to(here / "run"), len((here / "run" / "journal.ndjson").read_bytes().splitlines())


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """An unbroken run of a target in a process of its own."""
    return unbroken(tmp_path_factory.mktemp("asked"), PROCESS, *ONLY, "--jobs", 2)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """An unbroken run of two targets."""
    return unbroken(tmp_path_factory.mktemp("both"), *BOTH, *ONLY, "--jobs", 2)


def killed_and_gone_on(whole, here, targets, jobs, moment, share):
    report, files, lines = whole
    process, _, err = ended(here, "audit", *targets, *ONLY, "--jobs", jobs, "--out", "run", at=2 + int(moment * (lines - 2)), share=share)
    assert process.returncode == -signal.SIGKILL, err
    assert_nothing_runs_in(here)
    there = {path.name.rsplit("-", 2)[0] for path in (here / "run").rglob("findings/**/*.json")}
    # a finding's file is written after its line: where the end came between them, the line alone is there
    assert len(breaches_on_disk(here / "run") - there) <= (1 if share == 1 else 0)
    done = ran("audit", "--resume", here / "run", "--jobs", 1, budget=FEW)
    assert done.exit_code == 1, done.stderr
    assert "going on with run: " in done.stderr
    assert came_to(here / "run") == (report, files)


def moments(count):
    return [pytest.param(MOMENTS.choice([1, 2]), MOMENTS.random(), MOMENTS.choice([0.0, MOMENTS.random(), 1.0]), id=f"moment-{one}") for one in range(count)]


@pytest.mark.parametrize(("moment", "share"), [(0.4, 0.5)])
def test_a_killed_run_loses_nothing_and_leaves_nothing_running(asked, tmp_path, moment, share):
    killed_and_gone_on(asked, tmp_path, (PROCESS,), 2, moment, share)


@pytest.mark.long
@pytest.mark.parametrize(("jobs", "moment", "share"), moments(20))
def test_a_run_killed_at_any_of_20_moments_comes_to_the_same(both, tmp_path, jobs, moment, share):
    killed_and_gone_on(both, tmp_path, BOTH, jobs, moment, share)


def on_small_disk(folder, size):
    """Mount a file system of its own on a folder; skip where that is not permitted."""
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or subprocess.run([mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk is not permitted here")


@pytest.fixture
def disk(tmp_path):
    """A disk of 4 MB, and a file on it that leaves no room but what a test gives."""
    folder = tmp_path / "disk"
    on_small_disk(folder, "4m")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


ONE = ("preset:plain-mean", *ONLY, "--jobs", 1)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """An unbroken run of one target, and the folder in which it was begun."""
    here = tmp_path_factory.mktemp("one")
    return here, unbroken(here, *ONE)[:2]


@pytest.fixture
def finished(one, monkeypatch, tmp_path):
    """A copy of that run; the test stands where it was begun."""
    here, _ = one
    monkeypatch.chdir(here)
    return Path(shutil.copytree(here / "run", tmp_path / "run"))


@pytest.fixture
def unfinished(finished):
    """A run that lacks its end."""
    journal = finished / "journal.ndjson"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-4]))
    return finished


def assert_whole(folder):
    """Each file of a run is whole or absent, and the journal ends at a whole line."""
    for path in folder.rglob("*.json"):
        json.loads(path.read_bytes())
    assert not list(folder.rglob("*.part"))
    assert (folder / "journal.ndjson").read_bytes().endswith(b"\n")


@pytest.mark.parametrize("room_kb", [80, *(pytest.param(room, marks=pytest.mark.long) for room in (4, 8, 24, 120, 200))])
def test_a_full_disk_is_one_clear_error_and_with_room_it_goes_on(one, disk, room_kb):
    ballast = disk / "ballast"
    ballast.write_bytes(b"x" * (shutil.disk_usage(disk).free - room_kb * 1024))
    process, out, err = ended(disk, "audit", *ONE, "--out", "run")
    assert process.returncode == 2, err
    assert "Traceback" not in err
    *said, why = err.splitlines()
    assert re.fullmatch(r"indexlab: run/\S+: cannot be written: no space left on device; (make room|free some space).*", why, re.IGNORECASE)
    if not (disk / "run" / "journal.ndjson").stat().st_size:
        return  # there was no room to begin
    assert said[-1] == "what was done is kept; go on with:  indexlab audit --resume run"
    assert ("BROKEN  single-source" in out) >= ("single-source" in breaches_on_disk(disk / "run"))
    assert ("report: run/index.html" in out) == (disk / "run" / "index.html").exists()
    assert all((disk / name).exists() for name in re.findall(r"indexlab replay (\S+)", out))
    assert_whole(disk / "run")
    ballast.unlink()
    done = ran("audit", "--resume", disk / "run", budget=FEW)
    assert done.exit_code == 1, done.stderr
    assert came_to(disk / "run") == one[1]


@pytest.mark.long
def test_a_journal_that_may_not_grow_is_one_clear_error_and_what_was_found_is_told(one, tmp_path):
    """A limit on the size of files, as a quota sets it: findings still find room, so that each is written and told."""
    process, out, err = ended(tmp_path, "audit", *ONE, "--out", "run", limit=60_000)
    assert process.returncode == 2, err
    assert err.splitlines()[-1].endswith("run/journal.ndjson: cannot be written: file too large; make room, and go on with --resume")
    assert "BROKEN  single-source" in out
    assert list((tmp_path / "run").rglob("findings/**/single-source-*.json"))
    assert_whole(tmp_path / "run")
    done = ran("audit", "--resume", tmp_path / "run", budget=FEW)
    assert done.exit_code == 1, done.stderr
    assert came_to(tmp_path / "run") == one[1]


def test_a_finished_run_says_what_it_came_to(one, finished):
    """It is asked nothing, and what is missing of its report is written again."""
    report = (finished / "report.json").read_bytes()
    (finished / "report.json").unlink()
    done = ran("audit", "--resume", finished, budget=FEW)
    assert done.exit_code == 1
    assert "BROKEN  single-source" in done.stdout
    assert done.stderr.splitlines()[0] == "this run is finished; this is what it came to"
    assert (finished / "report.json").read_bytes() == report
    assert came_to(finished) == one[1]


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (("preset:plain-mean", *ONLY, "--seed", 0), 1, ""),
        (("preset:plain-mean", *ONLY, "--seed", 3), 2, "run: was made by another plan: seed was 0, and is now 3; leave the other options out"),
        (("preset:plain-median", *ONLY), 2, 'was made by another plan: targets was ["preset:plain-mean"], and is now ["preset:plain-median"]'),
        (("--out", "else"), 2, "--out cannot be given beside --resume"),
        (("--header", "X-Token: abcdef"), 2, "--header X-Token is none of the headers that the run began with"),
    ],
)
def test_what_is_typed_beside_it_must_be_the_same(unfinished, typed, code, said):
    done = ran("audit", "--resume", unfinished, *typed, budget=FEW)
    assert done.exit_code == code, done.stderr
    assert said in done.stderr
    assert "abcdef" not in done.stderr


def test_from_elsewhere_it_goes_on_where_it_was_begun(one, unfinished, monkeypatch):
    monkeypatch.chdir("/")
    done = ran("audit", "--resume", unfinished, budget=FEW)
    assert done.exit_code == 1, done.stderr
    assert done.stderr.splitlines()[0] == f"in {one[0]}, where the run was begun"
    assert came_to(unfinished) == one[1]


def test_a_damaged_journal_says_from_where_on_it_is_done_again(one, unfinished):
    journal = unfinished / "journal.ndjson"
    *lines, last, _ = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines, b"{}\n", last]))
    done = ran("audit", "--resume", unfinished, budget=FEW)
    assert f"its journal is damaged from line {len(lines) + 1} on, and what came after is done again" in done.stderr
    assert came_to(unfinished)[0] == one[1][0]


ENDS_ITS_PARENT = """
import json, os, signal, sys
for line in sys.stdin:
    asked = json.loads(line)
    if asked["method"] != "describe":
        os.kill(os.getppid(), signal.SIGKILL)
    print(json.dumps({"id": asked["id"], "result": {"name": "deadly", "provides": ["index"], "uses": ["price"]}}), flush=True)
"""


@pytest.mark.parametrize("before", [(), pytest.param(("preset:plain-mean",), marks=pytest.mark.long)], ids=["alone", "after-another"])
def test_a_worker_that_the_system_ends_is_named_and_what_was_found_is_told(tmp_path, before):
    (tmp_path / "deadly.py").write_text(ENDS_ITS_PARENT)
    process, out, err = ended(tmp_path, "audit", *before, planted(tmp_path / "deadly.py"), *ONLY, "--jobs", 2, "--out", "run")
    assert process.returncode == 3, err
    *_, how, why = err.splitlines()
    assert how == "what was done is kept; go on with:  indexlab audit --resume run"
    assert why.startswith("indexlab: a worker process was ended by SIGKILL, as an operating system does that runs out of memory")
    report, files = came_to(tmp_path / "run")
    assert report["interrupted"]
    assert len(report["targets"]) == len(before) + 1
    assert any("single-source" in name for name in files) == ("BROKEN  single-source" in out) == bool(before)
    assert_nothing_runs_in(tmp_path)


@pytest.mark.parametrize("send", ["twice", pytest.param("to-all", marks=pytest.mark.long)])
def test_sigterm_ends_it_in_good_order(tmp_path, send):
    """As `timeout` and process managers send it: to the process, then to its whole group; the workers' end is no failure then."""
    process = started("audit", *ONE[:-1], 2, "--out", "run", here=tmp_path)
    try:
        for line in process.stderr:
            if "audit of 1 target" in line:
                if send == "twice":
                    os.kill(process.pid, signal.SIGTERM)
                os.killpg(process.pid, signal.SIGTERM)
                break
        _, err = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "what was done is kept; go on with:  indexlab audit --resume run"
    assert json.loads((tmp_path / "run" / "report.json").read_text())["interrupted"]
