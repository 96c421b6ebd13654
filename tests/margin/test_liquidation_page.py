"""docs/liquidation.md: its examples print what stands below them, its command runs, and it names every path."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from indexlab.commands.margin_paths import paths
from indexlab.margin.liquidation_cost import DEPTH
from indexlab.margin.liquidation_rules import CHOICES
from tests.margin.margin_pages import examples, printed

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "liquidation.md").read_text(encoding="utf-8")
EXAMPLES = examples(PAGE)
COMMANDS = re.findall(r"^    indexlab margin paths (.*)$", PAGE, re.MULTILINE)


def test_the_page_has_two_examples_and_a_command():
    assert (len(EXAMPLES), len(COMMANDS)) == (2, 1)


@pytest.mark.parametrize(("code", "shown"), EXAMPLES, ids=["reduction", "steps"])
def test_an_example_prints_what_the_page_shows(code, shown):
    assert printed(code) == shown


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_of_the_page_runs(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(paths, shlex.split(command.replace("200", "4")), catch_exceptions=False)
    assert done.exit_code == 0
    assert Path("paths.svg").exists()


def test_the_page_names_every_path_the_depth_and_its_figure():
    assert all(f"| `{word}` |" in PAGE for word in CHOICES["liquidation.path"])
    assert f"{DEPTH:,.0f}" in PAGE
    assert (DOCS / "liquidation-paths.svg").read_text(encoding="utf-8").startswith("<svg")
