"""The logarithmic scales and their inverses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.faults.sizes import MAX_DELAY_US, decimal_shift, delay_us, intensity_of_delay, intensity_of_factor, value_factor, volume_factor


def test_the_ends_and_the_middle_are_as_documented() -> None:
    assert (value_factor(0.0), value_factor(0.5), value_factor(1.0)) == (1.0, 1e6, 1e12)
    assert (value_factor(0.0, "down"), value_factor(0.5, "down"), value_factor(1.0, "down")) == (1.0, 1e-6, 1e-12)
    assert (volume_factor(0.0), volume_factor(1.0)) == (1.0, 1e12)
    assert (delay_us(0.0), delay_us(1.0)) == (0, MAX_DELAY_US)
    assert delay_us(0.5) == 1_896_367
    assert [decimal_shift(intensity) for intensity in (0.0, 0.04, 0.05, 0.5, 1.0)] == [0, 0, 1, 6, 12]


@given(st.floats(0, 1))
def test_a_factor_gives_its_intensity_back(intensity: float) -> None:
    assert intensity_of_factor(value_factor(intensity)) == pytest.approx(intensity, abs=1e-14)
    assert intensity_of_factor(value_factor(intensity, "down")) == pytest.approx(intensity, abs=1e-14)


@given(st.integers(0, MAX_DELAY_US))
def test_a_delay_comes_back_to_the_microsecond(delay: int) -> None:
    """Within the rounding of an hour in a double."""
    assert delay_us(intensity_of_delay(delay)) == pytest.approx(delay, rel=1e-12, abs=0)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_intensity_is_no_smaller_fault(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert value_factor(low) <= value_factor(high)
    assert delay_us(low) <= delay_us(high)


def test_what_is_larger_than_the_scale_is_full_intensity() -> None:
    assert intensity_of_factor(1e20) == intensity_of_factor(1e-20) == intensity_of_delay(10 * MAX_DELAY_US) == 1.0
