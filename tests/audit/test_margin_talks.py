"""Margin cases beside a batch: who is asked when, what becomes of a failure, and that a finding replays and shrinks to next to nothing."""

import msgspec
import pytest

from indexlab.audit.judge import Judge, run_of_one
from indexlab.audit.margin_talks import is_due
from indexlab.audit.plan import read_plan
from indexlab.audit.shrink import shrink
from indexlab.audit.venues import rules_named
from indexlab.margin.answer import answer
from indexlab.margin.ladder import Ladder
from indexlab.market.errors import InputError, TargetFailure
from indexlab.properties.registry import find_property, properties
from indexlab.properties.run import CLEAN
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import World, built_in
from indexlab.scenarios.scenario import Batch, from_bytes, to_bytes
from indexlab.targets.resolve import open_target
from indexlab.targets.target import Description
from tests.audit.audits import SMALL, audited

EXPECT = Expect()
BATCHES = built_in(World(EXPECT, None, book=False, twins=3), 0)
MARGIN = ("margin-rules", "funding-bounds", "liquidation-rules")


class Engine:
    """The plain median beside a margin engine: ours, with its answers changed at will."""

    kind = "in-process"

    def __init__(self, change=lambda _, told: told, label="test:engine"):
        self.change, self.label, self.asked = change, label, []
        self._index = open_target("preset:plain-median")

    def describe(self):
        return Description("engine", provides=("index", "margin"))

    def index(self, requests):
        return self._index.index(requests)

    def margin(self, cases):
        self.asked += cases
        return [self.change(case, answer(case)) for case in cases]

    def close(self):
        pass


def never_liquidates(_, told):
    """Everybody whose position should be closed keeps it."""
    rows = tuple(tuple("warning" if state == "liquidation" else state for state in row) for row in told.state)
    return msgspec.structs.replace(told, state=rows)


def judge_of(target, *names, **more):
    return Judge(target, target.describe(), EXPECT, tuple(find_property(name) for name in names or MARGIN), **more)


def test_who_needs_margin_is_registered_and_says_so():
    assert tuple(prop.id for prop in properties() if "margin" in prop.needs) == ("funding-bounds", "margin-rules", "liquidation-rules")


def test_an_index_alone_is_asked_now_and_then_and_our_engine_answers():
    assert [number for number in range(40) if is_due(number, theirs=False)] == [0, 16, 32]
    assert all(is_due(number, theirs=True) for number in range(40))
    judge = judge_of(open_target("preset:plain-median"))
    asked = judge.recorded(BATCHES[0], judge.setting(0, (CLEAN, 0), 0)).margin
    assert [(talk.twin, talk.ours) for talk in asked] == [(CLEAN, True), (0, True)]
    assert all(talk.case.funding and talk.case.liquidation for talk in asked)
    assert judge.recorded(BATCHES[0], judge.setting(0, (CLEAN, 0), 1)).margin == ()


def test_a_sweep_asks_nobody():
    judge = judge_of(Engine(), "margin-stability", *MARGIN)
    run = judge.recorded(BATCHES[0], judge.setting(0, ()))
    assert (run.margin, run.own) == ((), ())


@pytest.mark.parametrize("label", ["preset:plain-median", "preset:plain-mean"])
def test_the_built_in_batches_meet_every_premise_and_our_engine_keeps_its_rules(label):
    """Even in the smallest profile; the mean breaks the bound on one payment, as it breaks what is promised of one source."""
    found = audited(label, only=MARGIN, budget=msgspec.structs.replace(SMALL, batches=1)).properties()
    assert {name: found[name].verdict for name in ("margin-rules", "liquidation-rules")} == dict.fromkeys(("margin-rules", "liquidation-rules"), "holds")
    assert found["funding-bounds"].verdict in {"holds", "violated"}
    assert all(found[name].premise_met for name in MARGIN)


def test_a_target_s_own_engine_is_asked_beside_every_batch_and_for_the_states_of_the_rack():
    target = Engine()
    judge = judge_of(target, "margin-stability", *MARGIN)
    run = judge.recorded(BATCHES[3], judge.setting(0, (CLEAN, 1), 3))
    assert [(talk.twin, talk.ours) for talk in run.margin] == [(CLEAN, False), (1, False)]
    assert [talk.twin for talk in run.own] == [CLEAN, 1]
    assert {account.mode for account in run.own[0].case.accounts} == {"isolated"}
    assert run.own[0].case.times == tuple(run.times.tolist())
    assert (run.own_states(1) == run.broken_states[1]).all()
    assert (run.clean_states(1) == run.own_states(CLEAN)).all()
    assert (run.rack.states(run.clean.value, run.clean.missing)[0] == run.own_states(CLEAN)).all()
    assert judge.judged(run, 3, 0).properties["margin-stability"].breached == 0


def test_its_own_states_are_what_is_judged():
    """The index stands still, and the engine has everybody liquidated while a source is wrong."""
    calls = []

    def panics(case, told):
        if len(case.accounts) < 15 or any(account.mode != "isolated" for account in case.accounts):
            return told
        calls.append(case)
        return told if len(calls) % 2 else msgspec.structs.replace(told, state=tuple(tuple("liquidation" for _ in row) for row in told.state))

    judge = judge_of(Engine(panics), "margin-stability")
    counts = judge.judge(BATCHES[0], 0, 0).properties["margin-stability"]
    assert counts.breached == 1
    assert counts.candidates[0].what == "liquidation"


def test_a_wrong_engine_s_finding_shrinks_to_an_account_and_a_time_and_replays():
    judge, prop = judge_of(Engine(never_liquidates), "margin-rules"), find_property("margin-rules")
    counts = judge.judge(BATCHES[0], 0, 0).properties["margin-rules"]
    candidate = counts.candidates[0]
    shrunk = shrink(judge, prop, candidate, 300)
    small = shrunk.candidate.scenario
    assert shrunk.reproduced
    assert (len(small.sources), len(small.faults), len(small.margin.accounts), len(small.margin.times)) == (1, 0, 1, 1)
    assert small.margin.funding is small.margin.liquidation is None
    assert len(small.margin.rules.contracts) == 1
    again, _ = run_of_one(judge, shrunk.candidate)
    assert prop.check(again).breach.sentence == shrunk.outcome.breach.sentence
    assert from_bytes(to_bytes(small)) == small
    right, _ = run_of_one(judge_of(Engine(), "margin-rules"), shrunk.candidate)
    assert prop.check(right).breach is None


def test_a_margin_answer_that_fails_is_a_finding_of_protocol_and_the_index_is_judged_all_the_same():
    def fails(case, told):
        return TargetFailure("misfit", "state[0] must be a list, was 3") if case.liquidation is not None else told

    judge = judge_of(Engine(fails), "protocol", "single-source", "margin-rules")
    number = next(number for number in range(20) if judge.judge(BATCHES[number], number, 0).properties["protocol"].breached)
    tally = judge.judge(BATCHES[number], number, 0)
    assert tally.properties["single-source"].premise_met
    candidate = tally.properties["protocol"].candidates[0]
    assert candidate.scenario.margin.liquidation is not None
    shrunk = shrink(judge_of(Engine(fails), "protocol"), find_property("protocol"), candidate, 300)
    assert shrunk.reproduced
    assert "state[0] must be a list" in shrunk.outcome.breach.sentence
    assert len(shrunk.candidate.scenario.margin.accounts) == 1
    assert len(shrunk.candidate.scenario.sources) == 1


def test_the_same_batch_gives_the_same_cases():
    judge = judge_of(Engine())
    one, two = (judge.recorded(BATCHES[2], judge.setting(7, (CLEAN, 0), 2)).margin for _ in range(2))
    assert [talk.case for talk in one] == [talk.case for talk in two]
    other = judge.recorded(BATCHES[2], judge.setting(8, (CLEAN, 0), 2)).margin
    assert other[0].case != one[0].case


def test_a_plan_names_the_venue(tmp_path):
    path = tmp_path / "indexlab.toml"
    path.write_text('[margin]\nvenue = "okx"\n')
    assert read_plan(path).venue == "okx"
    path.write_text("[margin]\nvenue = 3\n")
    with pytest.raises(InputError, match=r"indexlab\.toml: margin\.venue must be a text, was 3"):
        read_plan(path)
    target = Engine()
    judge = judge_of(target, rules=rules_named("okx"))
    run = judge.recorded(BATCHES[1], judge.setting(0, (CLEAN, 0), 1))
    assert run.margin[0].case.rules.states == rules_named("okx").states


def test_a_tenth_of_the_racks_hold_accounts_of_all_modes_and_such_a_finding_shrinks_to_one_of_them():
    target = open_target("preset:plain-mean")
    judge, prop = judge_of(target, "margin-stability"), find_property("margin-stability")
    mixed = [number for number, batch in enumerate(BATCHES) if isinstance(judge.recorded(batch, judge.setting(0, (CLEAN,))).rack, Ladder)]
    assert 1 <= len(mixed) <= len(BATCHES) // 4
    number = mixed[0]
    rack = judge.recorded(BATCHES[number], judge.setting(0, (CLEAN,))).rack
    shared = tuple(account for account in rack.accounts if account.mode != "isolated")
    assert {account.mode for account in shared} == {"cross", "portfolio"}
    # of a rack of all modes the witness may be any; here only these are there
    batch = Batch(msgspec.structs.replace(BATCHES[number].base, accounts=shared), BATCHES[number].twins)
    candidate = judge.judge(batch, number, 0).properties["margin-stability"].candidates[0]
    shrunk = shrink(judge, prop, candidate, 200)
    (account,) = shrunk.candidate.scenario.accounts
    assert account in shared
    assert len(shrunk.candidate.scenario.sources) < len(candidate.scenario.sources)
    assert f"the account {account.id}, " in shrunk.outcome.breach.sentence


def test_the_rack_follows_the_venue_of_the_plan():
    judge = judge_of(open_target("preset:plain-median"), "margin-stability", rules=rules_named("hyperliquid"))
    rack = judge.recorded(BATCHES[0], judge.setting(0, (CLEAN,))).rack
    assert rack.contract == rules_named("hyperliquid").contracts[0]
