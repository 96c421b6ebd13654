"""One planted defect, or one right target, looked at as an audit would: what a worker does when power is measured."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.audit.judge import confirmed, judged_once
from indexlab.audit.plan import AuditPlan
from indexlab.audit.power_record import Alarm, Attempt, Kill, RightRun, Smallest
from indexlab.audit.prepare import Prepared, prepared
from indexlab.audit.results import property_result
from indexlab.audit.tally import Tally
from indexlab.audit.work import FindingTask, Unit, close_targets, do_unit, enough, find_finding, judge_of
from indexlab.properties.registry import find_property, properties
from indexlab.scenarios.baskets import drawn_basket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indexlab.audit.plan import Profile
    from indexlab.audit.tally import Candidate
    from indexlab.market.source import Basket

__all__ = ["Pair", "Right", "Setting", "look", "tried"]

_FOLDER: Final = "power"
_WARM: Final = Unit("built-in", 0, 1, 0)


@dataclass(frozen=True, slots=True)
class Setting:
    """What all tasks of a measurement share; `clock` gives seconds and is the door's."""

    profile: Profile
    seed: int
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Pair:
    """A defect planted in a methodology: the target that has it, and the one that has the same rules without it.

    `whole`: the built-in batches are run to their end; otherwise it ends with the kill. `shrink`: what killed it is shrunk. `only`: the properties that are
    looked at, () for all of them.
    """

    defect: str
    method: str
    target: str
    right: str
    whole: bool = True
    shrink: bool = True
    only: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How reports name it."""
        return f"{self.defect}@{self.method}"


@dataclass(frozen=True, slots=True)
class Right:
    """A target that keeps its promise: what reports call it, the label that opens it, how many sources its basket has (None: drawn ones).

    `only`: the properties that it is judged by, () for all of them.
    """

    name: str
    target: str
    sources: int | None = None
    only: tuple[str, ...] = ()


def tried(setting: Setting, pair: Pair) -> Attempt:
    """Run the audit's batches in the audit's order until a property tells the defect from the right rules."""
    try:
        hunt = _Hunt(setting, pair)
        hunt.run()
        return hunt.attempt()
    except Exception as error:  # noqa: BLE001 - what one defect's target raises is that attempt's problem, and must not end the measurement
        return Attempt(pair.defect, pair.method, None, {}, 0, problem=f"{type(error).__name__}: {error}")
    finally:
        close_targets()


def _ready(setting: Setting, label: str, basket: Basket | None = None, only: tuple[str, ...] = ()) -> Prepared:
    plan = AuditPlan(
        targets=(label,),
        survey=False,
        profile=setting.profile,
        seed=setting.seed,
        jobs=1,
        layers=(),
        only=(),
        skip=(),
        fixtures=(),
        sources=basket,
        folder=_FOLDER,
        clock=setting.clock,
        stop=enough.ask,
    )
    return prepared(plan, tuple(prop.id for prop in properties() if not only or prop.id in only), label)


def _single(units: list[Unit]) -> Iterator[Unit]:
    """The built-in units batch by batch, so that it is known after which of them a defect was found; the others as they are."""
    for unit in units:
        if unit.kind != "built-in":
            yield unit
            continue
        for place in range(unit.count):
            yield msgspec.structs.replace(unit, first=unit.first + place, count=1, number=unit.number + place)


@dataclass(slots=True)
class _Found:
    """The first breach that told the defect from the right rules."""

    property: str
    also: list[str]
    candidate: Candidate
    evaluations: int
    seconds: float


@dataclass
class _Hunt:
    """One attempt under way."""

    setting: Setting
    pair: Pair
    found: _Found | None = None
    broken: dict[str, int] = field(default_factory=dict)
    alarms: dict[str, Alarm] = field(default_factory=dict)
    evaluations: int = 0
    cut: bool = False

    def run(self) -> None:
        """Go through the units until one kills."""
        self.ready = _ready(self.setting, self.pair.target, only=self.pair.only)
        self._warm()
        self.right = judge_of(msgspec.structs.replace(self.ready.job, target=self.pair.right))
        began = self.setting.clock()
        for unit in _single(self.ready.units):
            if self.found is not None and not (self.pair.whole and unit.kind == "built-in"):
                return
            if enough.ask() or self.setting.clock() - began > self.ready.spend.seconds:
                self.cut = True
                return
            part = do_unit(self.ready.job, unit)
            self.evaluations += part.evaluations
            told = self._told(part)
            if told and self.found is None:
                names = list(told)
                seconds = self.setting.clock() - began
                self.found = _Found(names[0], names[1:], told[names[0]], self.evaluations, seconds)

    def _warm(self) -> None:
        # loading libraries and compiling is no search; afterwards the target is opened anew, for some keep what they saw
        job = self.ready.job
        do_unit(msgspec.structs.replace(job, world=msgspec.structs.replace(job.world, twins=1)), _WARM)
        close_targets()

    def _told(self, part: Tally) -> dict[str, Candidate]:
        """Return the properties that this part broke and the right rules keep in the same scenario; count them."""
        told = {}
        for name, counts in part.properties.items():
            if not counts.breached or not counts.candidates or name in self.ready.job.expect.waive:
                continue
            if name in self.broken or self._kept_by_right(name, counts.candidates[0]):
                told[name] = counts.candidates[0]
                self.broken[name] = self.broken.get(name, 0) + counts.breached
        return told

    def _kept_by_right(self, name: str, candidate: Candidate) -> bool:
        prop = find_property(name)
        right = replace(self.right, properties=(prop,))
        _, outcome = judged_once(right, prop, candidate)
        if outcome.breach is None:
            return True
        if name not in self.alarms and (not prop.metamorphic or confirmed(right, prop, candidate)):
            job = msgspec.structs.replace(self.ready.job, target=self.pair.right)
            sentence = find_finding(job, FindingTask(name, self.ready.spend.shrink, _FOLDER, ""), candidate).finding.sentence
            self.alarms[name] = Alarm(self.pair.right, name, "violated", sentence)
        return False

    def attempt(self) -> Attempt:
        """Say how it went, with the smallest scenario that still shows it."""
        kill, found = None, self.found
        if found is not None:
            kill = Kill(found.property, found.also, found.candidate.scenario_id, found.evaluations, round(found.seconds, 3), self._shrunk(found))
        return Attempt(self.pair.defect, self.pair.method, kill, self.broken, self.evaluations, list(self.alarms.values()), cut=self.cut)

    def _shrunk(self, found: _Found) -> Smallest | None:
        if not self.pair.shrink:
            return None
        finding = find_finding(self.ready.job, FindingTask(found.property, self.ready.spend.shrink, _FOLDER, ""), found.candidate).finding
        return Smallest(finding.sources, finding.quotes, finding.faults, list(finding.fault_names), finding.evaluations, finding.sentence)


def look(setting: Setting, right: Right) -> RightRun:
    """Audit a right target; whatever is said of it that it did not declare is an alarm."""
    try:
        return _looked(setting, right)
    except Exception as error:  # noqa: BLE001 - as for a defect: it is this target's result, and an alarm
        return RightRun(right.name, 0, 0, [Alarm(right.name, "", "failed", f"{type(error).__name__}: {error}")])
    finally:
        close_targets()


def _looked(setting: Setting, right: Right) -> RightRun:
    ready = _ready(setting, right.target, None if right.sources is None else drawn_basket(right.sources, right.sources), right.only)
    tally, began = Tally(), setting.clock()
    for unit in ready.units:
        if enough.ask() or setting.clock() - began > ready.spend.seconds:
            return RightRun(right.name, tally.scenarios, 0, cut=True)
        tally.merge(do_unit(ready.job, unit))
    results = [property_result(find_property(name), ready.job, tally, [], ready.failure) for name in ready.job.properties]
    alarms = []
    for result in results:
        if result.verdict not in ("violated", "inconclusive"):
            continue
        sentence, candidates = result.reason, tally.properties[result.id].candidates if result.id in tally.properties else []
        if candidates:
            sentence = find_finding(ready.job, FindingTask(result.id, ready.spend.shrink, _FOLDER, ""), candidates[0]).finding.sentence
        alarms.append(Alarm(right.name, result.id, result.verdict, sentence))
    judged = sum(result.verdict in ("holds", "violated", "waived") for result in results)
    return RightRun(right.name, tally.scenarios, judged, alarms)
