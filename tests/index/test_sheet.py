"""The definition sheet says what the declaration says, works an example, and prints what is assumed in that word."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from indexlab.index.catalogue import preset, preset_names
from indexlab.index.declaration import parse_declaration
from indexlab.index.example import worked_example
from indexlab.index.sheet import questions, sheet
from indexlab.index.wording import INPUT_KEYS, QUORUM_KEYS, REST_KEYS, THROWN_OUT_KEYS, has_meaning, meaning
from tests.index.drawing import as_toml, tables


@pytest.mark.parametrize("name", preset_names())
def test_a_sheet_has_every_part_and_no_line_too_long(name):
    text = sheet(preset(name))
    for part in ("What goes in", "What is thrown out", "What is made of the rest", "What is done when too little is left", "Worked through"):
        assert part in text
    assert text.startswith(f"{name}: {preset(name).methodology.name}\n")
    assert all(len(line) <= 130 and line == line.rstrip() for line in text.splitlines())
    assert text.count("(assumed)") >= len(preset(name).assumed)


def test_the_example_is_computed_by_the_rules():
    worked = worked_example(preset("deribit-2019"))
    assert [line.reason for line in worked.lines] == ["used", "used", "used", "clamped", "stale"]
    assert worked.lines[3].used == pytest.approx(100.1 * 1.005)
    assert worked.value == pytest.approx((100 + 100.2 + 99.9 + 100.1 * 1.005) / 4)
    assert (worked.status, worked.value_of_two, worked.status_of_two) == ("ok", pytest.approx(100.1), "degraded")


def test_the_example_changes_with_the_rules():
    """It is worked through, not written down."""
    wide = sheet(parse_declaration('[outlier]\nrule = "drop"\nband = "5%"'))
    none = sheet(parse_declaration(""))
    assert "index 100.05, ok" in wide
    assert "index 101.04, ok" in none


def test_the_sheet_of_a_file_without_a_word():
    text = sheet(parse_declaration("", file="mine.toml"))
    assert "  venue      not given" in text
    assert "a source never goes stale, however long it is silent" in text
    assert "Assumed" not in text


def test_weights_of_the_declarations_own_are_shown():
    text = sheet(parse_declaration('[weights]\nkind = "fixed"\n[weights.fixed]\nkraken = 3\ngemini = 1'))
    assert "(kraken 3, gemini 1 by these rules)" in text
    assert "  kraken " in text


@settings(max_examples=60)
@given(tables())
def test_any_declaration_has_a_sheet_and_a_sentence_for_each_key_that_means_something(content):
    declaration = parse_declaration(as_toml(content))
    text = " ".join(sheet(declaration).split())
    for key in (*INPUT_KEYS, *THROWN_OUT_KEYS, *REST_KEYS, *QUORUM_KEYS):
        if has_meaning(declaration, key):
            assert meaning(declaration, key) in text


def test_questions_name_what_is_unspecified_and_what_that_means():
    asked = questions(parse_declaration('[outlier]\nrule = "drop"\nband = "5%"\n[aggregation]\nrule = "median"', file="mine.toml"))
    assert "methodology.date is not given: nobody can tell which version of the rules this is" in asked
    assert "staleness.silence is not given: a source never goes stale, however long it is silent" in asked
    assert "outlier.comparison is not given: a price at exactly the end of the band is inside" in asked
    assert "aggregation.even is not given: of an even count it is the mean of the middle two" in asked
    assert "quorum.ok_from is not given: the status is ok with at least 3 live sources" in asked
    assert not any(line.startswith(("staleness.at_limit", "aggregation.tie", "weights.kind")) for line in asked)


def test_questions_count_what_is_assumed():
    asked = questions(preset("binance-2020"))
    assert sum(" is assumed: " in line for line in asked) == len(preset("binance-2020").assumed)
    assert not questions(parse_declaration("[rounding]\ntick = 1\n" + _stated("plain-mean")))


def _stated(name):
    from indexlab.index.catalogue import preset_path

    return preset_path(name).read_text().replace('grade = "D"', 'grade = "D"\nurl = "https://example.org"')
