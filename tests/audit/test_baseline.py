"""What a baseline does to an audit: what is known does not fail it until its day is over, and what occurs no longer is named."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from indexlab.audit.baseline import Baseline, Entry, find_baseline, read_baseline, with_baseline
from indexlab.audit.events import AuditFinished, AuditResult, FindingFound, Known, PropertyResult, TargetFinished, TargetResult
from indexlab.audit.results import exit_code
from indexlab.market.errors import InputError
from tests.audit.audits import SMALL, audited
from tests.report.samples import finding

TODAY = date(2026, 6, 15)
PRINTS = {"old": "aa00aa00aa00", "other": "bb11bb11bb11", "gone": "cc22cc22cc22"}


def entry(name, until="2026-12-31", **changes):
    parts = {"fingerprint": PRINTS[name], "target": "exec:./acme", "property": "hull", "reason": "late by design", "until": date.fromisoformat(until)}
    return Entry(**{**parts, **changes})


def found(name, **changes):
    return finding(property="hull", target="exec:./acme", fingerprint=PRINTS[name], **changes)


def audit(*findings, verdict="violated", interrupted=False, cut=None):
    prop = PropertyResult("hull", "", verdict, "broken", 10, 10, None, findings[0] if findings else None, len(findings), list(findings))
    target = TargetResult("exec:./acme", "acme", "1", "process", {}, [prop, PropertyResult("scale", "", "holds", "", 1, 1)], {}, 10, 10, cut)
    return AuditResult("0", 0, "quick", survey=False, plan={}, targets=[target], interrupted=interrupted)


def told(result, *entries, name=""):
    """The result as a baseline leaves it, and the findings as they were said meanwhile."""
    [target] = result.targets
    events = [FindingFound(each) for one in target.properties for each in one.all_findings] + [TargetFinished(target), AuditFinished(result)]
    heard = [event for event, _ in with_baseline(((event, None) for event in events), Baseline(Path("here/indexlab-baseline.toml"), entries, TODAY), name)]
    assert heard[-2].result == heard[-1].result.targets[0]
    assert [event.finding for event in heard[:-2]] == [each for one in heard[-2].result.properties for each in one.all_findings]
    return heard[-1].result


def test_a_known_finding_does_not_fail_the_audit_and_is_shown():
    result = told(audit(found("old")), entry("old", owner="ann"))
    hull = result.targets[0].properties[0]
    assert (hull.verdict, hull.known, hull.reason) == ("waived", True, "known until 2026-12-31 (ann): late by design")
    assert hull.finding.known == Known("late by design", "2026-12-31", "ann")
    assert exit_code(result) == 0
    assert (result.baseline.known, result.baseline.expired, result.baseline.gone) == (1, [], [])


def test_a_new_one_beside_it_fails_and_each_is_told_apart():
    result = told(audit(found("old"), found("other")), entry("old"))
    hull = result.targets[0].properties[0]
    assert (hull.verdict, hull.known) == ("violated", False)
    assert [each.known is not None for each in hull.all_findings] == [True, False]
    assert exit_code(result) == 1


@pytest.mark.parametrize(("until", "code"), [("2026-06-15", 0), ("2026-06-14", 1)])
def test_the_day_given_is_the_last_one(until, code):
    result = told(audit(found("old")), entry("old", until))
    assert exit_code(result) == code
    assert [each.fingerprint for each in result.baseline.expired] == ([PRINTS["old"]] if code else [])
    assert result.targets[0].properties[0].finding.known.expired is bool(code)


def test_what_occurs_no_longer_is_named():
    result = told(audit(found("old")), entry("old"), entry("gone"))
    assert [each.fingerprint for each in result.baseline.gone] == [PRINTS["gone"]]


@pytest.mark.parametrize(
    ("result", "changes"),
    [
        (audit(interrupted=True), {}),
        (audit(cut=3), {}),
        (audit(verdict="inconclusive"), {}),
        (audit(verdict="not-applicable"), {}),
        (audit(verdict="holds"), {"target": "exec:./another"}),
        (audit(verdict="holds"), {"property": "quorum"}),
    ],
    ids=["interrupted", "cut", "not judged", "not applicable", "another target", "another property"],
)
def test_it_is_not_said_of_what_was_not_looked_for(result, changes):
    assert told(result, entry("gone", **changes)).baseline.gone == []


def test_a_target_that_the_plan_names_is_found_by_that_name():
    assert len(told(audit(verdict="holds"), entry("gone", target="acme-index"), name="acme-index").baseline.gone) == 1


def test_a_waiver_comes_before_the_baseline():
    result = told(audit(found("old", waived="by design"), verdict="waived"), entry("old"))
    assert (result.targets[0].properties[0].known, result.targets[0].properties[0].finding.known) == (False, None)


def test_without_a_baseline_nothing_is_changed():
    events = [(AuditFinished(audit(found("old"))), None)]
    assert list(with_baseline(events, None)) == events


GOOD = '[[known]]\nfingerprint = "aa00aa00aa00"\ntarget = "exec:./acme"\nproperty = "hull"\nreason = "late"\nuntil = 2026-12-31\n'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (GOOD.replace("reason", "reasons"), 'known[1].reasons is an unknown key; did you mean "reason"?'),
        (GOOD.replace("[[known]]", "[[knwon]]"), 'knwon is an unknown key; did you mean "known"?'),
        (GOOD.replace("aa00aa00aa00", "aa00"), 'known[1].fingerprint must be 12 hexadecimal digits, was "aa00"; copy it from the finding'),
        (GOOD.replace("2026-12-31", '"soon"'), "known[1].until must be right: invalid RFC3339 encoded date"),
        (GOOD.replace("until = 2026-12-31\n", ""), "known[1].until is missing"),
        (GOOD.replace('"late"', '" "'), "known[1].reason must say something; say why the finding is known"),
        (GOOD + GOOD, 'known[2].fingerprint stands there twice, was "aa00aa00aa00"; remove one of the two'),
        (GOOD.replace("late", "l" * 1001), "known[1].reason must have at most 1000 letters, was 1001 long"),
        ("known = 3\n", "known must be a list of tables; write [[known]]"),
        ("known = [3]\n", "known[1] must be a table, was 3"),
        ("x = [", "does not parse as TOML"),
        ("#" * (1 << 20) + "#", "must not be larger than 1048576 bytes"),
    ],
)
def test_a_file_that_is_wrong_is_one_line(tmp_path, text, line):
    path = tmp_path / "indexlab-baseline.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_baseline(path, TODAY)
    assert str(caught.value).startswith(f"{path}: {line}")
    assert "\n" not in str(caught.value)


def test_it_is_found_from_below(tmp_path):
    (tmp_path / "indexlab-baseline.toml").write_text(GOOD)
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_baseline(tmp_path / "a" / "b") == tmp_path / "indexlab-baseline.toml"
    assert read_baseline(tmp_path / "indexlab-baseline.toml", TODAY).entries == (entry("old", reason="late"),)


def test_a_finding_without_a_fingerprint_is_nobody_s():
    """An older version's finding has none; it must not be taken for one that is known."""
    bare = msgspec.structs.replace(found("old"), fingerprint="")
    assert exit_code(told(audit(bare), entry("old"))) == 1


def test_what_is_known_takes_no_room_from_what_is_new():
    """With room for one kind of a property, an audit that knows the first one tells the next, and still says that the first occurs."""
    budget = msgspec.structs.replace(SMALL, kinds=1, shrink=1)
    only = ("margin-stability",)
    first = audited("preset:plain-mean", only=only, budget=budget)
    [one] = [finding for finding, _ in first.found]
    baseline = Baseline(Path("b.toml"), (entry("old", fingerprint=one.fingerprint, target="preset:plain-mean", property=only[0]),), TODAY)
    second = audited("preset:plain-mean", only=only, budget=budget, baseline=baseline)
    assert {finding.fingerprint == one.fingerprint for finding, _ in second.found} == {True, False}
    assert second.result.targets[0].properties[0].verdict == "violated"
    assert second.result.baseline.gone == []
