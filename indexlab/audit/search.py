"""The search of one target: its units in order, their counts merged, each kept as soon as it is done, until they end or a time limit cuts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexlab.audit.course import Code
from indexlab.audit.events import Note, Progress
from indexlab.audit.findings import first_seen
from indexlab.audit.pieces import tally_of, tally_piece
from indexlab.audit.tally import Tally
from indexlab.audit.work import do_unit

if TYPE_CHECKING:
    from collections.abc import Generator

    from indexlab.audit.course import Course
    from indexlab.audit.events import Event
    from indexlab.audit.prepare import Prepared
    from indexlab.audit.save import Saved

__all__ = ["SEARCH", "Share", "searching"]

SEARCH: Final = "search"
"""The phase under which units are kept."""
_CUT: Final = "search cut"
_PATIENCE: Final = 6
"""A target of a survey that takes so many times its share is cut by itself: nobody waits for the one that is slowest by far."""


@dataclass(slots=True)
class Share:
    """What each target of a survey may take. Where the first is cut, all others are cut at the same unit: they are compared with one another."""

    seconds: float
    units: int | None = None

    @property
    def most_seconds(self) -> float:
        """What a target may take that is not the first."""
        return _PATIENCE * self.seconds


def searching(course: Course, ready: Prepared, planned: int, share: Share | None) -> Generator[tuple[Event, Saved | None], None, tuple[Tally, int | None]]:
    """Run the units; returns what was counted, and the scenario at which a time limit ended it (None: it came to its end)."""
    job, label, tally = ready.job, ready.job.target, Tally()
    limit = ready.spend.seconds if share is None else share.seconds if share.units is None else share.most_seconds
    cut = course.read(label, _CUT)
    mine = int(cut[0]) if cut else len(ready.units) if share is None or share.units is None else share.units
    code = Code(lambda part: tally_piece(part, tally), tally_of, lambda part: first_seen(course.plan, job, part.properties, tally.properties))
    began: float | None = None
    done = 0

    late: list[bool] = []

    def hurry() -> bool:
        # a unit of a survey's slowest may take longer than all of the others together: it ends where it is
        if share is not None and not late and began is not None and course.plan.clock() - began > share.most_seconds:
            late.append(True)
        return bool(late) or course.stop()

    for part, now in course.in_turn(SEARCH, do_unit, job, ready.units[:mine], code, stop=course.stop, hurry=hurry):
        tally.merge(part)
        done += 1
        yield Progress(label, tally.scenarios, planned, "search", sum(counts.breached > 0 for counts in tally.properties.values())), None
        if now:
            # the clock starts with the first result: loading libraries and compiling is no search, and what was kept costs nothing
            began = course.plan.clock() if began is None else began
            if course.plan.clock() - began > limit:
                if done < len(ready.units) or late:
                    course.write(label, _CUT, str(done).encode())
                break
    if share is not None and share.units is None:
        share.units = done
    tally.notes += [tally.second_failed] if tally.second_failed else []
    for note in tally.notes:
        yield Note(label, note), None
    ended_early = bool(cut or late) or done < len(ready.units)
    return tally, tally.scenarios if ended_early and not course.stop() else None
