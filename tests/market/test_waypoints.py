"""Waypoints give the quotes that their words say, and no others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market.errors import InputError
from indexlab.market.source import Source
from indexlab.market.waypoints import Waypoint, checked_waypoints, quotes_from_waypoints

BASKET = (Source("a", "a"), Source("b", "b"), Source("absent", "absent"))
TIMES = np.arange(0, 101, 10, dtype=np.int64)


def at(time, price=None, source="a", path="step", basis="known", cited="an account"):
    return Waypoint(time=time, source=source, price=price, path=path, basis=basis, cited=cited)


def derived(*waypoints):
    checked = checked_waypoints(waypoints, BASKET, start=0, end=100)
    quotes = quotes_from_waypoints(checked, BASKET, TIMES)
    return {(int(t), BASKET[s].id): float(p) for t, s, p in zip(quotes.receive_time, quotes.source, quotes.price, strict=True)}


def test_a_step_keeps_its_price_until_the_next_waypoint():
    said = derived(at(0, 5.0), at(30, 7.0))
    assert [said[t, "a"] for t in TIMES] == [5.0, 5.0, 5.0] + [7.0] * 8


def test_a_linear_stretch_moves_evenly_to_the_next_price():
    said = derived(at(20, 100.0, path="linear"), at(60, 20.0))
    assert [said[t, "a"] for t in (20, 30, 40, 50, 60, 70)] == [100.0, 80.0, 60.0, 40.0, 20.0, 20.0]


def test_a_source_says_nothing_before_its_first_waypoint_nor_while_silent():
    said = derived(at(20, 5.0), at(50, path="silent"), at(80, 6.0))
    assert sorted(t for t, _ in said) == [20, 30, 40, 80, 90, 100]


def test_a_waypoint_between_publications_is_a_quote_at_its_own_instant():
    said = derived(at(15, 5.0), at(42, 6.0))
    assert said[15, "a"] == 5.0
    assert said[42, "a"] == 6.0
    assert said[40, "a"] == 5.0


def test_a_source_without_waypoints_is_absent_and_no_error():
    assert {source for _, source in derived(at(0, 1.0), at(0, 2.0, source="b"))} == {"a", "b"}


def test_wrong_prices_may_be_zero_or_negative():
    assert derived(at(0, 0.0))[0, "a"] == 0.0
    assert derived(at(0, -3.0))[100, "a"] == -3.0


@pytest.mark.parametrize(
    ("waypoints", "says"),
    [
        ([at(0, 1.0, source="c")], r'waypoint 1 names the source "c"'),
        ([at(101, 1.0)], r"waypoint 1: time must lie between start and end"),
        ([at(-1, 1.0)], r"waypoint 1: time must lie between start and end"),
        ([at(10, 1.0), at(10, 2.0)], r"waypoint 2: time must be later than waypoint 1"),
        ([at(10, 1.0), at(5, 2.0)], r"waypoint 2: time must be later than waypoint 1"),
        ([at(0)], r"waypoint 1: price must be given"),
        ([at(0, 1.0, path="silent")], r'waypoint 1: price must be absent where path = "silent"'),
        ([at(0, float("nan"))], r"waypoint 1: price must be a number"),
        ([at(0, 1e300)], r"waypoint 1: price must be a number"),
        ([at(0, 1.0, path="linear")], r"waypoint 1: path must be .* no priced waypoint"),
        ([at(0, 1.0, path="linear"), at(5, path="silent")], r"waypoint 1: path must be"),
        ([at(0, 1.0, cited=" ")], r"waypoint 1: from must say where the price comes from"),
    ],
)
def test_a_waypoint_that_cannot_be_is_refused_by_number(waypoints, says):
    with pytest.raises(InputError, match=f"^fixture.toml: {says}"):
        checked_waypoints(waypoints, BASKET, start=0, end=100, file="fixture.toml")


@given(st.lists(st.tuples(st.integers(0, 100), st.floats(0.01, 1e6), st.booleans()), min_size=1, max_size=8, unique_by=lambda point: point[0]))
def test_every_derived_price_lies_between_its_neighbouring_waypoints(points):
    points = sorted(points)
    waypoints = [at(time, price, path="linear" if linear and number < len(points) - 1 else "step") for number, (time, price, linear) in enumerate(points)]
    said = derived(*waypoints)
    for (time, _), price in said.items():
        before = [p for t, p, _ in points if t <= time][-1]
        after = next((p for t, p, _ in points if t >= time), before)
        assert min(before, after) * (1 - 1e-12) <= price <= max(before, after) * (1 + 1e-12)
    assert {time for time, _ in said} == {int(t) for t in TIMES if t >= points[0][0]} | {t for t, _, _ in points}
