"""Synthetic markets: a pure function of a few numbers, well-formed, every venue live, and each regime does what it says."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from indexlab.market.quotes import Quotes, valid_quotes
from indexlab.market.synthetic import EXTRA_COLUMNS, JUMPS, REGIMES, Market, synthesise, true_price
from indexlab.market.units import MILLISECOND, SECOND

START = 1_700_000_000 * SECOND
SLOWEST = round(1.2 * 300 * MILLISECOND)
"""The largest latency of a message: 300 ms, up to a fifth more."""


def market(regime="calm", seed=1, **changes):
    given_numbers = {
        "start": START,
        "interval": SECOND,
        "publications": 60,
        "price": 50_000.0,
        "spacing": 5 * SECOND,
        "lead": 1_666_000,
    }
    return Market(regime=regime, seed=seed, **{**given_numbers, **changes})


@st.composite
def markets(draw):
    regime = draw(st.sampled_from(REGIMES))
    interval = draw(st.sampled_from([SECOND // 100, SECOND // 10, SECOND, 60 * SECOND]))
    publications = draw(st.integers(5, 80))
    span = interval * publications
    spacing = draw(st.sampled_from([interval // 4, interval, 5 * interval]))
    move = draw(st.sampled_from([0.01, 0.5, 0.97, 1.02, 3.0, 99.0])) if regime in (*JUMPS, "crash", "rally") else 1.0
    over = span // 3 // 1000 * 1000 if regime in ("crash", "rally") else 0
    lead = draw(st.sampled_from([0, interval // 2, 2 * interval]))
    book = draw(st.booleans())
    price = draw(st.sampled_from([0.000123, 1.0004, 9_990.0, 65_530.0]))
    made = market(
        regime, draw(st.integers(0, 2**32)), interval=interval, publications=publications, spacing=spacing, lead=lead, price=price, book=book, move=move
    )
    return msgspec.structs.replace(made, move_at=span // 3 // 1000 * 1000, move_over=over)


@settings(max_examples=60)
@given(markets(), st.integers(1, 12))
def test_quotes_are_sorted_valid_and_pass_their_own_validation(drawn, n):
    quotes = synthesise(drawn, n)
    columns = {name: getattr(quotes, name) for name in ("receive_time", "event_time", "source", "price", "bid", "ask", "volume")}
    assert Quotes.from_columns(**columns, sources=n).equals(quotes)
    assert valid_quotes(quotes, uses_book=drawn.book).all()
    assert np.all(quotes.event_time <= quotes.receive_time)
    assert np.all(quotes.volume >= 0)
    assert np.all(quotes.receive_time <= drawn.end)
    assert quotes.has_book == drawn.book
    if drawn.book:
        assert np.all((quotes.bid <= quotes.price) & (quotes.price <= quotes.ask))


@settings(max_examples=60)
@given(markets(), st.integers(1, 12))
def test_no_observation_of_a_clean_market_is_late_or_doubled(drawn, n):
    quotes = synthesise(drawn, n)
    for source in range(n):
        assert np.all(np.diff(quotes.event_time[quotes.source == source]) > 0)


@settings(max_examples=60)
@given(markets(), st.integers(1, 12))
def test_every_venue_is_heard_before_the_first_publication_and_never_silent_for_long(drawn, n):
    quotes = synthesise(drawn, n)
    for source in range(n):
        events = quotes.event_time[quotes.source == source]
        received = quotes.receive_time[quotes.source == source]
        assert received[0] <= drawn.times()[0]
        assert np.diff(events).max(initial=0) <= 1.8 * drawn.spacing + MILLISECOND
        assert drawn.end - events[-1] <= 1.8 * drawn.spacing + MILLISECOND + min(SLOWEST, round(0.3 * drawn.interval)) + MILLISECOND


@settings(max_examples=30)
@given(markets(), st.integers(1, 12))
def test_the_same_numbers_give_the_same_bits_and_another_seed_does_not(drawn, n):
    quotes = synthesise(drawn, n)
    again = synthesise(msgspec.json.decode(msgspec.json.encode(drawn), type=Market), n)
    assert again.equals(quotes)
    assert not synthesise(msgspec.structs.replace(drawn, seed=drawn.seed + 1), n).equals(quotes)


@settings(max_examples=40)
@given(markets(), st.integers(2, 12))
def test_all_venues_stay_near_the_true_price_that_they_saw(drawn, n):
    """Offset, noise and tick together stay within 5 bp, when the true price of up to `lead` and a message's way ago is what one looks at."""
    assume(drawn.regime not in JUMPS)
    quotes = synthesise(drawn, n)
    back = np.linspace(0, drawn.lead + MILLISECOND, 12)
    seen = np.array([true_price(drawn, quotes.event_time - int(span)) for span in back])
    spread = 5e-4 + 3e-4 * drawn.book
    # between two looks the walk (and a fast crash) may go further: a look's own step bounds it
    step = np.abs(np.diff(np.log(seen), axis=0)).max() if len(quotes) else 0.0
    assert np.all(quotes.price <= seen.max(axis=0) * (1 + spread + 2 * step))
    assert np.all(quotes.price >= seen.min(axis=0) * (1 - spread - 2 * step))


@given(st.integers(0, 2**32), st.sampled_from([0.01, 0.3, 0.987, 1.012, 2.0, 99.0]), st.sampled_from([0, SECOND, 2 * SECOND]), st.integers(2, 12))
def test_every_venue_shows_a_gap_once_and_in_time(seed, move, lead, n):
    """From `move_at` on, within `lead` and a message's way, each venue says the new price, and none goes back to the old one."""
    at = 20_500 * MILLISECOND
    drawn = market("gap", seed, move=move, move_at=at, lead=lead)
    quotes = synthesise(drawn, n)
    size = abs(math.log(move))
    for source in range(n):
        rows = quotes.source == source
        steps = np.diff(np.log(quotes.price[rows]))
        assert np.flatnonzero(np.abs(steps) > size / 2).size == 1
        assert float(steps[np.argmax(np.abs(steps))]) == pytest.approx(math.log(move), abs=5e-3)
        shown = int(quotes.receive_time[rows][1 + int(np.argmax(np.abs(steps)))])
        assert START + at <= shown <= START + at + lead + SLOWEST + 2 * MILLISECOND


@given(st.integers(0, 2**32), st.sampled_from([("crash", 0.7), ("rally", 1.4), ("trending", 1.02), ("trending", 0.985)]))
def test_a_moving_regime_arrives_where_its_move_says(seed, drawn):
    """A crash to 0.7 ends 30 % down, to within five standard deviations of the walk on top of it."""
    regime, move = drawn
    moved = market(regime, seed, publications=300, move=move, move_at=60 * SECOND, move_over=180 * SECOND)
    before, after = true_price(moved, np.array([START, moved.end]))
    noise = {"crash": 9e-5, "rally": 9e-5, "trending": 3e-5}[regime] * math.sqrt(300)
    assert math.log(after / before) == pytest.approx(math.log(move), abs=5 * noise)
    first, second, last = np.log(true_price(moved, START + np.array([60, 150, 240]) * SECOND))
    assert second - first == pytest.approx(math.log(move) / 2, abs=5 * noise)
    assert last - second == pytest.approx(math.log(move) / 2, abs=5 * noise)


def test_volatility_is_what_each_regime_says():
    """Over a second the true price moves 0.3 bp in a quiet market and ten times that in a volatile one."""
    for regime, expected in (("calm", 3e-5), ("volatile", 3e-4), ("gap", 3e-5), ("crash", 9e-5)):
        drawn = market(regime, 5, publications=4000)
        seconds = START + np.arange(0, 4000, 5) * SECOND
        moved = np.diff(np.log(true_price(drawn, seconds))) / math.sqrt(5)
        assert float(moved.std()) == pytest.approx(expected, rel=0.1)


def test_before_the_start_the_true_price_stands_still():
    drawn = market("volatile", 3)
    early = true_price(drawn, START - np.array([0, 1, 10]) * SECOND)
    assert early.tolist() == [50_000.0] * 3


@given(st.integers(0, 2**32), st.integers(2, 8), st.data())
def test_a_leader_shows_a_gap_first(seed, n, data):
    leader = data.draw(st.integers(0, n - 1))
    drawn = market("gap", seed, move=1.5, move_at=20 * SECOND, lead=2 * SECOND, leader=leader)
    quotes = synthesise(drawn, n)
    first_high = [quotes.event_time[(quotes.source == s) & (quotes.price > 60_000)].min() for s in range(n)]
    assert first_high[leader] == min(first_high) == START + 20 * SECOND


def test_venues_have_ticks_rhythms_and_offsets_of_their_own():
    """No two venues are the same instrument: else a test of a median tests nothing."""
    quotes = synthesise(market("calm", 9, publications=200), 8)
    counts = np.bincount(quotes.source, minlength=8)
    assert len(set(counts.tolist())) >= 6
    means = [float(quotes.price[quotes.source == s].mean()) for s in range(8)]
    assert len({round(mean, 2) for mean in means}) == 8
    assert max(means) / min(means) - 1 > 5e-5


def test_prices_are_short_decimals():
    """A venue's price is a multiple of its tick, written with the digits people see."""
    for level in (50_000.0, 1.0004, 0.000123):
        quotes = synthesise(market("volatile", 4, price=level), 6)
        assert max(len(f"{price!r}".replace(".", "").split("e")[0].lstrip("0")) for price in quotes.price.tolist()) <= 8


@given(st.integers(0, 2**32), st.sampled_from([0.5, 1.02, 20.0]), st.integers(2, 12), st.booleans())
def test_in_a_lead_lag_market_the_venues_follow_one_by_one(seed, move, n, leads):
    """Evenly over `lead`, the leader first; a market without a named leader has one all the same."""
    at, lead = 20_050 * MILLISECOND, 2 * SECOND
    quotes = synthesise(market("lead-lag", seed, move=move, move_at=at, lead=lead, leader=n - 1 if leads else None), n)
    moved = [int(quotes.event_time[(quotes.source == s) & (np.abs(np.log(quotes.price / 50_000)) > abs(math.log(move)) / 2)].min()) for s in range(n)]
    assert sorted(moved) == pytest.approx([START + at + lead * k / (n - 1) for k in range(n)], abs=MILLISECOND)
    assert not leads or moved[n - 1] == min(moved)


@given(st.integers(0, 2**32), st.sampled_from([0.3, 1.0, 5.0]), st.integers(1, 12), st.sampled_from(["calm", "gap-open"]))
def test_in_a_silence_nobody_speaks_and_all_open_within_the_lead(seed, move, n, regime):
    at, silence, lead = 30 * SECOND, 12 * SECOND, SECOND
    regime, move = (regime, move) if regime == "gap-open" else (regime, 1.0)
    quotes = synthesise(market(regime, seed, move=move, move_at=at, silence=silence, lead=lead), n)
    since = quotes.event_time - START
    assert not np.any((since >= at - silence) & (since < at))
    for source in range(n):
        mine = since[quotes.source == source]
        first = int(mine[mine >= at].min())
        assert at <= first <= at + lead
        after = quotes.price[quotes.source == source][np.searchsorted(mine, first)]
        assert after == pytest.approx(50_000 * move, rel=5e-3)


@settings(max_examples=40)
@given(markets(), st.integers(1, 12))
def test_in_an_instant_market_quotes_happen_and_arrive_at_publications(drawn, n):
    drawn = msgspec.structs.replace(drawn, instant=True)
    quotes = synthesise(drawn, n)
    assert np.array_equal(quotes.receive_time, quotes.event_time)
    assert set(quotes.receive_time.tolist()) <= set(drawn.times().tolist())
    assert valid_quotes(quotes, uses_book=drawn.book).all()
    for source in range(n):
        events = quotes.event_time[quotes.source == source]
        assert events[0] == drawn.times()[0]
        assert np.diff(events).min(initial=1) > 0


def test_a_busy_venue_sends_more_messages_than_sixteen_bits_count():
    quotes = synthesise(market("calm", 3, publications=300, busiest=1, busy_spacing=4 * MILLISECOND), 3)
    counts = np.bincount(quotes.source, minlength=3)
    assert counts[1] > 2**16
    assert max(counts[0], counts[2]) < 1000
    assert synthesise(market("calm", 3, publications=300), 3).take(np.arange(3)).receive_time.size == 3


@settings(max_examples=40)
@given(markets(), st.integers(1, 8), st.sets(st.sampled_from(EXTRA_COLUMNS)))
def test_further_columns_are_made_where_they_are_asked_for_and_change_no_other(drawn, n, asked):
    plain = synthesise(drawn, n)
    quotes = synthesise(msgspec.structs.replace(drawn, columns=tuple(sorted(asked))), n)
    assert quotes.with_columns(confidence=None, trade_size=None, book=None).equals(plain)
    assert {name for name in EXTRA_COLUMNS if getattr(quotes, name) is not None} == asked
    whole = synthesise(msgspec.structs.replace(drawn, columns=EXTRA_COLUMNS), n)
    assert all(getattr(whole, name).tobytes() == getattr(quotes, name).tobytes() for name in ("confidence", "trade_size") if name in asked)


@settings(max_examples=40)
@given(markets(), st.integers(1, 8))
def test_what_further_columns_say_fits_the_price(drawn, n):
    quotes = synthesise(msgspec.structs.replace(drawn, columns=EXTRA_COLUMNS), n)
    assert np.all(quotes.trade_size > 0)
    assert np.all((quotes.confidence > 0) & (quotes.confidence < quotes.price))
    book = quotes.book.checked(len(quotes))
    for row in range(0, len(quotes), max(len(quotes) // 20, 1)):
        bids, asks = book.row(row)
        assert all(price > 0 and size > 0 for price, size in bids + asks)
        assert [price for price, _ in bids] == sorted((price for price, _ in bids), reverse=True)
        assert [price for price, _ in asks] == sorted(price for price, _ in asks)
        assert bids[0][0] <= quotes.price[row] <= asks[0][0]
        if drawn.book:
            assert (bids[0][0], asks[0][0]) == (quotes.bid[row], quotes.ask[row])


@given(st.integers(0, 2**32), st.integers(1, 8))
def test_in_a_flat_market_both_sides_of_a_book_have_the_same_sizes(seed, n):
    """What weighs the best levels by their sizes then says the middle, which is what everybody says."""
    quotes = synthesise(msgspec.structs.replace(market("calm", seed, publications=20), flat=True, columns=("book",)), n)
    for row in range(len(quotes)):
        bids, asks = quotes.book.row(row)
        assert [size for _, size in bids] == [size for _, size in asks]


@given(st.integers(0, 2**32), st.integers(0, 40))
def test_a_mute_venue_says_nothing_from_its_time_on_and_the_others_what_they_said(seed, seconds):
    whole = synthesise(market("volatile", seed), 5)
    quotes = synthesise(market("volatile", seed, mute=(1, 4), mute_from=seconds * SECOND), 5)
    gone = np.isin(whole.source, (1, 4)) & (whole.event_time >= START + seconds * SECOND)
    assert quotes.equals(whole.take(~gone))
