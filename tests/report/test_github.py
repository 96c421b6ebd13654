"""What GitHub's runner is told: commands that cannot be forged, ten of a kind at the most, and a summary that fits."""

import re

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexlab.audit.events import AuditFinished, Note
from indexlab.report.github import OnGitHub, annotation_lines
from indexlab.report.markdown import LARGEST
from indexlab.report.places import Places
from indexlab.report.plain import uncommanded
from tests.report.samples import finding, held, judged, known, survey

COMMAND = re.compile(r"::(error|warning|notice) ([^:\n]*)::([^\n]*)")


def parsed(line):
    """A command as the runner reads it: its kind, its fields, its message."""
    found = COMMAND.fullmatch(line)
    assert found is not None, line
    fields = dict(field.split("=", 1) for field in found[2].split(","))
    plain = {"%3A": ":", "%2C": ",", "%0D": "\r", "%0A": "\n", "%25": "%"}

    def unescaped(text):
        return re.sub("%(3A|2C|0D|0A|25)", lambda code: plain[code[0]], text)

    return found[1], {name: unescaped(text) for name, text in fields.items()}, unescaped(found[3])


def broken(many, name="exec:./acme-index", **changes):
    result = judged()
    [target] = result.targets
    findings = [finding(fingerprint=f"{number:012x}", **changes) for number in range(many)]
    one = held("hull", verdict="violated", finding=findings[0], findings=findings)
    return msgspec.structs.replace(result, targets=[msgspec.structs.replace(target, target=name, properties=[one])])


def test_each_verdict_has_its_kind_and_errors_come_first():
    told = [parsed(line) for line in annotation_lines(known())]
    assert [kind for kind, _, _ in told] == ["error", "error", "notice", "notice", "notice", "notice", "notice"]
    kind, fields, message = told[0]
    assert (kind, fields) == ("error", {"file": "indexlab.toml", "line": "1", "title": "broken: hull of exec:./acme-index"})
    assert message.splitlines()[0].startswith("90 s after kraken fell silent")
    assert message.endswith("fingerprint: bb11bb11bb11")
    assert {kind for kind, _, _ in map(parsed, annotation_lines(survey()))} == {"notice"}
    assert [kind for kind, _, _ in map(parsed, annotation_lines(judged()))] == ["error", "warning", "notice"]


@pytest.mark.parametrize("many", [9, 10, 11, 30])
def test_ten_of_a_kind_at_the_most_and_the_last_says_how_many_more(many):
    lines = annotation_lines(broken(many))
    assert len(lines) == min(many, 10)
    assert ("more findings of this kind" in lines[-1]) == (many > 10)
    if many > 10:
        assert parsed(lines[-1])[2].startswith(f"{many - 9} more findings")


@given(st.text(max_size=60), st.text(max_size=60))
@example("::error::a", "x,line=3:y%0A::error::z")
def test_no_text_ends_a_command_or_begins_another(sentence, target):
    [line] = annotation_lines(broken(1, target, sentence=sentence))
    kind, fields, message = parsed(line)
    assert (kind, list(fields), fields["line"]) == ("error", ["file", "line", "title"], "1")
    assert "\n" not in line
    assert message.endswith("fingerprint: 000000000000")


@pytest.mark.parametrize("line", ["::error::no", "   ::add-mask::x", "see ##[error]no", "##vso[task.setvariable]x", "##teamcity[message]", "a ###[group]b"])
def test_a_line_of_a_target_is_no_command_of_a_ci_system(line):
    shown = uncommanded(line)
    assert not shown.strip().startswith("::")
    assert not re.search(r"##(?:vso|teamcity)?\[", shown)
    assert shown.replace(" ", "") == line.replace(" ", "")


def test_other_lines_stay_as_they_are():
    for line in ("a::b", "  a :: b", "# one", "## two [x]", "index 1:2"):
        assert uncommanded(line) == line


def heard(result, environ):
    said = []
    handler = OnGitHub(environ, Places(), "reports/run-1", said.append)
    handler.handle(Note("a", "b"))
    handler.handle(AuditFinished(result))
    return said


def test_elsewhere_nothing_is_said(tmp_path):
    assert heard(known(), {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}) == []
    assert list(tmp_path.iterdir()) == []


def test_the_summary_is_added_to_what_the_step_has_written(tmp_path):
    path = tmp_path / "summary"
    path.write_text("before\n")
    assert len(heard(known(), {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(path)})) == 7
    assert path.read_text().startswith("before\n## indexlab: BROKEN")


@pytest.mark.parametrize("before", [LARGEST - 3_000, LARGEST - 10, LARGEST, LARGEST + 5])
def test_it_never_grows_beyond_what_the_runner_takes(tmp_path, before):
    path = tmp_path / "summary"
    path.write_bytes(b"x" * before)
    heard(known(), {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(path)})
    assert path.stat().st_size <= max(before, LARGEST)


def test_a_summary_that_cannot_be_written_fails_no_audit(tmp_path):
    said = heard(judged(), {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "summary")})
    assert said[-1] == "note: the step's summary cannot be written: No such file or directory"
