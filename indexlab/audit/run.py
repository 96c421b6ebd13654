"""An audit: a plan becomes a stream of events. The consumer writes, prints, or counts them; nothing here does.

The stream is deterministic in (seed, version, plan, target) under any number of workers: units are fixed, and their results are merged in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeVar

import msgspec

from indexlab import __version__
from indexlab.audit.coverage import coverage
from indexlab.audit.estimate import Seen, estimate, estimating, taken_over
from indexlab.audit.events import (
    AuditFinished,
    AuditResult,
    AuditStarted,
    Event,
    Finding,
    FindingFound,
    Note,
    Progress,
    TargetFinished,
    TargetResult,
    TargetStarted,
)
from indexlab.audit.explain import told_undescribed
from indexlab.audit.plan import SURVEY, Budget, Profile, budget
from indexlab.audit.results import measured, property_result
from indexlab.audit.sweep import STEPS
from indexlab.audit.tally import PropertyTally, Tally
from indexlab.audit.work import FindingTask, Job, ShrunkFinding, Unit, do_unit, find_finding
from indexlab.audit.workers import Workers
from indexlab.market.errors import InputError, NothingSelected, TargetFailure
from indexlab.market.fixture import find_fixture, load_fixture
from indexlab.market.gaps import gaps
from indexlab.market.synthetic import REGIMES
from indexlab.market.times import time_text
from indexlab.market.units import SECOND, format_duration
from indexlab.properties.registry import find_property, properties
from indexlab.scenarios.expect import Expect, Layer, promised
from indexlab.scenarios.recipes import World, built_in
from indexlab.scenarios.sampler import faults_that_apply
from indexlab.scenarios.shapes import limit_shape
from indexlab.targets.methodology import MethodologyTarget
from indexlab.targets.resolve import open_target
from indexlab.targets.target import Description, undescribed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from indexlab.audit.tally import Candidate
    from indexlab.market.source import Basket
    from indexlab.scenarios.scenario import Scenario

__all__ = ["AuditPlan", "Prepared", "Saved", "audit", "checked", "prepared"]

Item = TypeVar("Item")
Made = TypeVar("Made")

_SHARD: Final = 4
"""Batches a unit: small enough that progress moves and Ctrl-C is heard, and a fixed number, for the sake of determinism."""
_RECORDED_FIRST: Final = 1_000_000
_RECORDED_ROOM: Final = 100_000
_SEARCH_FIRST: Final = 1_000
_SWEEP_FIRST: Final = 500_000
_FEWEST_RECORDED: Final = 10
_USUAL_PUBLICATIONS: Final = 300
_LONG_SILENCE: Final = 10
_TOLD_SILENCES: Final = 3


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """The effective plan.

    `layers` are what flags and the plan file promise, the strongest first. `clock` gives seconds for the safety net and `stop` says that the
    user wants to end; both are the door's, since below the doors nothing reads a clock. `estimate` is how many independent cases are wanted (None: as many as
    the profile says); `require_coverage` makes every blank of the coverage inconclusive.
    """

    targets: tuple[str, ...]
    survey: bool
    profile: Profile
    seed: int
    jobs: int
    layers: tuple[Layer, ...]
    only: tuple[str, ...]
    skip: tuple[str, ...]
    fixtures: tuple[str, ...]
    sources: Basket | None
    folder: str
    clock: Callable[[], float]
    stop: Callable[[], bool]
    estimate: int | None = None
    require_coverage: bool = False

    def as_table(self) -> dict[str, object]:
        """Return the plan as the report prints it."""
        table: dict[str, object] = {"profile": self.profile, "seed": self.seed, "targets": list(self.targets), "survey": self.survey}
        table |= {"only": list(self.only), "skip": list(self.skip), "fixtures": [_name_only(name) for name in self.fixtures]}
        table["expect"] = {key: _plain(value) for layer in reversed(self.layers) for key, value in layer.table.items()}
        if self.estimate is not None:
            table["estimate"] = self.estimate
        if self.require_coverage:
            table["require_coverage"] = True
        if self.sources is not None:
            table["sources"] = [msgspec.to_builtins(source) for source in self.sources]
        return table


@dataclass(slots=True)
class _Share:
    """What each target of a survey may take. Where the first is cut, all others are cut at the same unit: they are compared with one another."""

    seconds: float
    units: int | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known of a target before anything is run: its job, what it may spend, its units in order; `failure` where it did not describe itself."""

    description: Description
    kind: Literal["in-process", "process"]
    failure: TargetFailure | None
    spend: Budget
    job: Job
    units: list[Unit]


@dataclass(frozen=True, slots=True)
class Saved:
    """What the file of a finding holds beside it: handed to the consumer with each FindingFound, since events themselves stay small."""

    scenario: Scenario
    expect: Expect
    target: str


def _name_only(fixture: str) -> str:
    return fixture.rstrip("/").rsplit("/", 1)[-1]


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, dict) else value


def audit(plan: AuditPlan) -> Iterator[tuple[Event, Saved | None]]:
    """Run an audit; yields events, a finding's together with what its file holds.

    Raises InputError before work starts where the plan is wrong, NothingSelected where it selects nothing.
    """
    chosen = checked(plan)
    started = plan.clock()
    yield AuditStarted(__version__, plan.seed, plan.profile, plan.survey, list(plan.targets), list(chosen), plan.folder, plan.jobs), None
    for name in plan.fixtures:
        for text in _silences(name):
            yield Note("", text), None
    results: list[TargetResult] = []
    workers = Workers(plan.jobs)
    at_once = True
    try:
        share = _Share(SURVEY.seconds / len(plan.targets)) if plan.survey else None
        for label in plan.targets:
            if plan.stop():
                break
            result = yield from _audit_target(plan, chosen, label, workers, share)
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
        interrupted=plan.stop(),
        seconds=round(plan.clock() - started, 3),
        require_coverage=plan.require_coverage,
    )
    yield AuditFinished(finished), None


def _silences(name: str) -> Iterator[str]:
    """Say which sources of a fixture were silent for long: a hole in what was recorded is a silence, not a price."""
    fixture = load_fixture(find_fixture(name))
    found = gaps(fixture.quotes(), len(fixture.basket), start=fixture.start, end=fixture.end, longer_than=_LONG_SILENCE * fixture.interval)
    for gap in sorted(found, key=lambda gap: gap.start - gap.end)[:_TOLD_SILENCES]:
        span = format_duration((gap.end - gap.start) // SECOND * SECOND)
        yield f"fixture {fixture.id}: {fixture.basket[gap.source].id} is silent for {span}, from {time_text(gap.start)} to {time_text(gap.end)}"


def checked(plan: AuditPlan) -> tuple[str, ...]:
    """Return the ids of the properties selected, when everything that can be known to be wrong before work starts has been looked at. Raises InputError."""
    chosen = _selected(plan)
    for name in plan.fixtures:
        load_fixture(find_fixture(name)).quotes()
    promised(plan.layers, known_properties=[prop.id for prop in properties()])
    for label in plan.targets:
        with open_target(label) as target:
            if target.kind == "in-process":
                _promise(plan, label, target.describe())
            if plan.sources is not None and isinstance(target, MethodologyTarget) and label.startswith("file:"):  # a preset is not the user's to mend
                target.declaration.check_fit(plan.sources)
    return chosen


def _selected(plan: AuditPlan) -> tuple[str, ...]:
    for name in (*plan.only, *plan.skip):
        find_property(name)
    chosen = tuple(prop.id for prop in properties() if (not plan.only or prop.id in plan.only) and prop.id not in plan.skip)
    if not chosen or not plan.targets:
        problem = "leaves no property to judge" if plan.targets else "leaves no target"
        raise NothingSelected(problem, key="selection", remedy="widen --only or narrow --skip")
    return chosen


def _described(label: str) -> tuple[Description, Literal["in-process", "process"], TargetFailure | None]:
    with open_target(label) as target:
        try:
            return target.describe(), target.kind, None
        except TargetFailure as failure:
            return undescribed(label), target.kind, failure


def _promise(plan: AuditPlan, label: str, description: Description) -> Expect:
    layers = list(plan.layers)
    if not plan.survey:
        layers.append(Layer(f"{label} [expect]", description.expect))
    return promised(layers, known_properties=[prop.id for prop in properties()])


def prepared(plan: AuditPlan, chosen: tuple[str, ...], label: str) -> Prepared:
    """Ask a target about itself and return its job and its units in the audit's order, with nothing run yet."""
    description, kind, failure = _described(label)
    spend = SURVEY if plan.survey else budget(plan.profile, kind)
    try:
        expect = _promise(plan, label, description)
    except InputError as error:
        # what a process says of itself is an answer, and this one does not fit: the rest of the audit goes on without it
        failure = failure or TargetFailure("misfit", f"its own promise is wrong: {error}")
        expect = _promise(plan, label, undescribed(label))
    world = World(
        expect,
        plan.sources,
        "bid" in description.uses,
        spend.twins,
        columns=description.columns,
        converts=description.converts,
        thresholds=description.thresholds,
        dear=kind == "process" or plan.survey or description.dear,
    )
    job = Job(
        label,
        description.name,
        description.version,
        description.uses,
        description.provides,
        world,
        chosen,
        plan.seed,
        sparing=kind == "process",
        fixtures=tuple(load_fixture(find_fixture(name)).basket for name in plan.fixtures),
    )
    return Prepared(description, kind, failure, spend, job, list(_units(job, spend, plan)))


def _audit_target(
    plan: AuditPlan, chosen: tuple[str, ...], label: str, workers: Workers, share: _Share | None
) -> Generator[tuple[Event, Saved | None], None, TargetResult]:
    ready = prepared(plan, chosen, label)
    description, kind, failure, job, units = ready.description, ready.kind, ready.failure, ready.job, ready.units
    expect, spend = job.expect, ready.spend
    planned = sum(unit.count for unit in units) * (spend.twins + 1)
    yield TargetStarted(label, description.name, description.version, kind, planned), None
    if failure is not None:
        yield Note(label, f"describe failed ({failure.detail}); it is audited without a promise of its own"), None

    tally, cut, began = Tally(), None, None
    limit = spend.seconds if share is None else share.seconds
    mine = len(units) if share is None or share.units is None else share.units
    done = 0
    for part in workers.in_order(do_unit, job, units[:mine], stop=plan.stop, hurry=plan.stop):
        # the clock starts with the first result: loading libraries and compiling is no search
        began = plan.clock() if began is None else began
        tally.merge(part)
        done += 1
        yield Progress(label, tally.scenarios, planned, "search", sum(counts.breached > 0 for counts in tally.properties.values())), None
        if plan.clock() - began > limit and (share is None or share.units is None):
            break
    if share is not None and share.units is None:
        share.units = done
    if done < len(units) and not plan.stop():
        cut = tally.scenarios
    for note in tally.notes:
        yield Note(label, note), None
    cases = 0 if failure is not None else spend.estimate if plan.estimate is None else plan.estimate
    seen = yield from _estimating(plan, job, tally, workers, cases, limit)
    findings = yield from _findings(plan, job, tally, spend, workers)
    if failure is not None and "protocol" in chosen and "protocol" not in findings:
        findings["protocol"] = [(yield from _undescribed_finding(plan, job, failure))]
    results = [property_result(find_property(name), job, tally, findings.get(name, []), failure) for name in chosen]
    applying = [find_property(one.id) for one in results if one.verdict != "not-applicable"]
    result = TargetResult(
        target=label,
        name=description.name,
        version=description.version,
        kind=kind,
        expect=expect.as_table(),
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
    yield TargetFinished(result), None
    return result


def _estimating(
    plan: AuditPlan, job: Job, tally: Tally, workers: Workers, cases: int, limit: float
) -> Generator[tuple[Event, Saved | None], None, Seen | None]:
    """Run the independent cases, where any are wanted, and hand what only they showed to the findings."""
    if not cases:
        return None
    phase = estimating(job, cases, workers, clock=plan.clock, stop=plan.stop, seconds=limit)
    while True:
        try:
            said = next(phase)
        except StopIteration as ended:
            seen: Seen = ended.value
            break
        yield said, None
    taken_over(tally.properties, seen.tally, PropertyTally)
    tally.notes += [seen.tally.unrun] if seen.tally.unrun else []
    return seen


def _units(job: Job, spend: Budget, plan: AuditPlan) -> Iterator[Unit]:
    size = 1 if job.sparing else _SHARD
    guided = _batches(job.expect, spend)
    if plan.fixtures:
        # stretches of a fixture take the place of drawn markets, so that a budget is the same with and without
        share = max(guided // (4 * len(plan.fixtures)), _FEWEST_RECORDED)
        guided = max(guided - share * len(plan.fixtures), size)
        for place, name in enumerate(plan.fixtures):
            for first in range(0, share, size):
                yield Unit("recorded", first, min(size, share - first), _RECORDED_FIRST + _RECORDED_ROOM * place + first, name, share)
    built = len(built_in(job.world, job.seed))
    for first in range(0, built, size):
        yield Unit("built-in", first, min(size, built - first), first)
    # guided batches and sweeps take turns: what one of them cannot see, the other soon may
    searches = [Unit("search", 0, min(size, guided - first), _SEARCH_FIRST + first) for first in range(0, guided, size)]
    turn = -(-len(searches) // max(spend.sweeps, 1))
    for place in range(max(spend.sweeps, 1)):
        yield from searches[place * turn : (place + 1) * turn]
        if place < spend.sweeps:
            yield Unit("sweep", 0, 1, _SWEEP_FIRST + STEPS * place)


def _batches(expect: Expect, spend: Budget) -> int:
    """Return how many guided batches fit a budget: it is meant for runs of a usual length, and long ones (a short interval, a long limit) cost more."""
    longest = limit_shape(expect).publications
    return max(spend.batches * _USUAL_PUBLICATIONS // max(longest, _USUAL_PUBLICATIONS), _SHARD)


def _findings(
    plan: AuditPlan, job: Job, tally: Tally, spend: Budget, workers: Workers
) -> Generator[tuple[Event, Saved | None], None, dict[str, list[ShrunkFinding]]]:
    """Shrink what was found: every breach that differs from the others of its property in the faults it takes or in what happened."""
    found: dict[str, list[ShrunkFinding]] = {}
    tasks = list(_tasks(plan, job, tally, spend))
    began = plan.clock()

    def hurry() -> bool:
        return plan.stop() or plan.clock() - began > spend.seconds

    # what was found is written even when the user wants to end; it is only shrunk no further
    for number, made in enumerate(workers.in_order(_shrink_task, job, tasks, stop=lambda: False, hurry=hurry)):
        known = found.setdefault(made.finding.property, [])
        if all(_kind_of(made.finding) != _kind_of(other.finding) for other in known):
            known.append(made)
            yield FindingFound(made.finding), Saved(made.scenario, job.expect, job.target)
        yield Progress(job.target, number + 1, len(tasks), "shrink", len(tasks)), None
    return found


def _tasks(plan: AuditPlan, job: Job, tally: Tally, spend: Budget) -> Iterator[tuple[FindingTask, Candidate]]:
    # the first of each property comes first, and may cost most: should time run out, every property has its finding
    for turn in range(spend.kinds):
        for name, counts in tally.properties.items():
            if turn < len(counts.candidates):
                cap = 1 if plan.stop() else spend.shrink if turn == 0 else max(spend.shrink // 4, 1)
                yield FindingTask(name, cap, plan.folder, job.expect.waive.get(name, "")), counts.candidates[turn]


def _kind_of(finding: Finding) -> tuple[tuple[str, ...], str]:
    return tuple(finding.fault_names), finding.what


def _undescribed_finding(plan: AuditPlan, job: Job, failure: TargetFailure) -> Generator[tuple[Event, Saved | None], None, ShrunkFinding]:
    finding = told_undescribed(find_property("protocol"), job.target, failure, plan.folder, waived=job.expect.waive.get("protocol", ""))
    scenario = built_in(job.world, job.seed)[0].base
    yield FindingFound(finding), Saved(scenario, job.expect, job.target)
    return ShrunkFinding(finding, scenario)


def _shrink_task(job: Job, task: tuple[FindingTask, Candidate]) -> ShrunkFinding:
    return find_finding(job, *task)
