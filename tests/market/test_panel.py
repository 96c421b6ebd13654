"""The panel says what each source last said, and how old that is: held to ten lines of plain Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market.panel import NEVER_US, sample
from indexlab.market.quotes import Quotes

N = 3


def newest_row(quotes, valid, source, now, clock):
    """The promise in plain words: newest by event time, the later arrival among equals; by the receive clock the last received; never an invalid one."""
    best = -1
    for row in range(len(quotes)):
        if quotes.receive_time[row] <= now and quotes.source[row] == source and valid[row]:
            newer = clock == "receive" or best < 0 or quotes.event_time[row] >= quotes.event_time[best]
            best = row if newer else best
    return best


def latest_row(quotes, source, now):
    rows = [row for row in range(len(quotes)) if quotes.receive_time[row] <= now and quotes.source[row] == source]
    return rows[-1] if rows else -1


@st.composite
def streams(draw):
    """Few distinct times, so that equal event times, equal receive times and late arrivals all come up."""
    rows = sorted(draw(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 14), st.integers(0, N - 1), st.booleans()), max_size=25)), key=lambda row: row[0])
    quotes = Quotes.from_columns(
        receive_time=[r[0] for r in rows], event_time=[r[1] for r in rows], source=[r[2] for r in rows], price=[100.0 + k for k in range(len(rows))]
    )
    times = np.array(sorted(draw(st.lists(st.integers(0, 15), max_size=8))), dtype=np.int64)
    return quotes, times, np.array([r[3] for r in rows], dtype=bool)


@pytest.mark.parametrize("clock", ["event", "receive"])
@given(stream=streams())
def test_the_panel_is_the_plain_as_of_sample(clock, stream):
    quotes, times, valid = stream
    panel = sample(quotes, times, N, valid, clock)
    rows = [[newest_row(quotes, valid, s, now, clock) for s in range(N)] for now in times]
    assert panel.newest.tolist() == rows
    assert panel.latest.tolist() == [[latest_row(quotes, s, now) for s in range(N)] for now in times]


@pytest.mark.parametrize("clock", ["event", "receive"])
@given(stream=streams())
def test_prices_and_ages_by_both_clocks_are_those_of_the_newest_row(clock, stream):
    quotes, times, valid = stream
    panel = sample(quotes, times, N, valid, clock)
    for t, now in enumerate(times):
        for s in range(N):
            row, last = newest_row(quotes, valid, s, now, clock), latest_row(quotes, s, now)
            assert panel.age("event")[t, s] == (NEVER_US if row < 0 else now - quotes.event_time[row])
            assert panel.age("receive")[t, s] == (NEVER_US if row < 0 else now - quotes.receive_time[row])
            assert panel.silence()[t, s] == (NEVER_US if last < 0 else now - quotes.receive_time[last])
            assert np.array_equal(panel.price[t, s], np.nan if row < 0 else quotes.price[row], equal_nan=True)


def one_source(*rows, clock="event", now=100):
    received, event, price, valid = zip(*rows, strict=True)
    quotes = Quotes.from_columns(receive_time=received, event_time=event, source=[0] * len(rows), price=price)
    return sample(quotes, np.array([now], dtype=np.int64), 1, np.array(valid), clock).price[0, 0]


def test_what_arrives_late_never_replaces_what_is_newer():
    rows = [(10, 10, 1.0, True), (20, 20, 2.0, True), (30, 15, 3.0, True)]
    assert one_source(*rows) == 2.0
    assert one_source(*rows, clock="receive") == 3.0


def test_among_equal_event_times_the_later_arrival_counts():
    assert one_source((10, 10, 1.0, True), (20, 10, 2.0, True)) == 2.0
    assert one_source((10, 10, 1.0, True), (10, 10, 2.0, True)) == 2.0


@pytest.mark.parametrize("clock", ["event", "receive"])
def test_an_invalid_observation_is_never_the_newest(clock):
    assert one_source((10, 10, 1.0, True), (20, 20, 2.0, False), clock=clock) == 1.0


def test_what_is_received_at_the_publication_counts_and_a_microsecond_later_does_not():
    assert one_source((10, 10, 1.0, True), (20, 20, 2.0, True), now=20) == 2.0
    assert one_source((10, 10, 1.0, True), (21, 20, 2.0, True), now=20) == 1.0


def test_a_market_without_a_quote_has_a_panel_of_nothing():
    panel = sample(Quotes.empty(), np.array([5, 6], dtype=np.int64), 2, np.zeros(0, dtype=bool), "event")
    assert panel.newest.tolist() == [[-1, -1], [-1, -1]]
    assert (panel.age("event") == NEVER_US).all()
    assert (panel.silence() == NEVER_US).all()
    assert np.isnan(panel.price).all()
