"""A batch is a pure function of a few numbers, and leaves its promise time to be judged."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexlab.faults.registry import BUNDLED
from indexlab.faults.sizes import delay_us, value_factor
from indexlab.market.quotes import COLUMNS
from indexlab.market.source import Source
from indexlab.market.synthetic import EXTRA_COLUMNS, JUMPS, REGIMES
from indexlab.market.units import SECOND
from indexlab.scenarios.baskets import currency_users, independent, shared_groups
from indexlab.scenarios.builders import BUILDERS
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import GAPS, LONG, RECIPES, SEARCHED, Drawn, World, built_in, draw_batch
from indexlab.scenarios.scenario import expand
from indexlab.scenarios.shapes import LEVELS, STARTS
from indexlab.scenarios.strategies import drawn_batches

LIMITS = ("silences", "late", "quorum", "shared")
"""The recipes whose scenarios judge an age limit."""
ENDING = ("values", "garbage", "volumes", "moves", "start", "flat", "partial", "restart", "zoo", "pairs", "minority", "depeg", "timing", "return", "fewer")
"""The recipes whose faults end, with time to recover."""
FROM_THE_START = ("start",)


def ends(fault, market):
    """Return when the last window of a fault ends."""
    return fault.until or fault.end or market.end


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
    assert batch.base.rates == ()


@given(drawn_batches(), worlds)
def test_every_fault_leaves_time_to_be_judged(drawn, world):
    """After the last fault begins: 20 publications, and where an age limit is judged twice «max_age» + «max_recovery»."""
    batch, expect = draw_batch(drawn, world), world.expect
    market = batch.base.market
    for twin in batch.twins:
        assert twin, "a twin without a fault is the clean one again"
        after = market.end - max(fault.start for fault in twin)
        assert after >= 20 * expect.interval
        assert (min(fault.start for fault in twin) == market.start) == (drawn.recipe in FROM_THE_START)
        assert all(market.start <= fault.start < ends(fault, market) <= market.end for fault in twin)
        if drawn.recipe in LIMITS:
            assert after >= 2 * (expect.max_age + expect.max_recovery)


@given(drawn_batches().filter(lambda drawn: drawn.recipe in ENDING), worlds)
def test_what_ends_leaves_time_to_recover(drawn, world):
    batch, expect = draw_batch(drawn, world), world.expect
    for twin in batch.twins:
        assert max(ends(fault, batch.base.market) for fault in twin) + expect.max_recovery + expect.max_tracking_lag <= batch.base.market.end


@given(drawn_batches(), worlds)
def test_no_more_sources_are_broken_than_the_promise_is_about(drawn, world):
    """A value fault hits «faulty_sources»; a silence leaves «min_sources»; the quorum is lost on purpose."""
    batch, expect = draw_batch(drawn, world), world.expect
    n = len(batch.base.sources)
    assert n == drawn.sources
    for twin in batch.twins:
        hit = {position for fault in twin for position in fault.sources}
        assert hit <= set(range(n))
        if drawn.recipe in ("start", "restart"):
            assert len(hit) == 1 or n - len(hit) < expect.min_sources
        elif drawn.recipe == "garbage":
            assert len(hit) in {1, 3}
        elif drawn.recipe == "future":
            assert len(hit) in {1, n}
        elif drawn.recipe in ("values", "moves", "flat", "later", "partial", "fewer"):
            assert len(hit) == min(expect.faulty_sources, n)
        elif drawn.recipe in ("volumes", "return", "timing", "riders", "depeg"):
            assert len(hit) == 1
        elif drawn.recipe in ("zoo", "pairs", "foreign"):
            assert len(hit) == 1 or twin[0].fault == "reorder-across-sources"
        elif drawn.recipe == "minority":
            held = sum(batch.base.sources[position].weight for position in hit)
            assert 2 * held < sum(source.weight for source in batch.base.sources)
        elif drawn.recipe == "shared":
            assert len(hit) == 1 or n - len(hit) < expect.min_sources
        elif drawn.recipe == "quorum":
            assert len(hit) == 1 or all(n - len(fault.sources) < expect.min_sources for fault in twin)
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
    assert len(batches) <= 45
    assert {batch.base.market.regime for batch in batches} == set(REGIMES)
    kinds = {fault.fault for batch in batches for twin in batch.twins for fault in twin}
    assert kinds >= {"level", "spike", "decimal", "zero", "null", "negative", "stop", "freeze", "flap", "lag", "relabelled-lag", "wash"}


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
    assert len(RECIPES) == len(set(RECIPES)) == len(BUILDERS)
    assert {*SEARCHED, *LONG} == set(RECIPES)


@pytest.mark.parametrize("book", [False, True])
def test_the_built_in_batches_have_every_fault_of_the_catalogue(book):
    batches = built_in(World(Expect(), None, book=book, twins=24), 5)
    kinds = {fault.fault for batch in batches for twin in batch.twins for fault in twin}
    assert kinds >= set(BUNDLED) - {"depeg", *(() if book else ("crossed-book", "empty-side"))}


def built(recipe, world, seed=3):
    drawn = Drawn(recipe, "calm", 9, 100.0, STARTS[0], 1.05, seed)
    return draw_batch(drawn, world)


def test_nearly_every_twin_of_the_built_in_batches_is_broken():
    """A fault that touches nothing judges nothing."""
    batches = built_in(World(Expect(), None, book=True, twins=12), 2)
    touched = [injection.touched_total > 0 for batch in batches for injection in expand(batch).injections]
    assert sum(touched) >= 0.97 * len(touched)


def test_long_runs_have_few_twins_and_dear_targets_are_spared_the_longest():
    world = World(Expect(), None, book=False, twins=24)
    hour, many = built("bias", world), built("messages", world)
    assert len(hour.twins) <= 5
    assert len(many.twins) <= 2
    assert hour.base.market.end - max(fault.start for twin in hour.twins for fault in twin) > 3600 * SECOND + Expect().max_recovery
    counts = np.bincount(expand(many).clean.source)
    assert counts.max() > 2**16
    before = expand(many).clean.receive_time < min(fault.start for twin in many.twins for fault in twin)
    assert np.bincount(expand(many).clean.source[before]).max() > 2**16
    dear = msgspec.structs.replace(world, dear=True, twins=5)
    assert built("bias", dear).base.market.publications < 400
    assert len(built_in(dear, 1)) == len(built_in(world, 1)) - 1


def test_biases_reach_from_a_tenth_of_a_percent_to_the_promised_displacement():
    expect = Expect(max_displacement=0.02)
    sizes = [value_factor(twin[0].intensity, twin[0].direction) for twin in built("bias", World(expect, None, book=False, twins=24)).twins]
    assert min(abs(size - 1) for size in sizes) == pytest.approx(0.001)
    assert 0.019 < max(abs(size - 1) for size in sizes) <= 0.02
    assert min(sizes) < 1 < max(sizes)


def test_declared_thresholds_are_met_from_both_sides():
    world = World(Expect(), None, book=False, twins=24, thresholds=(0.04,))
    for recipe in ("values", "riders"):
        sizes = [value_factor(fault.intensity, fault.direction) for twin in built(recipe, world).twins for fault in twin if fault.fault == "level"]
        for edge in (0.96, 1.04):
            near = [size for size in sizes if abs(size - edge) < 0.0005]
            assert min(near) < edge < max(near)


def test_a_silence_of_all_sources_outlasts_the_limit_and_what_comes_after_it_is_broken():
    world = World(Expect(max_age=20 * SECOND), None, book=False, twins=8)
    batch = built("restart", world)
    times = expand(batch).clean.receive_time
    gap = int(np.argmax(np.diff(times)))
    assert times[gap + 1] - times[gap] > 20 * SECOND
    assert all(times[gap] < fault.start <= times[gap + 1] for twin in batch.twins for fault in twin)


def test_clocks_run_ahead_by_less_and_by_more_than_a_second_before_the_silence():
    batch = built("future", World(Expect(), None, book=False, twins=24))
    ahead = {delay_us(fault.intensity) for twin in batch.twins for fault in twin if fault.fault == "skew"}
    assert min(ahead) < SECOND
    assert max(ahead) >= 3599 * SECOND
    together = [twin for twin in batch.twins if len(twin[0].sources) > 1]
    assert all(twin[-1].fault == "stop" and twin[-1].end is None for twin in batch.twins if twin not in together)
    # all clocks ahead, and no quote so far ahead that it is none
    assert together
    assert all(delay_us(twin[0].intensity) < SECOND for twin in together)


def test_drawn_baskets_mix_currencies_where_the_target_converts_and_share_venues_where_independence_is_promised():
    world = World(Expect(independence=True), None, book=False, twins=24, converts=True)
    batch = built("depeg", world, seed=5)
    users = currency_users(batch.base.sources)
    assert len(users) > 2
    assert {rate.currency for rate in batch.base.rates} == set(users) - {"USD"}
    assert {twin[0].sources for twin in batch.twins} == {users[currency] for currency in users if currency != "USD"}
    # most sources quote in one that is not the index's: even a median of all is then one of theirs
    assert 2 * len(users["USDT"]) > len(batch.base.sources)
    expanded = expand(batch)
    assert all(rates is not expanded.rates for rates in expanded.twin_rates)
    groups = shared_groups(batch.base.sources)
    assert groups
    shared = built("shared", world)
    assert {twin[0].sources for twin in shared.twins} & set(shared_groups(shared.base.sources))
    few = [twin[0].sources for twin in shared.twins if twin[0].fault == "stop" and len(twin[0].sources) > 2]
    assert few
    n = len(shared.base.sources)
    left = [set(range(n)) - set(gone) for gone in few]
    assert all(independent(shared.base.sources, rest) < 3 for rest in left)
    assert any(len(rest) >= 3 for rest in left)
    recipes = {fault.fault for batch in built_in(world, 1) for twin in batch.twins for fault in twin}
    assert "depeg" in recipes
    assert built("flat", world).base.rates == ()


def test_a_source_that_was_far_off_three_times_is_right_for_longer_than_it_takes_to_come_back():
    expect = Expect()
    batch = built("quorum", World(expect, None, book=False, twins=24))
    strikes = [twin for twin in batch.twins if twin[0].fault == "level"]
    assert len(strikes) == 2
    for twin in strikes:
        assert len({fault.sources for fault in twin}) == 1
        assert all(after.start - before.end > expect.max_recovery for before, after in pairwise(twin))
        assert batch.base.market.end - twin[-1].end > expect.max_recovery


def test_an_empty_side_is_sent_as_null_and_as_zero():
    batch = built("garbage", World(Expect(), None, book=True, twins=14))
    sides = [expand(batch).injections[k].quotes for k, twin in enumerate(batch.twins) if twin[0].fault == "empty-side"]
    assert len(sides) == 2
    assert [bool(np.isnan(quotes.bid).any() or np.isnan(quotes.ask).any()) for quotes in sides] == [True, False]
    assert [bool((quotes.bid == 0).any() or (quotes.ask == 0).any()) for quotes in sides] == [False, True]


def test_what_a_target_asks_for_is_made():
    world = World(Expect(), None, book=True, twins=1, columns=EXTRA_COLUMNS)
    clean = expand(built("values", world)).clean
    assert clean.book is not None
    assert clean.confidence is not None
    assert clean.trade_size is not None


@settings(max_examples=25)
@given(drawn_batches(), st.booleans())
def test_a_market_that_jumps_does_so_by_the_drawn_move(drawn, converts):
    market = draw_batch(drawn, World(Expect(), None, book=False, twins=1, converts=converts)).base.market
    assert (market.move == drawn.move) == (market.regime in JUMPS) or market.regime in ("crash", "rally", "trending")
    assert market.instant == (drawn.instant or drawn.recipe == "depeg")


def test_where_some_sources_are_silent_for_good_enough_light_ones_are_left():
    world = World(Expect(), None, book=False, twins=12)
    for seed in range(12):
        batch = draw_batch(Drawn("fewer", "calm", 12, 100.0, STARTS[0], 1.0, seed), world)
        mute = batch.base.market.mute
        live = [source.weight for place, source in enumerate(batch.base.sources) if place not in mute]
        assert len(live) >= 7
        assert max(live) <= 0.15 * sum(live) * (1 + 1e-9) or not mute
        assert set(expand(batch).clean.source.tolist()) == set(range(12)) - set(mute)
        assert not {place for twin in batch.twins for fault in twin for place in fault.sources} & set(mute)
    assert any(draw_batch(Drawn("fewer", "calm", 12, 100.0, STARTS[0], 1.0, seed), world).base.market.mute for seed in range(12))


def test_the_lightest_sources_may_be_most_of_them_and_still_a_minority_of_weight():
    worlds = [draw_batch(Drawn("minority", "calm", 12, 100.0, STARTS[0], 1.0, seed), World(Expect(), None, book=False, twins=8)) for seed in range(9)]
    assert any(len(twin[0].sources) > 6 for batch in worlds for twin in batch.twins)


def test_two_faults_at_once_are_of_one_source_and_leave_open_nothing_that_statements_leave_open():
    """An observation that is no price and comes after a newer one: whether it counts, nobody promised."""
    world = World(Expect(), None, book=True, twins=40)
    garbage, late = {"null", "zero", "negative", "crossed-book", "empty-side"}, {"replay", "out-of-order", "jitter"}
    for seed in range(6):
        for one, other in built("pairs", world, seed).twins:
            assert one.sources == other.sources
            assert not ({one.fault, other.fault} & garbage and {one.fault, other.fault} & late)
