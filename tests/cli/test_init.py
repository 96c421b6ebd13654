"""From nothing to a plan, a test file and a CI workflow: asked, by flags, and never over somebody's own."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest

from indexlab.audit.plan import read_plan
from indexlab.commands import init as command
from indexlab.scenarios.expect import Layer, promised
from tests.cli.commands import ENVIRONMENT, ran

TARGET = 'exec:./acme-index --stdio "a b"'
ALL = ("--target", TARGET, "--interval", "5s", "--max-displacement", "2%", "--ci", "github")
GITHUB, GITLAB = ".github/workflows/indexlab.yml", ".gitlab/indexlab.yml"
SCHEMA = "indexlab.schema.json"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_with_flags_nothing_is_asked_and_the_files_are_there(here):
    done = ran("init", *ALL)
    assert (done.exit_code, done.stderr) == (0, "")
    assert written(here) == {"indexlab.toml", "tests/test_index.py", GITHUB, SCHEMA}
    assert done.stdout.startswith("wrote indexlab.toml\nwrote tests/test_index.py\n")
    assert "\nnext:\n  indexlab target check " in done.stdout
    plan = read_plan(here / "indexlab.toml")
    assert plan.use == TARGET
    promise = promised([Layer("plan", plan.expect)])
    assert (promise.interval, promise.max_displacement, promise.margin_headroom) == (5_000_000, 0.02, 0.02)
    assert promise == promised([Layer("plan", {"interval": "5s", "max_displacement": "2%", "margin_headroom": "2%"})])


def test_editors_know_the_keys_of_the_plan(here):
    ran("init", *ALL)
    text = (here / "indexlab.toml").read_text(encoding="utf-8")
    assert text.startswith(f"#:schema ./{SCHEMA}\n")
    jsonschema.validate(tomllib.loads(text), json.loads((here / SCHEMA).read_bytes()))


def test_the_test_file_is_python_that_names_the_target(here):
    ran("init", *ALL)
    tree = ast.parse((here / "tests/test_index.py").read_text(encoding="utf-8"))
    told = {node.targets[0].id: ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign)}
    assert told == {"INDEX": TARGET, "EXPECT": {"interval": "5s", "max_displacement": "2%"}}
    assert [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] == [
        "in_the_folder_of_the_plan",
        "test_contract",
        "test_one_broken_source_moves_no_margin_state",
        "test_a_true_move_gets_through",
    ]


def test_a_longer_interval_lengthens_what_depends_on_it(here):
    ran("init", "--target", "exec:./acme", "--interval", "1m", "--yes")
    text = (here / "indexlab.toml").read_text(encoding="utf-8")
    assert '# max_age = "5m"' in text
    assert '# max_tracking_lag = "5m"' in text
    assert 'within="5m"' in (here / "tests/test_index.py").read_text(encoding="utf-8")


def test_what_a_methodology_declares_is_known(here):
    done = ran("init", "--target", "cf-brti", "--ci", "none", "--yes")
    assert done.exit_code == 0
    text = (here / "indexlab.toml").read_text(encoding="utf-8")
    assert 'use = "preset:cf-brti"' in text
    assert '# max_age = "30s"' in text


def test_a_file_that_is_there_stays_unless_forced(here):
    (here / "tests").mkdir()
    (here / "tests/test_index.py").write_text("mine", encoding="utf-8")
    done = ran("init", *ALL)
    assert done.exit_code == 2
    assert done.stderr == "indexlab: tests/test_index.py: is there already; nothing was written; --force writes over it\n"
    assert written(here) == {"tests/test_index.py"}
    assert (here / "tests/test_index.py").read_text(encoding="utf-8") == "mine"
    assert ran("init", *ALL, "--force").exit_code == 0
    assert "def test_contract" in (here / "tests/test_index.py").read_text(encoding="utf-8")
    both = ran("init", *ALL)
    assert f"indexlab.toml, tests/test_index.py, {GITHUB}, {SCHEMA}: are there already" in both.stderr


@pytest.mark.parametrize("flags", [(), ("--target", "go"), ("--ci", "none", "--interval", "1s"), ALL[:-2]])
def test_without_a_terminal_and_with_something_left_to_ask_it_ends_in_one_line(here, flags):
    done = ran("init", *flags)
    assert done.exit_code == 2
    assert done.stderr.startswith("indexlab: there is no terminal to ask at; give --target")
    assert done.stderr.count("\n") == 1
    assert written(here) == set()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--target", "nodde"), 'index is no target and no language, was "nodde"; did you mean "node"?'),
        (("--target", "preset:okx-2019"), "okx-2018"),
        (("--target", "execc:./a"), 'unknown scheme "execc"; did you mean "exec"?'),
        (("--target", "exec:"), "is no target and no language"),
        (("--interval", "5 parsecs"), "--interval: expect.interval"),
        (("--max-displacement", "200%"), "--max-displacement: expect.max_displacement"),
        (("--ci", "travis"), "CI must be one of github, gitlab, none"),
        (("--target", "go", "--interval", "1m"), "--interval: expect.interval must not exceed half of expect.max_age = 1m, was 1m"),
        (("--target", "cf-brti", "--interval", "1m"), "--interval: expect.interval must not exceed half of expect.max_age = 30s, was 1m"),
    ],
)
def test_what_cannot_be_read_ends_in_one_line_before_anything_is_written(here, flags, said):
    done = ran("init", *flags, "--yes")
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert written(here) == set()


def asked(monkeypatch, answers, *flags):
    from click.testing import CliRunner

    from indexlab.cli import main

    monkeypatch.setattr(command, "_is_terminal", lambda: True)
    return CliRunner(env=ENVIRONMENT).invoke(main, ["init", *flags], input=answers, prog_name="indexlab")


def test_three_questions_are_asked_again_until_they_can_be_answered(here, monkeypatch):
    done = asked(monkeypatch, 'nodde\nexec:"./acme --stdio"\nsoon\n5s\n2%\ntravis\nnone\n')
    assert done.exit_code == 0, done.output
    assert [line[:2] for line in done.output.splitlines() if re.match(r"\d\.", line)] == ["1.", "2.", "3.", "3."]
    assert done.output.count("Error: ") == 3
    assert written(here) == {"indexlab.toml", "tests/test_index.py", SCHEMA}
    plan = tomllib.loads((here / "indexlab.toml").read_text(encoding="utf-8"))
    assert (plan["target"]["use"], plan["expect"]["interval"], plan["expect"]["max_displacement"]) == ("exec:./acme --stdio", "5s", "2%")
    assert 'next:\n  indexlab target check exec:"./acme --stdio"\n' in done.output


def test_what_is_given_is_not_asked(monkeypatch):
    done = asked(monkeypatch, "\n", "--target", "exec:./acme", "--interval", "1s", "--max-displacement", "1%")
    assert done.exit_code == 0
    assert "1." not in done.output.split("wrote")[0].replace("[1", "")
    assert "3. Which CI" in done.output


def test_enter_throughout_starts_an_index_in_python(here, monkeypatch):
    done = asked(monkeypatch, "\n\n\n\n")
    assert done.exit_code == 0
    assert written(here) == {"indexlab.toml", "tests/test_index.py", GITHUB, SCHEMA, "my-index/index.py", "my-index/README.md"}
    assert read_plan(here / "indexlab.toml").use == "exec:python3 my-index/index.py"


def test_a_language_that_is_built_is_built_in_ci_too(here):
    ran("init", "--target", "rust", "--ci", "github", "--yes")
    assert "      - run: cd my-index && cargo build --release\n" in (here / GITHUB).read_text(encoding="utf-8")
    assert read_plan(here / "indexlab.toml").use == "exec:./my-index/target/release/index"
    done = ran("init", "--target", "rust", "--ci", "gitlab", "--yes", "--force")
    assert "    - (cd my-index && cargo build --release)\n" in (here / GITLAB).read_text(encoding="utf-8")
    assert "  (cd my-index && cargo build --release)\n" in done.stdout


def test_gitlab_s_own_file_is_made_or_left_to_its_owner(here):
    done = ran("init", "--target", "exec:./acme", "--ci", "gitlab", "--yes")
    assert (here / ".gitlab-ci.yml").read_text(encoding="utf-8") == f"include:\n  - local: {GITLAB}\n"
    assert "add to .gitlab-ci.yml" not in done.stdout
    (here / ".gitlab-ci.yml").write_text("mine: {}\n", encoding="utf-8")
    done = ran("init", "--target", "exec:./acme", "--ci", "gitlab", "--yes", "--force")
    assert (here / ".gitlab-ci.yml").read_text(encoding="utf-8") == "mine: {}\n"
    assert f"add to .gitlab-ci.yml:  include: [{{ local: {GITLAB} }}]" in done.stdout


@pytest.mark.parametrize("target", ["node", "exec:./acme", "python"])
@pytest.mark.parametrize(("ci", "file"), [("github", GITHUB), ("gitlab", GITLAB)])
def test_a_workflow_holds_no_mark_of_the_template_and_runs_what_was_written(here, ci, file, target):
    ran("init", "--target", target, "--ci", ci, "--yes")
    text = (here / file).read_text(encoding="utf-8")
    assert "\t" not in text
    assert "\n\n\n" not in text
    assert not re.search(r"\$(?!\{\{|INDEXLAB|CI_PIPELINE_SOURCE|profile)", text)
    assert "indexlab audit --profile" in text
    assert "-m pytest tests/test_index.py" in text
    assert "hypothesis" in text
    assert "indexlab-report/" + ("report.sarif" if ci == "github" else "junit.xml") in text


def pytested(here, file="tests/test_index.py"):
    """Run the tests that were written, as their owner would."""
    command = [sys.executable, "-m", "pytest", file, "-q", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=here, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, check=False)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("python3") is None, reason="python3 is not on this machine")
def test_the_written_tests_pass_against_the_index_that_was_started_and_fail_where_one_source_moves_it(here):
    ran("init", "--yes", "--ci", "none")
    done = pytested(here / "tests", "test_index.py")  # the index is named from the folder of the plan, wherever pytest is called
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"\d\d passed", done.stdout)
    index = here / "my-index/index.py"
    index.write_text(index.read_text(encoding="utf-8").replace("CLAMP = 0.01", "CLAMP = 0.99"), encoding="utf-8")
    done = pytested(here)
    assert done.returncode == 1
    assert "FAILED tests/test_index.py::test_contract[single-source]" in done.stdout
    assert "FAILED tests/test_index.py::test_one_broken_source_moves_no_margin_state" in done.stdout
    assert "FAILED tests/test_index.py::test_a_true_move_gets_through" not in done.stdout


def test_the_folder_of_templates_comes_along(here):
    assert {path.name for path in (Path(command.__file__).parent / "templates").iterdir()} == {
        "github.yml.template",
        "gitlab.yml.template",
        "test_index.py.template",
    }
