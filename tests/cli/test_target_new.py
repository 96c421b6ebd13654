"""`indexlab target new`: a folder with everything in it, and what to type next."""

from __future__ import annotations

import pytest

from indexlab.audit.plan import read_plan
from tests.cli.commands import ran

FILES = {
    "python": {"index.py"},
    "nodejs": {"index.mjs"},
    "go": {"go.mod", "main.go"},
    "rust": {"Cargo.toml", "src/main.rs", "src/json.rs"},
    "java": {"Index.java", "Json.java"},
    "c++": {"index.cpp", "json.hpp"},
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("language", FILES)
def test_a_folder_is_there_and_what_to_type_next_is_said(here, language):
    done = ran("target", "new", language, "new/folder")
    assert (done.exit_code, done.stderr) == (0, "")
    made = here / "new/folder"
    assert {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()} == {*FILES[language], "README.md", "indexlab.toml"}
    said = done.stdout.splitlines()
    assert said[: said.index("")] == [f"wrote new/folder/{name}" for name in [*sorted(FILES[language]), "README.md", "indexlab.toml"]]
    commands = [line.strip() for line in said[said.index("next:") + 1 :]]
    use = read_plan(made / "indexlab.toml").use
    assert commands[0] == "cd new/folder"
    assert commands[-2:] == [f'indexlab target check exec:"{use.removeprefix("exec:")}"', "indexlab audit"]
    assert (made / "README.md").read_text(encoding="utf-8").startswith("# folder\n")


def test_an_empty_folder_is_taken_and_no_other(here):
    (here / "empty").mkdir()
    assert ran("target", "new", "python", "empty").exit_code == 0
    done = ran("target", "new", "python", "empty")
    assert (done.exit_code, done.stderr) == (2, "indexlab: empty: is there already, and is no empty folder; name a folder that is new or empty\n")
    (here / "file").touch()
    assert "file" in ran("target", "new", "python", "file").stderr
    assert (here / "file").read_bytes() == b""


def test_a_folder_that_cannot_be_made_is_one_line(here):
    (here / "file").touch()
    done = ran("target", "new", "python", "file/below")
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1


def test_an_unknown_language_is_one_line():
    done = ran("target", "new", "jave", "x")
    assert (done.exit_code, done.stderr) == (2, 'indexlab: LANGUAGE must be one of python, node, go, rust, java, cpp, was "jave"; did you mean "java"?\n')
