"""What `properties show` prints as a violation is what a target that is wrong in that one thing gives, to the letter."""

import pytest

from indexlab.properties.registry import find_property, properties
from tests.properties.examples import EXAMPLES, told


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_what_really_happens(name):
    setting, make = EXAMPLES[name]
    run, prop = make(), find_property(name)
    assert prop.example == told(setting, run, prop.check(run))


@pytest.mark.parametrize("prop", properties(), ids=lambda prop: prop.id)
def test_each_bundled_property_says_all_there_is_to_show(prop):
    for text in (prop.occasion, prop.premise, prop.measure, prop.example):
        assert text
        assert not text.startswith(" ")
        assert not text.endswith(".") or text == prop.example
    assert len(prop.example.splitlines()) >= 2
