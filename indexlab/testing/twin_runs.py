"""The twin runs of a scenario, with and without its faults, as a record that a test looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexlab.testing.holding import BrokenPromiseError, ask

if TYPE_CHECKING:
    from indexlab.properties.run import Run, Trace
    from indexlab.scenarios.scenario import Scenario
    from indexlab.testing.opening import Index

__all__ = ["Determined", "Twins", "twins"]


@dataclass(frozen=True, slots=True)
class Determined:
    """What an index published: `index` (None: no value) and `status`, one a publication."""

    index: tuple[float | None, ...]
    status: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Twins:
    """A scenario's clean run and its broken one, at the same `times` (microseconds).

    `displacement` is the largest relative distance of the broken index from where the clean one is within «max_tracking_lag», first reached at
    `displaced_at`; `lost_at` are the times at which one of the two alone has a value. `clean_states` and `broken_states` are margin states by account, one a
    publication; `moved` are the accounts whose state differs at some time. `faulty` are the sources that the faults were given, `touched` how many of
    their quotes they changed, delayed or dropped.
    """

    times: tuple[int, ...]
    clean: Determined
    broken: Determined
    displacement: float
    displaced_at: int | None
    lost_at: tuple[int, ...]
    clean_states: dict[str, tuple[str, ...]]
    broken_states: dict[str, tuple[str, ...]]
    moved: tuple[str, ...]
    faulty: tuple[str, ...]
    touched: int

    def __repr__(self) -> str:
        """Say what differs."""
        who = ", ".join(self.faulty) or "nobody"
        lost = f", {len(self.lost_at)} publications in one alone" if self.lost_at else ""
        return f"<Twins: {who} broken, {self.displacement:.4%} displaced, {len(self.moved)} of {len(self.clean_states)} accounts moved{lost}>"


def twins(index: Index, scenario: Scenario, **expect: object) -> Twins:
    """Run a scenario with and without its faults; without any the two are one run.

    `expect` are keys of the plan's [expect]. Raises BrokenPromiseError where the index does not answer as the target protocol asks, and InputError.

    >>> twins("preset:plain-mean", Scenario.of(sources=5, faults=[fault("level", "kraken", at="20s", intensity=0.025)]))
    <Twins: kraken broken, 19.9042% displaced, 31 of 64 accounts moved>
    """
    asked = ask(index, scenario, ("single-source",), expect)
    if asked.opened.failure is not None or asked.run.failures:
        failure = asked.opened.failure or asked.run.failures[0][1]
        message = f"{asked.opened.target.label} did not answer: {failure}"
        raise BrokenPromiseError(message)
    return _compared(asked.run)


def _compared(run: Run) -> Twins:
    from indexlab.properties.words import clean_range, displacement

    trace = run.broken_traces[0] if run.twins else run.clean_trace
    stack = run.broken if run.twins else run.clean
    lowest, highest, _, _ = clean_range(run.times, run.clean.value[0], run.expect.max_tracking_lag)
    far = displacement(stack.value[0], lowest, highest)
    at = int(np.argmax(far)) if len(far) and far.max() > 0 else None
    clean_states, broken_states = _states(run, run.clean_trace), _states(run, trace)
    return Twins(
        times=tuple(run.times.tolist()),
        clean=_determined(run.clean_trace),
        broken=_determined(trace),
        displacement=0.0 if at is None else float(far[at]),
        displaced_at=None if at is None else int(run.times[at]),
        lost_at=tuple(run.times[stack.missing[0] != run.clean.missing[0]].tolist()),
        clean_states=clean_states,
        broken_states=broken_states,
        moved=tuple(name for name, states in clean_states.items() if states != broken_states[name]),
        faulty=tuple(run.basket[place].id for place in sorted(run.twins[0].faulty)) if run.twins else (),
        touched=run.twins[0].touched if run.twins else 0,
    )


def _determined(trace: Trace) -> Determined:
    from indexlab.index.determination import STATUSES

    return Determined(
        tuple(None if np.isnan(value) else float(value) for value in trace.value.tolist()), tuple(STATUSES[code] for code in trace.status.tolist())
    )


def _states(run: Run, trace: Trace) -> dict[str, tuple[str, ...]]:
    from indexlab.margin.states import STATES

    if run.rack is None:
        return {}
    codes = run.rack.states(run.mark_of(trace), trace.missing)
    return {name: tuple(STATES[code] for code in codes[:, place].tolist()) for place, name in enumerate(run.rack.ids)}
