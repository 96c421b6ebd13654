"""Many runs sampled together: the same as a panel of each."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market.panel import sample
from indexlab.market.quotes import Quotes, valid_quotes
from indexlab.properties.joined import Joined

SECOND = 1_000_000
PRICES = st.sampled_from([100.0, 0.0, float("nan"), 101.5])


@st.composite
def runs(draw):
    made = []
    for _ in range(draw(st.integers(1, 4))):
        n = draw(st.integers(0, 12))
        received = sorted(draw(st.lists(st.integers(0, 30), min_size=n, max_size=n)))
        event = [max(moment + draw(st.integers(-5, 3)), 0) for moment in received]
        sources = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
        prices = draw(st.lists(PRICES, min_size=n, max_size=n))
        made.append(
            Quotes.from_columns(
                receive_time=np.array(received, dtype=np.int64) * SECOND, event_time=np.array(event, dtype=np.int64) * SECOND, source=sources, price=prices
            )
        )
    return made


@st.composite
def twins(draw):
    """Runs of the same columns, that differ in prices alone."""
    first = draw(runs())[0]
    prices = st.lists(PRICES, min_size=len(first), max_size=len(first))
    return [first.with_columns(price=np.array(draw(prices))) for _ in range(draw(st.integers(1, 3)))]


@given(st.one_of(runs(), twins()), st.lists(st.integers(0, 32), min_size=1, max_size=6).map(sorted), st.booleans(), st.booleans())
def test_it_is_a_panel_of_each(quotes, seconds, by_event, uses_book):
    times = np.array(seconds, dtype=np.int64) * SECOND
    joined = Joined(quotes, times, 3, by_event, uses_book)
    for run, one in enumerate(quotes):
        valid = valid_quotes(one, uses_book=uses_book)
        panel = sample(one, times, 3, valid, "event" if by_event else "receive")
        mine = joined.panels[run]
        assert np.array_equal(joined.valid[run], valid)
        assert np.array_equal(mine.newest, panel.newest)
        assert np.array_equal(mine.latest, panel.latest)
        assert np.array_equal(joined.since_newest()[run], panel.age("event" if by_event else "receive"))
        assert np.array_equal(joined.since_latest()[run], panel.silence())
        assert np.array_equal(joined.invalid_latest()[run], ~np.append(valid, True)[panel.latest])
        if not uses_book:
            assert np.array_equal(joined.entering()[run], panel.price, equal_nan=True)
