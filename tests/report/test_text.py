"""Every text that a person reads, held to what it was; and the rules that hold for any finding.

To accept a changed text, write it into tests/snapshots/report/ and read the difference.
"""

import json
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.audit.explain import _quoted
from indexlab.report.closing import closing_text
from indexlab.report.github import annotation_lines
from indexlab.report.markdown import markdown_bytes
from indexlab.report.places import Places
from indexlab.report.plain import plain
from indexlab.report.sarif import sarif_document
from indexlab.report.text import finding_text, replay_command, survey_table
from tests.report.samples import finding, judged, known, survey

SNAPSHOTS = Path(__file__).parents[1] / "snapshots" / "report"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("finding", lambda: finding_text(finding(), of=100_000)),
        (
            "finding-waived",
            lambda: finding_text(finding(waived="known since March", log="warming up\nTraceback: none", shrink_note="stopped at its cap"), of=100_000),
        ),
        ("judged", lambda: closing_text(judged(), "reports/run-1")),
        ("survey", lambda: closing_text(survey(), "reports/run-1")),
        ("known", lambda: closing_text(known(), "reports/run-1")),
        ("quiet", lambda: closing_text(known(), "reports/run-1", brief=True)),
        ("summary", lambda: markdown_bytes(known(), "reports/run-1").decode().rstrip("\n")),
        ("summary-survey", lambda: markdown_bytes(survey(), "reports/run-1").decode().rstrip("\n")),
        ("annotations", lambda: "\n".join(annotation_lines(known()))),
        ("sarif", lambda: json.dumps(sarif_document(known(), Places())["runs"][0]["results"], indent=2)),
    ],
    ids=["finding", "finding-waived", "judged", "survey", "known", "quiet", "summary", "summary-survey", "annotations", "sarif"],
)
def test_the_text_reads_as_it_did(name, text):
    """The text is the stored one, to the character."""
    assert text() + "\n" == (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")


def test_a_target_is_named_once_in_the_replay_line():
    """Another target is put behind the line, the one it names already is not, and blanks are quoted."""
    short = finding(reproduce="indexlab replay a.json")
    assert replay_command(short) == "indexlab replay a.json"
    assert replay_command(short, "preset:thalex") == "indexlab replay a.json preset:thalex"
    assert replay_command(short, "exec:./acme --stdio") == "indexlab replay a.json 'exec:./acme --stdio'"
    assert replay_command(finding(), "exec:./acme-index") == finding().reproduce
    quoted = finding(reproduce="""indexlab replay a.json 'exec:python "it'\\''s.py"'""")
    assert replay_command(quoted, """exec:python "it's.py\"""") == quoted.reproduce


@given(st.text(" '\"\\\\$é-./:ab\t\n", min_size=1))
def test_whatever_a_target_is_called_its_own_line_names_it_once(target):
    """As the audit writes the line, and as a shell's own way of quoting would."""
    for quoted in (_quoted(target), shlex.quote(target)):
        command = plain(f"indexlab replay a.json {quoted}")
        assert replay_command(finding(reproduce=command), target) == command


@pytest.mark.parametrize(("target", "where"), [("exec:./acme", " (standard error)"), ("http://127.0.0.1:8080", ""), ("python:acme:index", "")])
def test_last_words_are_those_of_a_standard_error_only_where_there_is_one(target, where):
    assert f"  the target's own last words{where}:\n    | up\n" in finding_text(finding(target=target, log="up"))


def test_a_path_with_blanks_can_be_pasted():
    """The line for pytest names the same file as the one for replay, quoted where it must be."""
    text = finding_text(finding(reproduce="indexlab replay 'my runs/a.json' preset:thalex"))
    assert "pytest --indexlab-replay 'my runs/a.json'" in text


def test_many_targets_are_stacked():
    """Targets that do not fit beside one another go below, each once."""
    narrow = survey_table(survey(), width=50)
    assert narrow.count("protocol") > 1
    assert narrow.count("thalex") == 1
    assert max(len(line) for line in narrow.splitlines()[:-1]) <= 50
