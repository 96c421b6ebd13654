"""`--format`: each format into its file, one of them in place of the text, nothing half."""

import io
import json
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


def test_what_is_asked_for_is_read():
    given = wanted_formats(["junit=a/b.xml", "sarif=/abs.sarif", "json"], HERE)
    assert given == (Wanted("junit", HERE / "a/b.xml"), Wanted("sarif", Path("/abs.sarif")), Wanted("json", None))
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


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="is a folder; write --format junit=out/NAME"):
        wanted_formats(["junit=out/"], tmp_path)


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
    class Gone(io.BytesIO):
        def write(self, _):
            raise BrokenPipeError

        def fileno(self):
            raise OSError

    handler = Formats((Wanted("ndjson", None), Wanted("json", HERE)), "run", Places(), Gone())
    for event in list(events_of(judged()))[:-1]:
        handler.handle(event)
