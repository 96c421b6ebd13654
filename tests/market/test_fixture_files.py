"""quotes.parquet from elsewhere: seven right columns within bounds, or one line that says what is wrong."""

import io

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market import fixture_files
from indexlab.market.errors import InputError
from indexlab.market.fixture_files import quotes_to_parquet, read_quotes
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source

BASKET = (Source("a", "a"), Source("b", "b"))
START, END = 1_000, 2_000


def quotes():
    return Quotes.from_columns(
        receive_time=[1_000, 1_500, 2_000], event_time=[900, 1_500, 1_999], source=[0, 1, 0], price=[1.0, np.nan, 3.0], bid=[np.nan, 2.0, np.nan]
    )


def read(content):
    return read_quotes(content, BASKET, start=START, end=END, file="quotes.parquet")


def changed(**columns):
    frame = pl.read_parquet(io.BytesIO(quotes_to_parquet(quotes()))).with_columns(**columns)
    into = io.BytesIO()
    frame.write_parquet(into)
    return into.getvalue()


def test_quotes_come_back_to_the_bit_and_nan_is_null_in_the_file():
    content = quotes_to_parquet(quotes())
    assert read(content).equals(quotes())
    frame = pl.read_parquet(io.BytesIO(content))
    assert frame.columns == ["receive_time", "event_time", "source", "price", "bid", "ask", "volume"]
    assert [str(kind) for kind in frame.dtypes] == ["Int64", "Int64", "Int32", "Float64", "Float64", "Float64", "Float64"]
    assert frame["ask"].null_count() == 3


def test_sources_may_be_given_by_id():
    assert read(changed(source=pl.Series(["a", "b", "a"]))).equals(quotes())


def test_numbers_may_be_narrower_or_all_null():
    again = read(changed(receive_time=pl.col("receive_time").cast(pl.UInt32), price=pl.col("price").cast(pl.Float32), volume=pl.lit(None)))
    assert again.equals(quotes())


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"source": pl.Series([0, 2, 0])}, "source must be a position in the list of sources, was 2 in row 1"),
        ({"source": pl.Series([0, -1, 0])}, "source must be a position in the list of sources, was -1 in row 1"),
        ({"source": pl.Series(["a", "c", "a"])}, 'source must be a source of fixture.toml, was "c"'),
        ({"source": pl.Series([0.0, 1.0, 0.0])}, "source must be a position .* was Float64"),
        ({"source": pl.Series([0, None, 0])}, "source must not be null, is in 1 rows"),
        ({"source": pl.Series(["a", None, "a"])}, "source must be a source of fixture.toml"),
        ({"receive_time": pl.Series([999, 1500, 2000])}, "receive_time must lie between start and end .* was 999 in row 0"),
        ({"receive_time": pl.Series([1000, 1500, 2001])}, "receive_time must lie between start and end .* was 2001 in row 2"),
        ({"receive_time": pl.Series([1000, 1500, 1400])}, "receive_time must not go back in time, was 1400 in row 2"),
        ({"receive_time": pl.Series([1000.0, 1500.0, 2000.0])}, "receive_time must be whole microseconds"),
        ({"receive_time": pl.Series([1000, 1500, 2**64 - 1], dtype=pl.UInt64)}, "receive_time must fit into int64"),
        ({"receive_time": pl.Series([1000, None, 2000])}, "receive_time must not be null"),
        ({"event_time": pl.Series([-5, 1500, 2000])}, "event_time must be microseconds since 1970"),
        ({"price": pl.Series([1.0, float("inf"), 1.0])}, "price must be finite or null"),
        ({"price": pl.Series(["1", "2", "3"])}, "price must be numbers .*, was String"),
    ],
)
def test_columns_that_are_not_right_are_named(columns, says):
    with pytest.raises(InputError, match=f"^quotes.parquet: {says}") as caught:
        read(changed(**columns))
    assert "\n" not in str(caught.value)


def test_a_missing_column_is_named_and_a_further_one_is_left_alone():
    content = io.BytesIO()
    pl.read_parquet(io.BytesIO(quotes_to_parquet(quotes()))).drop("bid", "volume").write_parquet(content)
    with pytest.raises(InputError, match=r"must have the columns .*, lacks bid, volume"):
        read(content.getvalue())
    assert read(changed(note=pl.lit("x"))).equals(quotes())


def test_too_many_rows_are_refused_before_they_are_read(monkeypatch):
    monkeypatch.setattr(fixture_files, "MOST_ROWS", 2)
    with pytest.raises(InputError, match="must not have more than 2 rows, has 3"):
        read(quotes_to_parquet(quotes()))


@given(st.integers(0, len(quotes_to_parquet(quotes())) - 1))
def test_a_file_cut_anywhere_is_one_line(length):
    with pytest.raises(InputError, match=r"^quotes\.parquet: must be a whole Parquet file") as caught:
        read(quotes_to_parquet(quotes())[:length])
    assert "\n" not in str(caught.value)
