"""How much the terminal says: usual, quiet (what was found and the verdict) or verbose (every unit, what each phase took, the settings)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexlab.audit.events import AuditStarted, FindingFound, Progress, TargetFinished, TargetStarted
from indexlab.report.plain import plain
from indexlab.report.words import count, count_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from indexlab.audit.events import Event

__all__ = ["USUAL", "Tone", "Watch"]


@dataclass(frozen=True)
class Tone:
    """What is wanted; `clock` gives seconds and is the door's, `settings` are lines to begin with where it is verbose."""

    quiet: bool = False
    verbose: bool = False
    clock: Callable[[], float] | None = None
    settings: tuple[str, ...] = ()


USUAL: Final = Tone()


class Watch:
    """What is said besides in a verbose audit: each unit as it is done, and how long each phase of a target took."""

    def __init__(self, tone: Tone, unwritten: Collection[str] = ()) -> None:
        """Begin with no phase; `unwritten` are findings' files that could not be written."""
        self._tone, self._phase, self._since, self._unwritten = tone, ("", ""), 0.0, unwritten

    def heard(self, event: Event) -> list[str]:
        """Return the lines to print for an event, none where the audit is not verbose."""
        if not self._tone.verbose:
            return []
        if isinstance(event, AuditStarted):
            return [plain(line) for line in self._tone.settings]
        if isinstance(event, TargetStarted):
            return [
                f"{plain(event.target, most=60)}: {plain(event.name, most=60)} {plain(event.version, most=40)}, {event.kind}",
                *self._begins(event.target, "search"),
            ]
        if isinstance(event, Progress):
            breaches = f", {count_of(event.breaches, 'breach', 'breaches')}" if event.breaches else ""
            said = f"{plain(event.target, most=60)}: {event.phase} {count(event.done)} of {count(event.planned)}{breaches}{self._taken()}"
            return [*self._begins(event.target, event.phase), said]
        if isinstance(event, FindingFound):
            saved = "could not save" if event.finding.file in self._unwritten else "saved"
            return [*self._begins(event.finding.target, "shrink"), f"{plain(event.finding.target, most=60)}: {saved} {plain(event.finding.file, most=200)}"]
        return self._begins("", "") if isinstance(event, TargetFinished) else []

    def _begins(self, target: str, phase: str) -> list[str]:
        """Note that a phase begins; return what the one before it took."""
        if (target, phase) == self._phase:
            return []
        (before, name), taken = self._phase, self._taken()
        self._phase, self._since = (target, phase), 0.0 if self._tone.clock is None else self._tone.clock()
        return [f"{plain(before, most=60)}: {name} took {taken.removeprefix(', ')}"] if before and taken else []

    def _taken(self) -> str:
        return "" if self._tone.clock is None else f", {self._tone.clock() - self._since:.1f} s"
