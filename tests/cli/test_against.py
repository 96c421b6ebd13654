"""`indexlab audit A --against B` as a person types it: the verdict, the finding from both sides, the report, and the replay."""

import contextlib
import json

import pytest

from indexlab.audit.plan import Budget
from tests.cli.commands import TARGETS, planted, ran

FEW = Budget(batches=1, twins=4, shrink=150, seconds=1e9)
RIGHT = "planted:none@clamp-mean"
RULES = f"file:{TARGETS / 'python_index.toml'}"


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A run of an index without its filter against what was written down; where it stands, and what was said."""
    here = tmp_path_factory.mktemp("here")
    with contextlib.chdir(here):
        done = ran("audit", "planted:no-filter@clamp-mean", "--against", RIGHT, "--only", "agreement", "--jobs", 1, "--out", "run", budget=FEW)
    return here, done


def test_a_disagreement_exits_1_and_is_told_from_both_sides(broken):
    _, done = broken
    assert done.exit_code == 1
    assert "against planted:none@clamp-mean" in done.stderr
    for text in ("gives another index than none@clamp-mean", "A is planted:no-filter@clamp-mean", "and B is planted:none@clamp-mean", "A: price", "B: price"):
        assert text in done.stdout
    assert "← another reason" in done.stdout
    assert "the rules of B: a price more than" in done.stdout
    assert max(map(len, [line for line in done.stdout.splitlines() if "indexlab" not in line])) <= 120


def test_the_report_says_what_it_was_held_against(broken):
    here, _ = broken
    report = json.loads((here / "run/report.json").read_text())
    assert report["plan"]["against"] == RIGHT
    assert "against planted:none@clamp-mean" in (here / "run/index.html").read_text()
    assert "the rules of B" in (here / "run/index.html").read_text()
    assert 'name="agreement"' in (here / "run/junit.xml").read_text()


def test_the_finding_names_both_and_is_asked_of_both_again(broken):
    here, _ = broken
    file = next((here / "run/findings").rglob("agreement-*.json"))
    assert json.loads(file.read_text())["against"] == RIGHT
    again = ran("replay", file)
    assert (again.exit_code, again.stderr) == (1, "")
    assert "and B is planted:none@clamp-mean" in again.stdout
    assert ran("replay", file, RIGHT).exit_code == 0
    assert ran("replay", file, "--against", "planted:no-filter@clamp-mean").exit_code == 0


def test_a_service_that_does_as_is_written_exits_0(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    few = Budget(batches=1, twins=1, shrink=10, seconds=1e9)
    done = ran("audit", planted("python_index.py"), "--against", RULES, "--only", "agreement", "--jobs", 1, budget=few)
    assert done.exit_code == 0, done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--against", "okx-2018"], "--against holds a target against another, and no target is named; name one: a survey judges nobody"),
        (["preset:thalex", "--tolerance", "1bp"], "--tolerance says how far two targets may be apart"),
        (["preset:thalex", "--against", "preset:okx-2081"], "okx-2018"),
        (["preset:thalex", "--against", "file:nowhere.toml"], "is not there"),
    ],
)
def test_what_makes_no_sense_ends_before_anything_is_run(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = ran("audit", *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert not list(tmp_path.iterdir())
