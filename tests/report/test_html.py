"""The page is one file that needs nothing, says what was found first, and lets nobody else's text become markup."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import msgspec
import pytest

from indexlab.report import html
from indexlab.report.html import page
from tests.report.samples import finding, held, hostile, judged, survey


class Outline(HTMLParser):
    """The tags, attributes and words of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words, self.ids = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("result", [judged(), survey(), hostile()], ids=["judged", "survey", "hostile"])
def test_the_page_is_one_harmless_file(result):
    """No script, no handler, no inline style, nothing fetched; every chart was drawn; no id twice; well under 2 MB."""
    text = page(result)
    outline = Outline(text)
    assert not {"script", "link", "img", "iframe", "object", "base", "form", "image"} & set(outline.tags)
    assert not [name for name in outline.attributes if name.startswith("on") or name in {"style", "src", "srcset"}]
    assert not re.findall(r'(?:href|action)="(?!#)', text)
    assert "could not be drawn" not in text
    assert len(outline.ids) == len(set(outline.ids))
    assert len(text.encode()) < 2_000_000


def test_the_policy_allows_one_style_sheet():
    """The hash in the policy is the hash of the style sheet, as a browser computes it."""
    text = page(judged())
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#39;", "'")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_hostile_text_is_shown_as_text():
    """What a target calls itself is read as such, and no template in it is filled in."""
    words = "".join(Outline(page(hostile())).words)
    assert "<script>alert(1)</script>]]>[bold red]red\"'&{{7*7}}" in words
    assert "\x1b" not in page(hostile())


def test_equal_audits_give_equal_pages_but_for_the_identity_block():
    """Two pages of one audit differ in when it ran, in one place."""
    one, other = (page(msgspec.structs.replace(survey(), started=started, seconds=seconds)) for started, seconds in (("2026-01-31", 1.0), ("2027-01-31", 2.0)))
    assert one != other
    block = re.compile(r'<table class="pairs" id="identity">.*?</table>', re.DOTALL)
    assert block.sub("", one) == block.sub("", other)


def test_the_verdict_comes_first():
    """The verdict line is the first thing said, in words; then the table, then the chart, then the worst finding."""
    words = " ".join(" ".join(Outline(page(judged())).words).split())
    places = [
        words.index(part)
        for part in ("BROKEN acme-index breaks 1 of 16", "What was promised", "Worst displacement by fault", "The worst finding", "The promises it was held to")
    ]
    assert places == sorted(places)
    assert "It says nothing about conditions that the scenarios do not generate." in words
    assert "indexlab replay reports/acme/findings/7f3a-000412.json exec:./acme-index" in words


def test_a_survey_judges_nobody():
    """A survey's page says so, and shows one set of expectations."""
    words = " ".join(" ".join(Outline(page(survey())).words).split())
    assert "A survey judges nobody" in words
    assert words.count("max_displacement") == 2, "once in the caption of the chart, once in the expectations"


def test_nothing_is_ever_called_safe():
    """An audit that found nothing says in how many scenarios, and nothing that assurance forbids."""
    target = msgspec.structs.replace(judged().targets[0], properties=[held("hull")])
    text = page(msgspec.structs.replace(judged(), targets=[target]))
    assert "Found no violation in 10 000 scenarios." in text
    assert not re.search(r"\b(safe|certified|compliant|guaranteed|passed)\b", text, re.IGNORECASE)


def test_many_findings_stay_small(monkeypatch):
    """The page draws so many charts and says that others have none."""
    monkeypatch.setattr(html, "_MOST_PICTURES", 2)
    properties = [held(f"p-{place}", verdict="violated", finding=finding(id=f"f-{place}", property=f"p-{place}")) for place in range(5)]
    target = msgspec.structs.replace(judged().targets[0], properties=properties)
    text = page(msgspec.structs.replace(judged(), targets=[target]))
    assert text.count("<figure>") == 3
    assert "3 findings have no chart here" in text


def test_a_chart_that_fails_costs_one_line(monkeypatch):
    """The report is written even if a chart cannot be drawn, and says so."""

    def fail(*_args, **_options):
        raise ValueError("no renderer")

    monkeypatch.setattr(html, "finding_chart", fail)
    text = page(judged())
    assert "This chart could not be drawn (ValueError)." in text
    assert "first breach" in text


def test_an_audit_of_nothing_has_a_page():
    """Interrupted before the first target: the page says that nothing was judged."""
    assert "No target was judged." in page(msgspec.structs.replace(judged(), targets=[], interrupted=True))
