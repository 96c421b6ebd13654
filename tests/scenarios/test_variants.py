"""Runs told differently: each variation does what it says, and nothing else."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from indexlab.market.panel import sample
from indexlab.market.quotes import COLUMNS, Quotes, invalid_price, valid_book, valid_quotes
from indexlab.market.rates import Rate
from indexlab.market.source import Source
from indexlab.market.times import LATEST_US
from indexlab.scenarios import variants

N = 4
BASKET = tuple(Source(name, name, weight=0.1 * (k + 1)) for k, name in enumerate("abcd"))
seeds = st.integers(0, 2**32)
prices = st.sampled_from([None, 0.0, -1.0, 99.5, 100.0, 101.25, 0.1])


@st.composite
def streams(draw):
    """Quotes with nulls, books good and bad, late and doubled observations, and publication times."""
    rows = sorted(
        draw(st.lists(st.tuples(st.integers(50, 90), st.integers(0, 60), st.integers(0, N - 1), prices, prices, prices), max_size=25)), key=lambda r: r[0]
    )
    quotes = Quotes.from_columns(
        receive_time=[r[0] for r in rows],
        event_time=[max(r[0] - r[1] + 5, 0) for r in rows],
        source=[r[2] for r in rows],
        price=[r[3] for r in rows],
        bid=[r[4] for r in rows],
        ask=[r[5] for r in rows],
    )
    return quotes, np.array(sorted(draw(st.sets(st.integers(45, 100), min_size=1, max_size=8))), dtype=np.int64)


def seen(quotes, times, clock="event", *, uses_book=False):
    """What a target that heeds the clock sees at each publication: the newest valid price and both its times, of each source."""
    panel = sample(quotes, times, N, valid_quotes(quotes, uses_book=uses_book), clock)
    columns = [panel.of_newest(getattr(quotes, name).astype(float)) for name in COLUMNS if name != "volume"]
    return np.array(columns)


@given(streams(), seeds)
def test_renumbered_and_back_is_the_same_run(stream, seed):
    quotes, _ = stream
    order = variants.shuffled(N, seed)
    assert sorted(order) == list(range(N))
    assert order != tuple(range(N))
    basket, other = variants.renumbered(BASKET, quotes, order)
    assert [basket[s].id for s in other.source] == [BASKET[s].id for s in quotes.source]
    back = tuple(order.index(position) for position in range(N))
    again_basket, again = variants.renumbered(basket, other, back)
    assert again_basket == BASKET
    assert again.equals(quotes)


def test_one_source_or_none_cannot_be_listed_otherwise():
    assert variants.shuffled(1, 5) == (0,)
    assert variants.shuffled(0, 5) == ()


@given(streams(), seeds)
def test_doubled_quotes_come_twice_in_a_row_and_leave_the_panel_as_it_is(stream, seed):
    quotes, times = stream
    quotes = quotes.with_columns(volume=np.arange(len(quotes), dtype=float))
    twice = variants.doubled(quotes, seed)
    rows = twice.volume.astype(int)
    assert twice.equals(quotes.take(rows))
    again = np.bincount(rows, minlength=len(quotes))
    assert rows.tolist() == sorted(rows.tolist())
    assert set(again.tolist()) <= {1, 2}
    assert (2 in again) == (len(quotes) > 0)
    for clock in ("event", "receive"):
        assert np.array_equal(seen(twice, times, clock), seen(quotes, times, clock), equal_nan=True)


@given(streams(), seeds, st.booleans())
def test_late_observations_leave_the_panel_by_event_time_as_it_is(stream, seed, uses_book):
    quotes, times = stream
    told, added = variants.with_late(quotes, times, N, seed, uses_book=uses_book)
    assert len(told) == len(quotes) + added
    assert np.all(np.diff(told.receive_time) >= 0)
    assert np.array_equal(seen(told, times, uses_book=uses_book), seen(quotes, times, uses_book=uses_book), equal_nan=True)


@given(streams(), seeds)
def test_each_late_observation_is_older_than_the_newest_of_its_source_and_arrives_after_it(stream, seed):
    quotes, times = stream
    told, added = variants.with_late(quotes, times, N, seed, uses_book=False)
    valid = valid_quotes(quotes, uses_book=False)
    original = {(*row,) for row in zip(quotes.receive_time.tolist(), quotes.event_time.tolist(), quotes.source.tolist(), strict=True)}
    late = [row for row in zip(told.receive_time.tolist(), told.event_time.tolist(), told.source.tolist(), strict=True) if row not in original]
    assert len(late) <= added
    for received, event, source in late:
        assert received in times.tolist()
        earlier = valid & (quotes.source == source) & (quotes.receive_time <= received)
        assert event < quotes.event_time[earlier].max()


def test_a_market_of_any_length_gets_late_observations():
    quotes = Quotes.from_columns(receive_time=np.arange(200) * 10**6 + 10**9, source=np.arange(200) % N, price=np.full(200, 100.0))
    times = np.arange(0, 200, 5, dtype=np.int64) * 10**6 + 10**9
    told, added = variants.with_late(quotes, times, N, 3, uses_book=False)
    assert added > 10
    late = told.take(told.price != 100.0)
    assert len(late) == added
    assert np.isnan(late.volume).all()
    assert 0.7 < float(late.price.min() / 100.0) < 0.9
    assert 1.1 < float(late.price.max() / 100.0) < 1.36
    assert variants.with_late(quotes, times, N, 3, uses_book=False)[0].equals(told)
    nothing, none = variants.with_late(Quotes.empty(), times, N, 3, uses_book=False)
    assert (len(nothing), none) == (0, 0)


@given(streams(), st.integers(-27, 20))
def test_scaling_by_a_power_of_two_is_exact(stream, exponent):
    quotes, _ = stream
    there = variants.scaled(quotes, 2.0**exponent)
    assert variants.scaled(there, 2.0**-exponent).equals(quotes)
    for name in ("receive_time", "event_time", "source", "volume"):
        assert getattr(there, name).tobytes() == getattr(quotes, name).tobytes()
    assert np.array_equal(there.price, quotes.price * 2.0**exponent, equal_nan=True)
    assert np.array_equal(there.ask, quotes.ask * 2.0**exponent, equal_nan=True)


@given(streams(), seeds)
def test_a_jitter_moves_each_price_and_weight_by_less_than_a_billionth(stream, seed):
    quotes, _ = stream
    moved = variants.jittered(quotes, seed)
    with np.errstate(invalid="ignore"):
        away = np.abs(moved.price / quotes.price - 1.0)
    assert np.nanmax(away, initial=0.0) <= 1.01e-9
    assert np.array_equal(np.isnan(moved.price), np.isnan(quotes.price))
    assert np.array_equal(valid_book(moved), valid_book(quotes)), "bid and ask of one quote move together"
    basket = variants.jittered_basket(BASKET, seed)
    assert [source.id for source in basket] == [source.id for source in BASKET]
    assert all(0 < abs(one.weight / other.weight - 1) <= 1.01e-9 for one, other in zip(basket, BASKET, strict=True))


@given(streams(), seeds)
def test_a_jitter_can_leave_alike_what_is_said_again(stream, seed):
    """By as little; and two rows are the same afterwards exactly where they were before."""
    quotes, _ = stream
    moved = variants.jittered_alike(quotes, seed)
    with np.errstate(invalid="ignore"):
        assert np.nanmax(np.abs(moved.price / quotes.price - 1.0), initial=0.0) <= 1.01e-9
    assert np.array_equal(valid_book(moved), valid_book(quotes))

    def alike(given):
        rows = list(zip(*(getattr(given, name).view(np.uint64).tolist() for name in ("price", "bid", "ask")), strict=True))
        return [[one == other for other in rows] for one in rows]

    assert alike(moved) == alike(quotes)


def test_a_jitter_is_each_event_s_own():
    quotes = Quotes.from_columns(receive_time=np.arange(50), source=np.arange(50) % N, price=np.full(50, 100.0))
    assert len(set(variants.jittered(quotes, 1).price.tolist())) > 45
    assert not variants.jittered(quotes, 1).equals(variants.jittered(quotes, 2))
    assert len(set(variants.jittered_alike(quotes, 1).price.tolist())) == 1


@settings(max_examples=60)
@given(streams())
def test_the_ways_of_handling_what_is_invalid(stream):
    """Without it; the price alone beside a bad book; the middle of a good book beside a bad price."""
    quotes, _ = stream
    valid = valid_quotes(quotes, uses_book=True)
    left = variants.without_invalid(quotes, valid)
    assert valid_quotes(left, uses_book=True).all()
    assert len(left) == int(valid.sum())

    alone = variants.price_alone(quotes)
    good = valid_book(quotes)
    assert np.array_equal(alone.price, quotes.price, equal_nan=True)
    assert np.array_equal(alone.bid[good], quotes.bid[good])
    assert np.isnan(alone.bid[~good]).all()
    assert np.isnan(alone.ask[~good]).all()

    book = variants.book_alone(quotes)
    bad = invalid_price(quotes.price)
    assert np.array_equal(book.price[bad & good], (quotes.bid + quotes.ask)[bad & good] / 2)
    assert np.array_equal(book.price[~(bad & good)], quotes.price[~(bad & good)], equal_nan=True)
    assert np.array_equal(book.bid, quotes.bid, equal_nan=True)


day_numbers = st.integers(0, 100_000)


@given(streams(), seeds, day_numbers)
def test_a_shift_moves_every_clock_by_the_same_whole_days_and_stays_a_time(stream, seed, since):
    quotes, times = stream
    start = min(since * variants.DAY_US, LATEST_US - variants.DAY_US)
    quotes = quotes.with_columns(receive_time=quotes.receive_time + start, event_time=quotes.event_time + start)
    rates = {"EUR": Rate.from_columns(receive_time=times + start, price=np.full(len(times), 1.1))}
    days = variants.days_to_shift(quotes, times + start, rates, seed)
    if not len(quotes):
        assert days is None
        return
    assert days is not None
    assert days != 0
    by = days * variants.DAY_US
    moved, later = variants.shifted(quotes, days), variants.shifted_rates(rates, days)["EUR"]
    for column, before in (
        (moved.receive_time, quotes.receive_time),
        (moved.event_time, quotes.event_time),
        (later.receive_time, rates["EUR"].receive_time),
        (later.event_time, rates["EUR"].event_time),
    ):
        assert np.array_equal(column - before, np.full(len(before), by))
        assert 0 <= column.min() <= column.max() <= LATEST_US
    assert np.array_equal(moved.price, quotes.price, equal_nan=True)
    assert variants.days_to_shift(quotes, times + start, rates, seed) == days
    assert variants.shifted_rates(None, days) is None


def test_shifts_go_both_ways_and_near_and_far():
    quotes = Quotes.from_columns(receive_time=[1_700_000_000_000_000], source=[0], price=[1.0])
    days = [variants.days_to_shift(quotes, quotes.receive_time, None, seed) for seed in range(300)]
    assert 100 < sum(each > 0 for each in days) < 200
    assert min(abs(each) for each in days) < 5
    assert max(days) > 20_000
    assert min(days) < -15_000


def test_a_run_that_fills_the_whole_range_of_times_cannot_be_shifted():
    quotes = Quotes.from_columns(receive_time=[0, LATEST_US], source=[0, 0], price=[1.0, 1.0])
    assert variants.days_to_shift(quotes, quotes.receive_time, None, 1) is None


@given(streams(), seeds)
def test_other_event_times_leave_the_panel_by_receipt_as_it_is(stream, seed):
    quotes, times = stream
    told = variants.restamped(quotes, seed)
    assert np.array_equal(told.receive_time, quotes.receive_time)
    assert (told.event_time <= np.maximum(told.receive_time, quotes.event_time)).all()
    by_receipt = seen(quotes, times, "receive"), seen(told, times, "receive")
    event = COLUMNS.index("event_time")
    assert np.array_equal(*(np.delete(each, event, axis=0) for each in by_receipt), equal_nan=True)


@given(seeds, st.sets(st.integers(0, N - 1)))
def test_who_loses_its_weight_does_not_depend_on_who_else_is_there(seed, gone):
    who = variants.one_with_weight(BASKET, seed)
    left = tuple(source for place, source in enumerate(BASKET) if place == who or place not in gone)
    assert left[variants.one_with_weight(left, seed)].id == BASKET[who].id
    bare = variants.without_weight(BASKET, who)
    assert [source.weight for source in bare] == [0.0 if place == who else source.weight for place, source in enumerate(BASKET)]
