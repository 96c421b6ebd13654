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
from tests.properties.recording import ALL_KINDS, EXPECT, answering, broken, late, level, market, mean, recorded, weighing

TWINS = (
    level(1.5, 0, end=25),
    broken("stop", 1),
    broken("stop", 0, 1, 2, end=36),
    late(15, 2),
    broken("zero", 3, end=30),
    level(7.0, 4),
    late(30, 1, fault="skew", end=40) + broken("stop", 1, start=40),
    broken("wash", 2),
    level(1.5, 0, start=0),
    level(1.005, 4),
    level(1.4, 3, 4),
    broken("depeg", 2),
    tuple(fault for start in range(20, 40, 4) for fault in level(1.2, 1, start=start, end=start + 2)),
)
PARTS = (0.0, 0.003, 0.021, 0.024, 0.03)
"""How far the venues are apart; for ten seconds of the minute all say the same."""
WEIGHTS = (0.9, 1.1, 1.0, 1.3, 0.8)


def stepping(second, venue):
    """A market that agrees for a while and then makes a true move, d and e a second after the others."""
    return (100.0 + (0.0 if 4 <= second < 14 else PARTS[venue])) * (1.05 if second >= 40 + venue // 3 else 1.0)


def hanging_together(run):
    """Return the run with c quoting in a currency of its own, and d and e on one exchange."""
    a, b, c, d, e = run.basket
    c, d, e = (msgspec.structs.replace(source, **other) for source, other in ((c, {"quote": "USDT"}), (d, {"venue": "exchange"}), (e, {"venue": "exchange"})))
    return replace(run, basket=(a, b, c, d, e))


STEPPING = market(stepping)
RIGHT = hanging_together(recorded(*TWINS, quotes=STEPPING, weights=WEIGHTS, retold=(CLEAN, 3), answer=weighing(), against=weighing(), margin=True))
EVERYTHING = {"max_age": 10**12, "clock": "receive", "least": 1, "accept": lambda _: True, "ahead": 10**12}
WRONG = recorded(*TWINS, quotes=STEPPING, weights=WEIGHTS, retold=(CLEAN, 3), answer=answering(mean, **EVERYTHING), against=answering(mean), margin=True)

every_property = pytest.mark.parametrize("prop", properties(), ids=lambda prop: prop.id)


ORDER = (
    *("protocol", "determinism", "source-order", "duplicates", "late-data", "scale", "time-shift", "weight-zero", "hull", "unanimity", "minority-weight"),
    *("invalid-values", "future-time", "silent-source", "lagging-source", "single-source", "volume-capture", "quote-depeg", "common-mode", "isolation"),
    *("small-bias", "start-up", "quorum", "availability", "responsiveness", "partial-move", "recovery", "no-flapping", "explanation", "agreement"),
    *("margin-stability", "margin-recovery", "no-silent-freeze", "funding-bounds", "margin-rules", "liquidation-rules", "parameter-cooling"),
    *("reduce-only", "post-only"),
)
"""All that the contract lists."""


def test_the_properties_are_those_of_the_contract_in_its_order():
    ids = [prop.id for prop in properties()]
    assert set(ids) <= set(ORDER)
    assert ids == sorted(ids, key=ORDER.index)


@every_property
def test_each_has_a_statement_and_says_who_was_hurt(prop):
    assert prop.statement
    assert not prop.statement[0].isupper()
    assert not prop.statement.endswith(".")
    assert prop.hurt
    assert prop.metamorphic == (prop.id in {"source-order", "duplicates", "late-data", "scale", "time-shift", "weight-zero", "agreement"})
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
    about = {"late-data", "invalid-values", "future-time", "silent-source", "lagging-source", "single-source", "start-up", "quorum", "margin-stability"}
    about |= {"funding-bounds"}
    assert found == {*about, "agreement"}


def told_again(run):
    """Return a stored run as it is read back: the same numbers in other arrays, nothing remembered."""

    def again(trace):
        quotes = trace.quotes.with_columns(**{name: getattr(trace.quotes, name).copy() for name in COLUMNS})
        return Trace(quotes, replace(trace.answer, value=trace.answer.value.copy(), status=trace.answer.status.copy()))

    return replace(
        run,
        clean_trace=again(run.clean_trace),
        broken_traces=tuple(again(trace) for trace in run.broken_traces),
        against=replace(run.against, clean_trace=again(run.against.clean_trace), broken_traces=tuple(again(trace) for trace in run.against.broken_traces)),
        variations=tuple(replace(each, trace=again(each.trace)) for each in run.variations),
        times=run.times.copy(),
    )


def plain(outcome):
    """Return an outcome without the run it points to, and what it says of each twin as lists."""
    by_twin = outcome.by_twin
    told = None if by_twin is None else (by_twin.met.tolist(), by_twin.broken.tolist(), by_twin.size.tolist(), by_twin.what)
    return replace(outcome, by_twin=None, breach=None if outcome.breach is None else replace(outcome.breach, other=None)), told


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
    assert plain(prop.check(run)) == plain(first)
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
    bare = replace(RIGHT, variations=(), against=None, margin=())
    outcome = prop.check(bare)
    # a start is judged by several checks, some of which compare with nothing else
    assert (outcome.premise_met == 0) == (bool(prop.needs) and prop.id != "start-up")
    assert outcome.breach is None
    assert set(prop.needs) <= ALL_KINDS


@every_property
def test_only_those_of_event_times_do_not_apply_to_the_receive_clock(prop):
    demanding = msgspec.structs.replace(EXPECT, independence=True, max_flapping=0.1)
    occasions = [
        Occasion(msgspec.structs.replace(demanding, clock=clock), ("price",), ("index",), converts=True, against="test") for clock in ("event", "receive")
    ]
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


@every_property
@pytest.mark.parametrize("run", [RIGHT, WRONG], ids=["right", "wrong"])
def test_what_is_said_of_each_twin_adds_up(prop, run):
    """Where the twins are told apart: broken only where the premise was met, a word for each that broke, and no size where nothing was judged."""
    outcome = prop.check(run)
    told = outcome.by_twin
    if told is None:
        return
    assert len(told.met) == len(told.broken) == len(told.size) == len(run.twins)
    assert not (told.broken & ~told.met).any()
    assert (told.size[~told.met] == 0).all()
    assert int(told.broken.sum()) <= outcome.breached
    if outcome.breach is not None and outcome.breach.twin >= 0:
        assert told.broken[outcome.breach.twin]
    if told.what is not None:
        assert [bool(word) for word in told.what] == told.broken.tolist()
