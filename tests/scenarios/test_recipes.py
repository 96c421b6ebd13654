"""A batch is a pure function of a few numbers, and leaves its promise time to be judged."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexlab.market.quotes import COLUMNS
from indexlab.market.source import Source
from indexlab.market.synthetic import REGIMES
from indexlab.market.units import SECOND
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import GAPS, RECIPES, Drawn, World, built_in, draw_batch
from indexlab.scenarios.scenario import expand
from indexlab.scenarios.shapes import LEVELS, STARTS
from indexlab.scenarios.strategies import drawn_batches

LIMITS = ("silences", "late", "quorum")
"""The recipes whose scenarios judge an age limit."""


@st.composite
def promises(draw):
    interval = draw(st.sampled_from([SECOND // 2, SECOND, 2 * SECOND, 60 * SECOND]))
    return Expect(
        interval=interval,
        max_age=interval * draw(st.integers(2, 30)),
        max_recovery=interval * draw(st.integers(1, 30)),
        max_tracking_lag=interval * draw(st.integers(1, 6)),
        max_lead=interval * draw(st.integers(1, 3)),
        min_sources=draw(st.integers(1, 5)),
        faulty_sources=draw(st.integers(1, 3)),
    )


worlds = st.builds(World, promises(), st.none(), st.booleans(), st.integers(1, 9))


@settings(max_examples=30)
@given(drawn_batches(), worlds)
def test_the_same_numbers_give_the_same_batch(drawn, world):
    """Also after the numbers went through JSON, as between a worker and who started it."""
    batch = draw_batch(drawn, world)
    again = msgspec.json.decode(msgspec.json.encode(drawn), type=Drawn)
    assert draw_batch(again, world) == batch
    assert len(batch.twins) == world.twins
    assert batch.base.faults == ()


@given(drawn_batches(), worlds)
def test_every_fault_leaves_time_to_be_judged(drawn, world):
    """After the last fault begins: 20 publications, and where an age limit is judged twice «max_age» + «max_recovery»."""
    batch, expect = draw_batch(drawn, world), world.expect
    market = batch.base.market
    for twin in batch.twins:
        assert twin, "a twin without a fault is the clean one again"
        after = market.end - max(fault.start for fault in twin)
        assert after >= 20 * expect.interval
        assert (min(fault.start for fault in twin) == market.start) == (drawn.recipe == "start")
        assert all(market.start <= fault.start < (fault.end or market.end) <= market.end for fault in twin)
        if drawn.recipe in LIMITS:
            assert after >= 2 * (expect.max_age + expect.max_recovery)


@given(drawn_batches().filter(lambda drawn: drawn.recipe in ("values", "garbage", "volumes", "moves", "start", "flat")), worlds)
def test_what_ends_leaves_time_to_recover(drawn, world):
    batch, expect = draw_batch(drawn, world), world.expect
    for twin in batch.twins:
        assert max(fault.end for fault in twin) + expect.max_recovery + expect.max_tracking_lag <= batch.base.market.end


@given(drawn_batches(), worlds)
def test_no_more_sources_are_broken_than_the_promise_is_about(drawn, world):
    """A value fault hits «faulty_sources»; a silence leaves «min_sources»; the quorum is lost on purpose."""
    batch, expect = draw_batch(drawn, world), world.expect
    n = len(batch.base.sources)
    assert n == drawn.sources
    for twin in batch.twins:
        hit = {position for fault in twin for position in fault.sources}
        assert hit <= set(range(n))
        if drawn.recipe == "start":
            assert len(hit) == 1 or n - len(hit) < expect.min_sources
        elif drawn.recipe == "garbage":
            assert len(hit) == 1
        elif drawn.recipe in ("values", "moves", "flat", "later"):
            assert len(hit) == min(expect.faulty_sources, n)
        elif drawn.recipe in ("volumes", "return"):
            assert len(hit) == 1
        elif drawn.recipe == "quorum":
            assert all(n - len(fault.sources) < expect.min_sources for fault in twin)
            assert len(twin) == 3
        else:
            assert n - len(hit) >= expect.min_sources


@settings(max_examples=25)
@given(drawn_batches(), st.integers(1, 4))
def test_faults_touch_only_the_sources_they_were_given(drawn, twins):
    expect = Expect(max_age=6 * SECOND, max_recovery=2 * SECOND, max_tracking_lag=SECOND)
    expanded = expand(draw_batch(drawn, World(expect, None, book=True, twins=twins)))
    for twin, injection in zip(expanded.batch.twins, expanded.injections, strict=True):
        hit = sorted({position for fault in twin for position in fault.sources})
        assert injection.quotes.without_sources(hit).equals(expanded.clean.without_sources(hit))
        before = expanded.clean.receive_time < min(fault.start for fault in twin)
        assert injection.quotes.take(injection.quotes.receive_time < min(fault.start for fault in twin)).equals(expanded.clean.take(before))


@given(drawn_batches(), worlds)
def test_the_basket_of_the_plan_is_used_where_there_is_one(drawn, world):
    basket = tuple(Source(name, name) for name in "xyzuv")
    assert draw_batch(drawn, msgspec.structs.replace(world, basket=basket)).base.sources == basket


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_the_built_in_batches_are_a_function_of_the_seed_and_reach_every_recipe_and_regime(seed):
    world = World(Expect(), None, book=False, twins=6)
    batches = built_in(world, seed)
    assert batches == built_in(world, seed)
    assert batches != built_in(world, seed + 1)
    assert {batch.base.market.regime for batch in batches} == set(REGIMES)
    kinds = {fault.fault for batch in batches for twin in batch.twins for fault in twin}
    assert kinds == {"level", "spike", "decimal", "zero", "null", "negative", "stop", "freeze", "flap", "lag", "relabelled-lag", "wash"}


def test_the_true_moves_are_of_either_sign_and_up_to_a_factor_of_a_hundred():
    assert all(abs(move - 1) >= 0.01 and 0.01 <= move <= 100 for move in GAPS)
    assert min(GAPS) < 0.05
    assert max(GAPS) > 95
    assert min(abs(move - 1) for move in GAPS) < 0.015


def test_starts_and_levels_lie_where_calendars_and_powers_turn():
    """Just before midnight, a month's, a year's and a leap day's end; prices that a small move takes across a power of ten or two."""
    day = 86_400 * SECOND
    assert sum(day - start % day < 200 * SECOND for start in STARTS) >= 4
    assert any(abs(level / 2**k - 1) < 2e-3 for level in LEVELS for k in (16, 20))
    assert any(abs(level / 10**k - 1) < 4e-3 for level in LEVELS for k in (-1, 4, 5))


def test_all_columns_but_the_book_are_there_and_the_book_where_it_is_asked_for():
    drawn = Drawn("values", "calm", 7, 100.0, STARTS[0], 1.0, 1)
    for book in (False, True):
        clean = expand(draw_batch(drawn, World(Expect(), None, book=book, twins=1))).clean
        assert clean.has_book == book
        assert all(len(getattr(clean, name)) == len(clean) for name in COLUMNS)
    assert len(RECIPES) == len(set(RECIPES)) == 11
