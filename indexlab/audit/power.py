"""Power: whether the audit finds what is planted and is silent where nothing is. A plan becomes a stream of events, as an audit does.

Each defect is looked at in each methodology that it is planted in, with the audit's own batches in the audit's own order, by one worker. A breach counts
only where the same rules without the defect keep the property in the same scenario.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, TypeVar

from indexlab import __version__
from indexlab.audit.power_record import Alarm, Attempt, Equivalent, Measured, Power, RightRun, Survivor, figures
from indexlab.audit.power_try import Pair, Right, Setting, look, tried
from indexlab.audit.workers import Workers
from indexlab.market.errors import InputError, did_you_mean
from indexlab.properties.registry import properties
from indexlab.targets.right import RIGHT_TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from indexlab.audit.plan import Profile

__all__ = ["KINDS", "Looked", "PowerEvent", "PowerFinished", "PowerPlan", "PowerStarted", "Tried", "power", "power_exit_code", "power_plan"]

Kind: TypeAlias = Literal["in-process", "process"]
_Defect = TypeVar("_Defect")
KINDS: Final[tuple[Kind, ...]] = ("in-process", "process")
_RIGHT_PROFILE: Final[Profile] = "quick"
_SCHEMA: Final = 1
_DEAR: Final = 12
"""So many defects are looked at where each costs a process and seconds, spread over the catalogue."""
_MOST_METHODS: Final[dict[tuple[Kind, Profile], int | None]] = {
    ("in-process", "quick"): 4,
    ("in-process", "ci"): None,
    ("in-process", "nightly"): None,
    ("process", "quick"): 1,
    ("process", "ci"): 1,
    ("process", "nightly"): 4,
}
"""In so many of its methodologies a defect is looked at; None: in all of them."""
_DEAR_MARGIN: Final = 4
_MOST_VENUES: Final[dict[tuple[Kind, Profile], int | None]] = {
    ("in-process", "quick"): 2,
    ("in-process", "ci"): 2,
    ("in-process", "nightly"): None,
    ("process", "quick"): 1,
    ("process", "ci"): 1,
    ("process", "nightly"): 2,
}
"""The same for defects of the margin side, which are planted in venues."""
_ABOUT_MARGIN: Final = ("protocol", "margin-stability", "margin-recovery", "no-silent-freeze", "margin-rules", "funding-bounds", "liquidation-rules")
"""The properties that the margin side is looked at with: the index beside it is a right one that is looked at elsewhere."""


@dataclass(frozen=True, slots=True)
class PowerPlan:
    """What is to be measured. `clock` gives seconds and `stop` says that the user wants to end; both are the door's."""

    kind: Kind
    profile: Profile
    seed: int
    jobs: int
    pairs: tuple[Pair, ...]
    equivalent: tuple[Equivalent, ...]
    rights: tuple[Right, ...]
    clock: Callable[[], float]
    stop: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class PowerStarted:
    """The measurement begins."""

    version: str
    kind: str
    profile: str
    seed: int
    jobs: int
    defects: int
    pairs: int
    rights: int


@dataclass(frozen=True, slots=True)
class Tried:
    """A defect was looked at in one methodology; `done` of all pairs and right targets."""

    attempt: Attempt
    done: int


@dataclass(frozen=True, slots=True)
class Looked:
    """A right target was looked at."""

    run: RightRun
    done: int


@dataclass(frozen=True, slots=True)
class PowerFinished:
    """The measurement is over, or was interrupted with what it had."""

    power: Power


PowerEvent: TypeAlias = PowerStarted | Tried | Looked | PowerFinished


def power_plan(kind: Kind, profile: Profile, seed: int, jobs: int, only: Sequence[str], clock: Callable[[], float], stop: Callable[[], bool]) -> PowerPlan:
    """Return the plan over the catalogue of planted defects. Raises InputError where `only` names none of them."""
    from indexlab.targets.planted.catalogue import defects
    from indexlab.targets.planted_margin.catalogue import defects as margin_defects

    known = [defect.id for defect in defects()] + [defect.id for defect in margin_defects()]
    for name in only:
        if name not in known:
            problem = "is no planted defect"
            raise InputError(problem, key=f"--only {name}", remedy=did_you_mean(name, known))
    index, margin = _index_side(kind, profile, only), _margin_side(kind, profile, only)
    pairs, equivalent = index.pairs + margin.pairs, index.equivalent + margin.equivalent
    return PowerPlan(kind, profile, seed, jobs, pairs, equivalent, () if only else index.rights + margin.rights, clock, stop)


class _Side(NamedTuple):
    """What is looked at of one catalogue."""

    pairs: tuple[Pair, ...]
    rights: tuple[Right, ...]
    equivalent: tuple[Equivalent, ...]


def _index_side(kind: Kind, profile: Profile, only: Sequence[str]) -> _Side:
    from indexlab.targets.planted.catalogue import defects, label_of, methods
    from indexlab.targets.planted.defect import NONE

    chosen = [defect for defect in defects() if not only or defect.id in only]
    live = [defect for defect in chosen if not defect.equivalent]
    if kind == "process" and not only:
        live = _spread(live, _DEAR)
    wrapped = _command if kind == "process" else str
    pairs = []
    for defect in live:
        for place, method in enumerate(defect.methods[: _MOST_METHODS[kind, profile]]):
            pairs.append(Pair(defect.id, method, wrapped(label_of(defect.id, method)), label_of(NONE, method), whole=place == 0, shrink=place == 0))
    planted_in = methods() if kind == "in-process" else tuple(dict.fromkeys(pair.method for pair in pairs))
    right = [Right(label_of(NONE, method), wrapped(label_of(NONE, method))) for method in planted_in]
    if kind == "in-process":
        right += [Right(each.label, each.label, each.sources) for each in RIGHT_TARGETS]
    equivalent = tuple(Equivalent(defect.id, list(defect.methods), defect.equivalent) for defect in chosen if defect.equivalent)
    return _Side(tuple(pairs), tuple(right), equivalent)


def _margin_side(kind: Kind, profile: Profile, only: Sequence[str]) -> _Side:
    from indexlab.margin.rules_file import venue_names
    from indexlab.targets.planted_margin.catalogue import defects, label_of, looked_at, planted_venues
    from indexlab.targets.planted_margin.defect import NONE

    chosen = [defect for defect in defects() if not only or defect.id in only]
    # what a process says of itself can name a bundled venue alone
    known = planted_venues() if kind == "in-process" else venue_names()
    live = [defect for defect in chosen if not defect.equivalent and set(looked_at(defect.id)) & set(known)]
    if kind == "process" and not only:
        live = _spread(live, _DEAR_MARGIN)
    wrapped = _command if kind == "process" else str
    pairs = []
    for defect in live:
        for place, venue in enumerate([venue for venue in looked_at(defect.id) if venue in known][: _MOST_VENUES[kind, profile]]):
            mine, right = label_of(defect.id, venue), label_of(NONE, venue)
            pairs.append(Pair(defect.id, venue, wrapped(mine), right, whole=False, shrink=place == 0, only=_ABOUT_MARGIN))
    planted_in = planted_venues() if kind == "in-process" else tuple(dict.fromkeys(pair.method for pair in pairs))
    rights = tuple(Right(label_of(NONE, venue), wrapped(label_of(NONE, venue)), only=_ABOUT_MARGIN) for venue in planted_in)
    return _Side(tuple(pairs), rights, tuple(Equivalent(one.id, list(looked_at(one.id)), one.equivalent) for one in chosen if one.equivalent))


def _spread(live: list[_Defect], count: int) -> list[_Defect]:
    """Return so many of them, spread over the catalogue."""
    return live[:: max(len(live) // count, 1)][:count]


def _command(target: str) -> str:
    return f"exec:{shlex.join([sys.executable, '-m', 'indexlab', 'serve', target])}"


def power(plan: PowerPlan) -> Iterator[PowerEvent]:
    """Measure; the result is a function of the plan and the version, but for the seconds."""
    defects = len({pair.defect for pair in plan.pairs})
    yield PowerStarted(__version__, plan.kind, plan.profile, plan.seed, plan.jobs, defects, len(plan.pairs), len(plan.rights))
    seen = _Seen(plan)
    workers = Workers(plan.jobs)
    at_once = True
    try:
        for attempt in workers.in_order(tried, Setting(plan.profile, plan.seed, plan.clock), plan.pairs, stop=plan.stop, hurry=plan.stop):
            if not (attempt.cut and plan.stop()):
                seen.attempts.append(attempt)
                yield Tried(attempt, len(seen.attempts))
        for run in workers.in_order(look, Setting(_RIGHT_PROFILE, plan.seed, plan.clock), plan.rights, stop=plan.stop, hurry=plan.stop):
            if not (run.cut and plan.stop()):
                seen.runs.append(run)
                yield Looked(run, len(seen.attempts) + len(seen.runs))
        at_once = plan.stop()
    finally:
        workers.close(at_once=at_once)
    yield PowerFinished(seen.power())


@dataclass(frozen=True, slots=True)
class _Seen:
    """What has been seen so far."""

    plan: PowerPlan
    attempts: list[Attempt] = field(default_factory=list)
    runs: list[RightRun] = field(default_factory=list)

    def power(self) -> Power:
        """Sum it up."""
        plan, attempts = self.plan, self.attempts
        killed = {attempt.defect for attempt in attempts} - {attempt.defect for attempt in attempts if attempt.kill is None}
        kills = [Measured(attempt.defect, attempt.method, attempt.kill) for attempt in attempts if attempt.kill is not None]
        middle, largest = figures(one.kill for one in kills)
        alarms = _distinct([alarm for run in self.runs for alarm in run.alarms] + [alarm for attempt in attempts for alarm in attempt.alarms])
        names = [prop.id for prop in properties()]
        matrix = _matrix(attempts, names)
        killing = {name for row in matrix.values() for name in row}
        return Power(
            defects=len({attempt.defect for attempt in attempts}),
            killed=len(killed),
            survivors=_survivors(attempts),
            equivalent=list(plan.equivalent),
            false_alarms=len(alarms),
            seconds_median=middle,
            seconds_max=largest,
            matrix=matrix,
            schema=_SCHEMA,
            indexlab=__version__,
            kind=plan.kind,
            profile=plan.profile,
            seed=plan.seed,
            interrupted=plan.stop(),
            pairs=len(attempts),
            pairs_killed=len(kills),
            not_run=[pair.name for pair in plan.pairs[len(attempts) :]] + [right.name for right in plan.rights[len(self.runs) :]],
            properties=names,
            properties_that_kill_nothing=[name for name in names if name not in killing],
            right_targets=len(self.runs),
            right_profile=_RIGHT_PROFILE,
            right_scenarios=sum(run.scenarios for run in self.runs),
            alarms=alarms,
            kills=kills,
        )


def _matrix(attempts: Iterable[Attempt], names: Sequence[str]) -> dict[str, dict[str, int]]:
    matrix: dict[str, dict[str, int]] = {}
    for attempt in attempts:
        row = matrix.setdefault(attempt.defect, {})
        for name, count in attempt.broken.items():
            row[name] = row.get(name, 0) + count
    return {defect: {name: row[name] for name in names if name in row} for defect, row in matrix.items()}


def _survivors(attempts: Iterable[Attempt]) -> list[Survivor]:
    alive: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        if attempt.kill is None:
            alive.setdefault(attempt.defect, []).append(attempt)
    return [Survivor(defect, [one.method for one in left], [_note(one) for one in left if one.problem or one.cut]) for defect, left in alive.items()]


def _note(attempt: Attempt) -> str:
    return f"{attempt.method}: {attempt.problem or 'a time limit ended the search before its budget was spent'}"


def _distinct(alarms: Iterable[Alarm]) -> list[Alarm]:
    found: dict[tuple[str, str], Alarm] = {}
    for alarm in alarms:
        found.setdefault((alarm.target, alarm.property), alarm)
    return list(found.values())


def power_exit_code(power: Power) -> int:
    """Return what the process ends with: 130 interrupted, 1 where a defect survived or a right target was accused, else 0."""
    if power.interrupted:
        return 130
    return 1 if power.survivors or power.alarms or power.not_run else 0
