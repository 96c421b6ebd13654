"""What `audit` does with a plan: the run is kept as it goes, told as it goes, and goes on where an earlier one was ended."""

from __future__ import annotations

import os
import shlex
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexlab.commands.interrupt import stop_on_interrupt
from indexlab.commands.telling import handlers_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from indexlab.audit.events import AuditResult, Event
    from indexlab.audit.journal import Journal
    from indexlab.audit.kept_plan import KeptPlan
    from indexlab.audit.plan import AuditPlan
    from indexlab.audit.save import Saved
    from indexlab.commands.telling import Telling
    from indexlab.market.errors import IndexlabError
    from indexlab.report.handler import Handler

__all__ = ["begun", "gone_on"]

_MAY_DIFFER = frozenset({"resume", "jobs", "headers", "formats", "quiet", "verbose"})
"""What may be typed beside --resume, and is not a matter of the plan."""


def begun(plan: AuditPlan, folder: Path, telling: Telling) -> int:
    """Run a new audit into a new folder; returns its exit code."""
    from indexlab.audit.journal import Journal
    from indexlab.audit.kept_plan import kept_plan

    journal = Journal.begun(folder, kept_plan(plan, Path.cwd()), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if journal.trouble is not None:
        raise journal.trouble
    return _told(plan, journal, telling)


def gone_on(folder: Path, typed: Collection[str], given: Mapping[str, Any], telling: Telling) -> int:
    """Go on with the audit whose report lies in `folder`; `typed` names the options that were, `given` holds all; returns its exit code. Raises InputError."""
    from indexlab.audit.journal import Journal
    from indexlab.audit.kept_plan import check_sums, headers_again, plan_again

    with closing(Journal.resumed(folder)) as journal:
        kept, finished = journal.begin.plan, journal.finished is not None
        _check_plan(kept, folder, typed, given)
        folder = journal.folder = folder.resolve()
        _step_into(Path(kept.here), quiet=telling.quiet)
        headers = () if finished else headers_again(kept, given["reaching"], os.environ)
        plan = plan_again(kept, headers, time.monotonic, stop_on_interrupt())
        if not finished:
            check_sums(kept, plan, Path.cwd())
        if Path(kept.folder).resolve() != folder:
            plan = replace(plan, folder=str(folder))
        if not telling.quiet:
            click.echo(_where(journal), err=True)
        return _told(replace(plan, jobs=given["jobs"] or plan.jobs), journal, telling)


def _step_into(here: Path, *, quiet: bool) -> None:
    """Go where the run was begun, so that what its plan names is found; where that is gone, stay."""
    if here != Path.cwd() and here.is_dir():
        if not quiet:
            click.echo(f"in {here}, where the run was begun", err=True)
        os.chdir(here)


def _where(journal: Journal) -> str:
    if journal.finished is not None:
        return "this run is finished; this is what it came to"
    damaged = f"; its journal is damaged from line {journal.damaged} on, and what came after is done again" if journal.damaged else ""
    return f"going on with {journal.begin.plan.folder}: {journal.pieces} pieces of it are done{damaged}"


def _check_plan(kept: KeptPlan, folder: Path, typed: Collection[str], given: Mapping[str, Any]) -> None:
    """Raise InputError where options typed beside --resume ask for something else than the run did."""
    import msgspec

    from indexlab.audit.effective import Flags, effective_plan
    from indexlab.audit.kept_plan import KeptPlan, kept_plan
    from indexlab.market.errors import InputError

    if "out" in typed:
        problem = "cannot be given beside --resume"
        raise InputError(problem, key="--out", remedy="leave it out: the run goes on in its own folder")
    if not set(typed) - _MAY_DIFFER:
        return
    plan, _, base = effective_plan(Flags(**given), Path.cwd(), 1, time.monotonic, lambda: False, datetime.now(UTC).date())
    now = msgspec.json.decode(msgspec.json.encode(kept_plan(plan, base)), type=KeptPlan)
    name = kept.difference(now)
    if name:
        problem = f"was made by another plan: {name} was {_short(getattr(kept, name))}, and is now {_short(getattr(now, name))}"
        raise InputError(problem, file=folder, remedy="leave the other options out (--resume has the plan), or begin a new run")


def _short(value: object) -> str:
    import msgspec

    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:60]}…"  # a line's worth


class _Writing:
    """The files of a run. The first that cannot be written ends the search; the rest is tried all the same, since what was found is worth most."""

    def __init__(self, journal: Journal, handlers: list[Handler], unwritten: set[str]) -> None:
        self.journal, self.handlers, self.unwritten = journal, handlers, unwritten
        self._trouble: IndexlabError | None = None

    @property
    def trouble(self) -> IndexlabError | None:
        """Why something could not be written, if so."""
        return self.journal.trouble or self._trouble

    def save(self, event: Event, saved: Saved | None) -> None:
        """Write a finding's file, or note it among the unwritten."""
        from indexlab.audit.events import FindingFound
        from indexlab.audit.save import save_finding
        from indexlab.market.errors import IndexlabError

        if isinstance(event, FindingFound) and saved is not None:
            try:
                save_finding(self.journal.folder, event.finding, saved)
            except IndexlabError as error:
                if not (self.journal.folder / event.finding.file).exists():  # what an early look at it left there can be replayed too
                    self.unwritten.add(event.finding.file)
                self._trouble = self._trouble or error

    def handle(self, event: Event) -> None:
        """Hand an event to the journal, then to the others."""
        from indexlab.market.errors import IndexlabError

        self.journal.handle(event)
        for handler in self.handlers:
            try:
                handler.handle(event)
            except IndexlabError as error:
                self._trouble = self._trouble or error


def _told(plan: AuditPlan, journal: Journal, telling: Telling) -> int:
    import msgspec

    from indexlab.audit.events import AuditFinished
    from indexlab.audit.results import exit_code
    from indexlab.audit.run import audit
    from indexlab.audit.workers import WorkersLost
    from indexlab.market.errors import InputError

    terminal, handlers = handlers_of(plan, journal.folder, telling)
    writing, asked = _Writing(journal, handlers, terminal.unwritten), plan.stop
    result: AuditResult | None = None
    try:
        for event, saved in audit(replace(plan, stop=lambda: asked() or writing.trouble is not None), journal):
            if isinstance(event, AuditFinished):
                seconds = event.result.seconds if journal.finished is None else journal.finished
                result = msgspec.structs.replace(event.result, started=journal.begin.started, seconds=seconds)
                event = AuditFinished(result)  # noqa: PLW2901 - only the door knows the time
                if not result.interrupted:
                    journal.leave_no_other()
            writing.save(event, saved)
            # the terminal comes before the other files: what was found is said even where a full disk takes no more of them
            terminal.handle(event)
            writing.handle(event)
    except InputError:
        raise
    except WorkersLost as error:
        _say_how_to_go_on(plan)
        click.echo(f"indexlab: {error}", err=True)
        return 3
    except BaseException:
        _say_how_to_go_on(plan)
        raise
    finally:
        terminal.close()
        journal.close()
    if writing.trouble is not None or (result is not None and result.interrupted):
        _say_how_to_go_on(plan)
    if writing.trouble is not None:
        raise writing.trouble
    return 3 if result is None else exit_code(result)


def _say_how_to_go_on(plan: AuditPlan) -> None:
    click.echo(f"what was done is kept; go on with:  indexlab audit --resume {shlex.quote(plan.folder)}", err=True)
