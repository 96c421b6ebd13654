"""One audit for all tests of a target: the first test that needs it runs it, the others of the session, in whichever worker, read what it found.

Workers of pytest-xdist wait for one another on a lock of the operating system, which a worker that dies lets go: the next one then does the work.
"""

from __future__ import annotations

import fcntl
import hashlib
import signal
import threading
from contextlib import chdir, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import msgspec

from indexlab.audit.events import AuditFinished, FindingFound
from indexlab.audit.journal import Journal
from indexlab.audit.kept_plan import kept_plan
from indexlab.audit.run import audit
from indexlab.audit.save import new_folder, save_finding
from indexlab.contract.outcomes import Outcome, outcomes_of
from indexlab.market.errors import HarnessError, InputError
from indexlab.report.files import ReportFiles
from indexlab.report.handler import Handler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from indexlab.audit.events import AuditResult
    from indexlab.contract.wanted import Asked

__all__ = ["Audits"]


class Said(Handler, Protocol):
    """What tells a person of an audit that is running."""

    def say(self, text: str) -> None:
        """Say a line."""


class Shared(msgspec.Struct, frozen=True):
    """What one worker leaves for the others: the outcomes, or why there are none."""

    outcomes: dict[str, Outcome] = {}
    error: str = ""


@dataclass(slots=True)
class Audits:
    """The audits of a session. `here` is where the person stands; `shared` a folder that all workers see, None where there is but one."""

    here: Path
    shared: Path | None
    said: Said
    known: dict[str, Shared] = field(default_factory=dict)

    def outcome(self, wanted: Asked, name: str) -> Outcome:
        """Return what the test of a property ends with, after the audit, which is run where nobody has. Raises InputError where it cannot be run."""
        key = _key(wanted)
        if key not in self.known:
            self.known[key] = self._made(wanted) if self.shared is None else self._shared(wanted, key, self.shared)
        made = self.known[key]
        if made.error:
            raise InputError(made.error)
        if name not in made.outcomes:
            message = f"the audit of {wanted.target} judged no {name}"
            raise HarnessError(message)
        return made.outcomes[name]

    def _shared(self, wanted: Asked, key: str, folder: Path) -> Shared:
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / f"{key}.json"
        with (folder / f"{key}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if kept.exists():
                return msgspec.json.decode(kept.read_bytes(), type=Shared)
            made = self._made(wanted)
            half = kept.with_suffix(".part")
            half.write_bytes(msgspec.json.encode(made))
            half.replace(kept)
            return made

    def _made(self, wanted: Asked) -> Shared:
        try:
            with _stopping(lambda: self.said.say("interrupted: writing what was found (once more to stop at once)")) as stop, chdir(wanted.base):
                result, folder = self._run(replace(wanted, plan=replace(wanted.plan, stop=stop)))
        except InputError as error:
            return Shared(error=str(error))
        if result.interrupted:
            self.said.say(f"report: {folder}/index.html")
            raise KeyboardInterrupt
        return Shared(outcomes_of(result, folder))

    def _run(self, wanted: Asked) -> tuple[AuditResult, str]:
        """Run the audit and leave its report, findings and journal where `indexlab audit` leaves them, and `--resume` finds them."""
        folder = new_folder(wanted.folder)
        shown = str(folder.relative_to(self.here) if folder.is_relative_to(self.here) else folder)
        started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        plan, stop = replace(wanted.plan, folder=shown), wanted.plan.stop
        with closing(Journal.begun(folder, kept_plan(plan, wanted.base), started)) as journal:
            handlers: tuple[Handler, ...] = (self.said, journal, ReportFiles(folder, shown=shown))
            for event, saved in audit(replace(plan, stop=lambda: stop() or journal.trouble is not None), journal):
                if isinstance(event, FindingFound) and saved is not None:
                    save_finding(folder, event.finding, saved)
                if isinstance(event, AuditFinished):
                    result = msgspec.structs.replace(event.result, started=started)
                    event = AuditFinished(result)  # noqa: PLW2901 - only the door knows the time
                    if not result.interrupted:
                        journal.leave_no_other()
                for handler in handlers:
                    handler.handle(event)
            if journal.trouble is not None:
                raise journal.trouble
        return result, shown


def _key(wanted: Asked) -> str:
    """Return a name for an audit: those that would find the same share it."""
    told = [wanted.plan.as_table(), str(wanted.base), str(wanted.folder), [layer.origin for layer in wanted.plan.layers]]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]


@contextmanager
def _stopping(heard: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C end the audit in good order, with what was found written; the second one ends it at once. `heard` is called on the first."""
    asked: list[int] = []
    said: list[bool] = []

    def ask(number: int, _: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    def stop() -> bool:
        if asked and not said:
            said.append(True)
            heard()
        return bool(asked)

    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield lambda: False
        return
    signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
