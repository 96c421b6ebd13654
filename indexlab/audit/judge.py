"""Judging: every selected property on every recorded batch, with breaches confirmed where a statement asks for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from indexlab.audit.evaluate import Setting, evaluate, kinds_needed, retold_twins
from indexlab.audit.events import Worst
from indexlab.audit.margin_talks import EVERY, MarginSetting, is_due, with_margin
from indexlab.audit.tally import Candidate, PropertyTally, Tally, scenario_of
from indexlab.margin.rules_file import venue
from indexlab.market.seeds import derive
from indexlab.properties.property import Occasion, Outcome
from indexlab.properties.run import CLEAN
from indexlab.scenarios.scenario import Batch
from indexlab.targets.target import FollowingRules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from indexlab.margin.rules import VenueRules
    from indexlab.properties.property import Property
    from indexlab.properties.run import Run
    from indexlab.scenarios.expect import Expect
    from indexlab.scenarios.scenario import Scenario
    from indexlab.targets.target import Description, Target

__all__ = ["JITTERS", "Judge", "confirmed", "run_of_one"]

JITTERS = 3
USUAL_VENUE = "binance-usdm"
"""Whose margin rules are taken where the plan names none."""
_ABOUT_STATES = frozenset({"protocol", "margin-stability", "margin-recovery", "no-silent-freeze"})
"""What asks a target with a margin engine for the states of the rack's accounts."""
_TRIED = 3
"""So many breaches of one kind are confirmed in a batch, at the most."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges batches of one target against one promise. `properties` are those selected.

    Those that do not apply are never checked, but for what is measured always. `occasion` is None where only the basket's size is known, or nothing of it.
    `second` is the target that it is held against, None where there is none. `rules` are the venue's whose margin rules hold, None for the usual one's.
    `marked`: the accounts are marked by their rule, not at the index. `margin_every`: beside one batch in so many margin cases are asked of our own engine.
    """

    target: Target
    description: Description
    expect: Expect
    properties: tuple[Property, ...]
    sources: int | None = None
    occasion: Occasion | None = None
    second: Target | None = None
    rules: VenueRules | None = None
    margin_every: int = EVERY
    marked: bool = False

    @property
    def applicable(self) -> tuple[Property, ...]:
        """The selected properties that apply here."""
        against = "" if self.second is None else self.second.label
        occasion = self.occasion or Occasion(self.expect, self.description.uses, self.description.provides, self.sources, against=against)
        return tuple(prop for prop in self.properties if prop.measured_always or not prop.applies(occasion))

    def setting(self, seed: int, retold: tuple[int, ...], number: int | None = None, *, sparing: bool = False) -> Setting:
        """Return how a batch is evaluated for the properties selected; `number` is its place in the audit, None for a scenario that is asked by itself."""
        needs = kinds_needed(prop.needs for prop in self.applicable)
        return Setting(self.expect, self.description.uses, needs, seed, retold, margin=self._margin(needs, seed, retold, number, sparing=sparing))

    def _margin(self, needs: frozenset[str], seed: int, retold: tuple[int, ...], number: int | None, *, sparing: bool) -> MarginSetting:
        names = {prop.id for prop in self.applicable}
        theirs = "margin" in self.description.provides
        # alone, `protocol` asks again what failed, which its scenario has written down
        wanted = "margin" in needs or (theirs and number is not None and "protocol" in names)
        rules = self.rules or _own_rules(self.target, self.description)
        return MarginSetting(
            rules or venue(USUAL_VENUE),
            derive("margin", seed, number or 0),
            next((twin for twin in retold if twin != CLEAN), None),
            theirs,
            cases=wanted and bool(retold) and (number is None or is_due(number, theirs=theirs, sparing=sparing, every=self.margin_every)),
            states=theirs and bool(retold) and bool(names & _ABOUT_STATES - (set() if number is not None else {"protocol"})),
            named=rules is not None,
            marked=self.marked,
        )

    def recorded(self, batch: Batch, setting: Setting) -> Run:
        """Evaluate one batch, by the second target too where there is one."""
        return evaluate(self.target, batch, setting, self.second)

    def judge(self, batch: Batch, number: int, seed: int, *, sparing: bool = False) -> Tally:
        """Evaluate one batch and judge it; `number` is the batch's place in the audit, `sparing` asks for few variations (dear targets)."""
        retold = retold_twins(number, len(batch.twins))
        if sparing:
            # mostly a broken one: what a run leaves behind, or takes for granted, shows there
            retold = retold[:1] if number % 3 == 0 else retold[-1:]
        run = self.recorded(batch, self.setting(seed, retold, number, sparing=sparing))
        return self.judged(run, number, seed)

    def judged(self, run: Run, number: int, seed: int) -> Tally:
        """Judge a recorded run by every property that applies."""
        count = 1 + len(run.batch.twins)
        tally = Tally(scenarios=count, evaluations=count + len(run.variations))
        for prop in self.applicable:
            tally.properties[prop.id] = self._checked(prop, run, number, seed)
        if not any(twin == CLEAN for twin, _ in run.failures):
            tally.measure(run)
        return tally

    def _checked(self, prop: Property, run: Run, number: int, seed: int) -> PropertyTally:
        counts = PropertyTally()
        if prop.id != "protocol" and any(twin == CLEAN for twin, _ in run.failures):
            # who was not answered by one of two has not seen them agree, whatever came later
            return PropertyTally(errors=f"the target failed: {run.failures[0][1].detail}") if "against" in prop.needs else counts
        try:
            outcome = prop.check(run)
            if outcome.breach is not None:
                outcome = self._kept(prop, run, outcome, number, seed, counts)
            counts.add(outcome, _worst(run, outcome, number, seed))
        except Exception as error:  # noqa: BLE001 - whatever a check raises makes its own result inconclusive, and nothing else
            counts = PropertyTally(scenarios=len(run.twins), errors=f"the check raised {type(error).__name__}: {error}")
        return counts

    def _kept(self, prop: Property, run: Run, outcome: Outcome, number: int, seed: int, counts: PropertyTally) -> Outcome:
        """Keep one breach of each kind; a metamorphic one only where it is confirmed. Return the outcome with what was not confirmed taken back."""
        # as a finding will be asked: nothing but what this property needs
        alone = replace(self, properties=(prop,))
        breaches = {twin: self._candidate(prop, run, twin, what, number, seed) for twin, what in _breaches(outcome)}
        real = _real_of_two(alone, prop, run, breaches, seed) if "against" in prop.needs else None
        kept = 0
        for twin, candidate in breaches.items():
            if not prop.metamorphic or (confirmed(alone, prop, candidate) if real is None else twin in real):
                kept += 1
                counts.keep(candidate)
            else:
                counts.ties += 1
        if not kept:
            return replace(outcome, breached=0, breach=None)
        return replace(outcome, breached=outcome.breached - len(breaches) + kept) if prop.metamorphic else outcome

    def _candidate(self, prop: Property, run: Run, twin: int, what: str, number: int, seed: int) -> Candidate:
        if twin == CLEAN and "repeat" in prop.needs and run.twins:
            # what a run left behind shows only beside the run that left it
            twin = number % len(run.twins)
        scenario = self._scenario(prop, run, twin)
        place = CLEAN if twin == CLEAN else (run.numbers[twin] if twin < len(run.numbers) else twin)
        said = next((failure.detail for failed, failure in run.all_failures if failed == twin), "") if prop.id == "protocol" else ""
        return Candidate(prop.id, scenario_id(seed, number, place), scenario, seed, retold=prop.metamorphic, what=what, said=said)

    def _scenario(self, prop: Property, run: Run, twin: int) -> Scenario:
        """Return the record of a twin that a property broke in, with the margin case that was asked where it is about one."""
        if prop.id == "protocol" and run.failures:
            return run.batch.scenario(twin)
        if prop.id == "protocol" and run.margin_failures:
            # what was asked of margin says it all: no fault is needed
            return msgspec.structs.replace(run.batch.base, margin=run.margin_failures[0].case)
        scenario = scenario_of(run, twin)
        return with_margin(scenario, run) if "margin" in prop.needs else scenario


def _own_rules(target: Target, description: Description) -> VenueRules | None:
    """Return the rules that a target with a margin engine says it follows, None where it names none."""
    if isinstance(target, FollowingRules):
        return target.margin_rules
    return venue(description.venue) if description.venue else None


def _breaches(outcome: Outcome) -> Iterator[tuple[int, str]]:
    """Say in which twins a check found a breach, the first one first, with a word for what happened."""
    if outcome.breach is None:
        return
    yield outcome.breach.twin, outcome.breach.what
    told = outcome.by_twin
    if told is None:
        return
    for twin in np.flatnonzero(told.broken).tolist():
        # one without a word of its own broke as the clean run did
        if twin != outcome.breach.twin and (told.what is None or told.what[twin]):
            yield twin, outcome.breach.what if told.what is None else told.what[twin]


def scenario_id(seed: int, number: int, twin: int) -> str:
    """Return the name of a scenario: the audit's seed, the batch, the twin (`clean` for the one without faults)."""
    return f"{seed & 0xFFFF:04x}-{number:05d}{'c' if twin == CLEAN else f'{twin:02d}'}"


def _worst(run: Run, outcome: Outcome, number: int, seed: int) -> Worst | None:
    extreme = outcome.worst
    if extreme is None:
        return None
    inside = CLEAN < extreme.twin < len(run.twins)
    fault = " + ".join(dict.fromkeys(run.twins[extreme.twin].faults)) if inside else ""
    place = run.numbers[extreme.twin] if inside else CLEAN
    return Worst(extreme.value, extreme.unit, extreme.text, scenario_id(seed, number, place), fault)


def run_of_one(judge: Judge, candidate: Candidate, *, jitter: int = 0) -> tuple[Run, int]:
    """Evaluate one scenario by itself; returns the run and the number of its twin (-1 where it has no faults)."""
    scenario = candidate.scenario
    faults = scenario.faults
    batch = Batch(msgspec.structs.replace(scenario, faults=()), (faults,) if faults else ())
    twin = 0 if faults else CLEAN
    setting = replace(judge.setting(candidate.setting_seed, (twin,)), jitter=jitter)
    return judge.recorded(batch, setting), twin


def asked(prop: Property, run: Run) -> Outcome:
    """Return what a check gives; one that raises has judged nothing, and says so where a premise that was not met is explained."""
    try:
        return prop.check(run)
    except Exception as error:  # noqa: BLE001 - a third party's check: it has found nothing here, neither good nor bad
        return Outcome(len(run.twins), 0, unmet=f"the check raised {type(error).__name__}: {error}")


def confirmed(judge: Judge, prop: Property, candidate: Candidate) -> bool:
    """Say whether a metamorphic breach is still there in each of three draws that move every price and weight by a relative 1e-9."""
    for jitter in range(1, JITTERS + 1):
        run, _ = run_of_one(judge, candidate, jitter=jitter)
        if run.failures or asked(prop, run).breach is None:
            return False
    return True


def _confirmed_together(judge: Judge, prop: Property, run: Run, twins: Sequence[int], seed: int) -> frozenset[int]:
    """Return in which of these twins a breach is still there in each of three draws, asked for together: what is about each run by itself needs no others."""
    broken = [twin for twin in twins if twin != CLEAN]
    batch = Batch(run.batch.base, tuple(run.batch.twins[run.numbers[twin]] for twin in broken))
    left = set(twins)
    for jitter in range(1, JITTERS + 1):
        again = judge.recorded(batch, replace(judge.setting(seed, ()), jitter=jitter))
        outcome = asked(prop, again)
        if outcome.breach is None or outcome.by_twin is None or not left:
            return frozenset()
        there = {CLEAN} if outcome.breach.twin == CLEAN else set()
        left &= there | {broken[again.numbers[place]] for place in np.flatnonzero(outcome.by_twin.broken).tolist()}
    return frozenset(left)


def _real_of_two(judge: Judge, prop: Property, run: Run, breaches: Mapping[int, Candidate], seed: int) -> frozenset[int]:
    """Return the twins in which two targets really part; of each kind of breach a few are asked again, and the others are like them."""
    kinds: dict[tuple[tuple[str, ...], str], list[int]] = {}
    for twin, candidate in breaches.items():
        kinds.setdefault(candidate.kind(), []).append(twin)
    tried = [twin for twins in kinds.values() for twin in twins[:_TRIED]]
    sure = _confirmed_together(judge, prop, run, tried, seed)
    real: set[int] = set()
    for twins in kinds.values():
        if sure.intersection(twins) or _hangs_on_others(judge, prop, breaches[twins[0]]):
            real.update(twins)
    return frozenset(real)


def _hangs_on_others(judge: Judge, prop: Property, candidate: Candidate) -> bool:
    """Say whether two targets that parted among other runs agree when asked for this one alone: no tie, but something kept from one run to the next."""
    return "against" in prop.needs and judged_once(judge, prop, candidate)[1].breach is None


def judged_once(judge: Judge, prop: Property, candidate: Candidate) -> tuple[Run, Outcome]:
    """Evaluate a candidate and check one property on it."""
    run, _ = run_of_one(judge, candidate)
    return run, asked(prop, run)


def select(properties: Sequence[Property], only: Sequence[str], skip: Sequence[str]) -> tuple[Property, ...]:
    """Return the properties that a selection leaves."""
    return tuple(prop for prop in properties if (not only or prop.id in only) and prop.id not in skip)
