"""What differs between two methodologies is said in words, all of it, and nothing else."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings

from indexlab.index.catalogue import preset, preset_names
from indexlab.index.declaration import KEYS, parse_declaration
from indexlab.index.difference import _value, difference
from tests.index.drawing import declarations

IN_THE_HEAD = {f"methodology.{key}" for key in ("id", "name", "date", "url", "summary")}


def declared(rules, name="mine"):
    return parse_declaration(f'[methodology]\nid = "{name}"\n{rules}')


def lines(*rules):
    return [line.strip() for line in difference(declared(rules[0], "one"), declared(rules[1], "two")).splitlines()]


def check_named(before, after):
    text = difference(before, after)
    named = {key.strip() for line in text.splitlines() for key in line.partition(":")[0].split(",")}
    for key in KEYS:
        if _value(before, key) != _value(after, key) and key not in IN_THE_HEAD:
            assert key in named


@settings(max_examples=100)
@given(declarations(), declarations())
def test_every_key_that_differs_is_named(before, after):
    check_named(before, after)


@pytest.mark.parametrize(("before", "after"), list(pairwise(preset_names())), ids=str)
def test_of_two_presets_too(before, after):
    check_named(preset(before), preset(after))


@settings(max_examples=60)
@given(declarations())
def test_the_same_rules_differ_in_nothing(declaration):
    head, *rest = difference(declaration, declaration).split("\n\n")
    assert len(head.splitlines()) == 2
    assert rest == ["the same rules"]


def test_a_changed_key_has_one_line_with_both_sentences():
    first, second = '[outlier]\nrule = "drop"\nband = "5%"', '[outlier]\nrule = "clamp"\nband = "3%"'
    wanted = (
        'outlier.rule, outlier.band: was "a price more than 5% from the median takes no part"; is "a price more than 3% from the median is moved to the end '
        'of that band"'
    )
    assert wanted in lines(first, second)
    assert 'outlier.all_out: only one: "where everyone is out, there is no value"' in lines(first, second)


def test_what_only_one_has_is_said_so():
    found = lines("", '[reinclusion]\nband = "2%"\nheld_for = "15m"\napplies_to = "stale"')
    assert 'reinclusion.held_for: only two: "it has to be right for 15m without a break"' in found
    assert not any(line.startswith("outlier") for line in found)


def test_numbers_that_read_the_same_are_told_apart():
    found = lines("[rounding]\ntick = 0.1234567890123", "[rounding]\ntick = 0.1234567890124")
    assert 'rounding.tick: was "0.1234567890123"; is "0.1234567890124"' in found


def test_what_is_assumed_is_marked_and_what_only_one_assumes_listed():
    found = lines('[staleness]\nclock = "receive"\n[assumed]\n"staleness.clock" = "not published"', "")
    assert any(line.startswith("staleness.clock: was ") and '" (assumed); is "' in line for line in found)
    assert "only one: staleness.clock" in found


def test_where_they_are_from_and_what_they_promise():
    text = difference(preset("binance-2020"), preset("okx-2018"))
    assert 'methodology.venue: was "Binance"; is "OKX"' in text
    for name in ("binance-2020", "okx-2018"):
        found = preset(name).methodology
        assert all(part in text.partition("\n\n")[0] for part in (found.date, found.url, found.id))
    assert "only okx-2018: a source that has said nothing new for 30m has no influence (max_age)" in text


def test_two_of_the_same_name_are_told_apart():
    text = difference(declared(""), declared('[outlier]\nrule = "drop"\nband = "5%"'))
    assert 'outlier.comparison: only the second mine: "' in text


def test_only_the_name_differs():
    renamed = msgspec.structs.replace(preset("okx-2018"), methodology=msgspec.structs.replace(preset("okx-2018").methodology, id="other"))
    assert difference(preset("okx-2018"), renamed).endswith("the same rules")
