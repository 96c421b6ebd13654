"""A scenario in few words: what is printed gives the same scenario again, and what a person gets wrong is said in one line."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

import indexlab.testing
from indexlab.faults.registry import BUNDLED
from indexlab.faults.spec import FaultSpec
from indexlab.market.errors import InputError
from indexlab.market.source import Source
from indexlab.market.synthetic import JUMPS, REGIMES
from indexlab.scenarios.brief import fault, market
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import World, draw_batch
from indexlab.scenarios.scenario import FixtureSlice, Scenario, materialised
from indexlab.scenarios.strategies import drawn_batches
from indexlab.testing import accounts, any_fault, baskets, between, scenarios, several_sources

NAMES = {name: getattr(indexlab.testing, name) for name in indexlab.testing.__all__}


def again(text: str) -> Scenario:
    """What a person gets who pastes the text into a test that says `from indexlab.testing import *`."""
    return eval(text, dict(NAMES))  # noqa: S307 - our own text


@settings(max_examples=60)
@given(scenarios(sources=baskets(between(1, 12), currencies=True, shared=True) | between(1, 14), faults=any_fault() | several_sources(3), accounts=accounts()))
def test_what_is_printed_is_the_same_scenario_when_it_is_pasted(scenario):
    assert again(repr(scenario)) == scenario
    assert again(pretty(scenario)) == scenario


@settings(max_examples=60)
@given(drawn_batches(), st.integers(0, 1))
def test_so_are_the_scenarios_of_an_audit(drawn, twin):
    """With markets that are silent, mute or instant, and faults that repeat or are staggered."""
    batch = draw_batch(drawn, World(Expect(), None, book=True, twins=2, converts=True))
    scenario = batch.scenario(twin)
    assert again(repr(scenario)) == scenario


ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6) | st.sampled_from(["kraken:USD", "a:b:c", '"', "\\", "a b", "'"])
odd_sources = st.builds(Source, id=ids, venue=ids, quote=ids, weight=st.floats(1e-300, 1e300), upstream=st.none() | ids)
times = st.integers(-(10**6), 10**15)
odd_faults = st.builds(
    FaultSpec,
    fault=st.sampled_from(BUNDLED) | st.just("no-such"),
    sources=st.lists(st.integers(-1, 3), max_size=3).map(tuple),
    start=times,
    end=st.none() | times,
    intensity=st.floats(0, 1),
    seed=st.integers(0, 2**64),
    burst=st.floats(1, 1e9),
    every=st.none() | times,
    until=st.none() | times,
    stagger=st.integers(0, 10**9),
)


@given(st.lists(odd_sources, min_size=1, max_size=3, unique_by=lambda source: source.id), st.lists(odd_faults, max_size=2), st.integers(-5, 2**54))
def test_what_has_no_short_form_is_written_as_it_is(sources, faults, number):
    made = msgspec.structs.replace(market("gap"), start=number, interval=number, spacing=number, move_at=-number, seed=number, price=float(number))
    scenario = Scenario(sources=tuple(sources), market=made, faults=tuple(faults))
    assert again(repr(scenario)) == scenario


def test_written_out_quotes_and_fixtures_are_the_record_without_its_defaults():
    written = materialised(Scenario.of(2, market("calm", publications=3)))
    assert again(repr(written)) == written
    part = Scenario(sources=(Source("a", "a"),), fixture=FixtureSlice("true-crash", 0, 5))
    assert again(repr(part)) == part
    assert "quotes" not in repr(part)


def test_it_is_short():
    scenario = Scenario.of(5, market("calm", publications=46), [fault("level", "kraken", at="20s", until="40s", intensity=0.025)])
    assert repr(scenario) == (
        'Scenario.of(sources=5, market=market("calm", publications=46), faults=[fault("level", "kraken", at="20s", until="40s", intensity=0.025)])'
    )
    assert pretty(scenario).splitlines()[1:3] == ["    sources=5,", '    market=market("calm", publications=46),']
    assert repr(Scenario.of(["okx", "kraken:EUR", "gemini:USD:0.5"], "volatile")) == (
        'Scenario.of(sources=["okx", "kraken:EUR", "gemini:USD:0.5"], market=market("volatile", publications=60))'
    )


@pytest.mark.parametrize("regime", REGIMES)
def test_a_market_of_any_regime_is_made_from_its_name_alone(regime):
    made = market(regime)
    assert (made.regime, made.publications, made.price) == (regime, 60, 50_000.0)
    assert (made.move != 1.0) == (regime not in {"calm", "volatile"})
    assert (regime in JUMPS) <= (made.move == 1.05)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: market("clam"), 'market names no regime, was "clam"; did you mean "calm"?'),
        (lambda: market(publications=0), "market.publications must be from 1 to 10000000, was 0"),
        (lambda: market(price=-1), "market.price must be a finite number above 0, was -1"),
        (lambda: market(spacing="5"), 'market.spacing must be a duration with its unit, was "5"; write "30s", "500ms" or "8h"'),
        (lambda: market(leed="5s"), 'market.leed is no number of a market; did you mean "lead"?'),
        (lambda: market(start="yesterday"), 'market.start must be an RFC 3339 time, was "yesterday"; write "2019-10-31T21:00:00Z"'),
        (lambda: fault("spkie", "kraken"), 'fault names no fault, was "spkie"; did you mean "spike"?'),
        (lambda: fault("stop", "kraken", at=20), 'fault stop.at must be a duration with its unit, was 20; write "30s", "500ms" or "8h"'),
        (lambda: Scenario.of(5, faults=[fault("stop", "karken")]), 'fault stop names no source of the basket, was "karken"; did you mean "kraken"?'),
        (lambda: Scenario.of(0), "sources must be from 1 to 1024, was 0"),
        (lambda: Scenario.of(["a:USD:x"]), 'sources must be "id", "id:quote" or "id:quote:weight", was "a:USD:x"; write "kraken:USD:0.4"'),
        (lambda: Scenario.of(["a", "a"]), 'sources.id must be a unique name, was "a" twice'),
    ],
)
def test_what_a_person_gets_wrong_is_said_in_one_line(wrong, said):
    with pytest.raises(InputError) as caught:
        wrong()
    assert str(caught.value) == said
