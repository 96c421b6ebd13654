"""One parser reads every quantity that people write, and says in one line what is wrong with the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market.errors import InputError
from indexlab.market.units import MINUTE, SECOND, duration_us, format_bp, format_duration, format_ratio, parse_quantity, ratio

HOUR = 60 * MINUTE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.5%", 0.005),
        ("50bp", 0.005),
        (" 50 bp ", 0.005),
        ("25ppm", 0.000025),
        ("0.005", 0.005),
        ("100%", 1.0),
        ("0bp", 0.0),
        ("+7%", 0.07),
        ("0.07%", 0.0007),
    ],
)
def test_a_ratio_is_read_exactly_in_every_unit(text, expected):
    assert ratio(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", 30 * SECOND),
        ("8h", 8 * HOUR),
        ("500ms", SECOND // 2),
        ("7us", 7),
        ("7µs", 7),
        ("3m", 3 * MINUTE),
        ("3min", 3 * MINUTE),
        ("2d", 48 * HOUR),
        ("1.5s", 1_500_000),
        ("0.1s", 100_000),
        ("0s", 0),
    ],
)
def test_a_duration_is_read_as_whole_microseconds(text, expected):
    assert duration_us(text) == expected


def test_a_plain_number_is_a_ratio_but_no_duration_except_zero():
    assert ratio(0.005) == 0.005
    assert ratio(1) == 1.0
    assert duration_us(0) == 0
    with pytest.raises(InputError, match=r"^max_age must be a duration with its unit, was 30; write \"30s\""):
        duration_us(30, key="max_age")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (50, 'outlier.band must be between 0 and 1 (a ratio, "0.5%" or "50bp"), was 50; did you mean "50bp"?'),
        (2.5, 'outlier.band must be between 0 and 1 (a ratio, "0.5%" or "50bp"), was 2.5; did you mean "2.5bp"?'),
        ("101%", 'outlier.band must be between 0 and 1 (a ratio, "0.5%" or "50bp"), was 101%'),
        (-0.1, 'outlier.band must be between 0 and 1 (a ratio, "0.5%" or "50bp"), was -0.1'),
        ("-1%", 'outlier.band must be between 0 and 1 (a ratio, "0.5%" or "50bp"), was -1%'),
        (float("nan"), 'outlier.band must be between 0 and 1 (a ratio, "0.5%" or "50bp"), was nan'),
        (float("inf"), 'outlier.band must be between 0 and 1 (a ratio, "0.5%" or "50bp"), was inf'),
        ("30s", 'outlier.band must be a ratio, was the duration "30s"; write "0.5%" or "50bp"'),
        (True, 'outlier.band must be a ratio, was True; write "0.5%" or "50bp"'),
        (None, 'outlier.band must be a ratio, was None; write "0.5%" or "50bp"'),
        ("five", 'outlier.band must be a number with a unit, was "five"; write a ratio as "0.5%" or "50bp", a duration as "30s" or "8h"'),
        ("5 apples", 'outlier.band has an unknown unit "apples" in "5 apples"; write a ratio as "0.5%" or "50bp", a duration as "30s" or "8h"'),
        ("", 'outlier.band must be a number with a unit, was ""; write a ratio as "0.5%" or "50bp", a duration as "30s" or "8h"'),
    ],
)
def test_a_wrong_ratio_is_one_line_with_key_rule_value_and_remedy(given, message):
    with pytest.raises(InputError) as caught:
        ratio(given, key="outlier.band")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("-5s", 'max_age must not be negative, was "-5s"'),
        ("0.5us", 'max_age must be a whole number of microseconds up to 2^53, was "0.5us"'),
        ("999999999d", 'max_age must be a whole number of microseconds up to 2^53, was "999999999d"'),
        ("5%", 'max_age must be a duration with its unit, was "5%"; write "30s", "500ms" or "8h"'),
        ("30", 'max_age must be a duration with its unit, was "30"; write "30s", "500ms" or "8h"'),
        (False, 'max_age must be a duration with its unit, was False; write "30s", "500ms" or "8h"'),
        ("1e3s", 'max_age must be a number with a unit, was "1e3s"; write a ratio as "0.5%" or "50bp", a duration as "30s" or "8h"'),
    ],
)
def test_a_wrong_duration_is_one_line_with_key_rule_value_and_remedy(given, message):
    with pytest.raises(InputError) as caught:
        duration_us(given, key="max_age")
    assert str(caught.value) == message


def test_a_least_duration_is_named_in_the_words_of_people():
    with pytest.raises(InputError, match=r'^interval must be at least 1m, was "59s"$'):
        duration_us("59s", key="interval", low_us=MINUTE)
    assert duration_us("60s", low_us=MINUTE) == MINUTE


@given(st.integers(0, 2**53))
def test_a_duration_reads_back_as_it_was_written(duration):
    assert duration_us(format_duration(duration)) == duration


@given(st.decimals(0, 100, places=3))
def test_percent_and_basis_points_are_the_same_quantity(percent):
    assert parse_quantity(f"{percent}%") == parse_quantity(f"{percent * 100}bp")


@given(st.integers(0, 100_000))
def test_a_ratio_of_whole_tenths_of_a_basis_point_reads_back_as_it_was_written(tenths):
    value = ratio(f"{tenths / 10}bp")
    assert ratio(format_ratio(value)) == value


@pytest.mark.parametrize(("value", "text"), [(0.0, "0%"), (0.005, "0.5%"), (0.0003, "3bp"), (0.01, "1%"), (-0.0005, "-5bp"), (1.0, "100%")])
def test_a_ratio_is_written_as_people_do(value, text):
    assert format_ratio(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.00131, "13.1 bp"), (0.19, "19.0 %"), (0.1, "10.0 %"), (2000.0, "2e+03 times the price"), (float("inf"), "without bound")]
)
def test_a_distance_is_written_as_people_say_it(value, text):
    assert format_bp(value) == text


@pytest.mark.parametrize(("duration", "text"), [(60 * SECOND, "1m"), (90 * SECOND, "90s"), (8 * HOUR, "8h"), (24 * HOUR, "1d"), (1_500, "1500us"), (0, "0s")])
def test_a_duration_is_written_in_the_largest_exact_unit(duration, text):
    assert format_duration(duration) == text
