"""Estimation: independent cases, counted by property and stratum; beside the search, and never mixed with it.

The number of cases is fixed beforehand. Case i of a seed is the same on any machine, under any number of workers; a run that a time limit or Ctrl-C ended
counts the cases before the first that is missing, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from indexlab.audit.events import Estimate, PropertyEstimate, StratumEstimate
from indexlab.audit.statistics import LEVELS, bound, family_level, probability_sentence, upper, weighted_upper
from indexlab.audit.work import enough, judge_of
from indexlab.market.errors import HarnessError
from indexlab.market.seeds import derive
from indexlab.scenarios.sampler import DECLARED, case, faults_that_apply, stratum_weight
from indexlab.scenarios.scenario import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from indexlab.audit.judge import Judge
    from indexlab.audit.tally import Candidate, PropertyTally
    from indexlab.audit.work import Job
    from indexlab.properties.property import Property

__all__ = ["EstimateTally", "EstimateUnit", "Seen", "do_estimate", "estimate", "estimated", "taken_over"]

_FIRST_NUMBER: Final = 100_000_000
"""Where the numbers of independent cases begin: no batch of a search has one."""
_MARGIN_EVERY: Final = 250


class EstimateUnit(msgspec.Struct, frozen=True):
    """Cases `first` to `first + count`."""

    first: int
    count: int


@dataclass(slots=True)
class EstimateTally:
    """What was counted: by property and stratum (fault kind, regime) the cases whose premise was met, and those that broke it."""

    done: int = 0
    counts: dict[str, dict[tuple[str, str], tuple[int, int]]] = field(default_factory=dict)
    candidates: dict[str, list[Candidate]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    unrun: str = ""

    def add(self, stratum: tuple[str, str], name: str, *, met: bool, broken: bool) -> None:
        """Count one case for one property; a case that breaks a promise met its premise."""
        if met or broken:
            strata = self.counts.setdefault(name, {})
            n, k = strata.get(stratum, (0, 0))
            strata[stratum] = (n + 1, k + broken)

    def merge(self, other: EstimateTally) -> None:
        """Take in the cases that came after."""
        self.done += other.done
        self.unrun = self.unrun or other.unrun
        for name, strata in other.counts.items():
            mine = self.counts.setdefault(name, {})
            for stratum, (n, k) in strata.items():
                before = mine.get(stratum, (0, 0))
                mine[stratum] = (before[0] + n, before[1] + k)
        for name, candidates in other.candidates.items():
            # one is enough to show that it happens; the search is what collects kinds
            self.candidates.setdefault(name, candidates[:1])
        for name, error in other.errors.items():
            self.errors.setdefault(name, error)

    def total(self, name: str) -> tuple[int, int]:
        """Return n and k of one property over all strata."""
        strata = self.counts.get(name, {}).values()
        return sum(n for n, _ in strata), sum(k for _, k in strata)


def do_estimate(job: Job, unit: EstimateUnit) -> EstimateTally:
    """Run the cases of one unit, each by itself; the result is a function of (job, unit) and the target alone."""
    # a case is one twin: margin cases beside it cost more than it does itself
    judge, tally = replace(judge_of(job), margin_every=_MARGIN_EVERY), EstimateTally()
    for number in range(unit.first, unit.first + unit.count):
        if enough.ask():
            break
        _run(judge, job, number, tally)
    return tally


def _run(judge: Judge, job: Job, number: int, tally: EstimateTally) -> None:
    drawn = case(job.world, job.seed, number)
    batch = Batch(msgspec.structs.replace(drawn.scenario, faults=()), (drawn.scenario.faults,))
    tally.done += 1
    try:
        # a seed of its own: how a case is told differently is drawn anew with it, too
        part = judge.judge(batch, _FIRST_NUMBER + number, derive("case told", job.seed, number))
    except HarnessError as error:
        # a third party's fault that fails takes its own cases away, and nothing else
        tally.unrun = tally.unrun or f"case {number} ({drawn.fault}) could not be run: {error}"
        return
    stratum = (drawn.fault, drawn.regime)
    for name, counts in part.properties.items():
        if counts.errors:
            tally.errors.setdefault(name, counts.errors)
            continue
        tally.add(stratum, name, met=counts.premise_met > 0, broken=counts.breached > 0)
        if counts.breached and counts.candidates:
            tally.candidates.setdefault(name, counts.candidates[:1])


class Seen(NamedTuple):
    """What a phase of estimation brought, and why it ended before its time ("": it did not)."""

    tally: EstimateTally
    stopped: str


def estimate(job: Job, properties: Sequence[Property], planned: int, seen: Seen) -> Estimate:
    """Return the figures of a phase: `properties` are those that apply, the family of the family-wise line."""
    names = [prop.id for prop in properties]
    weight = stratum_weight(job.world)
    strata = [(kind, regime) for kind in faults_that_apply(job.world) for regime in DECLARED.regimes]
    figures = estimated(seen.tally.counts, names, dict.fromkeys(strata, weight))
    sentence = probability_sentence(job.seed)
    return Estimate(planned, seen.tally.done, job.seed, len(names), sentence, DECLARED.told(job.world), figures, seen.stopped)


def estimated(
    counts: Mapping[str, Mapping[tuple[str, str], tuple[int, int]]], names: Sequence[str], weights: Mapping[tuple[str, str], float]
) -> list[PropertyEstimate]:
    """Return the bounds of each property from (n, k) by stratum; `weights` are the strata's declared shares, in the order of the report."""
    levels = [family_level(level, len(names)) for level in LEVELS]
    figures = []
    for name in names:
        mine = counts.get(name, {})
        n, k = sum(n for n, _ in mine.values()), sum(k for _, k in mine.values())
        weighted = [(share, *mine.get(stratum, (0, 0))) for stratum, share in weights.items()]
        strata = [StratumEstimate(*stratum, share, bound(*mine[stratum])) for stratum, share in weights.items() if stratum in mine]
        family = [upper(k, n, level) for level in levels]
        total = [weighted_upper(weighted, level) for level in LEVELS]
        figures.append(PropertyEstimate(name, bound(n, k), family[0], family[1], total[0], total[1], strata))
    return figures


def taken_over(properties: dict[str, PropertyTally], seen: EstimateTally, fresh: Callable[[], PropertyTally]) -> None:
    """Hand a breach that only independent cases showed to the findings of the search; the counts of the search stay what they are."""
    for name, candidates in seen.candidates.items():
        counts = properties.setdefault(name, fresh())
        if not counts.breached:
            counts.candidates = list(candidates)
            counts.independent = seen.total(name)
    for name, error in seen.errors.items():
        counts = properties.setdefault(name, fresh())
        counts.errors = counts.errors or error
