"""The report's files, written into the run's folder when the audit is over, however it ended: index.html, report.json, junit.xml, report.sarif, summary.md."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Final

from indexlab.audit.events import AuditFinished
from indexlab.market.errors import HarnessError, InputError
from indexlab.report.document import report_bytes
from indexlab.report.junit import junit_bytes
from indexlab.report.markdown import markdown_bytes
from indexlab.report.sarif import sarif_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.audit.events import Event
    from indexlab.report.places import Places

__all__ = ["ReportFiles", "check_place", "write_whole"]

_REMEDIES: Final = {
    errno.ENOSPC: "free some space, or choose another folder with --out",
    errno.EDQUOT: "free some space, or choose another folder with --out",
    errno.EFBIG: "raise the limit on file sizes, or choose another folder with --out",
    errno.EACCES: "choose a folder that you may write to with --out",
    errno.EPERM: "choose a folder that you may write to with --out",
    errno.EROFS: "choose a folder that you may write to with --out",
    errno.ENOTDIR: "choose another folder with --out",
    errno.EEXIST: "choose another folder with --out",
    errno.ENOENT: "choose another folder with --out",
    errno.ENAMETOOLONG: "choose a shorter name with --out",
    errno.EISDIR: "choose another name with --out",
}


class ReportFiles:
    """A handler that writes the report's files when the audit is finished or was interrupted."""

    def __init__(self, folder: Path, places: Places | None = None, shown: str = "", written: Callable[[], None] = lambda: None) -> None:
        """Write into `folder`, which is made where it does not exist; `places` are where targets are shown, `shown` how the summary names the folder.

        `written` is called when all files are there.
        """
        self.folder, self.places, self.shown, self.written = Path(folder), places, shown, written

    def handle(self, event: Event) -> None:
        """Write the files; raise InputError where the folder cannot take them. What is data comes first: it is there even if the page fails."""
        if not isinstance(event, AuditFinished):
            return
        write_whole(self.folder / "report.json", report_bytes(event.result))
        write_whole(self.folder / "junit.xml", junit_bytes(event.result))
        write_whole(self.folder / "report.sarif", sarif_bytes(event.result, self.places))
        write_whole(self.folder / "summary.md", markdown_bytes(event.result, self.shown))
        from indexlab.report.html import page_bytes

        write_whole(self.folder / "index.html", page_bytes(event.result))
        self.written()


def check_place(path: Path, option: str) -> None:
    """Look before the work whether a file can be written after it, and leave nothing behind; raises InputError with the path and the remedy."""
    try:
        if os.path.lexists(path) and not path.is_file():
            problem = "is a folder" if path.is_dir() else "is no plain file"
            raise InputError(problem, file=path, remedy=f"name a file in it with {option}" if path.is_dir() else f"name another file with {option}")
        folder = next(each for each in path.absolute().parents if os.path.lexists(each))
        with NamedTemporaryFile(dir=folder, prefix=f".{path.name}."):
            pass
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, _REMEDIES[errno.EACCES])
        raise InputError(f"cannot be written: {(error.strerror or str(error)).lower()}", file=path, remedy=remedy.replace("--out", option)) from None


def write_whole(path: Path, content: bytes, option: str = "--out") -> None:
    """Write a file as a whole or not at all: beside it first, then renamed into place; `option` is what names another place.

    Raises InputError with the path and the remedy where the folder cannot take it, HarnessError for any other failure of the operating system.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        problem = f"cannot be written: {(error.strerror or str(error)).lower()}"
        if error.errno in _REMEDIES:
            raise InputError(problem, file=path, remedy=_REMEDIES[error.errno].replace("--out", option)) from error
        message = f"{path}: {problem}"
        raise HarnessError(message) from error
