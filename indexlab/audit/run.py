"""An audit: a plan becomes a stream of events. The consumer writes, prints, or counts them; nothing here does.

The stream is deterministic in (seed, version, plan, target) under any number of workers: units are fixed, and their results are merged in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from indexlab import __version__
from indexlab.audit.baseline import with_baseline
from indexlab.audit.course import RESULT, Course
from indexlab.audit.coverage import coverage
from indexlab.audit.estimate import estimate
from indexlab.audit.estimating import estimating
from indexlab.audit.events import AuditFinished, AuditResult, AuditStarted, Event, FindingFound, Note, TargetFinished, TargetResult, TargetStarted
from indexlab.audit.findings import findings_of, undescribed_finding
from indexlab.audit.pieces import result_of, result_piece
from indexlab.audit.plan import SURVEY, AuditPlan
from indexlab.audit.prepare import checked, prepared, selected, silences
from indexlab.audit.results import measured, property_result
from indexlab.audit.search import SEARCH, Share, searching
from indexlab.audit.workers import Workers, WorkersLost
from indexlab.market.errors import InputError
from indexlab.market.synthetic import REGIMES
from indexlab.properties.registry import find_property
from indexlab.scenarios.sampler import faults_that_apply

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from indexlab.audit.course import Kept
    from indexlab.audit.prepare import Prepared
    from indexlab.audit.save import Saved

__all__ = ["audit"]

_SAID: Final = "described"


def audit(plan: AuditPlan, kept: Kept | None = None) -> Iterator[tuple[Event, Saved | None]]:
    """Run an audit; yields events, a finding's together with what its file holds; what the plan's baseline knows is said of each finding.

    What is done is left with `kept` as it goes, and what lies there is not done again: a finding of a target that was finished before has its file already, and
    None beside it. Raises InputError before work starts where the plan is wrong, NothingSelected where it selects nothing. Whatever fails later ends the
    search; it is raised when what was found before has been told.
    """
    yield from with_baseline(_audit(plan, kept), plan.baseline, plan.name)


def _audit(plan: AuditPlan, kept: Kept | None) -> Iterator[tuple[Event, Saved | None]]:
    again = kept is not None and all(kept.read(label, RESULT) for label in plan.targets)
    chosen = selected(plan) if again else checked(plan)  # where nothing is left to do, nothing needs to be there
    started = plan.clock()
    yield AuditStarted(__version__, plan.seed, plan.profile, plan.survey, list(plan.targets), list(chosen), plan.folder, plan.jobs, plan.against), None
    for name in () if again else plan.fixtures:
        for text in silences(name):
            yield Note("", text), None
    results: list[TargetResult] = []
    workers = Workers(plan.jobs)
    course = Course(plan, workers, kept)
    at_once = True
    try:
        share = Share(SURVEY.seconds / len(plan.targets)) if plan.survey else None
        for label in plan.targets:
            if course.stop():
                break
            result = yield from _audit_target(course, chosen, label, share)
            results.append(result)
        at_once = False
    finally:
        workers.close(at_once=at_once)
    finished = AuditResult(
        version=__version__,
        seed=plan.seed,
        profile=plan.profile,
        survey=plan.survey,
        plan=plan.as_table(),
        targets=results,
        interrupted=course.stop(),
        seconds=round(plan.clock() - started, 3),
        require_coverage=plan.require_coverage,
    )
    yield AuditFinished(finished), None
    if course.failure is not None and not (isinstance(course.failure, WorkersLost) and plan.stop()):  # who ends a group of processes ends the workers too
        raise course.failure


def _audit_target(course: Course, chosen: tuple[str, ...], label: str, share: Share | None) -> Generator[tuple[Event, Saved | None], None, TargetResult]:
    before = course.read(label, RESULT)
    if before:
        return (yield from _told_again(result_of(before[0]), len(course.read(label, SEARCH)), share))
    plan = course.plan
    ready = prepared(plan, chosen, label)
    _check_same(course, ready)
    description, kind, failure, job, spend = ready.description, ready.kind, ready.failure, ready.job, ready.spend
    planned = sum(unit.count for unit in ready.units) * (spend.twins + 1)
    yield TargetStarted(label, description.name, description.version, kind, planned), None
    if failure is not None:
        yield Note(label, f"describe failed ({failure.detail}); it is audited without a promise of its own"), None
    if ready.note:
        yield Note(label, ready.note), None
    tally, cut = yield from searching(course, ready, planned, share)
    cases = 0 if failure is not None else spend.estimate if plan.estimate is None else plan.estimate
    limit = spend.seconds if share is None else share.seconds
    seen = (yield from estimating(course, job, cases, limit, tally)) if cases else None
    patient = spend if share is None else msgspec.structs.replace(spend, seconds=share.most_seconds)
    findings = yield from findings_of(course, job, tally, patient)
    if failure is not None and "protocol" in chosen and "protocol" not in findings:
        findings["protocol"] = [(yield from undescribed_finding(plan, job, failure))]
    results = [property_result(find_property(name), job, tally, findings.get(name, []), failure) for name in chosen]
    applying = [find_property(one.id) for one in results if one.verdict != "not-applicable"]
    result = TargetResult(
        target=label,
        name=description.name,
        version=description.version,
        kind=kind,
        expect=job.expect.as_table(),
        properties=results,
        measures=measured(tally),
        scenarios=tally.scenarios,
        evaluations=tally.evaluations,
        cut=cut,
        notes=list(tally.notes),
        estimate=None if seen is None else estimate(job, applying, cases, seen),
        coverage=coverage(tally.coverage, applying, faults_that_apply(job.world), REGIMES),
        failed_faults=list(tally.failed_faults),
    )
    course.write(label, RESULT, result_piece(result))
    yield TargetFinished(result), None
    return result


def _told_again(result: TargetResult, units: int, share: Share | None) -> Generator[tuple[Event, Saved | None], None, TargetResult]:
    """Say of a target that was finished before what was said then."""
    if share is not None and share.units is None:
        share.units = units
    yield TargetStarted(result.target, result.name, result.version, result.kind, result.scenarios), None
    for one in result.properties:
        for finding in one.all_findings:
            yield FindingFound(finding), None
    yield TargetFinished(result), None
    return result


def _check_same(course: Course, ready: Prepared) -> None:
    """Raise InputError where a target says something else of itself than it did when its first pieces were kept."""
    said, job = ready.said(), ready.job
    known = course.read(job.target, _SAID)
    if known and known[0] != said:
        problem = "says something else of itself than when the run began"
        raise InputError(problem, key=f"target {job.target}", remedy="bring back what it was, or begin a new run")
    if not known:
        course.write(job.target, _SAID, said)
