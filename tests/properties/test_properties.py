"""What holds of every property: it is a pure function of a recorded run, and says what it is, what it needs and why it does not apply."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from indexlab.market.errors import InputError
from indexlab.market.quotes import COLUMNS
from indexlab.properties.property import Occasion
from indexlab.properties.registry import find_property, properties
from indexlab.properties.run import CLEAN, Trace
from tests.properties.recording import ALL_KINDS, EXPECT, answering, broken, late, level, market, mean, recorded

IDS = (
    "protocol",
    "determinism",
    "source-order",
    "duplicates",
    "late-data",
    "scale",
    "hull",
    "invalid-values",
    "silent-source",
    "lagging-source",
    "single-source",
    "quorum",
    "availability",
    "responsiveness",
    "recovery",
    "margin-stability",
)
TWINS = (level(1.5, 0, end=25), broken("stop", 1), broken("stop", 0, 1, 2, end=36), late(15, 2), broken("zero", 3, end=30), level(7.0, 4))
STEPPING = market(lambda second, k: (100.0 + 0.002 * k) * (1.05 if second >= 40 else 1.0))
RIGHT = recorded(*TWINS, quotes=STEPPING, retold=(CLEAN, 3))
WRONG = recorded(*TWINS, quotes=STEPPING, retold=(CLEAN, 3), answer=answering(mean, max_age=10**12, clock="receive", least=1, accept=lambda _: True))

every_property = pytest.mark.parametrize("prop", properties(), ids=lambda prop: prop.id)


def test_the_properties_are_those_of_the_contract_in_its_order():
    assert tuple(prop.id for prop in properties()) == IDS


@every_property
def test_each_has_a_statement_and_says_who_was_hurt(prop):
    assert prop.statement
    assert not prop.statement[0].isupper()
    assert not prop.statement.endswith(".")
    assert prop.hurt
    assert prop.metamorphic == (prop.id in {"source-order", "duplicates", "late-data", "scale"})
    assert find_property(prop.id) is prop


def test_a_slip_in_a_name_gets_the_nearest_one():
    with pytest.raises(InputError, match=r'^property names no property, was "single-sources"; did you mean "single-source"\?$'):
        find_property("single-sources")


@every_property
def test_a_right_target_is_judged_and_holds_in_one_run_that_has_it_all(prop):
    """A run in which every premise is met."""
    outcome = prop.check(RIGHT)
    assert outcome.breach is None, outcome.breach
    assert outcome.breached == 0
    assert 0 < outcome.premise_met <= outcome.scenarios


def test_a_wrong_target_is_found_by_all_that_its_faults_are_about():
    found = {prop.id for prop in properties() if prop.check(WRONG).breach is not None}
    assert found == {"late-data", "invalid-values", "silent-source", "lagging-source", "single-source", "quorum", "margin-stability"}


def told_again(run):
    """Return a stored run as it is read back: the same numbers in other arrays, nothing remembered."""

    def again(trace):
        quotes = trace.quotes.with_columns(**{name: getattr(trace.quotes, name).copy() for name in COLUMNS})
        return Trace(quotes, replace(trace.answer, value=trace.answer.value.copy(), status=trace.answer.status.copy()))

    return replace(
        run,
        clean_trace=again(run.clean_trace),
        broken_traces=tuple(again(trace) for trace in run.broken_traces),
        variations=tuple(replace(each, trace=again(each.trace)) for each in run.variations),
        times=run.times.copy(),
    )


def plain(outcome):
    """Return an outcome without the run it points to."""
    return replace(outcome, breach=None if outcome.breach is None else replace(outcome.breach, other=None))


def everything(run):
    traces = [run.clean_trace, *run.broken_traces, *(each.trace for each in run.variations)]
    return [getattr(trace.quotes, name).tobytes() for trace in traces for name in COLUMNS] + [
        part.tobytes() for trace in traces for part in (trace.value, trace.status)
    ]


@every_property
@pytest.mark.parametrize("run", [RIGHT, WRONG], ids=["right", "wrong"])
def test_judging_a_stored_run_again_gives_the_same_outcome_and_changes_nothing(prop, run):
    stored = everything(run)
    first = prop.check(run)
    assert prop.check(run) == first
    assert plain(prop.check(told_again(run))) == plain(first)
    assert everything(run) == stored


@every_property
def test_what_other_properties_need_makes_no_difference(prop):
    """A run with no more variations than this property asked for is judged the same."""
    lean = replace(WRONG, variations=tuple(each for each in WRONG.variations if each.kind in prop.needs))
    assert plain(prop.check(lean)) == plain(prop.check(WRONG))


@every_property
def test_each_asks_for_what_it_compares_with(prop):
    """Without its variations there is no verdict; who needs none has one."""
    bare = replace(RIGHT, variations=())
    outcome = prop.check(bare)
    assert (outcome.premise_met == 0) == bool(prop.needs)
    assert outcome.breach is None
    assert set(prop.needs) <= ALL_KINDS


@every_property
def test_only_those_of_event_times_do_not_apply_to_the_receive_clock(prop):
    occasions = [Occasion(msgspec.structs.replace(EXPECT, clock=clock), ("price",), ("index",)) for clock in ("event", "receive")]
    by_event, by_receipt = (prop.applies(occasion) for occasion in occasions)
    assert by_event == ""
    assert bool(by_receipt) == (prop.id in {"late-data", "lagging-source"})


@every_property
def test_a_run_of_nothing_is_no_crash_and_no_finding(prop):
    """No twins, hardly a publication."""
    outcome = prop.check(recorded(seconds=2, quotes=market(seconds=2)))
    assert outcome.breach is None
    assert np.isfinite(outcome.premise_met)


@every_property
def test_the_worst_that_was_seen_is_told_even_where_it_held(prop):
    worst = prop.check(RIGHT).worst
    assert worst is not None
    assert worst.text
    assert worst.unit in {"ratio", "us", "count"}
    assert worst.value >= 0 or prop.id in {"silent-source", "lagging-source"}
