"""report.sarif is what GitHub's code scanning and the standard ask for, whatever targets call themselves."""

import json
import re

import msgspec
import pytest

from indexlab.audit.results import exit_code
from indexlab.report.places import Places
from indexlab.report.sarif import sarif_bytes
from tests.report.samples import hostile, judged, known, survey

SAMPLES = {"judged": judged, "known": known, "survey": survey, "hostile": hostile}


def run_of(result, places=None):
    document = json.loads(sarif_bytes(result, places))
    assert set(document) == {"$schema", "version", "runs"}
    assert document["version"] == "2.1.0"
    [run] = document["runs"]
    return run


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=list(SAMPLES))
def test_it_has_what_code_scanning_requires(sample):
    """All that its page marks as required, none of it empty; texts within its limits; every result shows a rule that is there."""
    run = run_of(sample())
    driver = run["tool"]["driver"]
    assert driver["name"] == "indexlab"
    assert [rule["id"] for rule in driver["rules"]] == list(dict.fromkeys(rule["id"] for rule in driver["rules"]))
    for rule in driver["rules"]:
        for text in (rule["id"], rule["shortDescription"]["text"], rule["fullDescription"]["text"]):
            assert 0 < len(text) <= 1024
        assert rule["help"]["text"]
        assert rule["properties"]["precision"] in {"very-high", "high", "medium", "low"}
        assert rule["properties"]["problem.severity"] in {"error", "warning", "recommendation"}
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert result["level"] in {"error", "warning", "note"}
        assert re.fullmatch(r"[0-9a-f]{12}:\d+|:\d+", result["partialFingerprints"]["primaryLocationLineHash"])
        [location] = result["locations"]
        where = location["physicalLocation"]
        assert where["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
        region = where["region"]
        assert region["startLine"] == region["endLine"] >= 1
        assert 1 <= region["startColumn"] < region["endColumn"]
    prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    assert len(prints) == len(set(prints))


def test_levels_are_those_of_the_verdicts():
    found = {result["ruleId"]: result for result in run_of(judged())["results"]}
    assert {name: result["level"] for name, result in found.items()} == {"silent-source": "error", "quorum": "warning"}
    assert found["quorum"]["message"]["text"].startswith("exec:./acme-index: could not be judged: no scenario fell below")
    assert {result["level"] for result in run_of(survey())["results"]} == {"note"}


def test_what_is_known_is_suppressed_and_what_is_expired_is_not():
    results = {result["partialFingerprints"]["indexlab/v1"]: result for result in run_of(known())["results"]}
    said = "known until 2027-01-31 (ann): prices of kraken are late by design"
    for identity in ("aa00aa00aa00", "cc22cc22cc22"):
        assert results[identity]["suppressions"] == [{"kind": "external", "status": "accepted", "justification": said}]
        assert results[identity]["level"] == "note"
    for identity in ("bb11bb11bb11", "3f2a9c01b7de"):
        assert "suppressions" not in results[identity]
        assert results[identity]["level"] == "error"


def test_a_waived_finding_is_suppressed_with_its_reason():
    result = judged()
    [target] = result.targets
    properties = [msgspec.structs.replace(one, verdict="waived", reason="waived: by design") if one.finding else one for one in target.properties]
    [waived] = [
        one
        for one in run_of(msgspec.structs.replace(result, targets=[msgspec.structs.replace(target, properties=properties)]))["results"]
        if "suppressions" in one
    ]
    assert (waived["ruleId"], waived["suppressions"][0]["justification"]) == ("silent-source", "waived: by design")


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=list(SAMPLES))
def test_it_says_how_the_audit_ended(sample):
    run = run_of(sample())
    [invocation] = run["invocations"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (exit_code(sample()), not sample().interrupted)
    category, _, rest = run["automationDetails"]["id"].rpartition("/")
    assert re.fullmatch(r"indexlab/[A-Za-z0-9._-]+", category)
    assert rest


def test_two_runs_differ_in_their_invocations_alone():
    one, other = (run_of(msgspec.structs.replace(known(), started=started, seconds=seconds)) for started, seconds in (("2026-01-31T12:00:00Z", 1.0), ("", 2.0)))
    assert one.pop("invocations") != other.pop("invocations")
    assert one == other


def test_no_path_of_the_machine_is_in_it(tmp_path):
    (tmp_path / "indexlab.toml").write_text('[target]\nuse = "exec:./acme-index"\n')
    places = Places(tmp_path, tmp_path, tmp_path / "indexlab.toml", "exec:./acme-index")
    text = sarif_bytes(known(), places).decode()
    assert str(tmp_path) not in text
    assert '"startLine": 2' in text


def test_a_message_holds_no_link_and_nothing_to_fill_in():
    """Brackets and braces of a target's text are its own: in SARIF they would be a link and a place for an argument."""
    result = judged()
    [target] = result.targets
    properties = [
        msgspec.structs.replace(one, finding=msgspec.structs.replace(one.finding, sentence="[here](http://evil) {0}")) if one.finding else one
        for one in target.properties
    ]
    found = run_of(msgspec.structs.replace(result, targets=[msgspec.structs.replace(target, properties=properties)]))["results"][0]
    assert r"\[here\](http://evil) {{0}}" in found["message"]["text"]
