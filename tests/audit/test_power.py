"""Power is measured as an audit runs: what is planted is found or survives, what is right is left alone, and only the seconds differ between runs."""

import itertools
import time

import msgspec
import pytest

from indexlab.audit.plan import BUDGETS
from indexlab.audit.power import PowerFinished, PowerPlan, PowerStarted, power, power_exit_code
from indexlab.audit.power_record import Equivalent, power_bytes, read_power
from indexlab.audit.power_try import Pair, Right, Setting, look, tried
from tests.audit.audits import SMALL, spending

MEAN, MEDIAN = "preset:plain-mean", "preset:plain-median"
NO_FILTER = Pair("no-filter", "plain", MEAN, MEDIAN)
BRIEF = Pair("no-filter", "plain", MEAN, MEDIAN, whole=False, shrink=False)
HIDDEN = Pair("hidden", "plain", MEDIAN, MEDIAN)
QUICK = BUDGETS["quick", "in-process"]
SETTING = Setting("quick", 0, lambda: 0.0)


@pytest.fixture(autouse=True)
def small():
    with spending(msgspec.structs.replace(SMALL, shrink=500)):
        yield


def plan(*pairs, rights=(), jobs=1, clock=lambda: 0.0, stop=lambda: False, equivalent=()):
    return PowerPlan("in-process", "quick", 0, jobs, tuple(pairs), tuple(equivalent), tuple(rights), clock, stop)


def measured(*pairs, **given):
    events = list(power(plan(*pairs, **given)))
    assert isinstance(events[0], PowerStarted)
    assert isinstance(events[-1], PowerFinished)
    return events[-1].power


def timeless(given):
    kills = [msgspec.structs.replace(one, kill=msgspec.structs.replace(one.kill, seconds=0.0)) for one in given.kills]
    return msgspec.structs.replace(given, kills=kills, seconds_median=None, seconds_max=None)


def test_what_is_planted_is_killed_by_the_first_property_that_tells_it_from_the_right_rules():
    attempt = tried(SETTING, NO_FILTER)
    kill = attempt.kill
    assert (kill.property, attempt.problem, attempt.cut, attempt.alarms) == ("single-source", "", False, [])
    assert kill.smallest.faults == 1
    assert kill.smallest.quotes <= 6
    assert kill.scenario.startswith("0000-00000")
    assert kill.evaluations < attempt.evaluations
    assert set(attempt.broken) >= {"single-source", "margin-stability", *kill.also}
    assert min(attempt.broken.values()) > 0


def test_where_it_is_not_wanted_whole_it_ends_with_the_kill():
    whole, brief = tried(SETTING, NO_FILTER), tried(SETTING, BRIEF)
    assert msgspec.structs.replace(whole.kill, smallest=None) == brief.kill
    assert brief.evaluations == brief.kill.evaluations < whole.evaluations


def test_what_nothing_can_find_survives_and_costs_the_whole_budget():
    attempt = tried(SETTING, HIDDEN)
    assert (attempt.kill, attempt.broken, attempt.problem) == (None, {}, "")
    assert attempt.evaluations > tried(SETTING, NO_FILTER).evaluations


def test_what_the_right_rules_break_as_well_is_no_kill_but_a_false_alarm():
    attempt = tried(SETTING, Pair("no-filter", "plain", MEAN, MEAN))
    assert attempt.kill is None
    assert attempt.broken == {}
    assert {alarm.property for alarm in attempt.alarms} >= {"single-source", "margin-stability"}
    assert all(alarm.target == MEAN and alarm.sentence for alarm in attempt.alarms)


def test_a_property_that_the_methodology_waives_kills_nothing(tmp_path):
    file = tmp_path / "waiving.toml"
    file.write_text('[expect.waive]\nsingle-source = "a plain mean"\n')
    assert tried(SETTING, Pair("no-filter", "plain", f"file:{file}", MEDIAN)).kill.property != "single-source"


def test_what_cannot_be_run_survives_with_its_reason():
    attempt = tried(SETTING, Pair("gone", "plain", "preset:nowhere", MEDIAN))
    assert attempt.kill is None
    assert "nowhere" in attempt.problem
    given = measured(Pair("gone", "plain", "preset:nowhere", MEDIAN))
    assert "nowhere" in given.survivors[0].notes[0]
    assert power_exit_code(given) == 1


def test_a_right_target_is_silent_and_one_that_is_not_is_quoted():
    silent = look(SETTING, Right("three", "right:clamp-of-three", 3))
    assert (silent.alarms, silent.cut) == ([], False)
    assert silent.judged > 10
    accused = look(SETTING, Right("mean", MEAN))
    assert {alarm.property for alarm in accused.alarms if alarm.verdict == "violated"} >= {"single-source", "margin-stability"}
    assert all(alarm.sentence for alarm in accused.alarms)
    assert [alarm.verdict for alarm in look(SETTING, Right("nowhere", "preset:nowhere")).alarms] == ["failed"]


def test_a_defect_is_killed_when_it_is_in_every_methodology():
    given = measured(
        NO_FILTER, Pair("no-filter", "hiding", MEDIAN, MEDIAN), HIDDEN, Pair("other", "plain", MEAN, MEDIAN), equivalent=[Equivalent("same", [], "why")]
    )
    assert (given.defects, given.killed, given.pairs, given.pairs_killed) == (3, 1, 4, 2)
    assert [(one.defect, one.methods) for one in given.survivors] == [("no-filter", ["hiding"]), ("hidden", ["plain"])]
    assert [one.defect for one in given.equivalent] == ["same"]
    assert given.matrix["hidden"] == {}
    assert given.matrix["no-filter"] == given.matrix["other"] != {}
    assert "single-source" not in given.properties_that_kill_nothing
    assert "determinism" in given.properties_that_kill_nothing
    assert power_exit_code(given) == 1
    assert power_exit_code(measured(BRIEF)) == 0


def test_only_the_seconds_depend_on_the_clock_and_nothing_on_the_workers():
    """In two processes as in one."""
    pairs = [NO_FILTER, Pair("no-filter", "clamp", MEAN, "right:clamp-30bp", whole=False), Pair("gone", "plain", "preset:nowhere", MEDIAN)]
    with spending(QUICK):  # worker processes know nothing of a smaller budget
        alone = measured(*pairs, clock=itertools.count().__next__)
    assert alone.seconds_median >= 1
    together = measured(*pairs, jobs=2, clock=time.monotonic)
    assert timeless(alone) == timeless(together)
    assert together.pairs_killed == 2


def test_what_is_interrupted_gives_what_is_there():
    asked = []
    events = power(plan(BRIEF, HIDDEN, rights=[Right("median", MEDIAN)], stop=lambda: bool(asked)))
    given = None
    for number, event in enumerate(events):
        if number == 1:
            asked.append(True)
        if isinstance(event, PowerFinished):
            given = event.power
    assert given.interrupted
    assert (given.defects, given.killed) == (1, 1)
    assert given.not_run == ["hidden@plain", "median"]
    assert power_exit_code(given) == 130


def test_what_is_written_is_what_is_read_and_begins_with_the_figures():
    given = measured(NO_FILTER, rights=[Right("mean", MEAN)])
    content = power_bytes(given)
    assert read_power(content) == given
    keys = ["defects", "killed", "survivors", "equivalent", "false_alarms", "seconds_median", "seconds_max", "matrix"]
    assert list(msgspec.json.decode(content))[: len(keys)] == keys
    assert given.false_alarms == len(given.alarms) > 0
