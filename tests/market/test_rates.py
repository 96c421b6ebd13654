"""Rates are validated once, on the way in, like quotes."""

import numpy as np
import pytest

from indexlab.market.errors import InputError
from indexlab.market.rates import Rate, factors
from indexlab.market.source import Source
from indexlab.market.times import LATEST_US

RIGHT = {"receive_time": [10, 20, 20], "price": [1.0, None, 0.5]}


def test_a_missing_event_time_is_the_receive_time_and_null_is_nan():
    rate = Rate.from_columns(**RIGHT)
    assert len(rate) == 3
    assert rate.event_time.tolist() == [10, 20, 20]
    assert np.isnan(rate.price).tolist() == [False, True, False]
    assert rate.equals(Rate.from_columns(**RIGHT, event_time=[10, 20, 20]))
    assert not rate.equals(Rate.from_columns(**RIGHT, event_time=[10, 20, 19]))
    assert len(Rate.from_columns(receive_time=[], price=[])) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"receive_time": [10, 20, 15]}, "rates.EUR.receive_time must not go back in time, was 15 in row 2"),
        ({"receive_time": [-1, 20, 20]}, f"rates.EUR.receive_time must be microseconds since 1970 up to {LATEST_US}, was -1 in row 0"),
        ({"event_time": [9, 2**53, 19]}, f"rates.EUR.event_time must be microseconds since 1970 up to {LATEST_US}, was {2**53} in row 1"),
        ({"event_time": [9]}, "rates.EUR.event_time must have as many entries as receive_time (3), were 1"),
        ({"price": [1.0, float("inf"), 2.0]}, "rates.EUR.price must be finite or null, was inf in row 1"),
        ({"price": [1.0]}, "rates.EUR.price must have as many entries as receive_time (3), were 1"),
        ({"receive_time": [1.5, 2.5, 3.5]}, "rates.EUR.receive_time must be a list of whole numbers, was float64"),
    ],
)
def test_a_wrong_column_is_refused_in_one_line(changes, message):
    with pytest.raises(InputError) as caught:
        Rate.from_columns(**{**RIGHT, **changes}, name="EUR")
    assert str(caught.value) == message


def test_the_factor_of_a_source_is_the_newest_usable_rate_of_its_currency():
    """Heard at or before the time; null, zero and negative ones are passed over; a currency without rates is the index's own."""
    basket = (Source("a", "a"), Source("b", "b", quote="EUR"), Source("c", "c", quote="EUR"))
    rate = Rate.from_columns(receive_time=[10, 20, 30, 40, 40], price=[1.1, None, -1.0, 1.3, 1.2])
    worth = factors({"EUR": rate, "JPY": rate}, basket, np.array([9, 10, 35, 40]))
    assert np.array_equal(worth, [[1, np.nan, np.nan], [1, 1.1, 1.1], [1, 1.1, 1.1], [1, 1.2, 1.2]], equal_nan=True)
    assert factors(None, basket, np.array([1])).tolist() == [[1, 1, 1]]
