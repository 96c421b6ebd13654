"""The engine and the textbook are two readings of the same declaration, and agree."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexlab.index import engine, reference
from indexlab.index.catalogue import preset, preset_names
from indexlab.index.declaration import parse_declaration
from indexlab.index.determination import REASONS, STATUSES
from indexlab.index.rules import FewRule
from indexlab.market.errors import InputError
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source
from tests.index import drawing_all
from tests.index.drawing import SECOND, START, baskets, cases, declarations, publications, quotes

# `tests/index/drawing.py` draws rows one by one so that thresholds and ties are met; that is slow for Hypothesis' taste, and deliberate
drawn = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def assert_agree(found, expected, *, signed=True):
    """Statuses and reasons exactly, values to a relative 1e-12 (where prices may be negative: of the largest that entered)."""
    assert [STATUSES[code] for code in found.status] == [STATUSES[code] for code in expected.status]
    assert [[REASONS[code] for code in row] for row in found.reason] == [[REASONS[code] for code in row] for row in expected.reason]
    assert np.array_equal(np.isnan(found.value), np.isnan(expected.value))
    assert np.array_equal(np.isnan(found.used), np.isnan(expected.used))
    scale = np.nanmax(np.abs(np.concatenate((expected.used, expected.value[:, None]), axis=1)), axis=1, initial=0.0)
    assert np.all(np.abs(np.nan_to_num(found.value) - np.nan_to_num(expected.value)) <= 1e-12 * (scale if signed else np.nan_to_num(expected.value)))
    assert np.all(np.abs(np.nan_to_num(found.used) - np.nan_to_num(expected.used)) <= 1e-12 * (scale[:, None] if signed else np.nan_to_num(expected.used)))
    assert np.allclose(found.weight, expected.weight, rtol=0, atol=1e-12)
    assert found.notes == expected.notes


@settings(drawn, max_examples=400)
@given(cases())
def test_engine_agrees_with_the_reference_on_any_declaration_and_any_quotes(case):
    declaration, basket, said, times = case
    found, expected = (room.determine(declaration, basket, said, times) for room in (engine, reference))
    assert_agree(found, expected, signed=declaration.validity.accept == "finite")


@settings(drawn, max_examples=400, deadline=None)
@given(drawing_all.cases())
def test_engine_agrees_with_the_reference_on_every_rule_there_is(case):
    """Books, confidences, windows, conversion, re-inclusion, guards and all: two readings of the same sentences."""
    found, expected = (room.determine(*case) for room in (engine, reference))
    assert_agree(found, expected)
    if found.confidence is not None and expected.confidence is not None:
        assert np.allclose(found.confidence, expected.confidence, rtol=1e-9, atol=1e-9, equal_nan=True)


@pytest.mark.long
@settings(drawn, max_examples=6_000, deadline=None)
@given(drawing_all.cases())
def test_engine_agrees_with_the_reference_for_long(case):
    assert_agree(engine.determine(*case), reference.determine(*case))


@pytest.mark.parametrize("name", preset_names())
@settings(drawn, max_examples=15, deadline=None)
@given(st.data())
def test_engine_agrees_with_the_reference_on_every_preset(name, data):
    basket = data.draw(baskets())
    said, times = data.draw(quotes(len(basket))), data.draw(publications())
    declaration = preset(name)
    assert_agree(engine.determine(declaration, basket, said, times), reference.determine(declaration, basket, said, times))


@settings(drawn, max_examples=100)
@given(st.data())
def test_a_batch_gives_the_same_bits_as_run_by_run(data):
    """A run knows nothing of the run before it."""
    basket, declaration, times = data.draw(baskets(most=6)), data.draw(declarations()), data.draw(publications())
    runs = [data.draw(quotes(len(basket), most=12)) for _ in range(data.draw(st.integers(0, 4)))]
    together = engine.determine_batch(declaration, basket, runs, times, detail=True)
    assert len(together) == len(runs)
    for found, said in zip(together, runs, strict=True):
        alone = engine.determine(declaration, basket, said, times)
        for column in ("value", "status", "weight", "used", "reason"):
            assert getattr(found, column).tobytes() == getattr(alone, column).tobytes()


@settings(drawn, max_examples=100)
@given(cases())
def test_detail_changes_no_value(case):
    declaration, basket, said, times = case
    full, bare = engine.determine(declaration, basket, said, times), engine.determine(declaration, basket, said, times, detail=False)
    assert full.value.tobytes() == bare.value.tobytes()
    assert full.status.tobytes() == bare.status.tobytes()
    assert bare.weight is None
    assert bare.used is None
    assert bare.reason is None


@settings(drawn, max_examples=300)
@given(cases())
def test_every_determination_explains_itself(case):
    """`ok` and `degraded` come with a finite positive value, weights that sum to 1, and their sum over prices is the value before rounding."""
    declaration, basket, said, times = case
    found = engine.determine(declaration, basket, said, times)
    for row in range(len(times)):
        status = STATUSES[found.status[row]]
        if status in ("ok", "degraded"):
            assert 0 < found.value[row] < np.inf
            assert found.weight[row].sum() == pytest.approx(1, abs=1e-12)
            if declaration.rounding is None and declaration.aggregation.even not in ("floor", "away-from-zero"):
                explained = np.nansum(found.weight[row] * found.used[row])
                assert explained == pytest.approx(found.value[row], abs=2e-12 * np.nanmax(np.abs(found.used[row])))
        else:
            assert not found.weight[row].any()
            assert np.isnan(found.used[row]).all()
            assert (status == "halted") == np.isnan(found.value[row])
        silent = ~np.isin(found.reason[row], [REASONS.index("used"), REASONS.index("clamped")])
        assert not found.weight[row][silent].any()
        assert np.isnan(found.used[row][silent]).all()


@settings(drawn, max_examples=150)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_sources_does_not_matter(case, random):
    """Renumbering the sources changes no value, and permutes the explanation, ties included."""
    declaration, basket, said, times = case
    order = list(range(len(basket)))
    random.shuffle(order)
    place = np.argsort(order).astype(np.int32)
    found = engine.determine(declaration, basket, said, times)
    turned = engine.determine(declaration, tuple(basket[s] for s in order), said.with_columns(source=place[said.source]), times)
    assert np.array_equal(found.status, turned.status)
    assert np.array_equal(found.reason[:, order], turned.reason)
    assert np.allclose(found.weight[:, order], turned.weight, rtol=0, atol=1e-12)
    scale = np.nanmax(np.abs(np.concatenate((found.used, found.value[:, None]), axis=1)), axis=1, initial=0.0)
    assert np.all(np.abs(np.nan_to_num(found.value) - np.nan_to_num(turned.value)) <= 1e-12 * scale)


@settings(drawn, max_examples=150)
@given(cases())
def test_weight_zero_is_absence(case):
    """With fixed weights, a source of weight 0 changes nothing: the value is the same without its quotes."""
    declaration, basket, said, times = case
    idle = [s for s, source in enumerate(basket) if source.weight == 0]
    if declaration.weights.kind == "fixed":
        found, without = (engine.determine(declaration, basket, q, times) for q in (said, said.without_sources(idle)))
        assert found.value.tobytes() == without.value.tobytes()
        assert found.reason.tobytes() == without.reason.tobytes()


@pytest.mark.parametrize("n", [1, 2, 64, 1024])
@pytest.mark.parametrize("name", preset_names())
def test_any_number_of_sources_and_garbage_everywhere_never_raises(name, n):
    basket = tuple(Source(f"s{i}", f"v{i}") for i in range(n))
    nothing = np.full(n, np.nan)
    moments = np.full(n, START, dtype=np.int64)
    null = Quotes(moments, moments, np.arange(n, dtype=np.int32), nothing, nothing, nothing, nothing)
    level = Quotes(moments, moments, np.arange(n, dtype=np.int32), 100.0 + np.arange(n) * 1e-6, nothing, nothing, nothing)
    times = np.array([START - 1, START + 1, START + 2, START + 10**9], dtype=np.int64)
    declaration = preset(name)
    for said in (Quotes.empty(), null, level):
        found = engine.determine(declaration, basket, said, times)
        assert STATUSES[found.status[0]] == "halted"
    if declaration.blend is None:
        assert (STATUSES[found.status[1]] == "ok") == (n >= declaration.quorum.ok_from)
    assert len(engine.determine(declaration, basket, level, times[:0]).value) == 0


EXTREMES = (5e-324, 1e-320, 1e-12, 1e15, 1e200, 1e308, 1.7e308)


@settings(drawn, max_examples=150, deadline=None)
@given(drawing_all.declarations().map(drawing_all.without_blend), st.lists(st.sampled_from((*EXTREMES, math.nan)), min_size=0, max_size=64), st.integers(1, 64))
def test_no_price_however_large_or_small_raises(declaration, given_prices, n):
    """Overflow, subnormal and huge prices, no source and sixty-four: neither reading raises, and both say the same status where prices are of one size."""
    basket = tuple(Source(f"s{i}", f"v{i}") for i in range(n))
    prices = [*given_prices, *[math.nan] * n][:n]
    said = Quotes.from_columns(receive_time=[START] * n, source=list(range(n)), price=prices, bid=prices, ask=prices, volume=prices)
    times = np.array([START, START + SECOND], dtype=np.int64)
    found, expected = engine.determine(declaration, basket, said, times), reference.determine(declaration, basket, said, times)
    assert len(found.value) == len(expected.value) == 2
    assert not np.any((found.value <= 0) | np.isinf(found.value))


@pytest.mark.parametrize("price", EXTREMES[2:5])
@pytest.mark.parametrize("name", preset_names())
def test_all_equal_at_any_size_is_that_price(name, price):
    """1e-12 and 1e15, all the same: engine and textbook agree, and the price comes out where nothing is rounded to other units."""
    basket = tuple(Source(f"s{i}", f"v{i}") for i in range(8))
    said = Quotes.from_columns(receive_time=[START] * 8, source=list(range(8)), price=[price] * 8, bid=[price] * 8, ask=[price] * 8)
    times = np.array([START, START + SECOND], dtype=np.int64)
    found, expected = (room.determine(preset(name), basket, said, times) for room in (engine, reference))
    assert found.status.tolist() == expected.status.tolist()
    assert np.allclose(found.value, expected.value, rtol=1e-12, equal_nan=True)


def test_a_source_outside_the_basket_is_refused():
    said = Quotes.from_columns(receive_time=[START], source=[2], price=[1.0])
    with pytest.raises(InputError, match="source must be a position in the list of 2 sources"):
        engine.determine(preset("plain-mean"), (Source("a", "a"), Source("b", "b")), said, np.array([START]))


def test_times_that_go_back_are_refused():
    with pytest.raises(InputError, match="times must not go back in time"):
        engine.determine(preset("plain-mean"), (Source("a", "a"),), Quotes.empty(), np.array([2, 1]))


def test_fixed_weights_that_do_not_fit_the_basket_are_refused():
    basket = (Source("kraken", "kraken"), Source("gemini", "gemini"))
    times = np.array([START], dtype=np.int64)
    unknown = parse_declaration('[weights]\nkind = "fixed"\n[weights.fixed]\nkrakn = 1')
    with pytest.raises(InputError, match=r'weights\.fixed\.krakn names a source that is not in the basket; did you mean "kraken"\?'):
        engine.determine(unknown, basket, Quotes.empty(), times)
    alone = parse_declaration('[weights]\nkind = "fixed"\n[weights.fixed]\nkraken = 0\ngemini = 2')
    assert alone.weights_for(basket) == (0.0, 2.0)


@pytest.mark.parametrize("rule", ["drop", "hold"])
def test_a_rule_for_one_looks_at_every_source_of_a_venue_that_counts_as_one(rule):
    """Three legs of one venue: the rule for one source is the one that applies, and it needs all three prices in their order."""
    plain = preset("plain-mean")
    one = FewRule(rule=rule, reference="median", band=0.01)
    declaration = msgspec.structs.replace(
        plain, outlier=msgspec.structs.replace(plain.outlier, one=one), quorum=msgspec.structs.replace(plain.quorum, ok_from=1, counts="venues")
    )
    basket = tuple(Source(name, "venue") for name in "abc")
    times = np.array([START + SECOND, START + 2 * SECOND])
    for prices in ([90.0, 100.0, 100.5], [100.0, 105.0, 100.5], [100.5, 100.0, 105.0]):
        said = Quotes.from_columns(receive_time=[START] * 3, source=[0, 1, 2], price=prices)
        assert_agree(engine.determine(declaration, basket, said, times), reference.determine(declaration, basket, said, times))
