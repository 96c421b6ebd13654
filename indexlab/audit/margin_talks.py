"""Margin cases beside a batch: built over the clean run and one broken one, answered by the target or by our own engine, and kept for the properties.

A case is a function of (seed, venue, what was published); one that a scenario brings along is asked as it stands, so that a finding replays bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from indexlab.index.determination import STATUSES
from indexlab.margin.case import MarginAnswer, MarginCase, Status
from indexlab.margin.rack import Rack
from indexlab.market.errors import TargetFailure
from indexlab.properties.run import CLEAN, MarginFailure, MarginTalk
from indexlab.scenarios.margin_cases import MOST_TIMES, Published, margin_case, retold
from indexlab.scenarios.margin_charged import charged_in
from indexlab.targets.target import Margining

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.rules import VenueRules
    from indexlab.properties.run import Run
    from indexlab.scenarios.scenario import Scenario
    from indexlab.targets.target import Target

__all__ = ["EVERY", "MarginSetting", "is_due", "with_margin", "with_talks"]

EVERY: Final = 16
"""Our own engine is the same whatever index it is fed: one batch in so many asks it, so that the search stays as fast as it was."""
_FEW_TIMES: Final = 6
_MOST_CELLS: Final = 1 << 16
"""Runs with more publications times accounts are not asked for the rack's states."""


@dataclass(frozen=True, slots=True)
class MarginSetting:
    """How margin is asked beside a batch: under which rules, from which seed, and of which broken twin (None: of the clean run alone).

    `named`: the plan, or the target, names these rules, and the rack follows them too; otherwise they are the usual ones, and the rack is the example's.
    `theirs`: the target has a margin engine, and answers; otherwise ours does. `cases`: margin cases are asked; `states`: the states of the rack's accounts.
    `marked`: accounts are marked by the rule of `rules`, otherwise at the index.
    """

    rules: VenueRules
    seed: int
    twin: int | None
    theirs: bool
    cases: bool = True
    states: bool = False
    named: bool = False
    marked: bool = False


def is_due(number: int, *, theirs: bool, sparing: bool = False, every: int = EVERY) -> bool:
    """Say whether margin cases are asked beside a batch of this number; of a target whose answers are dear they are beside every other one."""
    return number % every == 0 or (theirs and (not sparing or number % 2 == 0))


def with_talks(target: Target, run: Run, setting: MarginSetting | None) -> Run:
    """Return the run with its margin cases asked and answered; a case that the scenario brings is asked even where nobody wants one."""
    given = run.batch.base.margin
    if any(twin == CLEAN for twin, _ in run.failures) or (setting is None and given is None):
        return run
    if setting is None or not (setting.cases or setting.states or given is not None):
        return run
    twins = [CLEAN, *(place for place, number in enumerate(run.numbers) if number == setting.twin)]
    margin: tuple[MarginTalk, ...] = ()
    own: tuple[MarginTalk, ...] = ()
    failures: tuple[MarginFailure, ...] = ()
    if setting.cases or given is not None:
        margin, failures = _talks(target, setting, list(zip(twins, _cases(run, setting, given, twins), strict=True)))
    if setting.states and setting.theirs and not failures:
        own, failures = _talks(target, setting, list(zip(twins, _rack_cases(run, setting, twins), strict=False)))
    return replace(run, margin=margin, own=own, margin_failures=failures)


def _published(run: Run, twin: int) -> Published:
    trace = run.trace(twin)
    return Published.of(run.times, trace.value, trace.missing, trace.status)


def _cases(run: Run, setting: MarginSetting, given: MarginCase | None, twins: Sequence[int]) -> list[MarginCase]:
    clean = _published(run, CLEAN)
    # ours is the same whatever index it is fed: few cases, each of everything, over few times
    times = MOST_TIMES if setting.theirs else _FEW_TIMES
    first = given or _at_worst(run, setting, twins, margin_case(setting.seed, setting.rules, *clean, most_times=times, whole=not setting.theirs))
    return [first if twin == CLEAN else retold(first, clean, _published(run, twin)) for twin in twins]


def _at_worst(run: Run, setting: MarginSetting, twins: Sequence[int], case: MarginCase) -> MarginCase:
    """Let a funding slot fall into the fault's window in every third case, at the cap, with accounts as its payment leaves them."""
    faults = [run.twins[twin] for twin in twins if twin != CLEAN]
    first = faults[0].first if faults else None
    if setting.seed % 3 or first is None:
        return case
    return charged_in((first, faults[0].last or first), case, setting.seed)


def _rack_cases(run: Run, setting: MarginSetting, twins: Sequence[int]) -> list[MarginCase]:
    """Return what asks for the states of the rack's accounts at every publication, at the run's marks."""
    rack = run.rack
    if not isinstance(rack, Rack) or len(rack) * len(run.times) > _MOST_CELLS or not len(run.times):
        return []
    contract = rack.contract
    rules = msgspec.structs.replace(setting.rules, contracts=(contract,), collateral=(), matrix=None, funding=None, assumed={})
    cases = []
    for twin in twins:
        trace = run.trace(twin)
        series = tuple(None if gone else value for value, gone in zip(trace.value.tolist(), (trace.missing | ~np.isfinite(trace.value)).tolist(), strict=True))
        marks = tuple(None if np.isnan(mark) else mark for mark in run.mark_of(trace).tolist()) if run.mark is not None else series
        status: tuple[Status, ...] = tuple(STATUSES[code] for code in trace.status.tolist())
        cases.append(
            MarginCase(
                rules=rules,
                accounts=rack.accounts,
                times=tuple(run.times.tolist()),
                index={contract.underlying: series},
                mark={contract.id: marks},
                status={contract.underlying: status},
            )
        )
    return cases


def _talks(target: Target, setting: MarginSetting, asked: Sequence[tuple[int, MarginCase]]) -> tuple[tuple[MarginTalk, ...], tuple[MarginFailure, ...]]:
    """Have the cases answered; a failure is kept with its twin, and that twin has no talk."""
    cases = [case for _, case in asked]
    answers = _answers(target, cases, theirs=setting.theirs)
    talks = tuple(
        MarginTalk(twin, case, answer, ours=not setting.theirs) for (twin, case), answer in zip(asked, answers, strict=True) if isinstance(answer, MarginAnswer)
    )
    failures = tuple(MarginFailure(twin, case, answer) for (twin, case), answer in zip(asked, answers, strict=True) if isinstance(answer, TargetFailure))
    return talks, failures


def _answers(target: Target, cases: Sequence[MarginCase], *, theirs: bool) -> list[MarginAnswer | TargetFailure]:
    if theirs and isinstance(target, Margining):
        return target.margin(cases)
    from indexlab.margin.answer import answer

    return [answer(case) for case in cases]


def with_margin(scenario: Scenario, run: Run) -> Scenario:
    """Return the scenario with the margin case of the clean run written into it, where one was asked."""
    clean = next((talk.case for talk in run.margin if talk.twin == CLEAN), None)
    return scenario if clean is None else msgspec.structs.replace(scenario, margin=clean)
