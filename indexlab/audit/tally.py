"""What was counted: per property, scenarios judged, premises met, breaches, the worst case, and where to look for a finding. Mergeable in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.audit.coverage import CoverageTally
from indexlab.properties.premise import single_source_premise
from indexlab.properties.run import CLEAN
from indexlab.properties.words import clean_range, displacement

if TYPE_CHECKING:
    from indexlab.audit.events import Worst
    from indexlab.properties.property import ByTwin, Outcome
    from indexlab.properties.run import Run
    from indexlab.scenarios.scenario import Scenario

__all__ = ["MOST_KINDS", "Candidate", "PropertyTally", "Tally", "displacement_by_fault"]

MOST_KINDS: Final = 12
"""So many kinds of breach of one property are kept to be shrunk; beyond that they are only counted."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A breach to be shrunk: the scenario of one twin, its id, and for a run told differently the seed that told it.

    `what` is one word for what happened, as in `Breach.what`; `said` what was said of a target that failed: it may not fail so again when it is asked alone.
    """

    property: str
    scenario_id: str
    scenario: Scenario
    setting_seed: int
    retold: bool
    what: str = ""
    said: str = ""

    def kind(self) -> tuple[tuple[str, ...], str]:
        """Which faults it takes and what happened: of breaches that share both, the first is kept.

        Two targets part about what arrived, whichever fault made it so: there it is what happened alone.
        """
        if self.property == "agreement":
            return (), self.what
        return tuple(sorted({fault.fault for fault in self.scenario.faults})), self.what


@dataclass(slots=True)
class PropertyTally:
    """The counts of one property. `errors` holds what a check raised, or could not judge: its result is inconclusive then.

    `by_twin` is what the last check found in each twin, until the batch is counted into the coverage; `independent` holds n and k of independent cases where
    only they showed a breach.
    """

    scenarios: int = 0
    premise_met: int = 0
    breached: int = 0
    ties: int = 0
    worst: Worst | None = None
    unmet: str = ""
    no_occasion: str = ""
    errors: str = ""
    candidates: list[Candidate] = field(default_factory=list)
    by_twin: ByTwin | None = None
    independent: tuple[int, int] = (0, 0)

    def add(self, outcome: Outcome, worst: Worst | None) -> None:
        """Count one outcome."""
        self.scenarios += outcome.scenarios
        self.premise_met += outcome.premise_met
        self.breached += outcome.breached
        if outcome.unmet and not self.unmet:
            self.unmet = outcome.unmet
        self.no_occasion = self.no_occasion or outcome.no_occasion
        self.errors = self.errors or outcome.undecided
        self.by_twin = outcome.by_twin
        self._see(worst)

    def _see(self, worst: Worst | None) -> None:
        # strictly larger: the first of equals stays, whatever the order of workers
        if worst is not None and (self.worst is None or worst.value > self.worst.value):
            self.worst = worst

    def keep(self, candidate: Candidate, most_candidates: int = MOST_KINDS) -> None:
        """Keep a breach unless one of its kind is kept already, or there is no room for another kind."""
        if len(self.candidates) < most_candidates and all(candidate.kind() != kept.kind() for kept in self.candidates):
            self.candidates.append(candidate)

    def merge(self, other: PropertyTally, most_candidates: int) -> None:
        """Take in what came after."""
        self.scenarios += other.scenarios
        self.premise_met += other.premise_met
        self.breached += other.breached
        self.ties += other.ties
        self.unmet = self.unmet or other.unmet
        self.no_occasion = self.no_occasion or other.no_occasion
        self.errors = self.errors or other.errors
        self._see(other.worst)
        for candidate in other.candidates:
            self.keep(candidate, most_candidates)


@dataclass(slots=True)
class Tally:
    """All counts of a stretch of an audit."""

    properties: dict[str, PropertyTally] = field(default_factory=dict)
    scenarios: int = 0
    evaluations: int = 0
    by_fault: dict[str, float] = field(default_factory=dict)
    headroom: float = 0.0
    missing: int = 0
    publications: int = 0
    notes: list[str] = field(default_factory=list)
    failed_faults: list[str] = field(default_factory=list)
    coverage: CoverageTally = field(default_factory=CoverageTally)
    borders: dict[str, int] = field(default_factory=dict)
    status_changes: int = 0
    second_failed: str = ""

    def merge(self, other: Tally, most_candidates: int = MOST_KINDS) -> None:
        """Take in what came after."""
        for name, counts in other.properties.items():
            self.properties.setdefault(name, PropertyTally()).merge(counts, most_candidates)
        self.scenarios += other.scenarios
        self.evaluations += other.evaluations
        self.headroom = max(self.headroom, other.headroom)
        self.status_changes += other.status_changes
        self.missing += other.missing
        self.publications += other.publications
        for border, count in other.borders.items():
            self.borders[border] = count + self.borders.get(border, 0)
        for fault, size in other.by_fault.items():
            self.by_fault[fault] = max(size, self.by_fault.get(fault, 0.0))
        self.notes += [note for note in other.notes if note not in self.notes]
        self.failed_faults += [failure for failure in other.failed_faults if failure not in self.failed_faults]
        self.second_failed = self.second_failed or other.second_failed
        self.coverage.merge(other.coverage)

    def measure(self, run: Run) -> None:
        """Add what is measured and not judged, and what was covered."""
        self.coverage.see(run, self.properties)
        for counts in self.properties.values():
            counts.by_twin = None  # it has no further use, and would be carried from process to process
        for fault, size in displacement_by_fault(run).items():
            self.by_fault[fault] = max(size, self.by_fault.get(fault, 0.0))
        self.headroom = max(self.by_fault.values(), default=0.0) / run.expect.margin_headroom
        if run.twins:
            self.status_changes += int((run.broken.status != run.clean.status).sum())
        for stack in (run.clean, run.broken):
            self.missing += int(stack.missing.sum())
            self.publications += int(stack.missing.size)
        self.notes += [note for note in run.notes if note not in self.notes]
        self.failed_faults += [note for note in run.notes if note not in self.failed_faults]
        for trace in (run.clean_trace, *run.broken_traces):
            self.notes += [note for note in trace.answer.notes if note not in self.notes]
        if run.against is not None and run.against.failures:
            self.second_failed = self.second_failed or f"{run.against.label}, which it is held against, failed: {run.against.failures[0].detail}"


def displacement_by_fault(run: Run) -> dict[str, float]:
    """Return the largest displacement that one faulty source caused, by kind of fault, where the premise of `single-source` held."""
    if not run.twins:
        return {}
    premise = single_source_premise(run)
    lowest, highest, _, _ = clean_range(run.times, run.clean.value[0], run.expect.max_tracking_lag)
    moved = np.where(premise, displacement(run.broken.value, lowest[None, :], highest[None, :]), 0.0).max(axis=1)
    largest: dict[tuple[str, ...], float] = {}
    for twin, met, size in zip(run.twins, np.asarray(premise.any(axis=1)).tolist(), moved.tolist(), strict=True):
        if met and twin.touched and size >= largest.get(twin.faults, 0.0):
            largest[twin.faults] = size
    named: dict[str, float] = {}
    for faults, size in largest.items():
        name = " + ".join(dict.fromkeys(faults))
        named[name] = max(size, named.get(name, 0.0))
    return named


def scenario_of(run: Run, twin: int) -> Scenario:
    """Return the record of a twin as it was sent; -1 is the clean one."""
    return run.batch.scenario(CLEAN if twin == CLEAN else run.numbers[twin])
