"""docs/margin.md says what the commands say: the table of incidents, the example of headroom, the venue of one's own, its links."""

import re
from pathlib import Path

import pytest

from indexlab.audit.incident import incident
from indexlab.margin.rules_file import parse_venue
from tests.cli.commands import ran

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "margin.md").read_text(encoding="utf-8")
INCIDENTS = ("bitmex-2017-04-15", "bitmex-2019-05-17", "deribit-2019-10-31", "binance-2025-10-10")


def said(leverages):
    if not leverages:
        return "nobody"
    low, high = f"{min(leverages):.4g}x", f"{max(leverages):.4g}x"
    return low if low == high else f"{low} to {high}"


def rows(name):
    """The table's rows for one incident."""
    found = incident(name)
    for place, run in enumerate(found.runs):
        low = run.extreme(low=True)
        gone = [[each.leverage for each in found.accounts if each.side == side and each.fates[place].liquidated is not None] for side in ("long", "short")]
        alone = "-" if place == 1 else said([each.leverage for each in found.hurt(place)])
        index = "none" if low is None else f"{low:.6g}"
        yield f"| `{name}` | {run.name} | {index} | {said(gone[0])} | {said(gone[1])} | {alone} | {lost(found, place)} |"


def lost(found, place):
    """What longs of 10x, 20x and 50x lost of their margin."""
    at = {each.leverage: each for each in found.accounts if each.side == "long"}
    costs = [(at[leverage].fates[place].cost, at[leverage].collateral) for leverage in (10.0, 20.0, 50.0)]
    return ", ".join("-" if cost is None else f"{cost / margin:.1%}".replace("%", " %") for cost, margin in costs)


@pytest.mark.parametrize("name", INCIDENTS)
def test_the_table_of_incidents_is_what_the_command_finds(name):
    written = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` ")]
    assert written == list(rows(name))


def test_the_examples_are_what_the_commands_print():
    examples = re.findall(r"```\n\$ indexlab (.*)\n((?:.|\n)*?)\n```", PAGE)
    assert examples
    for command, output in examples:
        assert ran(*command.split()).stdout.rstrip() == output


def test_the_costs_that_it_names_are_found():
    found = incident("deribit-2019-10-31")
    lost = {each.leverage: each.fates[0].cost / each.collateral for each in found.accounts if each.side == "long" and each.fates[0].cost is not None}
    assert f"{lost[10.0]:.1%} of the".replace("%", " %") in " ".join(PAGE.split())
    assert f"{lost[50.0]:.0%} at 50x".replace("%", " %") in PAGE


def test_the_venue_of_one_s_own_is_one():
    (text,) = re.findall(r"```toml\n((?:.|\n)*?)```", PAGE)
    rules = parse_venue(text)
    assert rules.contracts[0].tiers[1].maintenance_amount == 100_000 * (0.025 - 0.005)


def test_its_links_lead_somewhere():
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (DOCS / link).exists(), link
