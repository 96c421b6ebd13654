"""docs/funding.md: its examples print what stands below them, its commands run, and it names every rule of averaging and every venue's slots."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from indexlab.commands.margin_funding import funding
from indexlab.margin.funding_rules import CHOICES
from indexlab.margin.rules_file import venue, venue_names
from tests.margin.margin_pages import examples, printed

PAGE = (Path(__file__).parents[2] / "docs" / "funding.md").read_text(encoding="utf-8")
EXAMPLES = examples(PAGE)
COMMANDS = re.findall(r"^    indexlab margin funding (.*)$", PAGE, re.MULTILINE)


def test_the_page_has_two_examples_and_two_commands():
    assert (len(EXAMPLES), len(COMMANDS)) == (2, 2)


@pytest.mark.parametrize(("code", "shown"), EXAMPLES, ids=["payments", "equity"])
def test_an_example_prints_what_the_page_shows(code, shown):
    assert printed(code) == shown


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_runs(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"2025-01-01T{hour:02}:30:00Z,100,100.1,100.2" for hour in range(12)]
    Path("premium.csv").write_text("\n".join(["time,index,bid,ask", *rows]), encoding="utf-8")
    done = CliRunner().invoke(funding, shlex.split(command), catch_exceptions=False)
    assert done.exit_code == 0
    assert ("--figure" in command) == Path("funding.svg").exists()


def test_the_page_names_every_average():
    assert all(f"`{word}`" in PAGE for word in CHOICES["funding.averaging"])


def test_the_caps_of_the_page_are_those_of_the_files():
    """Every bundled venue with funding stands in the table; the caps that are written as they are in a file are found."""
    table = PAGE[PAGE.index("| venue |") : PAGE.index("What a venue does not publish")]
    names = {
        "binance-usdm": "0.3 %",
        "binance-2025": "0.3 %",
        "bybit": "0.375 %",
        "okx": "0.375 %",
        "bitmex": "0.375 %",
        "dydx-v4": "1.5 %",
        "hyperliquid": "4 %",
    }
    for name, cap in names.items():
        assert f"{venue(name).funding.cap * 100:.6g} %" == cap
        assert cap in table
    others = {"binance-coinm", "bitmex-2017", "bitmex-2019", "deribit", "drift"}
    assert {name for name in venue_names() if venue(name).funding is not None} == {*names, *others}
