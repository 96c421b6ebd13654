"""What a person sees while power is measured: a bar on the error stream, or a line each where there is none; the result goes to the output stream."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

from indexlab.audit.power import Looked, PowerFinished, PowerStarted, Tried
from indexlab.report.plain import plain
from indexlab.report.power_text import attempt_line, power_text, run_line
from indexlab.report.terminal import console_on, is_plain, say
from indexlab.report.words import count, count_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.progress import Progress

    from indexlab.audit.power import PowerEvent

__all__ = ["PowerTerminal"]


class PowerTerminal:
    """A handler that shows the measurement and its result to a person."""

    def __init__(self, folder: str, out: TextIO | None = None, err: TextIO | None = None, environ: Mapping[str, str] | None = None) -> None:
        """Show on these streams, by default the process's own; `folder` is where the files go, as text for people."""
        environ = os.environ if environ is None else environ
        self._folder = folder
        self._out = console_on(sys.stdout if out is None else out, environ)
        self._err = console_on(sys.stderr if err is None else err, environ)
        self._lively = self._err.is_terminal and not is_plain(environ)
        self._bar: Progress | None = None
        self._survivors = self._alarms = 0

    def handle(self, event: PowerEvent) -> None:
        """Take one event."""
        if isinstance(event, PowerStarted):
            self._start(event)
        elif isinstance(event, Tried):
            self._tried(event)
        elif isinstance(event, Looked):
            self._alarms += len(event.run.alarms)
            self._move(event.done, event.run.target, run_line(event.run.target, len(event.run.alarms)), loud=bool(event.run.alarms))
        elif isinstance(event, PowerFinished):
            self.close()
            say(self._out, power_text(event.power, self._folder))

    def close(self) -> None:
        """Take the bar off the screen, whatever happened; it may be called again."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _start(self, event: PowerStarted) -> None:
        what = f"{count_of(event.defects, 'planted defect')}, each in one methodology or more ({count(event.pairs)} all told)"
        right = f", {count_of(event.rights, 'right target')} at quick" if event.rights else ""
        say(self._err, f"indexlab {plain(event.version)}: power, {event.kind}: {what}{right}, profile {event.profile}, seed {event.seed}")
        if self._lively:
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=28), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())
            self._bar = Progress(*columns, console=self._err, transient=True, refresh_per_second=4)
            self._bar.add_task("starting", total=max(event.pairs + event.rights, 1))
            self._bar.start()

    def _tried(self, event: Tried) -> None:
        attempt = event.attempt
        name, kill = f"{attempt.defect}@{attempt.method}", attempt.kill
        self._survivors += kill is None
        self._move(event.done, name, attempt_line(name, None if kill is None else kill.property, attempt.problem), loud=kill is None)

    def _move(self, done: int, name: str, line: str, *, loud: bool) -> None:
        """Move the bar and say what is bad news; without a bar, say everything."""
        if self._bar is None:
            say(self._err, line)
            return
        if loud:
            say(self._err, line)
        bad = f"{count(self._survivors)} surviving, {count_of(self._alarms, 'false alarm')}"
        self._bar.update(self._bar.task_ids[0], completed=done, description=f"{plain(name, most=44)}  {bad}")
