"""The course of an audit: work is done in turn, each piece of it is kept as soon as it is done, and what was kept before is not done again.

What goes wrong on the way ends the search and not the audit: what was found until then is told, and the failure is raised when all is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from indexlab.audit.workers import WorkersLost

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from indexlab.audit.events import Finding
    from indexlab.audit.plan import AuditPlan
    from indexlab.audit.save import Saved
    from indexlab.audit.work import Job
    from indexlab.audit.workers import Workers

__all__ = ["RESULT", "Code", "Course", "Kept"]

RESULT: Final = "result"
"""The phase under which all of one target is kept, when it is done."""

Item = TypeVar("Item")
Made = TypeVar("Made")


class Kept(Protocol):
    """Where finished pieces of an audit lie, by target and phase and in their order. The door hands it in; nothing below it reads a clock or an option."""

    def read(self, target: str, phase: str) -> Sequence[bytes]:
        """Return the pieces of a phase that are kept, from the first one on."""

    def write(self, target: str, phase: str, piece: bytes, found: Sequence[tuple[Finding, Saved]] = ()) -> None:
        """Keep the next piece, and what was found in it that has no file yet; one that cannot be kept raises nothing and ends the audit by its `stop`."""


@dataclass(frozen=True, slots=True)
class Code(Generic[Made]):
    """How a piece of a phase is written and read; `found` tells the breaches in it that are seen for the first time."""

    write: Callable[[Made], bytes]
    read: Callable[[bytes], Made]
    found: Callable[[Made], list[tuple[Finding, Saved]]] = lambda _: []


@dataclass(slots=True)
class Course:
    """What all phases of an audit share; `failure` is what went wrong first."""

    plan: AuditPlan
    workers: Workers
    kept: Kept | None = None
    failure: Exception | None = None

    def stop(self) -> bool:
        """Say whether nothing new is to be begun: the user wants to end, or something failed."""
        return self.failure is not None or self.plan.stop()

    def never(self) -> bool:
        """Let a phase go on to its end: what was found is told even where the rest is left."""
        return False

    def in_turn(
        self,
        phase: str,
        function: Callable[[Job, Item], Made],
        job: Job,
        items: Sequence[Item],
        code: Code[Made],
        *,
        stop: Callable[[], bool],
        hurry: Callable[[], bool],
    ) -> Generator[tuple[Made, bool], None, None]:
        """Yield what comes of the items in their order, and whether it was done now; what is kept comes first. Ends early where `stop` says so."""
        place = 0
        for piece in self.read(job.target, phase)[: len(items)]:
            yield code.read(piece), False
            place += 1
        while place < len(items):
            doing = self.workers.in_order(function, job, items[place:], stop=stop, hurry=hurry)
            try:
                while (made := next(doing, None)) is not None:
                    self._keep(job.target, phase, made, code)
                    place += 1
                    yield made, True
            except Exception as error:  # noqa: BLE001 - whatever it is: what was found before it is told, and then it is raised
                self.failure = self.failure or error
                if isinstance(error, WorkersLost) and not stop():
                    continue  # what must be done is done without them
            return

    def read(self, target: str, phase: str) -> Sequence[bytes]:
        """Return what is kept of a phase."""
        return () if self.kept is None else self.kept.read(target, phase)

    def write(self, target: str, phase: str, piece: bytes) -> None:
        """Keep a piece that is whole: what was done after somebody asked to end may not be."""
        if self.kept is not None and not self.stop():
            self.kept.write(target, phase, piece)

    def _keep(self, target: str, phase: str, made: Made, code: Code[Made]) -> None:
        if self.kept is not None and not self.stop():
            self.kept.write(target, phase, code.write(made), code.found(made))
