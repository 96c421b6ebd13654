"""The report's files: index.html, report.json and junit.xml, written into the run's folder when the audit is over, however it ended."""

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

if TYPE_CHECKING:
    from indexlab.audit.events import Event

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
}


class ReportFiles:
    """A handler that writes the report's files when the audit is finished or was interrupted."""

    def __init__(self, folder: Path) -> None:
        """Write into `folder`, which is made where it does not exist."""
        self.folder = Path(folder)

    def handle(self, event: Event) -> None:
        """Write the files; raise InputError where the folder cannot take them. What is data comes first: it is there even if the page fails."""
        if not isinstance(event, AuditFinished):
            return
        write_whole(self.folder / "report.json", report_bytes(event.result))
        write_whole(self.folder / "junit.xml", junit_bytes(event.result))
        from indexlab.report.html import page_bytes

        write_whole(self.folder / "index.html", page_bytes(event.result))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all: beside it first, then renamed into place.

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
            raise InputError(problem, file=path, remedy=_REMEDIES[error.errno]) from error
        message = f"{path}: {problem}"
        raise HarnessError(message) from error
