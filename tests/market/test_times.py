"""Times are integer microseconds since 1970, UTC; their texts say no more digits than needed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market.errors import InputError
from indexlab.market.times import LATEST_US, clock_text, parse_time, time_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2019-10-31T21:00:00Z", 1_572_555_600_000_000),
        ("2019-10-31T22:00:00+01:00", 1_572_555_600_000_000),
        ("2024-02-29T23:59:59.999999Z", 1_709_251_199_999_999),
        ("1970-01-01T00:00:00.000001+00:00", 1),
    ],
)
def test_a_time_is_read_with_its_offset(text, expected):
    assert parse_time(text) == expected


def test_a_moment_that_toml_has_read_already_is_taken_as_it_is():
    assert parse_time(datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))) == 0
    assert parse_time(datetime(1970, 1, 2, tzinfo=UTC)) == 86_400_000_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2019-10-31T21:00:00", 'start must say its offset from UTC, was "2019-10-31T21:00:00"; write "2019-10-31T21:00:00Z"'),
        ("2019-10-31", 'start must say its offset from UTC, was "2019-10-31"; write "2019-10-31T21:00:00Z"'),
        ("yesterday", 'start must be an RFC 3339 time, was "yesterday"; write "2019-10-31T21:00:00Z"'),
        ("2019-02-30T00:00:00Z", 'start must be an RFC 3339 time, was "2019-02-30T00:00:00Z"; write "2019-10-31T21:00:00Z"'),
    ],
)
def test_a_time_without_offset_or_meaning_is_refused_in_one_line(text, message):
    with pytest.raises(InputError) as caught:
        parse_time(text, key="start")
    assert str(caught.value) == message


@given(st.integers(0, LATEST_US))
def test_a_time_reads_back_as_it_was_written(moment):
    assert parse_time(time_text(moment)) == moment


@pytest.mark.parametrize(
    ("moment", "time", "clock"),
    [
        (0, "1970-01-01T00:00:00Z", "00:00:00"),
        (1_572_555_600_000_000, "2019-10-31T21:00:00Z", "21:00:00"),
        (1_572_555_610_250_000, "2019-10-31T21:00:10.25Z", "21:00:10.25"),
        (1_572_555_610_000_001, "2019-10-31T21:00:10.000001Z", "21:00:10.000001"),
    ],
)
def test_texts_have_no_more_digits_than_needed(moment, time, clock):
    assert (time_text(moment), clock_text(moment)) == (time, clock)
