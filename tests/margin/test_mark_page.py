"""docs/mark-price.md: its example prints what stands below it, and it names every rule and key."""

import contextlib
import io
import re
from pathlib import Path

from indexlab.margin.mark_rules import CHOICES
from indexlab.margin.rules_file import venue, venue_names

PAGE = (Path(__file__).parents[2] / "docs" / "mark-price.md").read_text(encoding="utf-8")


def test_the_example_prints_what_the_page_shows():
    """Run as it stands there."""
    [(code, shown)] = re.findall(r"<!-- example -->\n```python\n(.*?)```\n\n```\n(.*?)```", PAGE, re.DOTALL)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(code, {})  # noqa: S102 - our page
    assert [line.split() for line in said.getvalue().splitlines()] == [line.split() for line in shown.splitlines()]


def test_the_page_names_every_rule():
    """A rule that is added is explained; every bundled venue's rule is one of them."""
    for word in (*CHOICES["mark.rule"], *(word for word in CHOICES["mark.strict"] if word != "none")):
        assert f'"{word}"' in PAGE or f"`{word}`" in PAGE
    assert {venue(name).mark.rule for name in venue_names()} <= set(CHOICES["mark.rule"])
