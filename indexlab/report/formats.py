"""`--format NAME[=FILE]`: the same audit told otherwise, into a file or to standard output.

Without a format the result is text on standard output, and the run's folder has index.html, report.json, junit.xml, report.sarif and summary.md. One format can
take the place of the text; the text then goes to standard error, so that what reads standard output reads that format alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from indexlab.audit.events import AuditFinished
from indexlab.market.errors import InputError, did_you_mean
from indexlab.report.closing import closing_text
from indexlab.report.document import plain_value, report_bytes
from indexlab.report.files import check_place, write_whole
from indexlab.report.github import annotation_lines
from indexlab.report.junit import junit_bytes
from indexlab.report.markdown import markdown_bytes
from indexlab.report.sarif import sarif_bytes
from indexlab.report.terminal import let_go_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from indexlab.audit.events import AuditResult, Event
    from indexlab.report.places import Places

__all__ = ["FORMATS", "Formats", "Wanted", "wanted_formats"]


class Wanted(NamedTuple):
    """A format and the file it goes to; None: standard output."""

    name: str
    file: Path | None


def wanted_formats(given: Sequence[str], here: Path) -> tuple[Wanted, ...]:
    """Read what was asked for; files are named from `here`. Raises InputError for an unknown name, a file that cannot be made, two formats on one output."""
    wanted = []
    for text in given:
        name, _, file = text.partition("=")
        if name not in FORMATS:
            problem = f'names no format, was "{name}"'
            raise InputError(problem, key="--format", remedy=did_you_mean(name, FORMATS))
        path = None if file in {"", "-"} else here / file
        if path is not None:
            check_place(path, "--format")
        wanted.append(Wanted(name, path))
    printed = [one.name for one in wanted if one.file is None]
    if len(printed) > 1:
        problem = f"sends {' and '.join(printed)} to standard output, which takes one"
        raise InputError(problem, key="--format", remedy=f"give the others a file: --format {printed[1]}=FILE")
    return tuple(wanted)


class Formats:
    """A handler that writes each format that was asked for when the audit is finished; ndjson on standard output as its events come."""

    def __init__(self, wanted: Sequence[Wanted], folder: str, places: Places, out: BinaryIO) -> None:
        """Write to the files, and to `out` what has none; `folder` is the run's, as the text names it."""
        self._wanted, self._folder, self._places, self._out = wanted, folder, places, out
        self._lines: list[bytes] = []
        self._left = False
        self._files = any(one.name == "ndjson" and one.file is not None for one in wanted)
        self._live = any(one.name == "ndjson" and one.file is None for one in wanted)

    @property
    def takes_standard_output(self) -> bool:
        """Whether the usual text has to go elsewhere."""
        return any(one.file is None and one.name != "text" for one in self._wanted)

    def handle(self, event: Event) -> None:
        """Take one event. Raises InputError where a file cannot be written."""
        if self._files or self._live:
            line = _line(event)
            if self._files:
                self._lines.append(line)
            if self._live:
                self._print(line)
        if isinstance(event, AuditFinished):
            for one in self._wanted:
                self._write(one, event.result)

    def _write(self, one: Wanted, result: AuditResult) -> None:
        if one.file is not None:
            write_whole(one.file, b"".join(self._lines) if one.name == "ndjson" else FORMATS[one.name](result, self._folder, self._places), "--format")
        elif one.name not in {"text", "ndjson"}:
            self._print(FORMATS[one.name](result, self._folder, self._places))

    def _print(self, content: bytes) -> None:
        if self._left:
            return
        try:
            self._out.write(content)
            self._out.flush()
        except BrokenPipeError:
            # whoever read along has gone: the audit goes on, and ends as it would have
            self._left = True
            let_go_of(self._out)


def _line(event: Event) -> bytes:
    try:
        return msgspec.json.encode(event) + b"\n"
    except UnicodeEncodeError:  # half a character in what a target said: an escape, as in report.json
        return json.dumps(plain_value(msgspec.to_builtins(event))).encode() + b"\n"


def _text(result: AuditResult, folder: str, _: Places) -> bytes:
    return (closing_text(result, folder) + "\n").encode("utf-8", "backslashreplace")


def _html(result: AuditResult, _: str, __: Places) -> bytes:
    from indexlab.report.html import page_bytes

    return page_bytes(result)


def _github(result: AuditResult, _: str, places: Places) -> bytes:
    return "".join(f"{line}\n" for line in annotation_lines(result, places)).encode("utf-8", "backslashreplace")


FORMATS: Final[dict[str, Callable[[AuditResult, str, Places], bytes]]] = {
    "text": _text,
    "junit": lambda result, _, __: junit_bytes(result),
    "json": lambda result, _, __: report_bytes(result),
    "html": _html,
    "sarif": lambda result, _, places: sarif_bytes(result, places),
    "markdown": lambda result, folder, _: markdown_bytes(result, folder),
    "github": _github,
    "ndjson": lambda _, __, ___: b"",
}
"""How each format is made of a finished audit, of the run's folder as text names it, and of where targets are shown."""
