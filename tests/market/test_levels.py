"""Books as columns: what goes in row by row comes out row by row, whatever was taken, joined or compacted in between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market.errors import InputError
from indexlab.market.levels import Levels

numbers = st.floats(allow_infinity=False, allow_nan=False, width=32)
sides = st.lists(st.tuples(numbers, numbers), max_size=3)
books = st.lists(st.none() | st.tuples(sides, sides), max_size=6)


def written(levels):
    return [levels.row(row) for row in range(len(levels))]


def plain(rows):
    return [([], []) if row is None else row for row in rows]


@given(books)
def test_what_is_written_out_comes_back(rows):
    levels = Levels.from_lists(rows)
    assert written(levels) == plain(rows)
    assert [getattr(levels, name).dtype.name for name in ("start", "bids", "asks", "price", "size")] == ["int64", "int32", "int32", "float64", "float64"]
    assert levels.equals(Levels.from_lists(plain(rows)))


@given(books, st.data())
def test_taken_rows_keep_their_books_and_copy_no_level(rows, data):
    levels = Levels.from_lists(rows)
    order = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8) if rows else st.just([]))
    taken = levels.take(np.array(order, dtype=np.intp))
    assert written(taken) == [plain(rows)[k] for k in order]
    assert taken.price is levels.price
    compact = taken.compact()
    assert written(compact) == written(taken)
    assert len(compact.price) == int(compact.counts.sum())
    assert taken.equals(compact)
    assert np.array_equal(compact.compact().price, compact.price)


@given(st.lists(books, max_size=4))
def test_joined_rows_keep_their_books(parts):
    assert written(Levels.concatenate([Levels.from_lists(part) for part in parts])) == [row for part in parts for row in plain(part)]


def test_runs_of_one_market_go_on_sharing_its_levels():
    """A batch joins thousands of runs of one market: its levels are there once."""
    market = Levels.from_lists([([(1.0, 2.0)], [(3.0, 4.0)])] * 5)
    joined = Levels.concatenate([market.take(np.arange(3)), market.take(np.array([4, 0])), market])
    assert joined.price is market.price
    mixed = Levels.concatenate([market.take(np.array([1])), Levels.empty(2), market])
    assert len(mixed.price) == len(market.price)
    assert written(mixed) == [*written(market)[:1], ([], []), ([], []), *written(market)]


def test_scaling_is_by_row_where_a_factor_is_a_row_s_own():
    levels = Levels.from_lists([([(1.0, 5.0)], [(2.0, 6.0), (3.0, 7.0)]), None, ([], [(10.0, 1.0)])])
    assert written(levels.scaled(2.0)) == [([(2.0, 5.0)], [(4.0, 6.0), (6.0, 7.0)]), ([], []), ([], [(20.0, 1.0)])]
    twice = levels.take(np.array([0, 2, 0]))
    assert written(twice.scaled(np.array([1.0, 2.0, 3.0])))[2] == ([(3.0, 5.0)], [(6.0, 6.0), (9.0, 7.0)])


def test_null_is_no_infinity():
    levels = Levels.from_lists([([(None, 1.0)], [])])
    assert np.isnan(levels.price).tolist() == [True]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([None, ([(1.0, 2.0)], [(float("inf"), 2.0)])], r"^book must hold finite numbers or nulls, was \[inf, 2.0\] in row 1$"),
        ([([(1.0, 2.0), (1.0,)], [])], "^book must hold levels of a price and a size$"),
        ([([("a", 2.0)], [])], "^book must hold levels of a price and a size$"),
        ([([(1.0, 2.0, 3.0)], [])], "^book must hold levels of a price and a size$"),
        ([([1.0, 2.0], [])], "^book must hold levels of a price and a size$"),
    ],
)
def test_a_wrong_level_is_refused(rows, message):
    with pytest.raises(InputError, match=message):
        Levels.from_lists(rows)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, r"must have as many entries as receive_time \(3\), were 2"),
        ({"asks": [1, 1, 1]}, r"must have as many entries"),
        ({"start": [0, 2, 9], "bids": [1, 1, 1], "asks": [1, 1, 1]}, "must point at levels that are there, does not in row 2"),
        ({"start": [0, -1, 0], "bids": [1, 1, 1], "asks": [1, 1, 1]}, "does not in row 1"),
        ({"start": [0, 0, 0], "bids": [1, -1, 1], "asks": [1, 1, 1]}, "does not in row 1"),
        ({"size": [1.0]}, "must have"),
    ],
)
def test_books_that_do_not_fit_are_refused(changes, message):
    given_columns = {"start": [0, 2], "bids": [1, 1], "asks": [1, 1], "price": [1.0] * 4, "size": [1.0] * 4} | changes
    types = {"start": np.int64, "bids": np.int32, "asks": np.int32, "price": np.float64, "size": np.float64}
    levels = Levels(**{name: np.array(column, dtype=types[name]) for name, column in given_columns.items()})
    with pytest.raises(InputError, match=message):
        levels.checked(3)
