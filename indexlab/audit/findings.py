"""From breaches to findings: each that differs from the others of its property is shrunk, told, and handed on as soon as it is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from indexlab.audit.course import Code
from indexlab.audit.events import Event, Finding, FindingFound, Progress
from indexlab.audit.explain import told_undescribed, told_unshrunk
from indexlab.audit.fingerprint import fingerprint
from indexlab.audit.pieces import finding_of, finding_piece
from indexlab.audit.save import Saved
from indexlab.audit.work import FindingTask, Job, ShrunkFinding, find_finding
from indexlab.properties.registry import find_property
from indexlab.scenarios.recipes import built_in

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from indexlab.audit.course import Course
    from indexlab.audit.plan import AuditPlan, Budget
    from indexlab.audit.tally import Candidate, PropertyTally, Tally
    from indexlab.market.errors import TargetFailure
    from indexlab.scenarios.scenario import Scenario

__all__ = ["SHRINK", "findings_of", "first_seen", "undescribed_finding"]

_MOST_LETTERS: Final = 300
SHRINK: Final = "shrink"
"""The phase under which findings are kept."""


def findings_of(course: Course, job: Job, tally: Tally, spend: Budget) -> Generator[tuple[Event, Saved | None], None, dict[str, list[ShrunkFinding]]]:
    """Shrink what was found: every breach that differs from the others of its property in the faults it takes or in what happened."""
    found: dict[str, list[ShrunkFinding]] = {}
    tasks = list(_tasks(course, job, tally, spend))
    clock = course.plan.clock
    began = clock()

    def hurry() -> bool:
        return course.stop() or clock() - began > spend.seconds

    # what was found is written even when the user wants to end; it is only shrunk no further
    shrunk = course.in_turn(SHRINK, _shrink_task, job, tasks, Code(finding_piece, finding_of), stop=course.never, hurry=hurry)
    for number, (made, _) in enumerate(shrunk):
        known = found.setdefault(made.finding.property, [])
        if all(_kind_of(made.finding) != _kind_of(other.finding) for other in known):
            known.append(made)
            yield FindingFound(made.finding), _saved(job, made.finding, made.scenario)
        yield Progress(job.target, number + 1, len(tasks), "shrink", len(tasks)), None
    return found


def _saved(job: Job, finding: Finding, scenario: Scenario) -> Saved:
    return Saved(scenario, job.expect, job.target, job.against if finding.property == "agreement" else "", job.venue, job.mark)


def first_seen(plan: AuditPlan, job: Job, part: Mapping[str, PropertyTally], before: Mapping[str, PropertyTally]) -> list[tuple[Finding, Saved]]:
    """Return the first breaches of properties that were not seen to be broken before, as findings that are not shrunk: they can be replayed."""
    new = [counts.candidates[0] for name, counts in part.items() if counts.candidates and not (name in before and before[name].candidates)]
    note = "not shrunk yet: the audit went on when this was written"
    told = [_unshrunk(job, _task(plan, job, candidate.property, 0), candidate, note) for candidate in new]
    return [(one, _saved(job, one, candidate.scenario)) for one, candidate in zip(told, new, strict=True)]


def _task(plan: AuditPlan, job: Job, name: str, cap: int) -> FindingTask:
    return FindingTask(name, cap, plan.folder, job.expect.waive.get(name, ""), plan.name)


def _unshrunk(job: Job, task: FindingTask, candidate: Candidate, note: str) -> Finding:
    return told_unshrunk(candidate, find_property(task.property), job.target, task.folder, note, waived=task.waived, name=task.name)


def _tasks(course: Course, job: Job, tally: Tally, spend: Budget) -> Iterator[tuple[FindingTask, Candidate]]:
    # the first of each property comes first, and may cost most: should time run out, every property has its finding
    candidates = {name: _chosen(course.plan, job, name, counts.candidates, spend.kinds) for name, counts in tally.properties.items()}
    if "agreement" in tally.properties:
        # two targets part in few things or in many, the plainest circumstances first
        apart = sorted(tally.properties["agreement"].candidates, key=lambda candidate: candidate.what.count("-"))
        candidates["agreement"] = apart[: 2 * spend.kinds]
    for turn in range(max(map(len, candidates.values()), default=0)):
        for name, mine in candidates.items():
            if turn < len(mine):
                # of two targets no finding is the main one
                later = spend.shrink // (2 if name == "agreement" else 4)
                cap = 1 if course.stop() else spend.shrink if turn == 0 else max(later, 1)
                yield _task(course.plan, job, name, cap), mine[turn]


def _chosen(plan: AuditPlan, job: Job, prop: str, candidates: list[Candidate], kinds: int) -> list[Candidate]:
    """Return so many kinds of what is new, and besides one of each that the baseline names: those take no room from what is new, and none is missed."""
    baseline = plan.baseline
    if baseline is None:
        return _in_turn(candidates)[:kinds]
    known = {one.what: one for one in reversed(candidates) if baseline.names(fingerprint(plan.name or job.target, prop, one.what))}
    return _in_turn([one for one in candidates if one.what not in known])[:kinds] + [one for one in candidates if known.get(one.what) is one]


def _in_turn(candidates: list[Candidate]) -> list[Candidate]:
    """Return the first of each thing that happened, then the second of each: many faults show one mistake, and another seed finds other ones first."""
    seen: Counter[str] = Counter()
    places = []
    for number, candidate in enumerate(candidates):
        places.append((seen[candidate.what], number))
        seen[candidate.what] += 1
    return [candidates[number] for _, number in sorted(places)]


def _kind_of(finding: Finding) -> tuple[tuple[str, ...], str, str]:
    # two that were shrunk into one another are still two where a baseline may know one of them alone
    return tuple(finding.fault_names), finding.what, finding.fingerprint


def undescribed_finding(plan: AuditPlan, job: Job, failure: TargetFailure) -> Generator[tuple[Event, Saved | None], None, ShrunkFinding]:
    """Tell the finding of a target that does not describe itself; its scenario is the first that would have been run."""
    finding = told_undescribed(find_property("protocol"), job.target, failure, plan.folder, waived=job.expect.waive.get("protocol", ""), name=plan.name)
    scenario = built_in(job.world, job.seed)[0].base
    yield FindingFound(finding), Saved(scenario, job.expect, job.target, venue=job.venue, mark=job.mark)
    return ShrunkFinding(finding, scenario)


def _shrink_task(job: Job, task: tuple[FindingTask, Candidate]) -> ShrunkFinding:
    try:
        return find_finding(job, *task)
    except Exception as error:  # noqa: BLE001 - one that cannot be worked out is told as it was seen, and takes no other one away
        why = " ".join(f"{type(error).__name__}: {error}".split())[:_MOST_LETTERS]
        return ShrunkFinding(_unshrunk(job, *task, f"not shrunk, for a failure of indexlab itself: {why}"), task[1].scenario)
