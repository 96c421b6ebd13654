"""Estimates, coverage and all distinct findings stand in every report."""

from __future__ import annotations

import json
import re

# ruff: noqa: S314 - what is read back is what we wrote
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.report.closing import closing_text
from indexlab.report.covered import coverage_line
from indexlab.report.document import report_bytes
from indexlab.report.estimates import HOW_TO_ASK, estimate_lines, probability_text
from indexlab.report.html import page
from indexlab.report.junit import junit_bytes
from indexlab.report.words import headline
from tests.report.figures import coverage, estimate, foreign, held, several, told
from tests.report.samples import judged
from tests.report.test_html import Outline


def words(result):
    """What a person reads on the page."""
    return " ".join(" ".join(Outline(page(result)).words).split())


@given(st.floats(1e-12, 1.0))
def test_a_bound_is_never_rounded_down(value):
    """What is printed bounds what was computed, and is at most a tenth of its last digit off."""
    printed = float(probability_text(value))
    assert value <= printed <= value * 1.2


@pytest.mark.parametrize(("value", "text"), [(1.0, "1"), (0.00299, "0.003"), (2.9957e-4, "3.0e-4"), (0.0121, "0.013"), (0.997, "1"), (4.61e-6, "4.7e-6")])
def test_bounds_are_short(value, text):
    assert probability_text(value) == text


def test_the_page_says_first_what_the_probability_is_of():
    """The sentence, then n, k and bounds by property, then the family, then strata and what was declared."""
    said = words(told())
    places = [said.index(part) for part in ("How likely a breach may still be", "Each figure is about one thing", "1 000 of 1 000 planned cases", "Bonferroni")]
    assert places == sorted(places)
    assert "single-source 250 3 0.031 0.04 " in said
    assert "hull 1 000 0 0.003 0.0046 " in said
    assert "quorum 0 – – – – –" in said
    assert "level, calm 240 3 " in said
    assert "level, gap" not in said, "only strata in which a case broke are listed"
    assert "single-source 2 10 to 240 0.032 to 0.26" in said
    assert "same declared weight, 1/4 = 0.25" in said
    assert "uniform over 2: calm, gap" in said


def test_a_breach_that_only_independent_cases_showed_says_so():
    reason = "broken in 2 of 40 independent cases in which the premise was met, in none of the search's 7"
    found = [msgspec.structs.replace(one, verdict="violated", reason=reason, breaches=0) if one.id == "hull" else one for one in told().targets[0].properties]
    assert reason in words(told(properties=found))
    assert reason in " ".join(closing_text(told(properties=found), "run").split())


def test_without_an_estimate_the_page_says_how_to_ask():
    assert HOW_TO_ASK in words(judged())
    assert estimate_lines(judged().targets[0]) == []


def test_the_terminal_gives_what_broke_and_the_range_of_the_others():
    assert estimate_lines(told().targets[0]) == [
        "estimate: 1 000 independent cases",
        "single-source broken in 3 of 250: probability at most 0.031 (95 %), 0.04 (99 %)",
        "1 property broken in none: probability of a breach at most 0.003 (95 %) each",
        "1 property with a premise met in none: nothing is known",
    ]


def test_an_estimate_that_was_stopped_says_so_everywhere():
    stopped = told(estimate=estimate(done=400, stopped="stopped by a time limit after 400 of 1000 cases; the bounds are of the cases that were run"))
    assert "The estimate was stopped by a time limit after 400 of 1000 cases" in words(stopped)
    assert estimate_lines(stopped.targets[0])[0] == "estimate: 400 independent cases of 1 000, stopped early"
    assert json.loads(report_bytes(stopped))["targets"][0]["estimate"]["stopped"].startswith("stopped by a time limit")


def test_the_page_shows_the_grid_and_names_the_blanks():
    text = page(told())
    said = words(told())
    assert "5 of 6 cells" in said
    assert "level 1/1 0/1 9 120 1 204 of 27 600" in said
    assert "stop 1/1 blank 2 000 0 of 4 800" in said
    assert "no fault 1/1 1/1 – –" in said
    assert "stop touched no quote in gap" in said
    assert text.count('class="blank"') == 2
    assert "of the coverage 1 cell is blank" in said


def test_the_terminal_has_one_line_of_coverage():
    result = told()
    assert coverage_line(result.targets[0], result) == "coverage: 5 of 6 cells of fault, regime and property, blanks: stop touched no quote in gap"
    many = told(required=True, coverage=coverage(blanks=[f"blank {place}" for place in range(5)]))
    line = coverage_line(many.targets[0], many)
    assert line.endswith("(coverage is required: inconclusive), blanks: blank 0; blank 1; blank 2; and 2 more, in the report")
    full = told(coverage=coverage(filled=6, blanks=[]))
    assert coverage_line(full.targets[0], full) == "coverage: 6 of 6 cells of fault, regime and property"


def test_a_required_coverage_with_blanks_is_inconclusive():
    """In the headline and in junit.xml; without being required it is only said."""
    assert headline(held(required=True)).word == "INCONCLUSIVE"
    assert "coverage is required and 1 cell of it is blank" in headline(held(required=True)).text
    assert headline(held(required=False)).word == "NONE FOUND"
    cases = {case.get("name"): case for case in ET.fromstring(junit_bytes(held(required=True))).iter("testcase")}
    assert cases["coverage"].find("error").get("message") == "inconclusive: 1 of 6 cells of the coverage are blank"
    assert cases["coverage"].find("error").text == "stop touched no quote in gap"
    assert "coverage" not in {case.get("name") for case in ET.fromstring(junit_bytes(held(required=False))).iter("testcase")}


def test_report_json_has_every_count():
    """Each cell's counts in the order of the properties, a row a line."""
    text = report_bytes(told()).decode()
    target = json.loads(text)["targets"][0]
    found = target["coverage"]
    assert (found["expected"], found["filled"], found["properties"]) == (6, 5, ["hull", "single-source"])
    [cell] = [one for one in found["cells"] if (one["fault"], one["regime"]) == ("level", "calm")]
    assert cell == {"fault": "level", "regime": "calm", "twins": 400, "judged": [0, 400], "met": [0, 380], "broken": [0, 31], "worst": [0.0, 0.0131]}
    assert len(re.findall(r"^ *\{\"fault\": \"level\", \"regime\": \"calm\", \"twins\".*\},?$", text, re.MULTILINE)) == 1
    assert target["estimate"]["properties"][1]["bound"]["k"] == 3
    assert [stratum["bound"]["n"] for stratum in target["estimate"]["properties"][1]["strata"]] == [240, 10]


def test_all_distinct_findings_are_in_every_report():
    """Each by its own sentence: the page, report.json, junit.xml and the terminal."""
    result = several()
    sentences = [f"What happened, in its way number {place}." for place in range(3)]
    [silent] = [one for one in json.loads(report_bytes(result))["targets"][0]["properties"] if one["id"] == "silent-source"]
    assert [one["summary"] for one in silent["findings"]] == sentences
    assert silent["finding"] == silent["findings"][0]
    [case] = [case for case in ET.fromstring(junit_bytes(result)).iter("testcase") if case.get("name") == "silent-source"]
    assert case.find("failure").get("message") == f"{sentences[0]} (and 2 more)"
    for text in (page(result), closing_text(result, "run"), case.find("failure").text):
        assert all(sentence in text for sentence in sentences)


def test_beyond_the_first_few_a_finding_is_its_sentence_and_its_replay_line(monkeypatch):
    monkeypatch.setattr("indexlab.report.closing._FULL_TEXTS", 1)
    text = closing_text(several(), "run")
    assert "and 2 more findings" in text
    assert "  BROKEN  silent-source: What happened, in its way number 2.\n    indexlab replay " in text


def test_hostile_names_stay_harmless():
    """Names of a third party's faults and properties are text everywhere."""
    text = page(foreign())
    assert "<script>" not in text
    assert "\x1b" not in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", closing_text(foreign(), "run"))
    assert json.loads(report_bytes(foreign()))["targets"][0]["coverage"]["cells"][0]["worst"] == ["Infinity"]
