"""Both sides of a disagreement as text: what both gave side by side, nothing for what nobody gave, and nobody's words taken for ours."""

import pytest

from indexlab.audit.events import SideRow, Sides
from indexlab.report.sides import sides_text

ROWS = [
    SideRow("kraken", "50 000", "0.5", "used", "50 000", "0.5", "used"),
    SideRow("okcoin", "300 000", "0.5", "used", "50 500", "0.5", "clamped", "another reason"),
]


def test_both_views_stand_beside_one_another_with_what_differs_marked():
    text = "\n".join(sides_text(Sides("exec:./acme", "file:rules.toml", ROWS, [], ["B: a price further off is moved", "B: the median is of all"])))
    assert (
        text
        == """
  where they part first, A is exec:./acme
                        and B is file:rules.toml
    source  A: price  weight  reason  B: price  weight  reason
    kraken    50 000     0.5  used      50 000     0.5  used
    okcoin   300 000     0.5  used      50 500     0.5  clamped   ← another reason
    the rules of B: a price further off is moved; the median is of all"""
    )


def test_columns_that_nobody_fills_are_left_out():
    mute = [SideRow(row.source, "", "", "", row.other_price, "", row.other_reason) for row in ROWS]
    lines = sides_text(Sides("exec:./acme", "file:rules.toml", mute, ["A gives no prices, weights or reasons"], []))
    assert lines[3].split() == ["source", "B:", "price", "reason"]
    assert lines[-1] == "    A gives no prices, weights or reasons"


def test_two_that_say_nothing_are_named_and_nothing_more():
    mute = [SideRow(row.source, "", "", "", "", "", "") for row in ROWS]
    assert [line.strip() for line in sides_text(Sides("one", "other", mute, [], []))] == ["", "where they part first, A is one", "and B is other"]
    assert sides_text(None) == []


@pytest.mark.parametrize("evil", ["\x1b[31mred", "a\nBROKEN  b", "<script>", "\u202e" * 3, "x" * 5000])
def test_foreign_words_stay_on_their_line(evil):
    rows = [SideRow(evil, evil, evil, evil, evil, evil, evil, evil)]
    lines = sides_text(Sides(evil, evil, rows, [], [f"B: {evil}"]))
    assert not any(character in line for line in lines for character in "\x1b\n\u202e")
    assert max(map(len, lines)) < 1000
