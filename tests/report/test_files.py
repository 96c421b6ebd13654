"""The report's files are there as a whole, or not at all with one clear line."""

import errno
import os
import resource
from pathlib import Path

import msgspec
import pytest

from indexlab.audit.events import AuditFinished, Note
from indexlab.market.errors import HarnessError, InputError
from indexlab.report.files import ReportFiles, write_whole
from tests.report.samples import judged


def test_the_files_are_written_when_the_audit_ends(tmp_path):
    """Also where it was interrupted, and into a folder that does not exist yet; nothing else is left there."""
    folder = tmp_path / "reports" / "run-1"
    handler = ReportFiles(folder)
    handler.handle(Note("a", "b"))
    assert not folder.exists()
    handler.handle(AuditFinished(msgspec.structs.replace(judged(), interrupted=True)))
    assert sorted(path.name for path in folder.iterdir()) == ["index.html", "junit.xml", "report.json", "report.sarif", "summary.md"]
    assert "Interrupted before the end." in (folder / "index.html").read_text(encoding="utf-8")


@pytest.mark.skipif(os.name != "posix", reason="limits on file sizes are POSIX")
def test_a_file_that_does_not_fit_leaves_the_old_one(tmp_path):
    """A write that the system refuses half way is one clear line, and what stood there before still stands."""
    path = tmp_path / "report.json"
    write_whole(path, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(InputError, match=r"report\.json: cannot be written: file too large; raise the limit"):
            write_whole(path, b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize(("number", "kind", "said"), [(errno.ENOSPC, InputError, "free some space"), (errno.EIO, HarnessError, "input/output error")])
def test_a_full_disk_is_one_clear_line(tmp_path, monkeypatch, number, kind, said):
    """A full disk is the user's to mend, a failing one is not; neither leaves half a file."""

    def refuse(_handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(kind, match=said) as caught:
        write_whole(tmp_path / "index.html", b"page")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_file_where_the_folder_should_be(tmp_path):
    """A folder that cannot be one is said, with the way out."""
    blocked = tmp_path / "run"
    blocked.write_text("here first", encoding="utf-8")
    with pytest.raises(InputError, match="--out"):
        ReportFiles(Path(blocked)).handle(AuditFinished(judged()))
