"""Grids: where a sweep looks, and how it closes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.faults.sizes import value_factor
from indexlab.scenarios.grids import Point, around, between, factors, twin

SIDES = st.one_of(st.floats(1.0001, 1e12), st.floats(1e-12, 0.9999))


def test_the_sizes_reach_over_24_decades():
    sizes = factors()
    assert sizes == tuple(sorted(sizes))
    assert (sizes[0], sizes[-1]) == pytest.approx((1e-12, 1e12))
    assert len(sizes) == len(set(sizes))
    assert 1.0 not in sizes


@given(st.floats(1e-5, 0.9))
def test_a_declared_threshold_is_asked_about_at_its_end_and_a_hair_on_either_side(ratio):
    sizes = factors([ratio])
    for end in (1.0 + ratio, 1.0 - ratio):
        assert end in sizes
        assert any(end * (1 - 1e-6) < size < end for size in sizes)
        assert any(end < size < end * (1 + 1e-6) for size in sizes)


@given(SIDES, st.floats(1.001, 10.0), st.integers(2, 9))
def test_what_lies_between_is_in_order_and_strictly_inside(low, ratio, parts):
    high = 1.0 + (low - 1.0) * ratio if low > 1 else 1.0 / (1.0 + (1.0 / low - 1.0) / ratio)
    if not high > low * (1 + 1e-9):
        return
    inner = between(low, high, parts)
    assert len(inner) == parts - 1
    assert list(inner) == sorted(inner)
    assert low < inner[0]
    assert inner[-1] < high


def test_around_a_factor_is_the_factor_itself_and_a_hair_off():
    sizes = around(1.05)
    assert sizes[0] == 1.05
    assert min(sizes) < 1.05 < max(sizes)
    assert all(abs(size / 1.05 - 1) < 1e-5 for size in sizes)


@given(SIDES, st.sampled_from(["well", "silent", "again"]))
def test_a_twin_is_as_large_as_its_point(factor, then):
    faults = twin(Point(2, factor, 10, 30, then), 1000)
    assert faults[0].fault == "level"
    assert (faults[0].sources, faults[0].start, faults[0].end) == ((2,), 1010, 1030)
    assert value_factor(faults[0].intensity, faults[0].direction) == pytest.approx(factor, rel=1e-9)
    assert [fault.fault for fault in faults[1:]] == {"well": [], "silent": ["stop"], "again": ["level"]}[then]
