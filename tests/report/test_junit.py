"""junit.xml says to a CI system what the audit said."""

# ruff: noqa: S314 - what is read back is what we wrote

from xml.etree import ElementTree as ET

from indexlab.report.junit import junit_bytes
from tests.report.samples import hostile, judged, survey


def cases(result):
    """The test cases by name."""
    return {case.get("name"): case for case in ET.fromstring(junit_bytes(result)).iter("testcase")}


def test_every_verdict_has_its_element():
    """Violated fails, inconclusive is an error, waived and not applicable are skipped, what holds has none of these."""
    found = cases(judged())
    assert [child.tag for child in found["silent-source"]] == ["properties", "failure"]
    assert [child.tag for child in found["quorum"]] == ["properties", "error"]
    assert found["quorum"].find("error").get("message") == "inconclusive: no scenario fell below min_sources = 3"
    assert found["lagging-source"].find("skipped").get("message") == "waived: known since March, mended in 2.4"
    assert found["scale"].find("skipped").get("message") == "not-applicable: prices are below 1e5 ticks"
    assert [child.tag for child in found["hull"]] == ["properties"]


def test_a_failure_carries_its_explanation():
    """The text that the terminal shows is the text of the failure; the numbers stand as properties."""
    case = cases(judged())["silent-source"]
    assert "first breach" in case.find("failure").text
    assert case.get("classname") == "exec:./acme-index"
    assert {one.get("name"): one.get("value") for one in case.iter("property")} == {"seed": "1", "scenarios": "10000", "premise_met": "9412"}


def test_the_totals_add_up():
    """Readers of JUnit files find the counts where they look for them."""
    root = ET.fromstring(junit_bytes(judged()))
    assert [root.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["16", "1", "1", "2"]


def test_a_survey_fails_nobody():
    """A survey exits 0, so its file has no failure; what was broken is said all the same."""
    root = ET.fromstring(junit_bytes(survey()))
    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    broken = [one.get("message") for one in root.iter("skipped") if "broken" in one.get("message")]
    assert len(broken) == 3
    assert all(message.startswith("a survey judges nobody: broken: ") for message in broken)


def test_hostile_text_is_valid_xml():
    """Markup, "]]>" and characters that XML forbids do not break the file."""
    root = ET.fromstring(junit_bytes(hostile()))
    assert root.find("testsuite").get("name") == "<script>alert(1)</script>]]>[bold red]red\"'&{{7*7}}"
    assert not list(root.iter("script"))
