"""Work: an audit cut into units that any worker can do, each a function of its own record alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from dataclasses import replace
from multiprocessing import connection, util
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import target as steer

from indexlab.audit.events import Finding
from indexlab.audit.explain import told
from indexlab.audit.judge import Judge
from indexlab.audit.second import options_for_second
from indexlab.audit.shrink import shrink
from indexlab.audit.sides import sides_of
from indexlab.audit.sweep import sweep
from indexlab.audit.tally import Tally
from indexlab.audit.venues import MarkFrom, rules_named
from indexlab.market.fixture import find_fixture, load_fixture
from indexlab.market.seeds import derive
from indexlab.market.source import Basket
from indexlab.properties.property import Occasion
from indexlab.properties.registry import find_property
from indexlab.scenarios.recipes import Drawn, World, built_in, draw_batch
from indexlab.scenarios.recorded import recorded_batches
from indexlab.scenarios.scenario import Scenario
from indexlab.scenarios.strategies import drawn_batches
from indexlab.targets.options import USUAL, TargetOptions
from indexlab.targets.resolve import open_target
from indexlab.targets.strays import kill_own
from indexlab.targets.target import Description, Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.synchronize import Event

    from indexlab.audit.tally import Candidate
    from indexlab.scenarios.expect import Expect
    from indexlab.scenarios.scenario import Batch

__all__ = ["FindingTask", "Job", "ShrunkFinding", "Unit", "close_targets", "do_unit", "enough", "find_finding", "prepare_worker"]


class Job(msgspec.Struct, frozen=True):
    """What all units of one target share."""

    target: str
    name: str
    version: str
    uses: tuple[str, ...]
    provides: tuple[str, ...]
    world: World
    properties: tuple[str, ...]
    seed: int
    sparing: bool
    fixtures: tuple[Basket, ...] = ()
    options: TargetOptions = USUAL
    against: str = ""
    venue: str = ""
    mark: MarkFrom = "index"

    @property
    def occasion(self) -> Occasion:
        """What decides which properties apply."""
        world = self.world
        return Occasion(world.expect, self.uses, self.provides, self.sources, world.basket, self.fixtures, world.converts, self.against)

    @property
    def sources(self) -> int | None:
        """How many sources the plan gives; None where baskets are drawn."""
        return None if self.world.basket is None else len(self.world.basket)

    @property
    def expect(self) -> Expect:
        """The promise the target is held to."""
        return self.world.expect


UnitKind: TypeAlias = Literal["built-in", "recorded", "search", "sweep"]


class Unit(msgspec.Struct, frozen=True):
    """A stretch of batches: `first` to `first + count` of the built-in ones, of a fixture's, of one shard of guided search; or one sweep."""

    kind: UnitKind
    first: int
    count: int
    number: int
    fixture: str = ""
    of: int = 0


class ShrunkFinding(msgspec.Struct, frozen=True):
    """A finding with what its file holds."""

    finding: Finding
    scenario: Scenario


_open: dict[tuple[int, str, TargetOptions], Target] = {}


class _Enough:
    """Whether what is under way is to end where it is: asked between batches and between steps of shrinking."""

    def __init__(self) -> None:
        """Nobody has asked for that yet."""
        self.ask: Callable[[], bool] = lambda: False


enough = _Enough()


def prepare_worker(hurried: Event) -> None:
    """Set a worker process up: Ctrl-C is the parent's to handle; targets are closed when the worker ends, is ended, or has lost its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    util.Finalize(None, close_targets, exitpriority=10)
    enough.ask = hurried.is_set
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()


def _leave(number: int, _: object) -> None:
    _end(128 + number)


def _follow(sentinel: int) -> None:
    # a parent that was killed cannot end us: nothing of ours may outlive it
    connection.wait([sentinel])
    _end(1)


def _end(status: int) -> None:
    """End this process and its targets, wherever its main thread is: one that is spoken to just now, or is being started, is killed."""
    try:
        while _open:
            with suppress(Exception):
                close_targets()
        kill_own()
    finally:
        os._exit(status)


def close_targets() -> None:
    """Close every target that this process has opened."""
    while _open:
        _open.popitem()[1].close()


def _target(label: str, options: TargetOptions) -> Target:
    key = os.getpid(), label, options
    if key not in _open:
        _open[key] = open_target(label, options)
    return _open[key]


def judge_of(job: Job) -> Judge:
    """Return the judge of a job, with the target, and the one that it is held against, opened in this process."""
    description = Description(name=job.name, version=job.version, provides=job.provides, uses=job.uses)
    rules = rules_named(job.venue) if job.venue else None
    chosen = tuple(find_property(name) for name in job.properties)
    second = _target(job.against, options_for_second(job.options)) if job.against else None
    return Judge(_target(job.target, job.options), description, job.expect, chosen, job.sources, job.occasion, second, rules, marked=job.mark == "venue")


def do_unit(job: Job, unit: Unit) -> Tally:
    """Do one unit; the result is a function of (job, unit) and the target alone."""
    judge, tally = judge_of(job), Tally()
    if unit.kind == "search":
        _search(judge, job, unit, tally)
        return tally
    if unit.kind == "sweep":
        for part in sweep(judge, job.world, job.seed, unit.number, enough.ask, sparing=job.sparing):
            tally.merge(part)
        return tally
    batches: tuple[Batch, ...]
    if unit.kind == "built-in":
        batches = built_in(job.world, job.seed)
    else:
        fixture = load_fixture(find_fixture(unit.fixture))
        world = msgspec.structs.replace(job.world, basket=fixture.basket)
        batches = recorded_batches(fixture, unit.fixture, world, job.seed, unit.of)
    for place in range(unit.first, min(unit.first + unit.count, len(batches))):
        if enough.ask():
            break
        tally.merge(judge.judge(batches[place], unit.number + place - unit.first, job.seed, sparing=job.sparing))
    return tally


def _search(judge: Judge, job: Job, unit: Unit, tally: Tally) -> None:
    turn = iter(range(unit.count * 10))

    @seed(derive("search", job.seed, unit.number))
    # all is said that matters here: what is found must not hang on the profile that somebody's tests have loaded
    @settings(
        max_examples=unit.count,
        database=None,
        deadline=None,
        derandomize=False,
        verbosity=Verbosity.normal,
        backend="hypothesis",
        phases=[Phase.generate, Phase.target],
        suppress_health_check=list(HealthCheck),
    )
    @given(drawn_batches())
    def search(drawn: Drawn) -> None:
        place = next(turn)
        if place >= unit.count or enough.ask():
            return
        part = judge.judge(draw_batch(drawn, job.world), unit.number + place, job.seed, sparing=job.sparing)
        steer(min(max(part.by_fault.values(), default=0.0), 1e6), label="displacement")
        steer(min(part.headroom, 1e6), label="headroom consumed")
        steer(float(part.status_changes), label="status changes")
        apart = part.properties["agreement"].worst if job.against else None
        if apart is not None:
            steer(min(apart.value, 1e6), label="disagreement")
        tally.merge(part)

    search()


class FindingTask(msgspec.Struct, frozen=True):
    """A breach to be shrunk and told; `folder` is the run's folder as a person types it, `name` what fingerprints call the target (empty: its label)."""

    property: str
    cap: int
    folder: str
    waived: str
    name: str = ""


def find_finding(job: Job, task: FindingTask, candidate: Candidate) -> ShrunkFinding:
    """Shrink one candidate and tell its finding."""
    prop = find_property(task.property)
    judge = judge_of(job)
    # as `replay` will ask: nothing but what this property needs
    shrunk = shrink(replace(judge, properties=(prop,)), prop, candidate, task.cap, enough.ask)
    if prop.id == "protocol" and not shrunk.reproduced:
        shrunk = shrink(judge, prop, candidate, task.cap, enough.ask)  # what it failed on may have been a variation
    finding = told(shrunk, prop, job.target, task.folder, waived=task.waived, name=task.name, sides=sides_of(judge, shrunk))
    return ShrunkFinding(finding, shrunk.candidate.scenario)
