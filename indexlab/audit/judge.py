"""Judging: every selected property on every recorded batch, with breaches confirmed where a statement asks for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from indexlab.audit.evaluate import Setting, evaluate, kinds_needed, retold_twins
from indexlab.audit.events import Worst
from indexlab.audit.tally import Candidate, PropertyTally, Tally, scenario_of
from indexlab.properties.property import Occasion, Outcome
from indexlab.properties.run import CLEAN
from indexlab.scenarios.scenario import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexlab.properties.property import Property
    from indexlab.properties.run import Run
    from indexlab.scenarios.expect import Expect
    from indexlab.targets.target import Description, Target

__all__ = ["JITTERS", "Judge", "confirmed", "run_of_one"]

JITTERS = 3


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges batches of one target against one promise. `properties` are those selected.

    Those that do not apply are never checked, but for what is measured always. `occasion` is None where only the basket's size is known, or nothing of it.
    """

    target: Target
    description: Description
    expect: Expect
    properties: tuple[Property, ...]
    sources: int | None = None
    occasion: Occasion | None = None

    @property
    def applicable(self) -> tuple[Property, ...]:
        """The selected properties that apply here."""
        occasion = self.occasion or Occasion(self.expect, self.description.uses, self.description.provides, self.sources)
        return tuple(prop for prop in self.properties if prop.measured_always or not prop.applies(occasion))

    def setting(self, seed: int, retold: tuple[int, ...]) -> Setting:
        """Return how a batch is evaluated for the properties selected."""
        return Setting(self.expect, self.description.uses, kinds_needed(prop.needs for prop in self.applicable), seed, retold)

    def judge(self, batch: Batch, number: int, seed: int, *, sparing: bool = False) -> Tally:
        """Evaluate one batch and judge it; `number` is the batch's place in the audit, `sparing` asks for few variations (dear targets)."""
        retold = retold_twins(number, len(batch.twins))
        if sparing:
            # mostly a broken one: what a run leaves behind, or takes for granted, shows there
            retold = retold[:1] if number % 3 == 0 else retold[-1:]
        run = evaluate(self.target, batch, self.setting(seed, retold))
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
            return counts
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
        confirmed_breaches = 0
        for twin, what in _breaches(outcome):
            candidate = self._candidate(prop, run, twin, what, number, seed)
            if not prop.metamorphic:
                counts.keep(candidate)
            elif confirmed(self, prop, candidate):
                confirmed_breaches += 1
                counts.keep(candidate)
            else:
                counts.ties += 1
        if prop.metamorphic and not confirmed_breaches:
            return replace(outcome, breached=0, breach=None)
        return replace(outcome, breached=confirmed_breaches) if prop.metamorphic else outcome

    def _candidate(self, prop: Property, run: Run, twin: int, what: str, number: int, seed: int) -> Candidate:
        if twin == CLEAN and "repeat" in prop.needs and run.twins:
            # what a run left behind shows only beside the run that left it
            twin = number % len(run.twins)
        scenario = scenario_of(run, twin) if prop.id != "protocol" or not run.failures else run.batch.scenario(twin)
        place = CLEAN if twin == CLEAN else (run.numbers[twin] if twin < len(run.numbers) else twin)
        return Candidate(prop.id, scenario_id(seed, number, place), scenario, seed, retold=prop.metamorphic, what=what)


def _breaches(outcome: Outcome) -> Iterator[tuple[int, str]]:
    """Say in which twins a check found a breach, the first one first, with a word for what happened."""
    if outcome.breach is None:
        return
    yield outcome.breach.twin, outcome.breach.what
    told = outcome.by_twin
    if told is None:
        return
    for twin in np.flatnonzero(told.broken).tolist():
        if twin != outcome.breach.twin:
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
    return evaluate(judge.target, batch, setting), twin


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


def judged_once(judge: Judge, prop: Property, candidate: Candidate) -> tuple[Run, Outcome]:
    """Evaluate a candidate and check one property on it."""
    run, _ = run_of_one(judge, candidate)
    return run, asked(prop, run)


def select(properties: Sequence[Property], only: Sequence[str], skip: Sequence[str]) -> tuple[Property, ...]:
    """Return the properties that a selection leaves."""
    return tuple(prop for prop in properties if (not only or prop.id in only) and prop.id not in skip)
