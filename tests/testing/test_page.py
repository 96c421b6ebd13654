"""What docs/testing.md shows is tried as it stands there: the tests, the index of calls, and the three ways of sharing, with CI and a person."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

import indexlab.testing
from indexlab.testing.history import JUDGED
from tests.testing.test_sharing import as_artifact, redis_server

__all__ = ["redis_server"]

HERE = Path(__file__).resolve().parents[2]
PAGE = (HERE / "docs" / "testing.md").read_text(encoding="utf-8")
BLOCKS = {block.splitlines()[0].removeprefix("# "): block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)}
FAILING = """
from hypothesis import given
from indexlab.testing import assert_index_stable, between, scenarios, single_source
from tests.testing.run_index import mean_index, median_index

def large_basket_index(params):
    with open("asked.txt", "a") as file:
        file.write(str(len(params["sources"])) + " ")
    return (mean_index if len(params["sources"]) >= 8 else median_index)(params)

@given(scenario=scenarios(sources=between(5, 9), faults=single_source()))
def test_one_broken_source(scenario):
    assert_index_stable(large_basket_index, scenario)
"""


def tested(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder of its own, as a person or as CI does; no cache of a former run, nor of ours."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"CI", "GITHUB_TOKEN"} and not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    there = {**inherited, "PYTHONPATH": str(HERE), **environment}
    return subprocess.run(command, cwd=folder, env=there, capture_output=True, text=True, timeout=300, check=False)


def asked(folder: Path) -> list[str]:
    """How many sources each scenario had that the index was asked about."""
    said = (folder / "asked.txt").read_text(encoding="utf-8").split()
    (folder / "asked.txt").unlink()
    return said


def test_the_tests_on_the_page_hold_for_a_right_index():
    """As they stand there, but for where the index is."""
    names = {"__name__": "page"}
    few = "@settings(max_examples=20, deadline=None)"
    exec(BLOCKS["test_index.py"].replace("exec:./acme-index --stdio", "preset:plain-median").replace("@settings(deadline=None)", few), names)  # noqa: S102 - our page
    exec(BLOCKS["test_calls.py"], names)  # noqa: S102 - our page
    for name in ("test_one_broken_source", "test_a_true_move_gets_through"):
        names[name]()
    names["TestAcmeIndex"].settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
    names["TestAcmeIndex"]().runTest()


@pytest.mark.long
def test_the_tests_on_the_page_pass_in_a_folder_of_their_own(tmp_path):
    """In a folder of a user, found by the plugin's entry point, the process started by its command."""
    index = tmp_path / "acme-index"
    index.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE}/tests/targets/python_index.py"\n', encoding="utf-8")
    index.chmod(0o755)
    for name in ("test_index.py", "test_calls.py"):
        (tmp_path / name).write_text(BLOCKS[name], encoding="utf-8")
    done = tested(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_the_page_names_what_there_is():
    offered = set(indexlab.testing.__all__)
    assert set(re.findall(r"`(assert_\w+|audit_index|twins|called|index_machine)\b", PAGE)) <= offered
    for name in ("between", "baskets", "single_source", "several_sources", "silent", "lagging", "any_fault", "markets", "true_moves", "scenarios"):
        assert f"{name}(" in PAGE
        assert name in offered
    listed = re.search(r"The properties are\n?(.*?);", PAGE, re.DOTALL)[1]
    assert set(re.findall(r"`([a-z-]+)`", listed)) == set(JUDGED)


def shared_between(ci: Path, person: Path, recipe: str, carried, **environment: str) -> None:
    """CI finds; what `carried` takes from its folder to the person's is asked first there."""
    for folder in (ci, person):
        folder.mkdir()
        (folder / "conftest.py").write_text(BLOCKS[recipe], encoding="utf-8")
        (folder / "test_acme.py").write_text(FAILING, encoding="utf-8")
    done = tested(ci, CI="true", **environment)
    assert "BROKEN  single-source" in done.stdout, done.stdout + done.stderr
    assert asked(ci)[0] == "5"
    carried(ci, person)
    done = tested(person, **environment)
    assert "BROKEN  single-source" in done.stdout, done.stdout + done.stderr
    assert asked(person)[0] == "8", "the smallest basket that shows it comes first"


@pytest.mark.long
def test_a_folder_shares_what_ci_found(tmp_path):
    shared_between(tmp_path / "ci", tmp_path / "person", "conftest.py, with a folder", lambda *_: None, SHARED_EXAMPLES=str(tmp_path / "shared"))


@pytest.mark.long
def test_an_artifact_shares_what_ci_found(tmp_path):
    """The artifact is where Hypothesis puts it that has downloaded it: what it does with the network is its own affair."""

    def carried(ci, person):
        (person / ".hypothesis").mkdir()
        as_artifact(ci / "hypothesis-examples", person / ".hypothesis" / "artifacts")

    shared_between(tmp_path / "ci", tmp_path / "person", "conftest.py, with artifacts", carried)


@pytest.mark.long
def test_redis_shares_what_ci_found(tmp_path, redis_server):
    port = redis_server.connection_pool.connection_kwargs["port"]
    shared_between(tmp_path / "ci", tmp_path / "person", "conftest.py, with Redis", lambda *_: None, REDIS_URL=f"redis://127.0.0.1:{port}")


@pytest.mark.long
def test_a_person_who_was_given_nothing_looks_anew(tmp_path):
    with pytest.raises(AssertionError, match="the smallest basket"):
        shared_between(
            tmp_path / "ci",
            tmp_path / "person",
            "conftest.py, with a folder",
            lambda ci, _: shutil.rmtree(ci.parent / "shared"),
            SHARED_EXAMPLES=str(tmp_path / "shared"),
        )
