"""A promise: four layers (flag, plan, target, default), limits that grow with the interval, and errors that name file and key."""

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indexlab.market.errors import InputError
from indexlab.market.units import MINUTE, SECOND, format_duration
from indexlab.scenarios.expect import Expect, Layer, promised

KEYS = tuple(field.name for field in msgspec.structs.fields(Expect))
LAYERS = ("flags", "indexlab.toml", "the target")


def test_the_defaults_are_those_of_the_contract():
    assert promised([]) == Expect() == Expect(
        min_sources=3,
        faulty_sources=1,
        max_displacement=0.01,
        margin_headroom=0.01,
        max_age=60 * SECOND,
        clock="event",
        interval=SECOND,
        max_tracking_lag=5 * SECOND,
        max_lead=2 * SECOND,
        max_recovery=60 * SECOND,
        tick=0.0,
        independence=False,
        max_flapping=None,
        waive={},
    )  # fmt: skip


@given(st.lists(st.none() | st.sampled_from(["0.1%", "25bp", "2%", "0.3%"]), min_size=3, max_size=3))
def test_the_strongest_layer_that_says_a_key_wins(said):
    """Flag over plan file over the target's own promise over the default."""
    layers = [Layer(origin, {} if text is None else {"max_displacement": text}) for origin, text in zip(LAYERS, said, strict=True)]
    first = next((text for text in said if text is not None), "1%")
    assert promised(layers).max_displacement == promised([Layer("one", {"max_displacement": first})]).max_displacement


def test_each_key_is_taken_from_the_layer_that_says_it():
    flags, plan = Layer("flags", {"max_age": "30s"}), Layer("plan", {"max_age": "90s", "tick": 0.5})
    target = Layer("target", {"clock": "receive", "tick": 1, "min_sources": 4, "max_flapping": "200%", "independence": True})
    got = promised([flags, plan, target])
    assert (got.max_age, got.tick, got.clock, got.min_sources, got.max_flapping, got.independence) == (30 * SECOND, 0.5, "receive", 4, 2.0, True)


@given(st.integers(10, 3 * 3600 * 1000))
def test_limits_that_are_not_given_grow_with_the_interval(milliseconds):
    """At least 5, 5, 2 and 10 intervals, and never below the default."""
    interval = milliseconds * 1000
    got = promised([Layer("plan", {"interval": format_duration(interval)})])
    assert got.interval == interval
    assert got.max_age == max(60 * SECOND, 5 * interval)
    assert got.max_tracking_lag == max(5 * SECOND, 5 * interval)
    assert got.max_lead == max(2 * SECOND, 2 * interval)
    assert got.max_recovery == max(60 * SECOND, 10 * interval)


def test_limits_that_are_given_do_not_grow_whichever_layer_says_them():
    got = promised([Layer("flags", {"interval": "60s"}), Layer("target", {"max_age": "3m", "max_tracking_lag": "2m"})])
    assert (got.max_age, got.max_tracking_lag, got.max_lead, got.max_recovery) == (3 * MINUTE, 2 * MINUTE, 2 * MINUTE, 10 * MINUTE)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            [Layer("flags", {"interval": "31s"}), Layer("indexlab.toml", {"max_age": "60s"})],
            "flags: expect.interval must not exceed half of expect.max_age = 1m, was 31s; publish more often or promise a longer max_age",
        ),
        (
            [Layer("flags", {}), Layer("indexlab.toml", {"max_age": "1s"})],
            "indexlab.toml: expect.interval must not exceed half of expect.max_age = 1s, was 1s; publish more often or promise a longer max_age",
        ),
        (
            [Layer("flags", {"interval": "10s"}), Layer("indexlab.toml", {"max_tracking_lag": "9s"})],
            "indexlab.toml: expect.max_tracking_lag must not be shorter than expect.interval = 10s, was 9s",
        ),
        (
            [Layer("target", {"max_recovery": "500ms"})],
            "target: expect.max_recovery must not be shorter than expect.interval = 1s, was 500ms",
        ),
    ],
)
def test_a_contradiction_names_the_file_and_the_key(layers, message):
    with pytest.raises(InputError) as caught:
        promised(layers)
    assert str(caught.value) == message


def test_half_of_the_age_limit_is_no_contradiction():
    assert promised([Layer("plan", {"interval": "30s", "max_age": "60s"})]).interval == 30 * SECOND


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"max_agee": "60s"}, 'plan.toml: expect.max_agee is no key of [expect]; did you mean "max_age"?'),
        ({"displacement": "1%"}, 'plan.toml: expect.displacement is no key of [expect]; did you mean "max_displacement"?'),
        ({"max_age": 60}, 'plan.toml: expect.max_age must be a duration with its unit, was 60; write "30s", "500ms" or "8h"'),
        ({"max_age": "-60s"}, 'plan.toml: expect.max_age must be at least 10ms, was "-60s"'),
        ({"interval": "0s"}, 'plan.toml: expect.interval must be at least 10ms, was "0s"'),
        (
            {"max_displacement": 50},
            'plan.toml: expect.max_displacement must be between 0 and 1 (a ratio, "0.5%" or "50bp"), was 50; did you mean "50bp"?',
        ),
        ({"min_sources": 0}, "plan.toml: expect.min_sources must be a whole number from 1 to 1024, was 0"),
        ({"min_sources": 2.0}, "plan.toml: expect.min_sources must be a whole number from 1 to 1024, was 2.0"),
        ({"faulty_sources": True}, "plan.toml: expect.faulty_sources must be a whole number from 1 to 1024, was True"),
        ({"clock": "wall"}, 'plan.toml: expect.clock must be "event" or "receive", was \'wall\''),
        ({"tick": -1}, "plan.toml: expect.tick must be a price step from 0 to 1e+06, was -1"),
        ({"tick": float("inf")}, "plan.toml: expect.tick must be a price step from 0 to 1e+06, was inf"),
        ({"independence": "yes"}, "plan.toml: expect.independence must be true or false, was 'yes'"),
        ({"waive": ["hull"]}, "plan.toml: expect.waive must be a table of property = \"reason\", was ['hull']"),
        ({"waive": {"hull": " "}}, "plan.toml: expect.waive must be a table of property = \"reason\", was {'hull': ' '}"),
        ({"waive": {"lagging-sources": "why"}}, 'plan.toml: expect.waive.lagging-sources names no property; did you mean "lagging-source"?'),
    ],
)
def test_what_is_wrong_is_one_line_with_file_key_rule_and_value(table, message):
    with pytest.raises(InputError) as caught:
        promised([Layer("flags", {}), Layer("plan.toml", table)], known_properties=["hull", "lagging-source"])
    assert str(caught.value) == message


@given(st.sampled_from(KEYS), st.integers(0, 30), st.sampled_from("xyz_"))
def test_a_slip_in_any_key_gets_the_nearest_one(key, place, letter):
    slip = key[: place % (len(key) + 1)] + letter + key[place % (len(key) + 1) :]
    assume(slip not in KEYS)
    with pytest.raises(InputError, match=rf'did you mean "{key}"'):
        promised([Layer("plan", {slip: 1})])


def test_waivers_of_all_layers_hold_and_the_stronger_reason_is_told():
    plan, target = Layer("plan", {"waive": {"hull": "plan"}}), Layer("target", {"waive": {"hull": "target", "quorum": "target"}})
    assert promised([plan, target]).waive == {"hull": "plan", "quorum": "target"}
    assert promised([target, plan]).waive == {"hull": "target", "quorum": "target"}


durations = st.integers(SECOND, 1000 * SECOND)


@given(
    st.floats(0.0, 1.0), st.floats(0.0, 0.5), st.integers(1, 9), durations, st.none() | st.floats(0.0, 1e6), st.sampled_from(["event", "receive"])
)  # fmt: skip
def test_a_promise_reads_back_from_its_table_to_the_bit(displacement, headroom, sources, span, flapping, clock):
    """A finding keeps its promise as a table: replayed under another one it could turn from BROKEN to FIXED."""
    expect = Expect(
        max_displacement=displacement,
        margin_headroom=headroom,
        min_sources=sources,
        max_age=2 * span,
        interval=span,
        max_tracking_lag=span,
        max_recovery=3 * span,
        max_flapping=flapping,
        clock=clock,
        waive={"hull": "why"},
    )
    assert promised([Layer("finding", expect.as_table())]) == expect


def test_the_table_is_written_as_people_write():
    table = Expect(interval=90 * SECOND, max_displacement=0.0025).as_table()
    assert (table["interval"], table["max_displacement"], table["max_age"], table["clock"]) == ("90s", "0.25%", "1m", "event")
    assert "max_flapping" not in table


@pytest.mark.parametrize(("interval", "margin"), [(SECOND // 10, 2 * SECOND), (SECOND, 2 * SECOND), (60 * SECOND, 120 * SECOND)])
def test_nobody_is_judged_within_two_seconds_or_two_intervals_of_the_limit(interval, margin):
    assert Expect(interval=interval).age_margin == margin
