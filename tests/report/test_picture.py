"""What a finding's chart shows is right for any data."""

import math

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from indexlab.report.picture import price_scale, runs, stepped, time_domain, within
from tests.report.samples import SECOND, START, evil_picture, picture

PRICES = st.lists(st.none() | st.floats(), min_size=0, max_size=12)


@given(PRICES, PRICES)
def test_any_prices_have_a_scale_and_a_place_on_it(index, other):
    """Whatever the values, the scale is finite, a logarithmic one is positive, and every value is drawn on it."""
    shown = msgspec.structs.replace(picture(), index=index, other=other, sources=[])
    scale = price_scale(shown)
    assert math.isfinite(scale.low)
    assert math.isfinite(scale.high)
    assert scale.low < scale.high
    assert scale.kind == "linear" or scale.low > 0
    for point in stepped(range(len(index)), index, scale):
        assert scale.low <= point.value <= scale.high
        assert bool(point.arrow) == (not scale.low <= point.said <= scale.high)


def test_a_small_gap_between_the_twins_stays_visible():
    """A broken source far away does not flatten the picture: it stands at the edge."""
    shown = picture(jump=1.0)
    far = msgspec.structs.replace(shown.sources[-1], broken_prices=[640_000.0] * 4)
    scale = price_scale(msgspec.structs.replace(shown, sources=[*shown.sources[:-1], far]))
    assert scale.kind == "linear"
    assert scale.high < 65_000
    assert scale.place(640_000.0) == (scale.high, "▲")


def test_a_hundredfold_is_logarithmic():
    """An index that leaves by a factor of more than 100 is drawn on a logarithmic scale."""
    assert price_scale(picture(jump=99)).kind == "linear"
    assert price_scale(picture(jump=1e6)).kind == "log"


def test_a_line_stops_where_there_is_no_value():
    """A missing value ends the line at that time; the value after it begins another; one that is alone at the end is said to be."""
    scale = price_scale(picture())
    points = stepped([0, 1000, 2000, 3000, 4000], [64_000.0, None, 64_000.0, math.nan, 64_001.0], scale)
    assert [(point.time, point.part, point.alone) for point in points] == [(0, 0, False), (1, 0, False), (2, 1, False), (3, 1, False), (4, 2, True)]


def test_long_lines_are_thinned():
    """A quarter of a million equal values are two points; as many different ones a few hundred."""
    scale = price_scale(picture())
    many = 250_000
    assert len(stepped(range(many), [64_000.0] * many, scale)) == 2
    assert len(stepped(range(many), [64_000.0 + place for place in range(many)], scale)) <= 1300


def test_a_line_begins_with_what_it_held():
    """A quote from before the picture stands at its beginning; what ended before it, or began after it, does not."""
    scale = price_scale(picture())
    held = within(stepped([0, 9_000], [64_000.0, 64_001.0], scale), (5.0, 10.0))
    assert [(point.time, point.said) for point in held] == [(5.0, 64_000.0), (9.0, 64_001.0)]
    assert within(stepped([0, 1_000], [64_000.0, None], scale), (5.0, 10.0)) == []


def test_states_are_joined():
    """Equal neighbours are one span; the last one lasts to the end."""
    spans = runs([0, 1000, 2000, 3000], ["healthy", "healthy", "warning", "bankrupt"], 9.0)
    assert [(span.start, span.end, span.state) for span in spans] == [(0, 2, "healthy"), (2, 3, "warning"), (3, 9.0, "bankrupt")]


def test_one_instant_has_a_width():
    """A picture of one publication, or of none, can be drawn; a quote from another year does not stretch it."""
    lone = msgspec.structs.replace(picture(), times=[START], sources=[])
    assert time_domain(lone) == (START / 1000 - 1000, START / 1000 + 1000)
    assert time_domain(msgspec.structs.replace(lone, times=[])) == (-1000, 1000)
    far = msgspec.structs.replace(picture().sources[0], broken_times=[START - 10**15], broken_prices=[1.0])
    first, last = time_domain(msgspec.structs.replace(picture(), sources=[far]))
    assert first == START / 1000
    assert (START + 121 * SECOND) / 1000 <= last < (START + 140 * SECOND) / 1000, "room in which the last value stands"
    assert time_domain(evil_picture())[0] == START / 1000
