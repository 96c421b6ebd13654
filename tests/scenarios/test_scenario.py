"""A scenario is a small record that replays bit for bit, from JSON too, with its quotes drawn or written out."""

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexlab.faults.spec import FaultSpec
from indexlab.margin.account import Account
from indexlab.market.errors import InputError
from indexlab.market.levels import Levels
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source
from indexlab.market.units import SECOND
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.scenario import Batch, FixtureSlice, QuoteColumns, Scenario, expand, expand_base, from_bytes, materialised, to_bytes
from indexlab.testing import any_fault, markets, scenarios, several_sources

SHORT = Expect(max_age=6 * SECOND, max_recovery=2 * SECOND, max_tracking_lag=SECOND)
BASKET = tuple(Source(name, name) for name in "abc")
BY_HAND = Scenario(
    sources=BASKET,
    quotes=QuoteColumns(receive_time=(10, 20, 20), event_time=(9, 20, 18), source=(0, 2, 1), price=(100.0, None, 0.1), bid=(99.0, None, None)),
    times=(15, 20, 30),
    faults=(FaultSpec("level", (0,), 0, None, 0.1),),
    accounts=(Account("long", 1.0, 100.0, 5.0),),
)


def run_of(scenario):
    return expand(Batch(msgspec.structs.replace(scenario, faults=()), (scenario.faults,)))


@settings(max_examples=40)
@given(scenarios(expect=SHORT, faults=any_fault() | several_sources(3), book=True))
def test_a_scenario_goes_through_json_unchanged_and_replays_to_the_bit(scenario):
    back = from_bytes(to_bytes(scenario))
    assert back == scenario
    once, again = run_of(scenario), run_of(back)
    assert again.clean.equals(once.clean)
    assert again.injections[0].quotes.equals(once.injections[0].quotes)
    assert again.times.tolist() == once.times.tolist()


@settings(max_examples=25)
@given(st.booleans().flatmap(lambda book: scenarios(expect=SHORT, faults=any_fault() | several_sources(3), book=book)))
def test_written_out_a_scenario_expands_to_the_very_same_quotes(scenario):
    """Through JSON: a saved finding is a written-out one."""
    out = from_bytes(to_bytes(materialised(scenario)))
    assert out.market is None
    assert out.faults == scenario.faults
    drawn, written = run_of(scenario), run_of(out)
    assert written.clean.equals(drawn.clean)
    assert written.injections[0].quotes.equals(drawn.injections[0].quotes)
    assert written.injections[0].touched == drawn.injections[0].touched
    assert written.times.tolist() == drawn.times.tolist()
    assert materialised(out) == out


def test_explicit_quotes_are_taken_as_they_are():
    back = from_bytes(to_bytes(BY_HAND))
    assert back == BY_HAND
    basket, times, quotes = expand_base(back)
    assert basket == BASKET
    assert times.tolist() == [15, 20, 30]
    assert quotes.receive_time.tolist() == [10, 20, 20]
    assert quotes.event_time.tolist() == [9, 20, 18]
    assert quotes.source.tolist() == [0, 2, 1]
    assert np.array_equal(quotes.price, [100.0, np.nan, 0.1], equal_nan=True)
    assert np.array_equal(quotes.bid, [99.0, np.nan, np.nan], equal_nan=True)
    assert np.isnan(quotes.ask).all()


def test_the_faults_of_a_batch_s_twin_are_those_of_its_scenario():
    base = msgspec.structs.replace(BY_HAND, faults=())
    batch = Batch(base, (BY_HAND.faults, ()))
    assert batch.scenario(0) == BY_HAND
    assert batch.scenario(1) == batch.scenario(-1) == base
    clean, one, none = expand(batch).clean, *expand(batch).injections
    assert none.quotes is clean or none.quotes.equals(clean)
    assert one.quotes.price.tolist()[0] == pytest.approx(100 * 10**1.2)


def changed(**fields):
    return {**json.loads(to_bytes(BY_HAND)), **fields}


@pytest.mark.parametrize(
    ("record", "named"),
    [
        (changed(fauls=[]), "fauls"),
        (changed(sources=[{"id": "a", "venue": "a", "colour": "red"}]), "colour"),
        (changed(quotes={"receive_time": [1], "event_time": [1], "source": [0], "price": [1.0], "open": [1.0]}), "open"),
        (changed(faults=[{"fault": "stop", "sources": [0], "start": 0, "when": 1}]), "when"),
        (changed(accounts=[{"id": "x", "size": 1, "entry_price": 1, "collateral": 1, "mood": 1}]), "mood"),
        (changed(times=["soon"]), "times"),
        ({"quotes": None}, "sources"),
    ],
)
def test_an_unknown_or_wrong_field_is_refused_by_name(record, named):
    with pytest.raises(InputError, match=rf"^f\.json: is no scenario: .*{named}"):
        from_bytes(json.dumps(record).encode(), file="f.json")


def refusal(text):
    """Return what is said of a file, nothing where it is a scenario all the same."""
    try:
        expand_base(from_bytes(text, file="f.json"))
    except InputError as error:
        return str(error)
    return ""


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_file_is_one_line_never_a_crash(place, byte):
    text = bytearray(to_bytes(BY_HAND))
    text[place % len(text)] = byte
    said = [refusal(damaged) for damaged in (bytes(text), bytes(text[: place % len(text)]))]
    assert not any("\n" in line for line in said)
    assert said[1].startswith("f.json: is no scenario: ")


@settings(max_examples=5)
@given(markets(expect=SHORT))
def test_a_scenario_has_exactly_one_market(market):
    for wrong, said in (
        (Scenario(sources=BASKET), "has none"),
        (msgspec.structs.replace(BY_HAND, market=market), "has market and quotes"),
        (msgspec.structs.replace(BY_HAND, fixture=FixtureSlice("calm", 0, 1)), "has quotes and fixture"),
    ):
        with pytest.raises(InputError, match=rf"^scenario must have exactly one of market, quotes and fixture, {said}$"):
            expand_base(wrong)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"times": None}, "scenario.times must be given beside explicit quotes"),
        ({"times": (20, 15)}, "scenario.times must not go back"),
        ({"faults": (FaultSpec("stop", (3,), 0),)}, "scenario.faults.sources must be positions in the 3 sources, were [3]"),
        ({"faults": (FaultSpec("stop", (-1,), 0),)}, "scenario.faults.sources must be positions in the 3 sources, were [-1]"),
        ({"sources": BASKET[:2]}, "source must be a position in the list of sources, was 2 in row 1"),
        ({"sources": ()}, "sources must name at least one source"),
    ],
)
def test_a_scenario_that_contradicts_itself_is_refused_in_one_line(fields, message):
    with pytest.raises(InputError) as caught:
        expand_base(msgspec.structs.replace(BY_HAND, **fields))
    assert str(caught.value) == message


def test_a_stretch_of_a_fixture_is_cut_by_receive_time_and_publication_time():
    """The ends belong to it."""
    whole = Scenario(sources=BASKET, fixture=FixtureSlice("bitmex-2017-04-15", 0, 2**52))
    _, times, quotes = expand_base(msgspec.structs.replace(whole, sources=tuple(Source(str(k), str(k)) for k in range(12))))
    start, end = int(times[3]), int(times[7])
    part = Scenario(sources=tuple(Source(str(k), str(k)) for k in range(12)), fixture=FixtureSlice("bitmex-2017-04-15", start, end))
    _, cut_times, cut = expand_base(part)
    assert cut_times.tolist() == times[3:8].tolist()
    assert cut.equals(quotes.take((quotes.receive_time >= start) & (quotes.receive_time <= end)))
    assert expand_base(materialised(part))[2].equals(cut)


def test_columns_that_only_some_methodologies_need_are_written_out_and_come_back():
    quotes = Quotes.from_columns(
        receive_time=[10, 20, 20],
        source=[0, 2, 1],
        price=[1.0, None, 3.0],
        confidence=[0.1, None, 0.2],
        trade_size=[None, 2.0, 3.0],
        book=Levels.from_lists([([(1.0, 2.0), (np.nan, 3.0)], [(2.0, 1.0)]), None, ([], [(3.0, 1.0)])]),
    )
    told = QuoteColumns.of(quotes)
    scenario = msgspec.structs.replace(BY_HAND, quotes=told, faults=())
    assert from_bytes(to_bytes(scenario)) == scenario
    assert from_bytes(to_bytes(scenario)).quotes.quotes(3).equals(quotes)
    assert told.take([0, 2]).quotes(3).equals(quotes.take(np.array([0, 2])))
    assert not any(name in to_bytes(BY_HAND) for name in (b"confidence", b"trade_size", b"book"))
