"""Two runs held against each other: what is a regression, what is none, and that a report is read strictly."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.audit.events import Worst
from indexlab.market.errors import InputError
from indexlab.report.comparison import compare
from indexlab.report.comparison_page import comparison_page
from indexlab.report.comparison_text import closing, comparison_markdown, comparison_text
from indexlab.report.document import report_bytes
from indexlab.report.stored import StoredCoverage, read_report
from tests.report.samples import hostile, judged, survey

VERDICTS = ["holds", "inconclusive", "violated", "waived", "not-applicable"]


def stored(result, folder, name="report.json"):
    path = folder / name
    path.write_bytes(report_bytes(result))
    return read_report(path)


def with_property(result, name, **changes):
    """Return the audit with one property of its first target changed."""
    first, *others = result.targets
    listed = [msgspec.structs.replace(one, **changes) if one.id == name else one for one in first.properties]
    return msgspec.structs.replace(result, targets=[msgspec.structs.replace(first, properties=listed), *others])


def without_property(result, name):
    first, *others = result.targets
    return msgspec.structs.replace(result, targets=[msgspec.structs.replace(first, properties=[one for one in first.properties if one.id != name]), *others])


def worse(comparison):
    return [(row.what, row.old, row.new) for _, row in comparison.regressions]


@pytest.mark.parametrize("sample", [judged, survey, hostile])
def test_a_run_held_against_itself_shows_no_difference(sample, tmp_path):
    report = stored(sample(), tmp_path)
    found = compare(report, report, 0.0)
    assert found.regressions == []
    assert {row.mark for target in found.targets for row in target.rows} == {"same"}
    assert closing(found) == "no regression beyond 0 %"


@pytest.mark.parametrize("old", VERDICTS)
@pytest.mark.parametrize("new", VERDICTS)
def test_a_verdict_that_got_worse_is_a_regression_and_the_way_back_is_none(old, new, tmp_path):
    before, after = (stored(with_property(judged(), "hull", verdict=verdict), tmp_path) for verdict in (old, new))
    grade = {"holds": 0, "inconclusive": 1, "violated": 2}
    expected = (new in grade and grade[new] > grade.get(old, 0)) or (old == "holds" and new not in grade)
    assert (("hull", old, new) in worse(compare(before, after, 0.1))) == expected


def test_a_property_that_held_and_is_gone_is_a_regression(tmp_path):
    before, after = stored(judged(), tmp_path), stored(without_property(judged(), "determinism"), tmp_path)
    assert ("determinism", "holds", "–") in worse(compare(before, after, 0.1))
    assert worse(compare(after, before, 0.1)) == []


@given(was=st.floats(1e-3, 10.0), growth=st.floats(-0.9, 3.0), tolerance=st.floats(0.0, 2.0))
def test_a_worst_case_is_held_to_the_tolerance(was, growth, tolerance, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    now = was * (1 + growth)
    before, after = (stored(with_property(judged(), "hull", verdict="holds", worst=Worst(size, "ratio", "so much")), folder) for size in (was, now))
    found = compare(before, after, tolerance)
    assert (("hull, worst", "so much", "so much") in worse(found)) == (now > was * (1 + tolerance) and now - was > 1e-4)


def test_less_than_a_basis_point_is_no_regression_however_much_it_grew(tmp_path):
    before, after = (stored(with_property(judged(), "hull", verdict="holds", worst=Worst(size, "ratio", "")), tmp_path) for size in (1e-9, 9e-5))
    assert worse(compare(before, after, 0.0)) == []


@pytest.mark.parametrize("beyond", [float("nan"), float("inf")])
def test_a_worst_case_without_a_number_is_beyond_all(beyond, tmp_path):
    before, after = (stored(with_property(judged(), "hull", verdict="holds", worst=Worst(size, "ratio", str(size))), tmp_path) for size in (5.0, beyond))
    assert worse(compare(before, after, 1.0)) == [("hull, worst", "5.0", str(beyond))]
    assert worse(compare(after, after, 0.0)) == []


def test_a_finding_that_was_not_there_is_a_regression_and_one_that_is_gone_an_improvement(tmp_path):
    [name] = {one.id for one in judged().targets[0].properties if one.all_findings and one.verdict == "violated"}
    before, after = stored(with_property(judged(), name, finding=None, findings=[]), tmp_path), stored(judged(), tmp_path)
    assert [what for what, _, _ in worse(compare(before, after, 0.1))] == [f"{name}, finding"]
    back = compare(after, before, 0.1)
    assert worse(back) == []
    assert back.improvements == 1


@pytest.mark.parametrize("verdict", ["not-applicable", "inconclusive"])
def test_a_finding_of_what_is_not_judged_any_more_is_no_improvement(verdict, tmp_path):
    [name] = {one.id for one in judged().targets[0].properties if one.all_findings and one.verdict == "violated"}
    before, after = stored(judged(), tmp_path), stored(with_property(judged(), name, finding=None, findings=[], verdict=verdict), tmp_path)
    [row] = [row for target in compare(before, after, 0.1).targets for row in target.findings if row.what == f"{name}, finding"]
    assert (row.new, row.mark) == ("not judged", "changed")


def test_what_a_baseline_knows_is_not_called_waived(tmp_path):
    before = stored(with_property(judged(), "hull", verdict="holds"), tmp_path)
    after = stored(with_property(judged(), "hull", verdict="waived", known=True), tmp_path)
    assert ("hull", "holds", "known") in worse(compare(before, after, 0.1))
    [row] = [row for target in compare(after, before, 0.1).targets for row in target.verdicts if row.what == "hull"]
    assert (row.old, row.new) == ("known", "holds")


def test_a_target_that_is_not_audited_any_more_is_a_regression(tmp_path):
    before = stored(survey(), tmp_path)
    after = msgspec.structs.replace(before, targets=before.targets[1:])
    assert [(label, row.what) for label, row in compare(before, after, 0.1).regressions] == [(before.targets[0].target, "target")]
    assert [one.only for one in compare(after, before, 0.1).targets if one.only] == ["new"]


def test_one_target_each_are_held_against_each_other_whatever_they_are_called(tmp_path):
    report = stored(judged(), tmp_path)
    other = msgspec.structs.replace(report, targets=[msgspec.structs.replace(report.targets[0], target="exec:./branch")])
    [only] = compare(report, other, 0.1).targets
    assert only.target == f"{report.targets[0].target} → exec:./branch"
    assert {row.mark for row in only.rows} == {"same"}


def test_what_was_not_asked_alike_is_said(tmp_path):
    report = stored(judged(), tmp_path)
    other = msgspec.structs.replace(report, seed=report.seed + 1, plan={**report.plan, "profile": "nightly"})
    found = compare(report, other, 0.1)
    assert f"seed: {report.seed} and {report.seed + 1}" in found.unlike
    assert any(each.startswith("profile: ") for each in found.unlike)
    assert "not asked the same" in comparison_text(found)


def test_a_coverage_that_shrank_beyond_the_tolerance_is_a_regression(tmp_path):
    report = stored(judged(), tmp_path)
    full, half = ({"expected": 100, "filled": filled, "properties": ["hull"], "cells": []} for filled in (100, 50))
    cells = [{"fault": "spike", "regime": "calm", "met": [3]}]
    reports = []
    for told in ({**full, "cells": cells}, half):
        coverage = msgspec.convert(told, StoredCoverage)
        reports.append(msgspec.structs.replace(report, targets=[msgspec.structs.replace(report.targets[0], coverage=coverage)]))
    assert [what for what, _, _ in worse(compare(*reports, 0.1))] == ["coverage"]
    assert worse(compare(*reports, 0.6)) == []
    assert "spike × calm" in comparison_text(compare(*reports, 0.1))


def test_other_peoples_text_stays_text_in_markdown_and_on_the_page(tmp_path):
    before = stored(hostile(), tmp_path)
    first = before.targets[0]
    evil = msgspec.structs.replace(
        first, target="<script>alert(1)</script>|`@all`", properties=[msgspec.structs.replace(first.properties[0], verdict="violated")]
    )
    after = msgspec.structs.replace(before, targets=[evil])
    found = compare(msgspec.structs.replace(before, targets=[first]), after, 0.1)
    page, text = comparison_page(found).decode(), comparison_markdown(found)
    assert "<script>alert" not in page
    assert "<script>" not in text
    assert "\\|\\`\\@all\\`" in text


BAD = {
    "nothing": ("", "is no report"),
    "cut": ('{"schema": 1, "indexlab": "0.1', "is no report"),
    "a list": ("[]", "is no report"),
    "another schema": ('{"schema": 2}', "schema must be 1, was 2"),
    "no targets": ('{"schema": 1, "indexlab": "0.1.0", "seed": 0, "profile": "quick"}', "is no report"),
    "nested": ("[" * 100_000, "is no report"),
}


@pytest.mark.parametrize(("content", "said"), BAD.values(), ids=BAD.keys())
def test_what_is_no_report_is_one_clear_error(content, said, tmp_path):
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(InputError, match=said) as caught:
        read_report(tmp_path)
    assert str(path) in str(caught.value)


def test_a_report_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_report(tmp_path / "nowhere")


def test_keys_of_other_versions_are_passed_over(tmp_path):
    document = json.loads(report_bytes(judged()))
    document["new"] = {"unheard": "of"}
    document["targets"][0]["properties"][0]["colour"] = "red"
    path = tmp_path / "report.json"
    path.write_text(json.dumps(document))
    assert read_report(path) == stored(judged(), tmp_path)
