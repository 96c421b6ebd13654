"""The mark price: the engine is the textbook, and the promises that each rule makes hold in it."""

import dataclasses
import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from indexlab.margin import kernel_mark, reference_mark
from indexlab.margin.mark import marks
from indexlab.margin.mark_feed import mark_feed
from indexlab.margin.mark_rules import MarkRule
from indexlab.market.errors import InputError
from indexlab.market.units import MINUTE, SECOND
from tests.margin.mark_drawing import START, cut, feeds, has_index, near, rules, scaled, shifted

TINY = Fraction(1, 10**11)
TICKS = [START + i * SECOND for i in range(200)]


def _same(found, expected):
    if expected is None:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(float(expected), rel=1e-9)


def _at_bound(rule, feed, n):
    """Whether what is cut is at the bound itself, where rounding decides on which side it lies."""
    free = reference_mark.marks(structs.replace(rule, band=0.0, max_step=0.0), feed)
    banded = reference_mark.marks(structs.replace(rule, max_step=0.0), feed)
    limited = reference_mark.marks(rule, feed)
    off = [abs(one[n].mark / other[n].mark - 1) for one, other in ((free, banded), (banded, limited))]
    low, high = (Fraction(float(feed.index[n])) * (1 + sign * Fraction(rule.band)) for sign in (-1, 1))
    near_band = min(abs(free[n].mark / low - 1), abs(free[n].mark / high - 1)) < TINY
    return near_band or any(0 < one < TINY for one in off) or _near_step(rule, feed, limited, banded, n)


def _near_step(rule, feed, limited, banded, n):
    before = [i for i in range(n) if limited[i].mark is not None]
    if not before or not rule.max_step:
        return False
    room = Fraction(rule.max_step) * Fraction(int(feed.times[n] - feed.times[before[-1]]), 10**6)
    start = limited[before[-1]].mark
    return min(abs(banded[n].mark - start * (1 + sign * room)) for sign in (-1, 1)) < TINY * start


@given(rules(), feeds())
def test_engine_equals_textbook(rule, feed):
    """Marks, prices for longs and shorts to 1e-9, flags to the bit away from the bound itself; missing at the same publications."""
    path, exact = marks(rule, feed), reference_mark.marks(rule, feed)
    for n, expected in enumerate(exact):
        _same(path.mark[n], expected.mark)
        _same(path.long_mark[n], expected.long_mark)
        _same(path.short_mark[n], expected.short_mark)
        if (bool(path.saturated[n]), bool(path.limited[n])) != (expected.saturated, expected.limited):
            assert _at_bound(rule, feed, n)


@given(rules(), feeds())
def test_a_mark_is_missing_exactly_where_the_index_is(rule, feed):
    """Whatever else is there or not."""
    path = marks(rule, feed)
    for column in (path.mark, path.long_mark, path.short_mark):
        assert np.array_equal(~np.isnan(column), has_index(feed))
    assert np.all(path.mark[has_index(feed)] > 0)


@given(rules(), feeds(), st.data())
def test_later_publications_change_nothing(rule, feed, data):
    """A mark knows the past alone."""
    n = data.draw(st.integers(1, len(feed.times)))
    whole, part = marks(rule, feed), marks(rule, cut(feed, n))
    for field in dataclasses.fields(whole):
        assert np.array_equal(getattr(whole, field.name)[:n], getattr(part, field.name), equal_nan=True)


@given(rules(), feeds(), st.sampled_from((2.0**-20, 0.5, 2.0**10)), st.integers(-400, 400))
def test_scale_and_time_shift(rule, feed, factor, days):
    """Prices times a power of two give the marks times it, whole days later gives the same, both to the bit."""
    path = marks(rule, feed)
    larger, later = marks(rule, scaled(feed, factor)), marks(rule, shifted(feed, days * 86_400 * SECOND))
    for name in ("mark", "long_mark", "short_mark"):
        assert np.array_equal(getattr(larger, name), getattr(path, name) * factor, equal_nan=True)
        assert np.array_equal(getattr(later, name), getattr(path, name), equal_nan=True)
    for name in ("saturated", "limited"):
        assert np.array_equal(getattr(larger, name), getattr(path, name))
        assert np.array_equal(getattr(later, name), getattr(path, name))


def _inputs(rule, feed):
    """The three inputs of median-of-three, by what breaks each: the funding rate, the book, the last trade."""
    plain = MarkRule(rule="funding-basis")
    based = structs.replace(rule, rule="average-basis", band=0.0, max_step=0.0, strict="none")
    return {"funding_rate": marks(plain, feed).mark, "bid": marks(based, feed).mark, "last": np.where(feed.last > 0, feed.last, feed.index)}


@given(rules(("median-of-three",)), feeds(price=near), st.sampled_from(("funding_rate", "bid", "last")), st.data())
def test_one_wrong_input_of_three_stays_between_the_others(rule, feed, broken, data):
    """Whatever one input says, always, the median lies between the two others."""
    rule = structs.replace(rule, band=0.0, max_step=0.0, strict="none")
    anything = st.sampled_from((1e-9, 0.5, 1e3, 1e12)) if broken != "funding_rate" else st.sampled_from((-0.99, 5.0, 1e6))
    factor = data.draw(anything)
    wrong = np.full(len(feed.times), factor) if broken == "funding_rate" else getattr(feed, broken) * factor
    changes = {broken: wrong, **({"ask": wrong} if broken == "bid" else {})}
    path = marks(rule, dataclasses.replace(feed, **changes))
    one, two = (value for name, value in _inputs(rule, feed).items() if name != broken)
    there = has_index(feed)
    assert np.all(path.mark[there] <= np.maximum(one, two)[there] * (1 + 1e-12))
    assert np.all(path.mark[there] >= np.minimum(one, two)[there] * (1 - 1e-12))


@given(rules(("hyperliquid",)), feeds(price=near), st.sampled_from((1e-9, 0.5, 2.0, 1e9)))
def test_other_venues_alone_do_not_move_hyperliquids_mark_beyond_its_own(rule, feed, factor):
    """With all three inputs there, wrong mids of all other venues leave the mark between the index with its average basis and the own book."""
    rule = structs.replace(rule, average="decaying", band=0.0, max_step=0.0, strict="none")
    feed = dataclasses.replace(feed, ask=np.maximum(feed.ask, feed.bid))
    based = marks(structs.replace(rule, rule="average-basis"), feed).mark
    own = np.minimum(np.maximum(feed.bid, feed.last), feed.ask)
    path = marks(rule, dataclasses.replace(feed, others=feed.others * factor))
    # without weight abroad the average of the own book takes the third place: then there is nothing wrong in it
    if feed.weights.sum() > 0:
        there = has_index(feed)
        assert np.all(path.mark[there] <= np.maximum(based, own)[there] * (1 + 1e-12))
        assert np.all(path.mark[there] >= np.minimum(based, own)[there] * (1 - 1e-12))


@given(rules(), feeds(), st.sampled_from((0.001, 0.01, 0.2)))
def test_the_band_holds_and_is_flagged_exactly_where_it_cuts(rule, feed, band):
    """Inside it nothing changes; outside it is the bound, and says so."""
    free = marks(structs.replace(rule, band=0.0, max_step=0.0), feed).mark
    path = marks(structs.replace(rule, band=band, max_step=0.0), feed)
    there = has_index(feed)
    low, high = feed.index * (1.0 - band), feed.index * (1.0 + band)
    assert np.all((path.mark[there] >= low[there]) & (path.mark[there] <= high[there]))
    outside = there & ((free < low) | (free > high))
    assert np.array_equal(path.saturated, outside)
    assert np.array_equal(path.mark[~outside], free[~outside], equal_nan=True)
    assert np.all((path.mark == np.where(free < low, low, high))[outside])


@given(rules(), feeds(), st.sampled_from((0.0001, 0.01, 0.5)))
def test_the_rate_limit_holds_and_is_flagged_exactly_where_it_cuts(rule, feed, step):
    """From one mark to the next, across gaps, whatever the index does; a mark within reach is reached."""
    rule = structs.replace(rule, max_step=step)
    free, path = marks(structs.replace(rule, max_step=0.0), feed).mark, marks(rule, feed)
    known = np.flatnonzero(~np.isnan(path.mark))
    for i, n in enumerate(known):
        if i == 0:
            assert path.mark[n] == free[n]
            continue
        before = path.mark[known[i - 1]]
        room = step * (feed.times[n] - feed.times[known[i - 1]]) / 1e6
        assert abs(path.mark[n] - before) <= before * room * (1 + 1e-9) + before * 1e-12
        assert path.limited[n] == (path.mark[n] != free[n])


@given(rules(), feeds())
def test_strict_prices_are_never_better_than_the_mark(rule, feed):
    """A long is marked at the mark or below, a short at the mark or above; without `strict` at the mark."""
    path = marks(rule, feed)
    there = has_index(feed)
    assert np.all(path.long_mark[there] <= path.mark[there])
    assert np.all(path.short_mark[there] >= path.mark[there])
    # one of the two is the mark itself: there is one price beside it
    assert np.all(((path.long_mark == path.mark) | (path.short_mark == path.mark))[there])
    if rule.strict == "none":
        assert np.array_equal(path.long_mark, path.short_mark, equal_nan=True)


@given(rules(("average-basis", "median-of-three", "hyperliquid")), feeds(price=near), st.sampled_from((0.5, 1.0, 1.25)))
def test_averages_of_a_constant_are_the_constant(rule, feed, premium):
    """An index that stands still, and a book at a constant distance: index + average basis is the mid, whatever the gaps and the kind of average."""
    rule = structs.replace(rule, rule="average-basis", band=0.0, max_step=0.0, strict="worse-of-twap")
    level = np.full(len(feed.times), 128.0)
    steady = dataclasses.replace(feed, index=level, bid=level * premium, ask=level * premium, trusted=np.ones_like(feed.trusted))
    path = marks(rule, steady)
    # with a plain window shorter than the step of samples there may be none: then the index stands for it
    expected = level if rule.average == "plain" and rule.sample_us >= rule.window_us else level * premium
    near_enough = np.isclose(path.mark, expected, rtol=1e-12) | np.isclose(path.mark, level * premium, rtol=1e-12)
    assert np.all(near_enough)
    assert path.mark[0] == pytest.approx(128.0 * premium)


def test_the_windows_edges():
    """(t - window, t]: with publications a second apart 30 s hold 30 samples, the one exactly 30 s ago not among them."""
    index, mid = np.full(60, 100.0), np.full(60, 100.0)
    mid[10] = 130.0
    rule = MarkRule(rule="average-basis", window_us=30 * SECOND)
    path = marks(rule, mark_feed(TICKS[:60], index, book=(mid, mid)))
    assert path.mark[9] == 100
    assert path.mark[10] == pytest.approx(100 + 30 / 11)
    assert path.mark[39] == pytest.approx(101)
    assert path.mark[40] == 100


def test_one_sample_a_second_whatever_the_publications():
    """Four publications a second with `sample` are one sample a second, the first of each."""
    times = [START + i * SECOND // 4 for i in range(160)]
    rng = np.random.Generator(np.random.Philox(5))
    mid = 100 + rng.uniform(-1, 1, 160)
    rule = MarkRule(rule="average-basis", window_us=30 * SECOND, sample_us=SECOND)
    fine = marks(rule, mark_feed(times, np.full(160, 100.0), book=(mid, mid)))
    coarse = marks(rule, mark_feed(times[::4], np.full(40, 100.0), book=(mid[::4], mid[::4])))
    assert np.array_equal(fine.mark[::4], coarse.mark)


def test_one_huge_price_leaves_nothing_behind():
    """Once a wrong price of 1e12 has left the window the average is as if it had never been, to the last digits."""
    rng = np.random.Generator(np.random.Philox(7))
    mid = 100 + rng.uniform(-1, 1, 200)
    broken = mid.copy()
    broken[50] = 1e12
    book = {"right": (mid, mid), "wrong": (broken, broken)}
    for rule, window in ((MarkRule("average-basis", window_us=30 * SECOND), 30), (MarkRule("index", strict="worse-of-twap", twap_window_us=30 * SECOND), 31)):
        paths = {}
        for name, one in book.items():
            index = np.full(200, 100.0) if rule.rule != "index" else one[0]
            paths[name] = marks(rule, mark_feed(TICKS, index, book=one))
        clean = slice(50 + window, None)
        assert np.allclose(paths["wrong"].mark[clean], paths["right"].mark[clean], rtol=1e-14, atol=0)
        assert np.allclose(paths["wrong"].long_mark[clean], paths["right"].long_mark[clean], rtol=1e-14, atol=0)
        assert np.allclose(paths["wrong"].short_mark[clean], paths["right"].short_mark[clean], rtol=1e-14, atol=0)


@given(st.lists(st.tuples(st.sampled_from((0, 1, 2, 7)), st.sampled_from((math.nan, 1.0, 5.0, 1e9, 3.25))), min_size=1, max_size=60), st.integers(1, 12))
def test_queues_of_two_parts_equal_sums_from_the_start(steps, window):
    """Both moving averages of the kernel against their definitions, over longer streams than the textbook sees."""
    times = np.cumsum([step for step, _ in steps])
    value = np.array([one for _, one in steps])
    plain, timed = np.empty(len(steps)), np.empty(len(steps))
    kernel_mark.plain_average(times, value, window, plain)
    kernel_mark.time_average(times, value, window, timed)
    for n, now in enumerate(times):
        inside = [v for t, v in zip(times[: n + 1], value, strict=False) if now - window < t and not math.isnan(v)]
        _same(plain[n], Fraction(0) + sum(map(Fraction, inside)) / len(inside) if inside else None)
        parts = [(Fraction(value[i]), int(times[i + 1] - max(times[i], now - window))) for i in range(n) if not math.isnan(value[i])]
        whole = sum(length for _, length in parts if length > 0)
        usual = None if math.isnan(value[n]) else Fraction(value[n])
        _same(timed[n], usual if usual is None or not whole else sum(v * length for v, length in parts if length > 0) / whole)


def test_decaying_average_as_published():
    """Hyperliquid's recursion: numerator and denominator shrink by exp(-t / 150 s), sample * t and t are added."""
    times = [START + at * SECOND for at in (0, 3, 6, 20, 400)]
    mids = [101.0, 102.0, 99.0, 100.5, 103.0]
    path = marks(MarkRule("average-basis", "decaying", window_us=150 * SECOND), mark_feed(times, [100.0] * 5, book=(mids, mids)))
    top = bottom = 0.0
    assert path.mark[0] == 101.0
    for n, since in enumerate((3, 3, 14, 380), start=1):
        top, bottom = top * math.exp(-since / 150) + (mids[n] - 100) * since, bottom * math.exp(-since / 150) + since
        assert path.mark[n] == pytest.approx(100 + top / bottom, rel=1e-13)


def test_hyperliquid_with_two_one_and_no_inputs():
    """Exactly two: the decaying average of the own book is the third; one alone is the mark; none: the index."""
    rule = MarkRule("hyperliquid", "decaying", window_us=150 * SECOND)
    times = TICKS[:5]
    nan = math.nan
    feed = mark_feed(
        times,
        [100.0] * 5,
        book=([nan, 104.0, 104.0, nan, 106.0], [nan, 104.0, 104.0, nan, 106.0]),
        last=[nan, nan, 104.0, nan, 106.0],
        others=([[nan, 90.0, 90.0, 90.0, nan]], [1.0]),
    )
    path = marks(rule, feed)
    assert path.mark[0] == 100.0  # nothing: the index
    assert path.mark[1] == 97.0  # index + basis 104, abroad 90, no own median ever yet: the mean of the two
    assert path.mark[2] == 104.0  # 104, 104, 90
    assert path.mark[3] == 104.0  # 104, abroad 90, and the own book's average of 104 as the third
    # the basis has forgotten a little of 104; own 106; their third is the own book's average, which lies at 106 (the first sample has no duration)
    assert path.mark[4] == 106.0


@pytest.mark.parametrize(("weights", "expected"), [((3, 2, 2), 20.0), ((3, 2, 1), 15.0), ((1, 1, 4), 30.0), ((0, 0, 1), 30.0), ((0, 0, 0), 100.0)])
def test_weighted_median_of_other_venues(weights, expected):
    """At least half of the weight; half to the bit is the mean of both; no weight is no input."""
    mids = [[10.0], [20.0], [30.0]]
    path = marks(MarkRule("hyperliquid", "decaying", window_us=150 * SECOND), mark_feed([START], [100.0], others=(mids, weights)))
    assert path.mark[0] == expected


def test_mangos_pace():
    """What Mango's source says beside its limit of 0.03 % a second: to 293 % in an hour when updated every 10 s, to 281 % when every 5 min."""
    for every, reached in ((10, 2.93), (300, 2.81)):
        times = [START + i * every * SECOND for i in range(3600 // every + 1)]
        rule = MarkRule("index", strict="stable-price", stable_growth=0.0003, stable_every_us=10 * SECOND, stable_longest_us=600 * SECOND)
        path = marks(rule, mark_feed(times, [1.0] + [1000.0] * (len(times) - 1)))
        assert math.floor(path.long_mark[-1] * 100) / 100 == reached
        assert path.short_mark[-1] == 1000.0


@pytest.mark.parametrize(
    ("now", "twap", "long", "short"), [(0.99, 0.95, 0.95, 0.99), (1.01, 1.02, 1.01, 1.02), (1.0, 0.9, 0.9, 1.0), (100.0, 110.0, 100.0, 110.0)]
)
def test_drifts_strict_prices(now, twap, long, short):
    """The prices of Drift's own tests: an asset counts at the lower of price and 5-minute average, a debt at the higher."""
    times = [START, START + 5 * MINUTE]
    path = marks(MarkRule("index", strict="worse-of-twap", twap_window_us=5 * MINUTE), mark_feed(times, [twap, now]))
    assert (path.long_mark[1], path.short_mark[1]) == (long, short)


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("mark.window", {"rule": "median-of-three"}),
        ("mark.two_inputs_window", {"rule": "hyperliquid", "window_us": 1, "two_inputs_window_us": 0}),
        ("mark.twap_window", {"strict": "worse-of-twap"}),
        ("mark.stable_growth", {"strict": "stable-price"}),
        ("mark.sample", {"sample_us": -1}),
    ],
)
def test_a_rule_without_what_it_needs_is_refused_by_both(key, change):
    """Before anything is computed, with the key."""
    feed = mark_feed([START], [1.0])
    for compute in (marks, reference_mark.marks):
        with pytest.raises(InputError, match=key):
            compute(MarkRule(**change), feed)


@pytest.mark.parametrize(
    ("key", "make"),
    [
        ("times", lambda: mark_feed([2, 1], [1.0, 1.0])),
        ("bid", lambda: mark_feed([1, 2], [1.0, 1.0], book=([1.0], [1.0, 1.0]))),
        ("index", lambda: mark_feed([1, 2], [1.0])),
        ("trusted", lambda: mark_feed([1, 2], [1.0, 1.0], trusted=[True])),
        ("next_funding", lambda: mark_feed([1, 2], [1.0, 1.0], funding=([0.0, 0.0], [5]))),
        ("funding_interval", lambda: mark_feed([1], [1.0], funding_interval=0)),
        ("weights", lambda: mark_feed([1], [1.0], others=([[1.0]], [1.0, 2.0]))),
        ("weights", lambda: mark_feed([1], [1.0], others=([[1.0]], [math.nan]))),
    ],
)
def test_a_feed_that_does_not_fit_is_refused(key, make):
    """With the column's name."""
    with pytest.raises(InputError, match=key):
        make()


def test_an_empty_feed_is_an_empty_path():
    """No publications, no marks."""
    for kind in ("index", "funding-basis", "average-basis", "median-of-three", "hyperliquid"):
        assert marks(MarkRule(kind, window_us=1, band=0.1, max_step=0.1, strict="worse-of-twap", twap_window_us=1), mark_feed([], [])).mark.shape == (0,)


def test_every_pair_of_inputs_bounds_the_median():
    """The median of three lies between any two of them, so that it takes two wrong ones to move it further."""
    times, last = TICKS[:1], 106.0
    for funded, based in ((100.0, 101.0), (101.0, 100.0), (107.0, 100.0)):
        funding = ([funded / 100 - 1], [times[0] + 480 * MINUTE])
        path = marks(MarkRule("median-of-three", window_us=SECOND), mark_feed(times, [100.0], book=([based], [based]), last=[last], funding=funding))
        assert all(min(pair) - 1e-9 <= path.mark[0] <= max(pair) + 1e-9 for pair in combinations((funded, based, last), 2))
