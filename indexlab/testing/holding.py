"""Assertions about an index in one scenario: the properties of `indexlab properties list`, judged as an audit judges them, told as an audit tells them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from indexlab.market.errors import InputError, TargetFailure
from indexlab.testing.opening import opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from indexlab.audit.judge import Judge
    from indexlab.audit.tally import Candidate
    from indexlab.properties.property import Outcome, Property
    from indexlab.properties.run import Run
    from indexlab.scenarios.expect import Expect
    from indexlab.scenarios.scenario import Scenario
    from indexlab.testing.opening import Index, Opened

__all__ = ["Asked", "BrokenPromiseError", "ask", "assert_holds", "assert_index_stable", "assert_margin_stable", "assert_responsive", "promise_for"]

Unmet: TypeAlias = Literal["reject", "fail"]
_MOST_STEPS: Final = 300
_DEAR: Final = ("timeout", "memory", "not-started")
"""Failures that cost seconds each: after some of them a target is left alone."""
_MOST_SECONDS: Final = 20.0
"""What making a failing example smaller for display may cost: it is shrunk by Hypothesis already."""


class BrokenPromiseError(AssertionError):
    """An index breaks what it is asserted to keep; the message is the finding as a person reads it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A scenario that was asked of an index once, for all the properties wanted."""

    opened: Opened
    judge: Judge
    candidate: Candidate
    run: Run


def assert_holds(index: Index, scenario: Scenario, *properties: str, unmet: Unmet = "reject", **expect: object) -> None:
    """Assert that each of these properties (ids, at least one) holds in this scenario.

    `expect` are keys of the plan's [expect] as people write them (max_age="60s"); they are stronger than what the index declares of itself. Where none of the
    properties can be judged in the scenario, a drawn example is rejected (Hypothesis then draws another, and says when it finds none); with
    `unmet="fail"`, in an @example and in a test without @given it fails. Raises BrokenPromiseError (an AssertionError) and InputError.

    >>> calm = Scenario.of(sources=5, market="calm")
    >>> assert_holds("preset:plain-median", calm, "hull", "availability")
    """
    __tracebackhide__ = True
    problem = _problem(index, scenario, properties, unmet, expect)
    if problem is not None:
        raise BrokenPromiseError(problem)


def assert_index_stable(index: Index, scenario: Scenario, within: object = "1%", *, unmet: Unmet = "reject", **expect: object) -> None:
    """Assert `single-source`: what is broken moves the index by no more than `within` from where it is without the faults.

    >>> broken = Scenario.of(sources=5, faults=[fault("level", "kraken", at="20s")])
    >>> assert_index_stable("preset:plain-median", broken, within="1%")
    """
    __tracebackhide__ = True
    problem = _problem(index, scenario, ("single-source",), unmet, {"max_displacement": within, **expect})
    if problem is not None:
        raise BrokenPromiseError(problem)


def assert_margin_stable(index: Index, scenario: Scenario, headroom: object = "1%", *, unmet: Unmet = "reject", **expect: object) -> None:
    """Assert `margin-stability`: what is broken moves no account that has more than `headroom` into another margin state.

    The accounts are the scenario's; where it has none, a rack of 64 at known distances from a change of state.

    >>> broken = Scenario.of(sources=5, faults=[fault("level", "kraken", at="20s")])
    >>> assert_margin_stable("preset:plain-median", broken, headroom="1%")
    """
    __tracebackhide__ = True
    problem = _problem(index, scenario, ("margin-stability",), unmet, {"margin_headroom": headroom, **expect})
    if problem is not None:
        raise BrokenPromiseError(problem)


def assert_responsive(index: Index, scenario: Scenario, within: object = "5s", *, unmet: Unmet = "reject", **expect: object) -> None:
    """Assert `responsiveness`: a true move of the market is in the index `within` this time after the last source has shown it.

    >>> moved = Scenario.of(sources=5, market=market("gap", publications=46, move=1.2))
    >>> assert_responsive("preset:plain-median", moved, within="5s")
    """
    __tracebackhide__ = True
    problem = _problem(index, scenario, ("responsiveness",), unmet, {"max_tracking_lag": within, **expect})
    if problem is not None:
        raise BrokenPromiseError(problem)


def promise_for(given: Mapping[str, object], found: Opened, scenario: Scenario) -> Expect:
    """Return what an index is held to: what is given, then the scenario's interval, then what the index declares, then the defaults. Raises InputError."""
    from indexlab.market.units import format_duration
    from indexlab.properties.registry import properties
    from indexlab.scenarios.expect import Expect, Layer, promised

    layers = [Layer("expect", given), Layer(f"{found.target.label} [expect]", found.description.expect)]
    interval = _interval(scenario)
    if interval is not None and interval != Expect().interval:
        layers.insert(1, Layer("scenario", {"interval": format_duration(interval)}))
    return promised(layers, known_properties=[prop.id for prop in properties()])


def _interval(scenario: Scenario) -> int | None:
    """Return how often a scenario's index is published, microseconds; None where its times are written out one by one."""
    from indexlab.market.fixture import find_fixture, load_fixture

    if scenario.times is not None:
        return None
    if scenario.fixture is not None:
        return load_fixture(find_fixture(scenario.fixture.fixture)).interval
    return None if scenario.market is None else scenario.market.interval


def _problem(index: Index, scenario: Scenario, names: Sequence[str], unmet: Unmet, expect: Mapping[str, object]) -> str | None:
    """Return what is broken as text, or None; reject the example where nothing could be judged."""
    from indexlab.properties.registry import find_property

    if not names:
        problem = "must name at least one property"
        raise InputError(problem, key="assert_holds", remedy='write assert_holds(index, scenario, "single-source")')
    asked = ask(index, scenario, names, expect)
    if asked.opened.failure is not None:
        return _undescribed(asked.opened.target.label, asked.opened.failure)
    if asked.run.failures:
        return _told(asked, find_property("protocol"))
    reasons, judged = [], False
    for prop in asked.judge.properties:
        outcome, reason = _judged(asked, prop)
        if outcome is not None and outcome.breach is not None:
            return _told(asked, prop)
        judged |= outcome is not None and outcome.premise_met > 0
        reasons.append(f"{prop.id}: {reason}")
    return None if judged else _not_judged(reasons, unmet)


def _undescribed(label: str, failure: TargetFailure) -> str:
    from indexlab.report.text import own_words

    return "\n".join([f"{label} failed to describe itself: {failure}", *own_words(failure.log, label)])


def ask(index: Index, scenario: Scenario, names: Sequence[str], expect: Mapping[str, object]) -> Asked:
    """Run a scenario as these properties need it. Raises InputError where one of them is unknown, or can never be judged of this index and promise."""
    from indexlab.audit.judge import Judge, run_of_one
    from indexlab.audit.tally import Candidate
    from indexlab.properties.property import Occasion
    from indexlab.properties.registry import find_property

    found, chosen = opened(index), tuple(find_property(name) for name in names)
    promise = promise_for(expect, found, scenario)
    occasion = Occasion(promise, found.description.uses, found.description.provides, len(scenario.sources), scenario.sources, converts=bool(scenario.rates))
    for prop in chosen:
        reason = prop.applies(Occasion(promise, found.description.uses, found.description.provides, converts=True))
        if reason and prop.applies(occasion) == reason:
            raise InputError(f"can never be judged: {reason}", key=prop.id, remedy="leave it out, or give what it needs")
    seed = 0 if scenario.market is None else scenario.market.seed
    candidate = Candidate(chosen[0].id, "of a test", scenario, seed, retold=any(prop.metamorphic for prop in chosen))
    judge = Judge(found.target, found.description, promise, chosen, len(scenario.sources), occasion)
    run, _ = run_of_one(judge, candidate)
    if run.failures and all(failure.kind not in _DEAR for _, failure in run.failures):
        # a target that fails again and again is given up for a while: the next example would be blamed for those before it
        found.target.close()
    return Asked(found, judge, candidate, run)


def _judged(asked: Asked, prop: Property) -> tuple[Outcome | None, str]:
    """Return what a check found, or None and why there was nothing to check; a metamorphic breach that hangs on a tie is none."""
    from dataclasses import replace

    from indexlab.audit.judge import confirmed

    occasion = asked.judge.occasion
    reason = "" if occasion is None else prop.applies(occasion)
    if reason:
        return None, reason
    outcome = prop.check(asked.run)
    if outcome.breach is not None and prop.metamorphic and not confirmed(asked.judge, prop, asked.candidate):
        outcome = replace(outcome, breach=None, breached=0)
    return outcome, outcome.unmet or "its premise was not met"


def _not_judged(reasons: Sequence[str], unmet: Unmet) -> str:
    from hypothesis import event, reject

    if unmet == "reject" and _is_drawn():
        for reason in reasons:
            event(f"rejected, {reason}")
        reject()
    return "nothing could be judged in this scenario: " + "; ".join(reasons)


def _is_drawn() -> bool:
    """Say whether Hypothesis is still looking: this is no test without it, no @example, and not the example that it shows at last."""
    from hypothesis.control import current_build_context, currently_in_test_context

    return currently_in_test_context() and not current_build_context().is_final


def _told(asked: Asked, prop: Property) -> str:
    """Return a breach as text: in one sentence while Hypothesis is still looking for a simpler one, in full for the one that is shown."""
    if _is_drawn():
        return f"{prop.id} is broken"
    # in a thread of its own: it asks Hypothesis too, which must not take that for a part of the test
    with ThreadPoolExecutor(1) as own:
        return "\n" + own.submit(_in_full, asked, prop).result()


def _in_full(asked: Asked, prop: Property) -> str:
    from dataclasses import replace

    from indexlab.audit.explain import told
    from indexlab.audit.shrink import shrink
    from indexlab.report.text import finding_text

    target = asked.opened.target
    until = time.monotonic() + _MOST_SECONDS
    candidate = replace(asked.candidate, property=prop.id)
    shrunk = shrink(replace(asked.judge, properties=(prop,)), prop, candidate, _MOST_STEPS, lambda: time.monotonic() > until)
    return finding_text(told(shrunk, prop, target.label, ""), again=_again(asked.candidate.scenario))


def _again(scenario: Scenario) -> list[str]:
    from hypothesis.vendor.pretty import pretty

    return ["  to ask this again at every run, put it above the test:", *(f"    {line}" for line in f"@example(scenario={pretty(scenario)})".splitlines())]
