"""What a person sees while an audit runs and when it is over.

The running display goes to the error stream, the result to the output stream, so that `indexlab audit > verdict.txt` keeps the table and
still shows progress. Without a terminal, and where CI or NO_COLOR say so, there are a few plain lines instead of a bar. A stream that was
closed is left alone; the audit goes on.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Final, Literal, TextIO

from indexlab.audit.events import AuditFinished, AuditStarted, FindingFound, Note, Progress, TargetFinished, TargetStarted
from indexlab.report.closing import closing_text, report_line
from indexlab.report.plain import plain, uncommanded
from indexlab.report.running import Running
from indexlab.report.text import finding_line
from indexlab.report.tone import USUAL, Tone, Watch
from indexlab.report.words import count_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from indexlab.audit.events import Event, TargetResult

__all__ = ["Terminal", "console_on", "is_plain", "let_go_of", "say"]

_STYLES: Final = {
    "bold red": (r"\bBROKEN\b",),
    "green": (r"\bholds\b",),
    "yellow": (r"\bWAIVED\b", r"\bKNOWN\b", r"\binconclusive\b", r"\bINCONCLUSIVE\b", r"(?<= )\?(?= |$)"),
    "bold": ("← .*$", r"^(?:SURVEY|NONE FOUND|NOTHING JUDGED)\b"),
}

_COUNTED: Final[tuple[tuple[str, str], ...]] = (
    ("violated", "broken"),
    ("inconclusive", "inconclusive"),
    ("waived", "waived"),
    ("known", "known"),
    ("holds", "hold"),
    ("not-applicable", "not applicable"),
)


class Terminal:
    """A handler that shows the run and its result to a person."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None, environ: Mapping[str, str] | None = None, tone: Tone = USUAL) -> None:
        """Show on these streams, by default the process's own; `environ` says whether there may be colours and bars (NO_COLOR, FORCE_COLOR, CI, TERM)."""
        environ = os.environ if environ is None else environ
        self._tone = tone
        self._out = console_on(sys.stdout if out is None else out, environ)
        self._err = console_on(sys.stderr if err is None else err, environ)
        self._running: Running | None = None
        self._folder, self._survey = "", False
        self._said: list[str] = []
        self.unwritten: set[str] = set()
        """Findings' files that could not be written; whoever writes them adds to it before the finding is handled."""
        self._watch = Watch(tone, self.unwritten)
        self._lively = self._err.file.isatty() and not is_plain(environ) and not tone.quiet and not tone.verbose

    def handle(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, AuditStarted):
            self._start(event)
        elif isinstance(event, TargetStarted | Progress | TargetFinished) and self._running is not None:
            self._running.handle(event)
        elif isinstance(event, AuditFinished):
            self._stop()
            self._spoken(event)
            said = self._said if self._out.file.isatty() else ()
            tone, unwritten = self._tone, self.unwritten
            say(self._out, closing_text(event.result, "", already_said=said, brief=tone.quiet, full=tone.verbose, unwritten=unwritten))
            return
        self._spoken(event)
        if self._tone.quiet:
            return
        if isinstance(event, TargetStarted | TargetFinished | Note) or (isinstance(event, FindingFound) and not self._survey):
            self._mention(event)

    def written(self) -> None:
        """Say where the report is: its files come after the result is told, and may not find room."""
        if self._folder:
            say(self._out, report_line(self._folder))

    def command(self, line: str) -> None:
        """Print a line where the result is printed, as it is: a command to the system that reads along."""
        say(self._out, line, command=True)

    def _spoken(self, event: Event) -> None:
        for line in self._watch.heard(event):
            say(self._err, line)

    def close(self) -> None:
        """Take the bar off the screen, whatever happened; it may be called again."""
        self._stop()

    def _start(self, event: AuditStarted) -> None:
        self._folder, self._survey = event.folder, event.survey
        if self._tone.quiet:
            return
        what = (
            f"survey of {count_of(len(event.targets), 'methodology', 'methodologies')}"
            if event.survey
            else f"audit of {count_of(len(event.targets), 'target')}"
        )
        what += f" against {plain(event.against, most=60)}" if event.against else ""
        many = count_of(len(event.properties), "property", "properties")
        say(self._err, f"indexlab {plain(event.version)}: {what}, {many}, profile {plain(event.profile)}, seed {event.seed}")
        if self._lively:
            self._running = Running(self._err, len(event.targets))

    def _stop(self) -> None:
        if self._running is not None:
            self._running.close()
            self._running = None

    def _mention(self, event: TargetStarted | TargetFinished | FindingFound | Note) -> None:
        """Say one line: with the bar only what it cannot show, without it also that a target began and ended."""
        if isinstance(event, Note):
            self._said.append(event.text)
            say(self._err, f"note: {plain(event.target, most=40)}: {plain(event.text, most=300)}" if event.target else f"note: {plain(event.text, most=300)}")
        elif isinstance(event, FindingFound):
            say(self._err, finding_line(event.finding))
        elif self._running is None and isinstance(event, TargetFinished):
            say(self._err, _ended(event.result))
        elif self._running is None and isinstance(event, TargetStarted) and event.kind == "process":  # it may hang: say which one
            say(self._err, _began(event))


def _began(event: TargetStarted) -> str:
    return f"{plain(event.target, most=60)}: {count_of(event.planned, 'scenario')} planned"


def _ended(target: TargetResult) -> str:
    counts = Counter("known" if one.known else one.verdict for one in target.properties)
    said = [f"{counts[verdict]} {word}" for verdict, word in _COUNTED if counts[verdict]]
    return f"{plain(target.target, most=60)}: {', '.join(said) or 'nothing judged'}, in {count_of(target.scenarios, 'scenario')}"


def is_plain(environ: Mapping[str, str]) -> bool:
    """Say whether there is to be no bar (NO_COLOR, CI, a dumb TERM), and neither colour nor bold unless FORCE_COLOR asks for it."""
    return bool(environ.get("NO_COLOR") or environ.get("CI")) or environ.get("TERM") == "dumb"


def _colours_are_forced(environ: Mapping[str, str]) -> bool:
    return environ.get("FORCE_COLOR", "") not in {"", "0"} and not environ.get("NO_COLOR")


def console_on(stream: TextIO, environ: Mapping[str, str]) -> Console:
    """Return a console that takes text as it is (no markup, no emoji, no wrapping) and falls silent when its reader has gone."""
    from rich.console import Console as RichConsole

    class QuietConsole(RichConsole):
        def on_broken_pipe(self) -> None:
            self.quiet = True
            let_go_of(self.file)

    forced = _colours_are_forced(environ)
    known = {name: value for name, value in environ.items() if forced or name != "FORCE_COLOR"}
    colours: Literal["auto"] | None = None if is_plain(environ) and not forced else "auto"  # without a system of colours there is nothing bold either
    return QuietConsole(file=stream, markup=False, emoji=False, highlight=False, soft_wrap=True, color_system=colours, _environ=known)


def let_go_of(stream: IO[Any]) -> None:
    """Point a standard stream whose reader has gone at nothing, so that the interpreter does not complain about it when it exits."""
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)


def say(console: Console, text: str, *, command: bool = False) -> None:
    """Print plain lines, the words of the verdicts coloured where the stream is a terminal; only a `command` is one to a CI system that reads along."""
    from rich.text import Text

    for line in text.split("\n"):
        shown = Text(line if command else uncommanded(line))
        for style, patterns in _STYLES.items():
            for pattern in patterns:
                shown.highlight_regex(pattern, style)
        with suppress(ValueError):  # a stream that somebody closed in this process
            console.print(shown)
