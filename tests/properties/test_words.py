"""The words that statements are made of, each held to a few lines of plain Python."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.properties.words import apart, clean_range, displacement, held_for, range_over, since_when, windows
from indexlab.scenarios.expect import Expect

NAN = float("nan")
values = st.none() | st.sampled_from([99.0, 100.0, 100.5, 103.0, 250.0])


@st.composite
def courses(draw):
    """Publication times and an index with holes."""
    times = np.array(sorted(draw(st.sets(st.integers(0, 60), min_size=1, max_size=20))), dtype=np.int64)
    index = np.array([NAN if value is None else value for value in draw(st.lists(values, min_size=len(times), max_size=len(times)))])
    return times, index


@given(courses(), st.integers(0, 15), st.integers(0, 15))
def test_a_window_is_closed_at_both_ends(course, before, after):
    times, _ = course
    low, high = windows(times, before, after)
    for k, now in enumerate(times):
        assert list(range(low[k], high[k])) == [j for j, t in enumerate(times) if now - before <= t <= now + after]


@given(courses(), st.integers(0, 15))
def test_the_clean_range_is_over_the_tracking_lag_to_both_sides(course, lag):
    times, index = course
    lowest, highest, always, never = clean_range(times, index, lag)
    for k, now in enumerate(times):
        near = [value for t, value in zip(times, index, strict=True) if abs(t - now) <= lag]
        known = [value for value in near if not math.isnan(value)]
        assert lowest[k] == min(known, default=math.inf)
        assert highest[k] == max(known, default=-math.inf)
        assert always[k] == (len(known) == len(near))
        assert never[k] == (not known)


def test_an_empty_window_has_no_range():
    lowest, highest = range_over(np.array([1.0, 2.0]), np.array([0, 1, 2]), np.array([0, 2, 2]))
    assert lowest.tolist() == [math.inf, 2.0, math.inf]
    assert highest.tolist() == [-math.inf, 2.0, -math.inf]


@pytest.mark.parametrize(
    ("value", "lowest", "highest", "expected"),
    [
        (100.0, 99.0, 101.0, 0.0),
        (99.0, 99.0, 101.0, 0.0),
        (101.0, 99.0, 101.0, 0.0),
        (98.01, 99.0, 101.0, 0.01),
        (102.01, 99.0, 101.0, 0.01),
        (0.0, 100.0, 100.0, 1.0),
        (-100.0, 100.0, 100.0, 2.0),
        (1e12, 100.0, 100.0, 1e10),
        (NAN, 99.0, 101.0, 0.0),
        (100.0, math.inf, -math.inf, 0.0),
    ],
)
def test_displacement_is_the_relative_distance_from_the_range(value, lowest, highest, expected):
    got = displacement(np.array([value]), np.array([lowest]), np.array([highest]))
    assert got[0] == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("one", "other", "tick", "expected"),
    [
        (100.0, 100.0, 0.0, False),
        (100.00099, 100.0, 0.0, False),
        (100.00101, 100.0, 0.0, True),
        (99.99899, 100.0, 0.0, True),
        (100.5, 100.0, 0.5, False),
        (100.51, 100.0, 0.5, True),
        (NAN, 100.0, 0.0, False),
        (100.0, NAN, 0.0, False),
        (math.inf, 100.0, 0.0, True),
    ],
)
def test_the_same_is_within_a_tenth_of_a_basis_point_or_a_tick(one, other, tick, expected):
    assert apart(np.array([one]), np.array([other]), Expect(tick=tick)).tolist() == [expected]


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=25), st.integers(0, 20))
def test_how_long_a_condition_has_held_without_a_break(steps, span):
    times = np.cumsum([step for step, _ in steps]).astype(np.int64)
    condition = np.array([held for _, held in steps])
    since = since_when(times, condition)
    for k in range(len(times)):
        start = k
        while start >= 0 and condition[start]:
            start -= 1
        assert since[k] == (times[k] - times[start + 1] if condition[k] else -1)
    assert held_for(times, condition, span).tolist() == (since >= span).tolist()


def test_several_runs_are_timed_each_by_itself():
    held = np.array([[True, True, True], [True, False, True]])
    assert since_when(np.array([10, 20, 30]), held).tolist() == [[0, 10, 20], [0, -1, 0]]
