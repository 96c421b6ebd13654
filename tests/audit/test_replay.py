"""A finding asked again: BROKEN where it still is, FIXED where it is not; from its file alone, from any folder."""

import contextlib
import json
import math
import shlex
import sys
from pathlib import Path

import pytest

from indexlab.audit.plan import Budget
from indexlab.audit.replay import replay_finding, replay_fixture
from indexlab.audit.save import read_finding
from indexlab.index.determination import STATUSES
from indexlab.margin.rules_file import venue_path
from indexlab.market.fixture import find_fixture, load_fixture
from indexlab.targets.resolve import open_target
from indexlab.targets.target import Request
from tests.cli.commands import planted, ran

FEW = Budget(batches=2, twins=4, shrink=60, seconds=1e9)
PICKY = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "describe":
        result = {"protocol": 1, "name": "picky", "provides": ["index"]}
    else:
        seen = request["params"]["observations"]
        told = list(zip(seen["source"], seen["event_time"], seen["price"]))
        if len(set(told)) < len(told):
            sys.exit("told twice")
        result = {"index": [1.0] * len(request["params"]["times"]), "status": ["ok"] * len(request["params"]["times"])}
    print(json.dumps({"id": request["id"], "result": result}), flush=True)
"""
"""Never told anything twice by a market; a run that is told differently ends it."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The findings of plain-mean, by property."""
    with contextlib.chdir(tmp_path_factory.mktemp("here")):
        done = ran("audit", "preset:plain-mean", "--jobs", 1, "--out", "run", budget=FEW)
        assert done.exit_code == 1
        return {path.name.rsplit("-", 2)[0]: path.resolve() for path in Path("run/findings").rglob("*.json")}


FOUND = ("single-source", "invalid-values", "margin-stability")


def test_these_are_its_findings(files):
    assert set(files) == {*FOUND, "explanation", "quorum", "start-up"}


@pytest.mark.parametrize("prop", FOUND)
def test_a_finding_is_broken_still_and_exits_1(files, prop):
    done = ran("replay", files[prop])
    assert done.exit_code == 1
    assert done.stdout.startswith(f"BROKEN  {prop}      target preset:plain-mean      scenario ")
    assert done.stderr == ""


@pytest.mark.parametrize("target", ["preset:plain-mean", planted("misbehaving/exits.py", "at-request")], ids=["broken", "failed"])
def test_a_file_that_was_moved_is_named_where_it_lies(files, tmp_path, monkeypatch, target):
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved" / "x.json").write_bytes(files["single-source"].read_bytes())
    monkeypatch.chdir(tmp_path)
    done = ran("replay", "moved/x.json", target)
    assert done.exit_code == 1
    *_, again, in_pytest = done.stdout.splitlines()
    assert shlex.split(again) == ["replay:", "indexlab", "replay", "moved/x.json", target]
    assert in_pytest == "  in pytest:  pytest --indexlab-replay moved/x.json"


@pytest.mark.parametrize("prop", FOUND)
def test_a_finding_is_fixed_under_a_median_and_exits_0(files, prop):
    done = ran("replay", files[prop], "preset:plain-median")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"FIXED  {prop}      target preset:plain-median      scenario ")


def test_a_replay_says_where_margin_rules_came_from_that_may_have_changed_and_whose_they_are_that_are_gone(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved = json.loads(files["margin-stability"].read_text()) | {"venue": "acme.toml"}
    Path("finding.json").write_text(json.dumps(saved))
    Path("acme.toml").write_text(venue_path("binance-usdm").read_text())
    for target, answer in (("preset:plain-mean", "BROKEN"), ("preset:plain-median", "FIXED")):
        done = ran("replay", "finding.json", target)
        assert done.stdout.startswith(f"{answer}  margin-stability")
        assert done.stdout.endswith("\n  margin rules: acme.toml, as the file is now\n")
    Path("acme.toml").unlink()
    done = ran("replay", "finding.json")
    assert done.exit_code == 2
    gone = "finding.json: venue names margin rules that cannot be read: acme.toml: does not exist; put the file back, and replay from the folder"
    assert gone in done.stderr
    rules = read_finding(files["margin-stability"])
    assert "margin rules:" not in ran("replay", files["margin-stability"]).stdout
    assert rules.venue == ""


def test_several_targets_are_asked_and_one_that_breaks_decides(files):
    done = ran("replay", files["single-source"], "preset:plain-median", "preset:plain-mean", "preset:deribit-2019")
    assert done.exit_code == 1
    assert [line.split()[0] for line in done.stdout.splitlines() if line.startswith(("FIXED", "BROKEN"))] == ["FIXED", "BROKEN", "FIXED"]


@pytest.mark.parametrize("prop", FOUND)
def test_what_it_says_now_is_what_it_said_then(files, prop):
    saved = read_finding(files[prop]).finding
    now = replay_finding(files[prop], None).finding
    for part in ("id", "sentence", "promised", "seen", "table", "picture", "sources", "quotes", "faults", "from_quotes", "fault_names"):
        assert getattr(now, part) == getattr(saved, part)


def test_the_report_s_own_line_runs_from_the_report_s_folder(files, monkeypatch):
    folder = files["single-source"].parents[2]
    monkeypatch.chdir(folder)
    for one in json.loads((folder / "report.json").read_text())["targets"][0]["properties"]:
        if one["finding"]:
            assert ran(*shlex.split(one["finding"]["reproduce"])[1:]).exit_code == 1


def test_the_promise_is_the_finding_s_own(files, tmp_path, monkeypatch):
    """A plan file that lies where one stands changes nothing: the finding's file holds what was promised."""
    (tmp_path / "indexlab.toml").write_text('[expect]\nmax_displacement = "100%"\n')
    monkeypatch.chdir(tmp_path)
    assert ran("replay", files["single-source"]).exit_code == 1


def audited_alone(target, folder):
    with contextlib.chdir(folder):
        done = ran("audit", target, "--only", "protocol", "--jobs", 1, "--out", "run", budget=FEW)
        assert done.exit_code == 1
        [file] = Path("run/findings").rglob("*.json")
        return done, file.resolve()


def test_a_failure_on_a_run_told_differently_is_found_again(tmp_path):
    """What ends this target is a duplicate, which no scenario has of itself."""
    (tmp_path / "picky.py").write_text(PICKY)
    target = f"exec:{shlex.join([sys.executable, '-S', str(tmp_path / 'picky.py')])}"
    with contextlib.chdir(tmp_path):
        assert ran("audit", target, "--only", "protocol,duplicates", "--jobs", 1, "--out", "run", budget=FEW).exit_code == 1
    [file] = (tmp_path / "run" / "findings").rglob("protocol-*.json")
    done = ran("replay", file)
    assert done.exit_code == 1
    assert "exited with status 1 instead of answering" in done.stdout
    assert "| told twice" in done.stdout


@pytest.mark.parametrize(("file", "how"), [("talks.py", "banner"), ("answers.py", "describe-misfit")])
def test_a_target_that_does_not_describe_itself_is_a_finding_that_replays(tmp_path, file, how):
    done, saved = audited_alone(planted(f"misbehaving/{file}", how), tmp_path)
    assert "the target failed to describe itself: " in done.stdout
    again = ran("replay", saved)
    assert again.exit_code == 1
    assert "the target failed to describe itself: " in again.stdout
    fixed = ran("replay", saved, planted("python_index.py"))
    assert (fixed.exit_code, fixed.stdout.split()[0]) == (0, "FIXED")


def test_a_finding_of_a_process_is_asked_of_another_process(tmp_path):
    with contextlib.chdir(tmp_path):
        assert (
            ran("audit", planted("python_index.py", "--defect", "no-filter"), "--only", "single-source", "--jobs", 1, "--out", "run", budget=FEW).exit_code == 1
        )
    [file] = (tmp_path / "run" / "findings").rglob("*.json")
    assert ran("replay", file).exit_code == 1
    assert ran("replay", file, planted("python_index.py")).exit_code == 0


def test_a_target_that_fails_does_not_fix_a_finding(files):
    done = ran("replay", files["single-source"], planted("misbehaving/exits.py", "at-request"))
    assert done.exit_code == 1
    assert done.stdout.startswith("BROKEN")


@pytest.mark.parametrize("label", ["preset:deribit-2019", "preset:plain-mean", "preset:bitget-2025", "preset:kucoin-2025", "preset:plain-median@reference"])
@pytest.mark.parametrize("name", ["calm-hour", "bitmex-2017-04-15"])
def test_a_fixture_in_pieces_is_what_the_target_says_of_the_whole(name, label, monkeypatch):
    fixture = load_fixture(find_fixture(name))
    pieces = type(fixture).pieces
    monkeypatch.setattr(type(fixture), "pieces", lambda self: pieces(self, 100))
    with open_target(label) as target:
        [whole] = target.index([Request(fixture.basket, fixture.quotes(), fixture.times())])
    found = replay_fixture(name, label)
    assert found.times == fixture.times().tolist()
    assert found.index == [None if math.isnan(value) else value for value in whole.value.tolist()]
    assert found.status == [STATUSES[code] for code in whole.status]
    assert found.notes == whole.notes
