"""An audit that was ended anywhere goes on there, and comes to the same; what fails on the way takes nothing away that was found."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import msgspec
import pytest

from indexlab.audit import findings, run, work
from indexlab.audit.estimating import ESTIMATE
from indexlab.audit.events import AuditFinished, AuditResult, Finding, FindingFound
from indexlab.audit.findings import SHRINK
from indexlab.audit.journal import Journal
from indexlab.audit.kept_plan import kept_plan
from indexlab.audit.plan import Budget
from indexlab.audit.replay import replay_finding
from indexlab.audit.save import Saved, read_finding, save_finding
from indexlab.audit.search import SEARCH
from indexlab.market.errors import HarnessError, InputError
from tests.audit.audits import plan_of, spending

FEW = Budget(batches=6, twins=2, shrink=25, seconds=1e9, kinds=2, sweeps=1)
TARGETS = ("preset:plain-mean", "preset:plain-median")
ONLY = ("single-source", "invalid-values", "quorum")
MOMENTS = random.Random(20)  # noqa: S311 - moments, not secrets


@dataclass
class Shelf:
    """Pieces in memory, in the order in which they were kept; `room` is how many it takes before the power goes."""

    pieces: list[tuple[str, str, bytes]] = field(default_factory=list)
    found: list[tuple[Finding, Saved]] = field(default_factory=list)

    def read(self, target: str, phase: str) -> list[bytes]:
        return [piece for whose, which, piece in self.pieces if (whose, which) == (target, phase)]

    def write(self, target: str, phase: str, piece: bytes, found=()) -> None:
        self.pieces.append((target, phase, piece))
        self.found += found


@dataclass
class Told:
    """What an audit said, and how it ended."""

    found: list[tuple[Finding, Saved | None]] = field(default_factory=list)
    result: AuditResult | None = None
    failure: Exception | None = None


def told(plan, kept=None, budget=FEW) -> Told:
    said = Told()
    with spending(budget):
        try:
            for event, saved in run.audit(plan, kept):
                if isinstance(event, FindingFound):
                    said.found.append((event.finding, saved))
                elif isinstance(event, AuditFinished):
                    said.result = event.result
        except Exception as error:  # noqa: BLE001 - that it is told is what is tested
            said.failure = error
    return said


def plan(*targets, **changes):
    return plan_of(*(targets or TARGETS), only=ONLY, **{"estimate": 30, **changes})


@pytest.fixture(scope="module")
def whole():
    """An unbroken audit and all that it kept."""
    shelf = Shelf()
    return told(plan(), shelf), shelf.pieces, shelf.found


def test_what_is_kept_changes_nothing(whole):
    unbroken, pieces, _ = whole
    bare = told(plan())
    assert bare.result == unbroken.result
    assert bare.found == unbroken.found
    assert {phase for _, phase, _ in pieces} == {"described", SEARCH, ESTIMATE, SHRINK, "result"}
    assert len(unbroken.found) >= 3


def assert_goes_on(whole, pieces, **changes):
    unbroken, *_ = whole
    again = told(plan(**changes), Shelf(list(pieces)))
    assert again.failure is None
    assert again.result == unbroken.result
    assert [finding for finding, _ in again.found] == [finding for finding, _ in unbroken.found]


@pytest.mark.parametrize("share", [MOMENTS.random() for _ in range(2)], ids=lambda share: f"{share:.2f}")
def test_from_wherever_it_was_ended_it_comes_to_the_same(whole, share):
    assert_goes_on(whole, whole[1][: int(share * len(whole[1]))])


def test_what_is_done_is_not_done_again(whole, monkeypatch):
    """Of a finished run nothing is asked, not even what its targets say of themselves."""

    def asked(*_, **__):
        raise AssertionError("something was done again")

    monkeypatch.setattr("indexlab.audit.prepare.open_target", asked)
    monkeypatch.setattr("indexlab.audit.work.open_target", asked)
    assert_goes_on(whole, whole[1])


@pytest.mark.long
def test_from_every_piece_it_comes_to_the_same(whole):
    for length in range(len(whole[1])):
        assert_goes_on(whole, whole[1][:length])


@pytest.mark.long
@pytest.mark.parametrize("length", [3, 9, 15, 30])
def test_another_number_of_workers_goes_on_to_the_same(whole, length):
    assert_goes_on(whole, whole[1][:length], jobs=2)


@pytest.mark.parametrize("after", sorted(MOMENTS.sample(range(2, 30), 2)))
def test_what_was_done_after_somebody_asked_to_end_is_done_again(whole, after):
    """It may be cut short: an interrupted unit, a finding that was shrunk no further."""
    shelf = Shelf()
    asked = iter(range(10**9))
    ended = told(plan(stop=lambda: next(asked) > after * 3), shelf)
    assert ended.result.interrupted
    assert len(shelf.pieces) < len(whole[1])
    assert shelf.pieces == whole[1][: len(shelf.pieces)]
    assert_goes_on(whole, shelf.pieces)


def test_a_time_limit_s_cut_stays_where_it_was():
    """Going on, the clock begins anew; what it cut before is not searched after all, and says so as it did."""
    clock = iter(range(10**9))
    few = replace(plan("preset:plain-mean"), clock=lambda: float(next(clock)))
    budget = msgspec.structs.replace(FEW, seconds=0.5)
    shelf = Shelf()
    cut = told(few, shelf, budget)
    phases = [phase for _, phase, _ in shelf.pieces]
    assert {"search cut", "estimate cut"} <= set(phases)
    still = replace(few, clock=lambda: 0.0)
    for length in (phases.index("search cut") + 1, phases.index("estimate cut") + 1):
        again = told(still, Shelf(shelf.pieces[:length]), budget)
        [one], [two] = cut.result.targets, again.result.targets
        assert (one.cut, one.scenarios, one.coverage) == (two.cut, two.scenarios, two.coverage)
        assert one.cut is not None
    assert one.estimate == two.estimate
    assert two.estimate.stopped.startswith("stopped by a time limit")


def test_a_survey_s_targets_are_cut_alike_when_it_goes_on(monkeypatch):
    clock = iter(range(10**9))
    survey = replace(plan(survey=True), clock=lambda: float(next(clock)), estimate=None)
    shelf = Shelf()
    budget = msgspec.structs.replace(FEW, seconds=12.0)
    unbroken = told(survey, shelf, budget)
    first, second = unbroken.result.targets
    assert first.cut is not None
    assert first.cut == second.cut
    for length in [place + 1 for place, (_, phase, _) in enumerate(shelf.pieces) if phase in {"search cut", "result"}]:
        again = told(replace(survey, clock=lambda: 0.0), Shelf(shelf.pieces[:length]), budget)
        assert [one.cut for one in again.result.targets] == [first.cut] * 2


def test_a_target_that_says_something_else_of_itself_is_another(whole):
    pieces = [(target, phase, b'"0"' if phase == "described" else piece) for target, phase, piece in whole[1][:5]]
    failed = told(plan(), Shelf(pieces)).failure
    assert isinstance(failed, InputError)
    assert str(failed) == "target preset:plain-mean says something else of itself than when the run began; bring back what it was, or begin a new run"


def test_a_breach_can_be_replayed_from_the_moment_it_was_seen(whole, tmp_path):
    """Its file is there within the unit, holds the scenario, and is the file that the shrunk finding replaces."""
    unbroken, _, seen = whole
    assert {finding.property for finding, _ in seen} == {finding.property for finding, _ in unbroken.found}
    first = {finding.property: finding for finding, _ in reversed(unbroken.found)}
    for finding, saved in seen:
        assert (finding.id, finding.file, finding.fingerprint) == tuple(getattr(first[finding.property], name) for name in ("id", "file", "fingerprint"))
        assert finding.shrink_note.startswith("not shrunk yet")
        again = replay_finding(save_finding(tmp_path, finding, saved), None)
        assert again.answer == "BROKEN"
        assert again.finding.property == finding.property


def test_the_journal_writes_that_file_and_leaves_a_better_one_alone(whole, tmp_path):
    finding, saved = whole[2][0]
    journal = Journal.begun(tmp_path, kept_plan(plan(), tmp_path), "now")
    journal.write(finding.target, SEARCH, b"{}", [(finding, saved)])
    assert read_finding(tmp_path / finding.file).finding == finding
    journal.write(finding.target, SEARCH, b"{}", [(msgspec.structs.replace(finding, sentence="worse"), saved)])
    assert read_finding(tmp_path / finding.file).finding == finding
    journal.close()


def test_a_unit_that_fails_ends_the_search_and_what_was_found_is_told(monkeypatch):
    """Then it is raised: a failure of ours is never a pass, and never hides a finding."""
    do_unit, done = work.do_unit, []

    def fails(job, unit):
        done.append(unit)
        if len(done) == 10:
            raise ZeroDivisionError("planted")
        return do_unit(job, unit)

    monkeypatch.setattr("indexlab.audit.search.do_unit", fails)
    shelf = Shelf()
    said = told(plan(), shelf)
    assert isinstance(said.failure, ZeroDivisionError)
    assert said.result.interrupted
    assert [target.target for target in said.result.targets] == [TARGETS[0]]
    assert {"single-source", "invalid-values"} <= {finding.property for finding, _ in said.found}
    assert [phase for _, phase, _ in shelf.pieces] == ["described", *[SEARCH] * 9]


def test_a_finding_that_cannot_be_shrunk_is_kept_as_it_was_seen(whole, monkeypatch):
    find, failing = findings.find_finding, "single-source"

    def fails(job, task, candidate):
        if task.property == failing:
            raise HarnessError("planted\nin two lines")
        return find(job, task, candidate)

    monkeypatch.setattr(findings, "find_finding", fails)
    said = told(plan())
    assert said.failure is None
    before = {finding.id: finding for finding, _ in whole[0].found}
    for finding, saved in said.found:
        if finding.property == failing:
            assert finding.shrink_note == "not shrunk, for a failure of indexlab itself: HarnessError: planted in two lines"
            assert saved.scenario.faults
        else:
            assert finding == before[finding.id]
    assert {finding.property for finding, _ in said.found} == {finding.property for finding in before.values()}
