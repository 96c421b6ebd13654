"""junit.xml says to a CI system what the audit said."""

# ruff: noqa: S314 - what is read back is what we wrote

from xml.etree import ElementTree as ET

import msgspec

from indexlab.audit.events import Bound, Estimate, PropertyEstimate
from indexlab.report.junit import junit_bytes
from tests.report.samples import hostile, judged, known, survey


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
    assert {one.get("name"): one.get("value") for one in case.iter("property")} == {"seed": "1", "scenarios": "10000", "n": "9412"}


def test_what_the_baseline_knows_is_skipped_and_what_is_expired_fails():
    found = cases(known())
    assert found["quorum"].find("skipped").get("message") == "known until 2027-01-31 (ann): prices of kraken are late by design"
    assert found["quorum"].find("failure") is None
    assert "which is over: waits for 2.4" in found["hull"].find("failure").text
    assert found["silent-source"].find("failure").get("message").endswith(" (and 1 known)")


def test_the_bound_of_an_estimate_stands_beside_the_counts():
    """Of a property that was estimated: at most how likely a breach is, at 95 and 99 %, and of how many cases."""
    result = judged()
    bound = Bound(3_000, 0, 0.000998, 0.001534)
    estimate = Estimate(3_000, 3_000, 1, 1, "", [], [PropertyEstimate("silent-source", bound, 0.1, 0.1, None, None, [])])
    result = msgspec.structs.replace(result, targets=[msgspec.structs.replace(result.targets[0], estimate=estimate)])
    said = {one.get("name"): one.get("value") for one in cases(result)["silent-source"].iter("property")}
    assert said == {"seed": "1", "scenarios": "10000", "n": "9412", "bound": "0.000998", "bound_99": "0.001534", "cases": "3000", "cases_broken": "0"}
    assert "bound" not in {one.get("name") for one in cases(result)["hull"].iter("property")}


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
