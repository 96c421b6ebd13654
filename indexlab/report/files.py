"""The report's files, written into the run's folder when the audit is over, however it ended: index.html, report.json, junit.xml, report.sarif, summary.md."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from indexlab.audit.events import AuditFinished
from indexlab.market.errors import HarnessError, InputError
from indexlab.report.document import report_bytes
from indexlab.report.junit import junit_bytes
from indexlab.report.markdown import markdown_bytes
from indexlab.report.sarif import sarif_bytes

if TYPE_CHECKING:
    from indexlab.audit.events import Event
    from indexlab.report.places import Places

__all__ = ["ReportFiles", "write_whole"]

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

    def __init__(self, folder: Path, places: Places | None = None, shown: str = "") -> None:
        """Write into `folder`, which is made where it does not exist; `places` are where targets are shown, `shown` how the summary names the folder."""
        self.folder, self.places, self.shown = Path(folder), places, shown

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
