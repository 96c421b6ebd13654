"""journal.ndjson: what an audit does, a line a piece, as it is done; enough to go on from wherever it was ended.

The first line holds the version and the plan. A line of the type "Piece" holds what one unit, one finding or one target came to; the others are events, for
people and tools. Each line ends with its number and a checksum, so that one cut short or damaged is seen: from there on the work is done again.
"""

from __future__ import annotations

import fcntl
import os
import re
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab import __version__
from indexlab.audit.events import AuditFinished, FindingFound, Progress, TargetFinished
from indexlab.audit.kept_plan import KeptPlan
from indexlab.audit.save import save_finding
from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Self

    from indexlab.audit.events import Event, Finding
    from indexlab.audit.save import Saved

__all__ = ["JOURNAL", "Journal"]

JOURNAL: Final = "journal.ndjson"
_FORMAT: Final = 1
_SYNC_EVERY: Final = 16
"""Lines that may be lost with the power; what the process wrote outlives the process in any case."""
_LONGEST: Final = 1 << 28
_END: Final = re.compile(rb',"n":(\d{1,12}),"crc":"([0-9a-f]{8})"\}\n\Z')
_LONGEST_END: Final = 48


class _Begun(msgspec.Struct, frozen=True, tag_field="type", tag="RunBegun"):
    """The first line."""

    format: int
    version: str
    started: str
    plan: KeptPlan


class _Version(msgspec.Struct, frozen=True):
    """What every first line has, whatever its format."""

    type: str
    format: int
    version: str


class _Piece(msgspec.Struct, frozen=True, tag_field="type", tag="Piece", omit_defaults=True):
    """What one unit of a phase came to."""

    target: str
    phase: str
    piece: msgspec.Raw
    early: tuple[str, ...] = ()
    """The files that the first breaches in it got at once, before anything was shrunk."""


class _Finished(msgspec.Struct, frozen=True, tag_field="type", tag="AuditFinished"):
    """The end of an audit, or of a stretch of it."""

    interrupted: bool
    seconds: float


class _File(msgspec.Struct, frozen=True):
    """Where a finding lies."""

    file: str


class _Found(msgspec.Struct, frozen=True):
    """A finding that was told."""

    finding: _File


class Journal:
    """The journal of one run, open and locked. `trouble` is why it takes no more lines; `finished` the seconds that a finished run took.

    `damaged` names the line from which on it could not be read, where that was not the last one; `passing` are the files that this run wrote for
    findings that are not told since it was begun or resumed: early ones, and those of a stretch that was interrupted.
    """

    def __init__(self, folder: Path) -> None:
        """Open and lock the journal in the run's folder. Raises InputError where another process has it, or it cannot be opened."""
        self.folder, self.path = folder, folder / JOURNAL
        self.trouble: InputError | None = None
        self.finished: float | None = None
        self.damaged: int | None = None
        self.passing: set[str] = set()
        self.pieces = 0
        self._kept: dict[tuple[str, str], list[bytes]] = {}
        self._said: set[bytes] = set()
        self._number = self._size = self._unsure = 0
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            problem = f"cannot be opened: {error.strerror}"
            raise InputError(problem, file=self.path, remedy="choose another place with --out") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            problem = "is in use: another process works on this run" if isinstance(error, BlockingIOError) else f"cannot be locked: {error.strerror}"
            raise InputError(problem, file=self.path, remedy="wait until it is done, or end it") from None

    @classmethod
    def begun(cls, folder: Path, plan: KeptPlan, started: str) -> Self:
        """Begin the journal of a new run; `started` is when, as the report prints it."""
        journal = cls(folder)
        journal.begin = _Begun(_FORMAT, __version__, started, plan)
        journal._append(msgspec.json.encode(journal.begin), lasting=True)
        return journal

    @classmethod
    def resumed(cls, folder: Path) -> Self:
        """Read the journal of a run that is to go on. Raises InputError where there is none, or it is another version's."""
        if not (folder / JOURNAL).is_file():
            problem = "holds no run that could go on: it has no journal.ndjson"
            raise InputError(problem, file=folder, remedy="give the folder of an audit's report")
        journal = cls(folder)
        try:
            journal._read()
            if journal.finished is None:
                os.ftruncate(journal._file, journal._size)  # what cannot be read is done again, and written anew
        except BaseException:
            journal.close()
            raise
        return journal

    begin: _Begun
    """The first line: version, plan, and when the run was started."""

    def close(self) -> None:
        """Let go of the journal; it may be called again."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def handle(self, event: Event) -> None:
        """Append one event; progress is not kept, results are pieces, and what stands there already is not said again."""
        if isinstance(event, Progress):
            return
        if isinstance(event, TargetFinished):
            line = msgspec.json.encode({"type": "TargetFinished", "target": event.result.target})
        elif isinstance(event, AuditFinished):
            line = msgspec.json.encode(_Finished(event.result.interrupted, event.result.seconds))
        else:
            line = msgspec.json.encode(event)
        if isinstance(event, FindingFound):
            self.passing.discard(event.finding.file)
        if isinstance(event, AuditFinished) or line not in self._said:
            self._append(line, lasting=isinstance(event, FindingFound | AuditFinished))

    def read(self, target: str, phase: str) -> Sequence[bytes]:
        """Return the pieces of a phase that are kept."""
        return self._kept.get((target, phase), ())

    def write(self, target: str, phase: str, piece: bytes, found: Sequence[tuple[Finding, Saved]] = ()) -> None:
        """Append the next piece of a phase; what was found in it first gets a file too, so that it can be replayed should nothing follow."""
        new = {finding.file: (finding, saved) for finding, saved in found if not (self.folder / finding.file).exists()}
        self._append(msgspec.json.encode(_Piece(target, phase, msgspec.Raw(piece), tuple(new))), lasting=bool(found))
        try:
            for finding, saved in new.values():
                if self.trouble is None:
                    self.passing.add(finding.file)
                    save_finding(self.folder, finding, saved)
        except InputError as error:
            self.trouble = error

    def leave_no_other(self) -> None:
        """Remove the files of `passing`: what this run wrote and found to be no finding of its own. It is for the end of a run that nobody interrupted."""
        for name in self.passing:
            (self.folder / name).unlink(missing_ok=True)

    def _append(self, line: bytes, *, lasting: bool) -> None:
        if self.trouble is not None or self.finished is not None:
            return
        whole = line[:-1] + b',"n":%d,"crc":"%08x"}\n' % (self._number, zlib.crc32(line[:-1]))
        try:
            left = memoryview(whole)
            while left:
                left = left[os.write(self._file, left) :]
            self._unsure += 1
            if lasting or self._unsure >= _SYNC_EVERY:
                os.fsync(self._file)
                self._unsure = 0
        except OSError as error:
            with suppress(OSError):  # half a line is of no use
                os.ftruncate(self._file, self._size)
            problem = f"cannot be written: {(error.strerror or str(error)).lower()}"
            self.trouble = InputError(problem, file=self.path, remedy="make room, and go on with --resume")
            return
        self._number += 1
        self._size += len(whole)

    def _read(self) -> None:
        with open(self.path, "rb") as file:  # noqa: PTH123 - beside the one that is locked
            while line := file.readline(_LONGEST):
                body = self._checked(line)
                if body is None:
                    self.damaged = self._number + 1 if file.readline(1) else None
                    break
                self._take(body)
                self._number += 1
                self._size += len(line)
        if not self._number:
            problem = "has a first line that is cut short or damaged: no plan can be read from it"
            raise InputError(problem, file=self.path, remedy="begin a new run; findings that were written lie in findings/")

    def _checked(self, line: bytes) -> bytes | None:
        """Return what a line says, or None where it is not as it was written."""
        end = _END.search(line, max(len(line) - _LONGEST_END, 0))
        if end is None or int(end[1]) != self._number or int(end[2], 16) != zlib.crc32(line[: end.start()]):
            return None
        return line[: end.start()] + b"}"

    def _take(self, body: bytes) -> None:
        if not self._number:
            self.begin = _begun(body, self.path)
        elif body.startswith(b'{"type":"Piece"'):
            kept = msgspec.json.decode(body, type=_Piece)
            self._kept.setdefault((kept.target, kept.phase), []).append(bytes(kept.piece))
            self.pieces += 1
            self.passing.update(kept.early)
        elif body.startswith(b'{"type":"AuditFinished"'):
            ended = msgspec.json.decode(body, type=_Finished)
            self.finished = None if ended.interrupted else ended.seconds
        else:
            self._said.add(body)
            if body.startswith(b'{"type":"FindingFound"'):
                self.passing.add(msgspec.json.decode(body, type=_Found).finding.file)


def _begun(body: bytes, path: Path) -> _Begun:
    """Read a first line. Raises InputError where the run was made by another version."""
    remedy = "go on with that version, or begin a new run"
    try:
        made = msgspec.json.decode(body, type=_Version)
        if made.type != "RunBegun":
            problem = "does not begin with a plan: an older version wrote it"
            raise InputError(problem, file=path, remedy=remedy)
        if made.version != __version__ or made.format != _FORMAT:
            problem = f"was made by indexlab {made.version}; this is {__version__}, and another version may find other things"
            raise InputError(problem, file=path, remedy=remedy)
        return msgspec.json.decode(body, type=_Begun)
    except msgspec.DecodeError as error:
        problem = f"has a first line that cannot be read: {error}"
        raise InputError(problem, file=path, remedy=remedy) from None
