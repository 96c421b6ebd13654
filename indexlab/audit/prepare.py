"""From a plan to jobs and units: what can be known to be wrong is said before work starts, and what will be run is fixed before anything is."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from indexlab.audit.judge import USUAL_VENUE
from indexlab.audit.plan import SURVEY, AuditPlan, Budget, budget
from indexlab.audit.second import Second, options_for_second, second_of
from indexlab.audit.sweep import STEPS
from indexlab.audit.venues import check_marked, rules_named
from indexlab.audit.work import Job, Unit
from indexlab.market.errors import InputError, NothingSelected, TargetFailure
from indexlab.market.fixture import find_fixture, load_fixture
from indexlab.market.gaps import gaps
from indexlab.market.times import time_text
from indexlab.market.units import SECOND, format_duration
from indexlab.properties.registry import find_property, properties
from indexlab.scenarios.expect import Expect, Layer, promised
from indexlab.scenarios.recipes import World, built_in
from indexlab.scenarios.shapes import limit_shape
from indexlab.targets.methodology import MethodologyTarget
from indexlab.targets.options import USUAL
from indexlab.targets.resolve import open_target
from indexlab.targets.target import Description, undescribed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexlab.targets.options import TargetOptions


__all__ = ["Prepared", "checked", "prepared", "selected", "silences"]

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
class Prepared:
    """What is known of a target before anything is run: its job, what it may spend, its units in order; `failure` where it did not describe itself.

    `note` is what is to be said of the target that it is held against.
    """

    description: Description
    kind: Literal["in-process", "process"]
    failure: TargetFailure | None
    spend: Budget
    job: Job
    units: list[Unit]
    note: str = ""

    def said(self) -> bytes:
        """Return a sum over all that decides what is run, as JSON: over how a target is reached not, since that may hold secrets."""
        asked = msgspec.json.encode(msgspec.structs.replace(self.job, options=USUAL), order="sorted")
        failed = "" if self.failure is None else self.failure.kind
        return msgspec.json.encode(hashlib.sha256(asked + failed.encode()).hexdigest())


def silences(name: str) -> Iterator[str]:
    """Say which sources of a fixture were silent for long: a hole in what was recorded is a silence, not a price."""
    fixture = load_fixture(find_fixture(name))
    found = gaps(fixture.quotes(), len(fixture.basket), start=fixture.start, end=fixture.end, longer_than=_LONG_SILENCE * fixture.interval)
    for gap in sorted(found, key=lambda gap: gap.start - gap.end)[:_TOLD_SILENCES]:
        span = format_duration((gap.end - gap.start) // SECOND * SECOND)
        yield f"fixture {fixture.id}: {fixture.basket[gap.source].id} is silent for {span}, from {time_text(gap.start)} to {time_text(gap.end)}"


def checked(plan: AuditPlan) -> tuple[str, ...]:
    """Return the ids of the properties selected, when everything that can be known to be wrong before work starts has been looked at. Raises InputError."""
    chosen = selected(plan)
    for name in plan.fixtures:
        load_fixture(find_fixture(name)).quotes()
    promised(plan.layers, known_properties=[prop.id for prop in properties()])
    for label in (*plan.targets, *((plan.against,) if plan.against else ())):
        with open_target(label, plan.options if label in plan.targets else options_for_second(plan.options)) as target:
            if target.kind == "in-process" and label in plan.targets:
                _promise(plan, label, target.describe())
            if plan.sources is not None and isinstance(target, MethodologyTarget) and label.startswith("file:"):  # a preset is not the user's to mend
                target.declaration.check_fit(plan.sources)
    return chosen


def selected(plan: AuditPlan) -> tuple[str, ...]:
    """Return the ids of the properties selected. Raises InputError, NothingSelected where there are none."""
    for name in (*plan.only, *plan.skip):
        find_property(name)
    chosen = tuple(prop.id for prop in properties() if (not plan.only or prop.id in plan.only) and prop.id not in plan.skip)
    if not chosen or not plan.targets:
        problem = "leaves no property to judge" if plan.targets else "leaves no target"
        raise NothingSelected(problem, key="selection", remedy="widen --only or narrow --skip")
    return chosen


def _described(label: str, options: TargetOptions) -> tuple[Description, Literal["in-process", "process"], TargetFailure | None]:
    with open_target(label, options) as target:
        try:
            return target.describe(), target.kind, None
        except TargetFailure as failure:
            return undescribed(label), target.kind, failure


def _promise(plan: AuditPlan, label: str, description: Description, second: Second | None = None) -> Expect:
    layers, known = list(plan.layers), [prop.id for prop in properties()]
    if not plan.survey:
        layers.append(Layer(f"{label} [expect]", description.expect))
    if second is not None and not description.expect:
        # who promises nothing of its own is taken to promise what the rules that it follows say, where they go with the plan
        with suppress(InputError):
            return promised([*layers, Layer(f"{plan.against} [expect]", second.description.expect)], known_properties=known)
    return promised(layers, known_properties=known)


def prepared(plan: AuditPlan, chosen: tuple[str, ...], label: str) -> Prepared:
    """Ask a target about itself and return its job and its units in the audit's order, with nothing run yet.

    Where it is held against a second one, both get whatever one of them needs, and the slower one says how much there is to spend.
    """
    description, kind, failure = _described(label, plan.options)
    second = second_of(plan) if "agreement" in chosen else None
    dear = kind == "process" or (second is not None and second.dear)
    spend = SURVEY if plan.survey else budget(plan.profile, "process" if dear else "in-process")
    try:
        expect = _promise(plan, label, description, second)
    except InputError as error:
        # what a process says of itself is an answer, and this one does not fit: the rest of the audit goes on without it
        failure = failure or TargetFailure("misfit", f"its own promise is wrong: {error}")
        expect = _promise(plan, label, undescribed(label), second)
    both = (description,) if second is None else (description, second.description)
    world = World(
        expect,
        plan.sources,
        any("bid" in one.uses for one in both),
        spend.twins,
        columns=tuple(dict.fromkeys(column for one in both for column in one.columns)),
        converts=any(one.converts for one in both),
        thresholds=description.thresholds if second is None else tuple(sorted({*description.thresholds, *second.description.thresholds})),
        dear=dear or plan.survey or any(one.dear for one in both),
    )
    if plan.mark == "venue":
        check_marked(rules_named(plan.venue or description.venue or USUAL_VENUE))
    job = Job(
        label,
        description.name,
        description.version,
        description.uses,
        description.provides,
        world,
        chosen,
        plan.seed,
        sparing=dear,
        fixtures=tuple(load_fixture(find_fixture(name)).basket for name in plan.fixtures),
        options=plan.options,
        against="" if second is None else plan.against,
        venue=plan.venue or description.venue,
        mark=plan.mark,
    )
    return Prepared(description, kind, failure, spend, job, list(_units(job, spend, plan)), second.note if second else "")


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
