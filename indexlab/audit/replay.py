"""Replay: a finding again against its target, or a fixture under a target's rules."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
import numpy as np

from indexlab.audit.explain import replay_line, told, told_undescribed
from indexlab.audit.judge import Judge, asked, run_of_one
from indexlab.audit.save import FindingFile, read_finding
from indexlab.audit.second import options_for_second
from indexlab.audit.shrink import Shrunk
from indexlab.audit.sides import sides_of
from indexlab.audit.tally import Candidate
from indexlab.audit.venues import is_file, rules_named
from indexlab.index.determination import STATUSES
from indexlab.market.errors import InputError, TargetFailure
from indexlab.market.fixture import find_fixture, load_fixture
from indexlab.properties.registry import find_property, properties
from indexlab.scenarios.expect import Layer, promised
from indexlab.targets.options import USUAL
from indexlab.targets.resolve import open_target
from indexlab.targets.target import Request, Streaming, undescribed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexlab.audit.events import Finding
    from indexlab.index.determination import Determinations
    from indexlab.margin.rules import VenueRules
    from indexlab.market.fixture import Fixture
    from indexlab.properties.property import Outcome, Property
    from indexlab.properties.run import Run
    from indexlab.targets.options import TargetOptions
    from indexlab.targets.target import Description, Target

__all__ = ["FixtureReplay", "Replayed", "replay_finding", "replay_fixture", "rules_of_the_day"]

_NOT_STARTED: Final = "not-started"
Answer: TypeAlias = Literal["BROKEN", "FIXED", "INCONCLUSIVE"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A finding asked again of a target: BROKEN (with the finding as it is now), FIXED, or INCONCLUSIVE where the premise was not met.

    `rules_file` is the file whose margin rules were asked about, as it is now: it may have changed since the finding was made. "" where there is none.
    """

    answer: Answer
    target: str
    finding: Finding
    why: str
    rules_file: str = ""


@dataclass(frozen=True, slots=True)
class FixtureReplay:
    """A fixture under one target: what the index did."""

    target: str
    times: list[int]
    index: list[float | None]
    status: list[str]
    notes: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many publications had each status."""
        return dict(Counter(self.status))

    def extreme(self, *, low: bool) -> tuple[int, float] | None:
        """Return time and value of the lowest or highest index, or None where there was none."""
        known = [(value, time) for value, time in zip(self.index, self.times, strict=True) if value is not None]
        if not known:
            return None
        value, time = min(known) if low else max(known, key=lambda pair: (pair[0], -pair[1]))
        return time, value


def replay_finding(path: Path, target_label: str | None, options: TargetOptions = USUAL, against: str = "") -> Replayed:
    """Ask a finding's scenario again, of two targets where they did not agree: the second one is `against`, or the file's.

    Raises InputError where the file is no finding or a target is unknown, TargetFailure where it cannot be started: that says nothing of the finding.
    """
    saved = read_finding(path)
    label = target_label or saved.target
    prop = find_property(saved.finding.property)
    expect = promised([Layer(path.name, saved.expect)], known_properties=[each.id for each in properties()])
    candidate = Candidate(prop.id, saved.finding.scenario, saved.scenario, _seed_of(saved), prop.metamorphic)
    beside = _beside(saved, prop, against, path)
    with open_target(label, options) as target, open_target(beside, options_for_second(options)) if beside else nullcontext() as second:
        description, failure = _described(target)
        if failure is not None and failure.kind == _NOT_STARTED and saved.finding.seen != _NOT_STARTED:
            raise failure
        if prop.id == "protocol" and failure is not None:
            finding = told_undescribed(prop, label, failure, "", file=path)
            return Replayed("BROKEN", label, _as_saved(finding, saved), failure.detail)
        try:
            rules = _rules_of(saved)
            judge = Judge(target, description, expect, (prop,), second=second, rules=rules, marked=saved.mark == "venue")
            run, outcome = _asked_again(judge, prop, candidate)
        except InputError as error:
            raise error.within(path) from None
        before = (saved.finding.from_sources, saved.finding.from_quotes, saved.finding.from_faults)
        shrunk = Shrunk(candidate, run, outcome, saved.finding.evaluations, reproduced=True, capped=False, before=before)
        sides = sides_of(judge, shrunk)
    as_read = msgspec.structs.replace(saved.finding, reproduce=replay_line(str(path), label))
    if run.failures and prop.id != "protocol":
        why = f"the target failed: {run.failures[0][1].detail}"
        return Replayed("BROKEN", label, as_read, why)
    # a margin case brings its rules along
    rules_file = saved.venue if is_file(saved.venue) and saved.scenario.margin is None else ""
    if outcome.breach is None:
        if not outcome.premise_met:
            why = f"{prop.id} could not be judged in this scenario: {outcome.unmet or 'its premise was not met'}"
            return Replayed("INCONCLUSIVE", label, as_read, why, rules_file)
        return Replayed("FIXED", label, as_read, f"{prop.id} holds in this scenario", rules_file)
    folder = str(path.parent.parent.parent) if path.parent.parent.name == "findings" else str(path.parent)
    return Replayed("BROKEN", label, _as_saved(told(shrunk, prop, label, folder, file=path, sides=sides), saved), outcome.breach.sentence, rules_file)


def _rules_of(saved: FindingFile) -> VenueRules | None:
    """Return the margin rules that a finding names, None where it names none. Raises InputError that says whose they are."""
    try:
        return rules_named(saved.venue) if saved.venue else None
    except InputError as error:
        problem = f"names margin rules that cannot be read: {error}"
        remedy = "put the file back, and replay from the folder that the audit ran in" if is_file(saved.venue) else None
        raise InputError(problem, key="venue", remedy=remedy) from None


def _as_saved(finding: Finding, saved: FindingFile) -> Finding:
    # it is the finding of the file, whatever it looks like now
    return msgspec.structs.replace(finding, fingerprint=saved.finding.fingerprint)


def _beside(saved: FindingFile, prop: Property, against: str, path: Path) -> str:
    """Return the label of the second target, "" for a finding about one alone."""
    if "against" not in prop.needs:
        return ""
    if not (against or saved.against):
        problem = "is about two targets, and does not name the second"
        raise InputError(problem, file=path, key="against", remedy="name it with --against")
    return against or saved.against


def _described(target: Target) -> tuple[Description, TargetFailure | None]:
    try:
        description = target.describe()
        promised([Layer("its own promise", description.expect)], known_properties=[each.id for each in properties()])
    except TargetFailure as failure:
        return undescribed(target.label), failure
    except InputError as error:
        return description, TargetFailure("misfit", f"its own promise is wrong: {error}")
    return description, None


def _asked_again(judge: Judge, prop: Property, candidate: Candidate) -> tuple[Run, Outcome]:
    run, _ = run_of_one(judge, candidate)
    if prop.id == "protocol" and asked(prop, run).breach is None:
        # what it failed on may have been a variation of the scenario
        run, _ = run_of_one(replace(judge, properties=properties()), candidate)
    return run, asked(prop, run)


def _seed_of(saved: FindingFile) -> int:
    return saved.finding.seed


def rules_of_the_day(fixture: Fixture) -> str | None:
    """Return the label of the rules that lie beside a fixture, or None."""
    return None if fixture.rules is None else f"file:{fixture.rules}"


def replay_fixture(name: str, label: str, options: TargetOptions = USUAL) -> FixtureReplay:
    """Run a target over a fixture, piece by piece where it can. Raises InputError, or TargetFailure where the target does not answer."""
    fixture = load_fixture(find_fixture(name))
    times = fixture.times()
    with open_target(label, options) as target:
        if isinstance(target, Streaming):
            return _replayed(label, times.tolist(), target.index_pieces(fixture.basket, fixture.pieces(), times))
        answer = target.index([Request(fixture.basket, fixture.quotes(), times)])[0]
    if isinstance(answer, TargetFailure):
        raise answer
    return _replayed(label, times.tolist(), [answer])


def _replayed(label: str, times: list[int], answers: Iterable[Determinations]) -> FixtureReplay:
    index: list[float | None] = []
    status: list[str] = []
    notes: tuple[str, ...] = ()
    for answer in answers:
        index.extend(None if np.isnan(value) else float(value) for value in answer.value)
        status.extend(STATUSES[code] for code in answer.status)
        notes = answer.notes
    return FixtureReplay(label, times, index, status, notes)


def is_finding_file(given: str) -> bool:
    """Say whether a word of the command line is a finding's file; a folder or an id is a fixture. Raises InputError for neither."""
    path = Path(given)
    if path.is_file():
        return True
    if path.suffix == ".json":
        problem = "does not exist"
        raise InputError(problem, file=given, remedy="give a finding's file, a fixture's folder or a fixture's id")
    find_fixture(given)
    return False
