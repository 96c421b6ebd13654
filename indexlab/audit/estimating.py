"""Running the independent cases of one target: in their order, each unit kept as soon as it is done, until they end or a time limit cuts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.audit.course import Code
from indexlab.audit.estimate import EstimateTally, EstimateUnit, Seen, do_estimate, taken_over
from indexlab.audit.events import Note, Progress
from indexlab.audit.findings import first_seen
from indexlab.audit.pieces import estimate_of, estimate_piece
from indexlab.audit.tally import PropertyTally

if TYPE_CHECKING:
    from collections.abc import Generator

    from indexlab.audit.course import Course
    from indexlab.audit.events import Event, Finding
    from indexlab.audit.save import Saved
    from indexlab.audit.tally import Tally
    from indexlab.audit.work import Job

__all__ = ["ESTIMATE", "estimating"]

ESTIMATE: Final = "estimate"
"""The phase under which units of cases are kept."""
_CUT: Final = "estimate cut"
_UNIT: Final = 25
"""Cases a unit of a target in this process; a dear one does them one by one, so that a limit cuts near where it falls."""


def estimating(course: Course, job: Job, planned: int, seconds: float, search: Tally) -> Generator[tuple[Event, Saved | None], None, Seen]:
    """Run `planned` cases, for `seconds` at the most; yields what is said meanwhile, hands what only they showed to `search`, returns what was counted."""
    clock, size = course.plan.clock, 1 if job.sparing else _UNIT
    units = [EstimateUnit(first, min(size, planned - first)) for first in range(0, planned, size)]
    tally = EstimateTally()
    known = course.read(job.target, _CUT)
    mine = int(known[0]) if known else len(units)
    cut = bool(known)
    code = Code(lambda part: estimate_piece(part, tally), estimate_of, lambda part: _first_seen(course, job, part, tally, search))
    began: float | None = None
    for number, (part, now) in enumerate(course.in_turn(ESTIMATE, do_estimate, job, units[:mine], code, stop=course.stop, hurry=course.stop)):
        began = clock() if began is None and now else began
        tally.merge(part)
        yield Progress(job.target, tally.done, planned, "estimate", sum(tally.total(name)[1] > 0 for name in tally.counts)), None
        if now and began is not None and clock() - began > seconds:
            cut = True
            course.write(job.target, _CUT, str(number + 1).encode())
        # what comes after a unit that was cut short is left out: the cases that count have numbers without a gap
        if (now and cut) or part.done < units[number].count:
            break
    stopped = ""
    if tally.done < planned:
        stopped = f"stopped by {'a time limit' if cut else 'an interrupt'} after {tally.done} of {planned} cases; the bounds are of the cases that were run"
        yield Note(job.target, f"the estimate was {stopped}"), None
    if tally.unrun:
        yield Note(job.target, tally.unrun), None
    taken_over(search.properties, tally, PropertyTally)
    search.notes += [tally.unrun] if tally.unrun else []
    return Seen(tally, stopped)


def _first_seen(course: Course, job: Job, part: EstimateTally, before: EstimateTally, search: Tally) -> list[tuple[Finding, Saved]]:
    found = {name: PropertyTally(candidates=list(candidates)) for name, candidates in part.candidates.items() if name not in before.candidates}
    return first_seen(course.plan, job, found, search.properties)
