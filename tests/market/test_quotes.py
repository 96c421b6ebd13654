"""Quotes are validated once, on the way in; an error names the column, the row and the value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market.errors import InputError
from indexlab.market.levels import Levels
from indexlab.market.quotes import COLUMNS, MAX_AHEAD_US, OPTIONAL_COLUMNS, Quotes, valid_quotes
from indexlab.market.times import LATEST_US

NAN = float("nan")
RIGHT = {"receive_time": [10, 20, 20], "event_time": [9, 20, 19], "source": [0, 1, 0], "price": [1.0, None, 3.0], "volume": [0.5, None, 2.0]}


def test_missing_columns_are_null_and_a_missing_event_time_is_the_receive_time():
    quotes = Quotes.from_columns(receive_time=[1, 2], source=[0, 1], price=[5.0, None])
    assert quotes.event_time.tolist() == [1, 2]
    assert np.isnan(quotes.bid).all()
    assert np.isnan(quotes.volume).all()
    assert np.isnan(quotes.price).tolist() == [False, True]
    assert [getattr(quotes, name).dtype.name for name in COLUMNS] == ["int64", "int64", "int32", "float64", "float64", "float64", "float64"]
    assert not quotes.has_book


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"receive_time": [10, 20, 15]}, "q.parquet: receive_time must not go back in time, was 15 in row 2"),
        ({"receive_time": [-1, 20, 20]}, f"q.parquet: receive_time must be microseconds since 1970 up to {LATEST_US}, was -1 in row 0"),
        ({"event_time": [9, 2**53, 19]}, f"q.parquet: event_time must be microseconds since 1970 up to {LATEST_US}, was {2**53} in row 1"),
        ({"source": [0, 2, 0]}, "q.parquet: source must be a position in the list of sources, was 2 in row 1"),
        ({"source": [0, 1, -1]}, "q.parquet: source must be a position in the list of sources, was -1 in row 2"),
        ({"price": [1.0, float("inf"), 2.0]}, "q.parquet: price must be finite or null, was inf in row 1"),
        ({"bid": [1.0, 1.0, float("-inf")]}, "q.parquet: bid must be finite or null, was -inf in row 2"),
        ({"volume": [1.0, 2.0]}, "q.parquet: volume must have as many entries as receive_time (3), were 2"),
        ({"price": [1.0] * 4}, "q.parquet: price must have as many entries as receive_time (3), were 4"),
        ({"receive_time": [10.0, 20.0, 20.0]}, "q.parquet: receive_time must be a list of whole numbers, was float64"),
        ({"price": ["a", "b", "c"]}, "q.parquet: price must be a list of numbers or nulls"),
        ({"price": [[1.0], [2.0], [3.0]]}, "q.parquet: price must be a list of numbers or nulls, has 2 dimensions"),
    ],
)
def test_a_wrong_column_is_refused_in_one_line(changes, message):
    with pytest.raises(InputError) as caught:
        Quotes.from_columns(**{**RIGHT, **changes}, sources=2, file="q.parquet")
    assert str(caught.value) == message


@pytest.mark.parametrize("column", ["receive_time", "event_time", "source", "price", "bid", "ask", "volume"])
@given(row=st.integers(0, 5))
def test_the_row_that_is_named_is_the_first_wrong_one(column, row):
    columns = {"receive_time": [5] * 6, "event_time": [5] * 6, "source": [0] * 6, "price": [1.0] * 6, "bid": [1.0] * 6, "ask": [1.0] * 6, "volume": [1.0] * 6}
    wrong = float("inf") if column in ("price", "bid", "ask", "volume") else -7
    columns[column] = [wrong if k >= row else value for k, value in enumerate(columns[column])]
    with pytest.raises(InputError, match=rf"^{column} .* was {wrong} in row {row}$"):
        Quotes.from_columns(**columns)


def test_zero_and_negative_prices_are_let_in_because_sources_send_them():
    assert Quotes.from_columns(receive_time=[1, 2], source=[0, 0], price=[0.0, -3.0]).price.tolist() == [0.0, -3.0]


@pytest.mark.parametrize(
    ("price", "bid", "ask", "ahead", "valid", "valid_by_book"),
    [
        (10.0, None, None, 0, True, True),
        (10.0, 9.0, 11.0, 0, True, True),
        (10.0, 10.0, 10.0, 0, True, True),
        (None, None, None, 0, False, False),
        (0.0, None, None, 0, False, False),
        (-1.0, None, None, 0, False, False),
        (10.0, 11.0, 9.0, 0, False, False),
        (10.0, 9.0, None, 0, False, False),
        (10.0, None, 11.0, 0, False, False),
        (10.0, 0.0, 11.0, 0, False, False),
        (10.0, -1.0, 11.0, 0, False, False),
        (0.0, 9.0, 11.0, 0, False, False),
        (None, 9.0, 11.0, 0, False, True),
        (10.0, None, None, MAX_AHEAD_US, True, True),
        (10.0, None, None, MAX_AHEAD_US + 1, False, False),
        (10.0, None, None, -(10**12), True, True),
    ],
)
def test_what_is_valid(price, bid, ask, ahead, valid, valid_by_book):
    """A finite price above 0, no crossed or half book, at most 1 s ahead; for who prices from the book a null price beside a good book counts."""
    now = 10**13
    quotes = Quotes.from_columns(receive_time=[now], event_time=[now + ahead], source=[0], price=[price], bid=[bid], ask=[ask])
    assert valid_quotes(quotes, uses_book=False).tolist() == [valid]
    assert valid_quotes(quotes, uses_book=True).tolist() == [valid_by_book]


rows = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3), st.floats(0.5, 2.0)), max_size=30)


def of_rows(drawn):
    ordered = sorted(drawn, key=lambda row: row[0])
    return Quotes.from_columns(receive_time=[r[0] for r in ordered], source=[r[1] for r in ordered], price=[r[2] for r in ordered])


@given(rows, rows)
def test_joined_quotes_are_sorted_and_the_earlier_part_comes_first_among_equals(one, other):
    first, second = of_rows(one), of_rows(other)
    joined = Quotes.concatenate([first, second])
    told = [(t, 0, k) for k, t in enumerate(first.receive_time.tolist())] + [(t, 1, k) for k, t in enumerate(second.receive_time.tolist())]
    prices = [(first, second)[part].price[k] for _, part, k in sorted(told)]
    assert joined.price.tolist() == prices


@given(rows, st.sets(st.integers(0, 3)))
def test_leaving_sources_out_keeps_the_positions_of_the_others(drawn, gone):
    quotes = of_rows(drawn)
    left = quotes.without_sources(sorted(gone))
    expected = [(t, s, p) for t, s, p in zip(quotes.receive_time, quotes.source, quotes.price, strict=True) if s not in gone]
    assert list(zip(left.receive_time, left.source, left.price, strict=True)) == expected


def test_equality_is_to_the_bit_and_null_equals_null():
    quotes = Quotes.from_columns(**RIGHT)
    assert quotes.equals(Quotes.from_columns(**RIGHT))
    assert not quotes.equals(quotes.with_columns(price=np.array([np.nextafter(1.0, 2.0), NAN, 3.0])))
    assert not quotes.equals(quotes.take(np.array([0, 1])))


BOOK = Levels.from_lists([([(1.0, 5.0)], [(2.0, 5.0)]), None, ([(3.0, 1.0)], [])])
WHOLE = {**RIGHT, "confidence": [0.1, None, 0.3], "trade_size": [None, 2.0, 3.0], "book": BOOK}


def test_optional_columns_are_none_unless_they_are_given():
    quotes = Quotes.from_columns(**RIGHT)
    assert [getattr(quotes, name) for name in (*OPTIONAL_COLUMNS, "book")] == [None, None, None]
    assert [getattr(quotes.take(np.array([1])), name) for name in (*OPTIONAL_COLUMNS, "book")] == [None, None, None]
    assert Quotes.from_columns(**WHOLE).confidence.tolist()[::2] == [0.1, 0.3]


def test_optional_columns_follow_their_rows():
    quotes = Quotes.from_columns(**WHOLE)
    left = quotes.without_sources([1])
    assert left.confidence.tolist() == [0.1, 0.3]
    assert left.trade_size.tolist()[1:] == [3.0]
    assert [left.book.row(row) for row in range(2)] == [BOOK.row(0), BOOK.row(2)]
    turned = quotes.take(np.array([2, 0, 1])).sorted_by_arrival()  # rows 1 and 2 arrive together
    assert turned.book.row(1) == BOOK.row(2)
    assert turned.confidence.tolist()[:2] == [0.1, 0.3]


def test_a_column_that_only_some_parts_have_is_null_in_the_others():
    plain, whole = Quotes.from_columns(**RIGHT), Quotes.from_columns(**WHOLE)
    joined = Quotes.concatenate([plain, whole])
    order = [0, 3, 1, 2, 4, 5]
    told = [[NAN, NAN, NAN, 0.1, NAN, 0.3][k] for k in order]
    assert np.array_equal(joined.confidence, np.array(told), equal_nan=True)
    books = [([], [])] * 3 + [BOOK.row(k) for k in range(3)]
    assert [joined.book.row(row) for row in range(6)] == [books[k] for k in order]
    assert Quotes.concatenate([plain, plain]).book is None


@pytest.mark.parametrize("name", [*OPTIONAL_COLUMNS, "book"])
def test_equality_sees_optional_columns(name):
    whole = Quotes.from_columns(**WHOLE)
    assert whole.equals(Quotes.from_columns(**WHOLE))
    without = whole.with_columns(**{name: None})
    assert not whole.equals(without)
    assert not without.equals(whole)
    assert without.equals(without.take(np.arange(3)))
    other = BOOK.scaled(2.0) if name == "book" else np.zeros(3)
    assert not whole.equals(whole.with_columns(**{name: other}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"confidence": [1.0, float("inf"), 2.0]}, "confidence must be finite or null, was inf in row 1"),
        ({"trade_size": [1.0]}, "trade_size must have as many entries as receive_time (3), were 1"),
        ({"trade_size": ["a", 1.0, 1.0]}, "trade_size must be a list of numbers or nulls"),
        ({"book": Levels.empty(2)}, "book must have as many entries as receive_time (3), were 2"),
    ],
)
def test_a_wrong_optional_column_is_refused(changes, message):
    with pytest.raises(InputError) as caught:
        Quotes.from_columns(**{**RIGHT, **changes})
    assert str(caught.value) == message


def test_scaling_moves_every_amount_in_quote_currency_and_no_size():
    whole = Quotes.from_columns(**WHOLE)
    doubled = whole.scaled(2.0)
    assert doubled.price.tolist()[::2] == [2.0, 6.0]
    assert doubled.confidence.tolist()[::2] == [0.2, 0.6]
    assert doubled.trade_size is whole.trade_size
    assert doubled.book.row(0) == ([(2.0, 5.0)], [(4.0, 5.0)])
    assert doubled.scaled(0.5).equals(whole)
