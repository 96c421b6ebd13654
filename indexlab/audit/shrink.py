"""Shrinking: the smallest scenario that still breaks the same property. Sources, faults, publications, quotes, then numbers; within a cap.

Deterministic: every attempt is a function of the scenario before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
import numpy as np

from indexlab.audit.judge import Judge, asked, run_of_one
from indexlab.audit.shrink_margin import shrunk_case, without_market
from indexlab.audit.shrink_market import plainest_market
from indexlab.scenarios.scenario import QuoteColumns, Scenario, materialised, without_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from indexlab.audit.tally import Candidate
    from indexlab.properties.property import Outcome, Property
    from indexlab.properties.run import Run

__all__ = ["Shrunk", "shrink"]

Item = TypeVar("Item")
_ROUNDS: Final = 4
_DIGITS: Final = (1, 2, 3, 4, 5)
_MOST_STAMPED: Final = 24
_NOT_SHRUNK: Final = ("timeout", "memory", "not-started")
"""Failures that cost seconds an attempt: such a finding is kept as it was found."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest scenario found, its run and outcome; `reproduced` is false where the breach was not there again when asked alone."""

    candidate: Candidate
    run: Run
    outcome: Outcome
    evaluations: int
    reproduced: bool
    capped: bool
    before: tuple[int, int, int]


class _Capped(Exception):  # noqa: N818 - it only ends the search
    """The cap on evaluations is reached."""


class _Search:
    """A scenario that breaks, and attempts to make it smaller."""

    def __init__(self, judge: Judge, prop: Property, candidate: Candidate, cap: int, hurry: Callable[[], bool]) -> None:
        self.judge, self.prop, self.candidate, self.cap, self.hurry = judge, prop, candidate, cap, hurry
        self.evaluations = 0
        self.run: Run | None = None
        self.outcome: Outcome | None = None
        self.failure: str | None = None

    def breaks(self, scenario: Scenario) -> bool:
        """Say whether a scenario still breaks the property; keeps it if so."""
        if self.evaluations and (self.evaluations >= self.cap or self.hurry()):
            raise _Capped
        candidate = replace(self.candidate, scenario=scenario)
        self.evaluations += 1
        run, _ = run_of_one(self.judge, candidate)
        if self.prop.id != "protocol" and run.failures:
            return False
        if run.all_failures and self.prop.id == "protocol" and not self._same_failure(run):
            return False
        outcome = asked(self.prop, run)
        if outcome.breach is None:
            return False
        if self.of_one_run and self.run is not None and not _is_less(outcome.breach.what, self.candidate.what):
            return False  # two targets that part in one thing may well part in another, too: that is a finding of its own
        if self.prop.metamorphic:
            self.evaluations += 1
            again, _ = run_of_one(self.judge, candidate, jitter=1)
            if again.failures or asked(self.prop, again).breach is None:
                return False
        self.candidate, self.run, self.outcome = replace(candidate, what=outcome.breach.what) if self.of_one_run else candidate, run, outcome
        return True

    @property
    def of_one_run(self) -> bool:
        """Whether the property is about each run by itself: then what a fault did to the quotes is as good as the fault."""
        return self.prop.needs == ("against",)

    def _same_failure(self, run: Run) -> bool:
        # a target that has failed several times in a row would not be asked any more: closing it forgives that
        self.judge.target.close()
        kind = run.all_failures[0][1].kind
        if self.failure is None:
            self.failure = kind
        return kind == self.failure

    @property
    def scenario(self) -> Scenario:
        """The smallest scenario so far."""
        return self.candidate.scenario


def shrink(judge: Judge, prop: Property, candidate: Candidate, cap: int, hurry: Callable[[], bool] = lambda: False) -> Shrunk:
    """Shrink a candidate within `cap` evaluations, or until `hurry` says that there is no more time: what was reached by then is kept."""
    before = _size(materialised(candidate.scenario))
    search = _Search(judge, prop, candidate, cap, hurry)
    capped = False
    if prop.id == "protocol":
        # the failure itself is wanted, not that a target which failed too often is asked no more
        judge.target.close()
    if not search.breaks(candidate.scenario):
        run, _ = run_of_one(judge, candidate)
        return Shrunk(candidate, run, asked(prop, run), search.evaluations + 1, reproduced=False, capped=False, before=before)
    if search.failure in _NOT_SHRUNK:
        return Shrunk(search.candidate, _found(search.run), _found(search.outcome), search.evaluations, reproduced=True, capped=True, before=before)
    try:
        if search.scenario.margin is not None and _shrink_margin(search):
            return Shrunk(search.candidate, _found(search.run), _found(search.outcome), search.evaluations, reproduced=True, capped=False, before=before)
        breach = _found(search.outcome).breach
        if breach is not None and breach.account is not None and breach.account.mode != "isolated" and search.scenario.margin is None:
            # a rack of all modes is drawn by the run's times, which are about to change
            _one_account(search)
        if not search.breaks(plainest_market(search.scenario, search.breaks)):  # pragma: no cover - it broke a moment ago
            search.breaks(candidate.scenario)
        if search.breaks(materialised(search.scenario)):
            if search.of_one_run:
                search.breaks(without_faults(search.scenario))
            _shrink_all(search)
    except _Capped:
        capped = True
    return Shrunk(search.candidate, _found(search.run), _found(search.outcome), search.evaluations, reproduced=True, capped=capped, before=before)


def _shrink_margin(search: _Search) -> bool:
    """Shrink what was asked of margin; say whether that is all of it: the case breaks without a market, and nothing else is left to shrink."""
    run, breach = _found(search.run), _found(search.outcome).breach
    alone = None if breach is None else without_market(search.scenario, run, breach.twin, search.breaks)
    shrunk_case(search.scenario, search.breaks)
    return alone is not None


def _is_less(what: str, than: str) -> bool:
    """Say whether the same happened under no other circumstances than before."""
    word, *circumstances = what.split("-")
    before, *known = than.split("-")
    return word == before and set(circumstances) <= set(known)


def _found(given: Item | None) -> Item:
    if given is None:  # pragma: no cover - the first attempt broke
        message = "nothing was found to shrink"
        raise AssertionError(message)
    return given


def _size(scenario: Scenario) -> tuple[int, int, int]:
    return len(scenario.sources), 0 if scenario.quotes is None else len(scenario.quotes.price), len(scenario.faults)


def _shrink_all(search: _Search) -> None:
    _guess(search)
    for _ in range(_ROUNDS):
        before = search.scenario
        _fewer(search, _times_of, _with_times)
        _fewer_sources(search)
        _fewer(
            search,
            lambda scenario: scenario.faults,
            lambda scenario, faults: msgspec.structs.replace(scenario, faults=tuple(faults)),
            least=1 if search.scenario.faults and not search.of_one_run else 0,
        )
        _fewer(search, _rows_of, _with_rows)
        _plainer(search)
        if search.of_one_run:
            _at_once(search)
        if search.scenario == before:
            break
    _one_account(search)


def _at_once(search: _Search) -> None:
    # where only some observations have to be old, the others are not
    for row in range(min(len(_columns(search.scenario).price), _MOST_STAMPED)):
        columns = _columns(search.scenario)
        if columns.event_time[row] != columns.receive_time[row]:
            event = (*columns.event_time[:row], columns.receive_time[row], *columns.event_time[row + 1 :])
            search.breaks(msgspec.structs.replace(search.scenario, quotes=msgspec.structs.replace(columns, event_time=event)))


def _guess(search: _Search) -> None:
    # most breaches need one publication and what each source had last said by then: try that first, it saves hundreds of steps
    if search.outcome is None or search.outcome.breach is None or search.run is None or search.scenario.quotes is None:
        return
    at = search.outcome.breach.at
    run = search.run
    if len(run.times) == 0:
        return
    newest = run.clean.panels[0].newest
    start = min((fault.start for fault in search.scenario.faults), default=int(run.times[at]))
    before = max(int(np.searchsorted(run.times, start)) - 1, 0)
    for places in ([at], [before, at]):
        # what they had said before the fault stays for now: with it fewer sources may do, and it is taken away afterwards
        rows = sorted({int(row) for place in (before, at) for row in newest[place] if row >= 0})
        smaller = _with_rows(search.scenario, rows)
        if search.breaks(msgspec.structs.replace(smaller, times=tuple(int(run.times[place]) for place in sorted(set(places))))):
            return
    # otherwise what came after the breach is of no use
    end = int(run.times[at])
    kept = [k for k, moment in enumerate(_columns(search.scenario).receive_time) if moment <= end]
    search.breaks(msgspec.structs.replace(_with_rows(search.scenario, kept), times=tuple(t for t in search.scenario.times or () if t <= end)))


def _columns(scenario: Scenario) -> QuoteColumns:
    if scenario.quotes is None:  # pragma: no cover - scenarios are materialised before they are shrunk
        message = "a scenario is materialised before it is shrunk"
        raise AssertionError(message)
    return scenario.quotes


def _times_of(scenario: Scenario) -> Sequence[int]:
    return scenario.times or ()


def _with_times(scenario: Scenario, times: Sequence[int]) -> Scenario:
    return msgspec.structs.replace(scenario, times=tuple(times))


def _rows_of(scenario: Scenario) -> Sequence[int]:
    return range(len(_columns(scenario).price))


def _with_rows(scenario: Scenario, rows: Sequence[int]) -> Scenario:
    return msgspec.structs.replace(scenario, quotes=_columns(scenario).take(rows))


def _fewer(search: _Search, items_of: Callable[[Scenario], Sequence[Item]], rebuilt: Callable[[Scenario, Sequence[Item]], Scenario], least: int = 1) -> None:
    """Take away stretches of items, halving their length, as long as the scenario still breaks."""
    size = max(len(items_of(search.scenario)) // 2, 1)
    while True:
        end = len(items_of(search.scenario))
        while end > 0:
            items = items_of(search.scenario)
            begin = max(end - size, 0)
            smaller = [*items[:begin], *items[end:]]
            if least <= len(smaller) < len(items):
                search.breaks(rebuilt(search.scenario, smaller))
            end = begin
        if size == 1:
            return
        size //= 2


def _fewer_sources(search: _Search) -> None:
    for position in reversed(range(len(search.scenario.sources))):
        if len(search.scenario.sources) > 1 and position < len(search.scenario.sources):
            search.breaks(_without_source(search.scenario, position))


def _without_source(scenario: Scenario, position: int) -> Scenario:
    columns = _columns(scenario)
    kept = _with_rows(scenario, [row for row, source in enumerate(columns.source) if source != position])
    quotes = _columns(kept)
    quotes = msgspec.structs.replace(quotes, source=tuple(source - (source > position) for source in quotes.source))
    faults = []
    for fault in scenario.faults:
        left = tuple(source - (source > position) for source in fault.sources if source != position)
        if left:
            faults.append(msgspec.structs.replace(fault, sources=left))
    sources = tuple(source for place, source in enumerate(scenario.sources) if place != position)
    return msgspec.structs.replace(kept, sources=sources, quotes=quotes, faults=tuple(faults))


def _plainer(search: _Search) -> None:
    for attempt in _plain_attempts(search.scenario):
        changed = attempt(search.scenario)
        if changed != search.scenario:
            search.breaks(changed)


def _plain_attempts(scenario: Scenario) -> Iterator[Callable[[Scenario], Scenario]]:
    yield lambda given: msgspec.structs.replace(given, quotes=msgspec.structs.replace(_columns(given), volume=None))
    yield lambda given: msgspec.structs.replace(given, quotes=msgspec.structs.replace(_columns(given), bid=None, ask=None))
    yield lambda given: msgspec.structs.replace(given, sources=tuple(msgspec.structs.replace(source, weight=1.0) for source in given.sources))
    yield lambda given: msgspec.structs.replace(given, quotes=msgspec.structs.replace(_columns(given), event_time=_columns(given).receive_time))
    yield _whole_seconds
    for digits in _DIGITS:
        yield lambda given, digits=digits: _rounded(given, digits)  # type: ignore[misc]
    for number, fault in enumerate(scenario.faults):
        if fault.every is not None:
            yield lambda given, number=number: _with_fault(given, number, every=None, until=None)  # type: ignore[misc]
        if fault.end is not None:
            yield lambda given, number=number: _with_open_end(given, number)  # type: ignore[misc]
        for digits in (1, 2):
            yield lambda given, number=number, digits=digits: _plain_intensity(given, number, digits)  # type: ignore[misc]


def _whole_seconds(scenario: Scenario) -> Scenario:
    columns = _columns(scenario)
    second = 1_000_000
    return msgspec.structs.replace(
        scenario,
        quotes=msgspec.structs.replace(
            columns, receive_time=tuple(t // second * second for t in columns.receive_time), event_time=tuple(t // second * second for t in columns.event_time)
        ),
    )


def _rounded(scenario: Scenario, digits: int) -> Scenario:
    columns = _columns(scenario)
    plain = {}
    for name in ("price", "bid", "ask"):
        column = getattr(columns, name)
        plain[name] = None if column is None else tuple(None if value is None else float(f"{value:.{digits}g}") for value in column)
    return msgspec.structs.replace(scenario, quotes=msgspec.structs.replace(columns, **plain))


def _with_fault(scenario: Scenario, number: int, **changes: object) -> Scenario:
    if number >= len(scenario.faults):
        return scenario
    faults = list(scenario.faults)
    faults[number] = msgspec.structs.replace(faults[number], **changes)
    return msgspec.structs.replace(scenario, faults=tuple(faults))


def _with_open_end(scenario: Scenario, number: int) -> Scenario:
    # a window that repeats has an end
    return scenario if number >= len(scenario.faults) or scenario.faults[number].every is not None else _with_fault(scenario, number, end=None)


def _plain_intensity(scenario: Scenario, number: int, digits: int) -> Scenario:
    if number >= len(scenario.faults):
        return scenario
    return _with_fault(scenario, number, intensity=min(float(f"{scenario.faults[number].intensity:.{digits}g}"), 1.0))


def _one_account(search: _Search) -> None:
    if search.outcome is not None and search.outcome.breach is not None and search.outcome.breach.account is not None:
        search.breaks(msgspec.structs.replace(search.scenario, accounts=(search.outcome.breach.account,)))
