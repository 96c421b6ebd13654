"""`--format`: each format into its file, one of them in place of the text, nothing half."""

import io
import json
import os
from pathlib import Path

import pytest

from indexlab.market.errors import InputError
from indexlab.report.formats import FORMATS, Formats, Wanted, wanted_formats
from indexlab.report.places import Places
from tests.report.samples import events_of, hostile, judged

HERE = Path("/somewhere")


def heard(result, *wanted):
    out = io.BytesIO()
    handler = Formats(wanted, "reports/run-1", Places(), out)
    for event in events_of(result):
        handler.handle(event)
    return handler, out.getvalue()


def test_what_is_asked_for_is_read(tmp_path):
    given = wanted_formats(["junit=a/b.xml", f"sarif={tmp_path}/abs.sarif", "json"], tmp_path / "deep")
    assert given == (Wanted("junit", tmp_path / "deep/a/b.xml"), Wanted("sarif", tmp_path / "abs.sarif"), Wanted("json", None))
    assert list(tmp_path.iterdir()) == []
    assert wanted_formats(["json=-"], HERE) == (Wanted("json", None),)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (["jnuit=x"], '--format names no format, was "jnuit"; did you mean "junit"?'),
        (["json", "sarif=-"], "--format sends json and sarif to standard output, which takes one; give the others a file: --format sarif=FILE"),
    ],
)
def test_what_is_wrong_is_one_line(given, line):
    with pytest.raises(InputError) as caught:
        wanted_formats(given, HERE)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("out/", "out: is a folder; name a file in it with --format"),
        ("plain/j.xml", "plain/j.xml: cannot be written: not a directory; choose another folder with --format"),
        ("x" * 300, "x: cannot be written: file name too long; choose a shorter name with --format"),
        ("pipe", "pipe: is no plain file; name another file with --format"),
        ("gone/j.xml", "gone/j.xml: cannot be written: no such file or directory; choose another folder with --format"),
    ],
)
def test_what_cannot_be_written_is_told_before_the_audit(tmp_path, file, line):
    (tmp_path / "out").mkdir()
    (tmp_path / "plain").write_text("")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError) as caught:
        wanted_formats([f"junit={file}"], tmp_path)
    assert str(caught.value).endswith(line)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("sample", [judged, hostile], ids=["judged", "hostile"])
def test_a_file_and_standard_output_get_the_same(tmp_path, name, sample):
    """Text has a place of its own on standard output, which is the terminal's."""
    handler, nothing = heard(sample(), Wanted(name, tmp_path / "deep" / "file"))
    assert nothing == b""
    assert not handler.takes_standard_output
    written = (tmp_path / "deep" / "file").read_bytes()
    assert written
    handler, printed = heard(sample(), Wanted(name, None))
    assert printed == (b"" if name == "text" else written)
    assert handler.takes_standard_output == (name != "text")
    assert [each.name for each in (tmp_path / "deep").iterdir()] == ["file"]


def test_ndjson_is_the_stream_of_events_a_line_each():
    _, printed = heard(judged(), Wanted("ndjson", None))
    told = [json.loads(line) for line in printed.splitlines()]
    assert [one["type"] for one in told[:2]] == ["AuditStarted", "TargetStarted"]
    assert told[-1]["type"] == "AuditFinished"
    assert told[-1]["result"]["targets"][0]["target"] == "exec:./acme-index"


def test_a_reader_that_has_gone_does_not_end_the_audit():
    tried = []

    class Gone(io.BytesIO):
        def write(self, line):
            tried.append(line)
            raise BrokenPipeError

        def fileno(self):
            raise OSError

    handler = Formats((Wanted("ndjson", None), Wanted("json", HERE)), "run", Places(), Gone())
    for event in list(events_of(judged()))[:-1]:
        handler.handle(event)
    assert len(tried) == 1, "it was tried, and then nobody is written to any more"
