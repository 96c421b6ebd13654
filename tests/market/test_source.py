"""A basket is checked once: unique ids, weights that are numbers of at least 0 and not all 0."""

import msgspec
import pytest

from indexlab.market.errors import InputError
from indexlab.market.source import Source, checked_basket


def named(*weights, ids="abcdefgh"):
    return [Source(id=name, venue=name, weight=weight) for name, weight in zip(ids, weights, strict=False)]


def test_a_right_basket_is_returned_in_its_order():
    sources = named(0.5, 0.0, 1.00000001)
    assert checked_basket(iter(sources)) == tuple(sources)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ([], "plan.toml: sources must name at least one source"),
        (named(1.0, 1.0, ids="aa"), 'plan.toml: sources.id must be a unique name, was "a" twice'),
        ([Source(id="", venue="x")], 'plan.toml: sources.id must be a unique name, was ""'),
        (named(1.0, -0.5), 'plan.toml: sources.weight must be a finite number of at least 0, was -0.5 for "b"'),
        (named(float("nan")), 'plan.toml: sources.weight must be a finite number of at least 0, was nan for "a"'),
        (named(1.0, float("inf")), 'plan.toml: sources.weight must be a finite number of at least 0, was inf for "b"'),
        (named(0.0, 0.0), "plan.toml: sources.weight must have a sum above 0, was 0; give at least one source a weight"),
        ([Source(id=str(k), venue="x") for k in range(1025)], "plan.toml: sources must not name more than 1024 sources, were 1025"),
    ],
)
def test_a_wrong_basket_is_refused_in_one_line(sources, message):
    with pytest.raises(InputError) as caught:
        checked_basket(sources, file="plan.toml")
    assert str(caught.value) == message


def test_an_unknown_field_of_a_source_is_refused():
    with pytest.raises(msgspec.ValidationError, match="waight"):
        msgspec.convert({"id": "a", "venue": "a", "waight": 1.0}, Source)
