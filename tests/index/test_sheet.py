"""The definition sheet says what the declaration says, works an example, and prints what is assumed in that word."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from indexlab.index.catalogue import preset, preset_names
from indexlab.index.choices import CHOICES
from indexlab.index.declaration import KEYS, parse_declaration
from indexlab.index.example import worked_example
from indexlab.index.sheet import questions, sheet
from indexlab.index.wording import INPUT_KEYS, PARTS, QUORUM_KEYS, REST_KEYS, THROWN_OUT_KEYS, has_meaning, meaning, part_keys, told_with
from indexlab.market.units import duration_us
from tests.index.drawing import as_toml, tables

OUTLIER = '[outlier]\nrule = "drop"\nband = "5%"\n'


@pytest.mark.parametrize("name", preset_names())
def test_a_sheet_has_every_part_and_no_line_too_long(name):
    text = sheet(preset(name))
    for part in (
        "What goes in",
        "What is thrown out",
        "What is made of the rest",
        "What is done when too little is left",
        "What it promises",
        "Worked through",
    ):
        assert part in text
    assert text.startswith(f"{name}: {preset(name).methodology.name}")
    assert all(line == line.rstrip() and (len(line) <= 130 or line.startswith("  url ")) for line in text.splitlines())


@pytest.mark.parametrize("name", preset_names())
def test_what_is_assumed_is_said_so_at_its_sentence_and_in_the_list_with_the_reason(name):
    declaration = preset(name)
    text = " ".join(sheet(declaration).split())
    for key, reason in declaration.assumed.items():
        assert f"{key} {reason}" in text
        if key.startswith("methodology."):
            continue
        teller = next(line for _, keys in PARTS for line in keys if key in told_with(line))
        assert f"{meaning(declaration, teller)} (assumed)" in text


def test_a_rule_that_is_assumed_not_to_be_there_is_said_too():
    text = sheet(parse_declaration('[assumed]\n"latency.limit" = "the page speaks of no delay"'))
    assert "  - an observation may arrive any time after it was made (assumed)\n" in text


def test_every_key_has_words_and_one_place():
    told = [key for _, keys in PARTS for key in part_keys(keys)]
    assert sorted(told) == sorted(key for key in KEYS if not key.startswith("methodology."))


def test_the_example_is_computed_by_the_rules():
    worked = worked_example(preset("deribit-2019"))
    assert [line.reason for line in worked.lines] == ["used", "used", "used", "clamped", "stale"]
    assert worked.lines[3].used == pytest.approx(100.1 * 1.005)
    assert worked.value == pytest.approx((100 + 100.2 + 99.9 + 100.1 * 1.005) / 4)
    assert worked.status == "ok"
    assert worked.alone == (
        (("alpha", "beta"), pytest.approx(100.1), "degraded"),
        (("alpha", "delta"), pytest.approx(100.5), "degraded"),
        (("alpha",), 100, "degraded"),
    )


def test_the_example_changes_with_the_rules():
    """It is worked through, not written down."""
    wide = sheet(parse_declaration('[outlier]\nrule = "drop"\nband = "5%"'))
    none = sheet(parse_declaration(""))
    assert "index 100.025, ok" in wide
    assert "index 101.02, ok" in none


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


def test_who_states_all_rules_is_asked_nothing():
    assert questions(parse_declaration(STATED)) == []


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        ("", "conversion.rate is not given: prices are taken as they are, whatever currency they are in"),
        ("", "latency.limit is not given: an observation may arrive any time after it was made"),
        ("", "unchanged.limit is not given: a price may stay the same for ever, as long as it is said again"),
        ("", "quorum.counts is not given: each source counts, whoever runs it and wherever its data comes from"),
        ("", "rounding.tick is not given: the value is not rounded"),
        ('[quorum]\nbelow = "degrade"', "outlier.two is not given: two live sources both count, however far apart they are"),
        ('[quorum]\nbelow = "degrade"', "outlier.one is not given: one live source has nothing to be compared with: whatever it says counts"),
        (
            OUTLIER + "[quorum]\nok_from = 2",
            "outlier.two is not given: of two live sources the median is halfway between them; both are as far from it, and take part together or not at all",
        ),
        (OUTLIER, "reinclusion is not given: a source that was thrown out counts again at the first publication at which nothing throws it out"),
        ('[staleness]\nsilence = "1s"', "reinclusion is not given: a source that was silent counts again with its next valid observation"),
        ('[input]\nprice = "book"\n[aggregation]\nrule = "order-book"', "book is not given: volumes are looked at in steps of 1; "),
    ],
)
def test_rules_that_are_easily_forgotten_are_asked_for(rules, line):
    assert any(question.startswith(line) for question in questions(parse_declaration(rules)))


@pytest.mark.parametrize("rules", ["", '[quorum]\nok_from = 3\nbelow = "hold"', '[quorum]\nbelow = "degrade"\nleast = 3'])
def test_two_sources_are_no_question_where_no_value_comes_of_two(rules):
    assert not any(line.startswith(("outlier.two", "outlier.one")) for line in questions(parse_declaration(rules)))


# ------------------------------------------------------------------------------------------------------------------ kinds of input, in the example


def shown(rules):
    """Work the example through; return it with each source's line by name."""
    worked = worked_example(parse_declaration(rules))
    return worked, {line.source: line for line in worked.lines}


def test_books_are_written_out():
    worked, line = shown('[input]\nprice = "cross"')
    assert line["alpha"].said == "99.95×2 99.9×3 / 100.05×1 100.1×2"
    assert line["alpha"].used == pytest.approx((99.95 * 1 + 100.05 * 2 + 99.9 * 2 + 100.1 * 3) / 8)
    assert worked.status == "ok"
    worked, line = shown('[input]\nprice = "book"\n[aggregation]\nrule = "order-book"\n[book]\nspacing = 10')
    assert line["beta"].said == "100.15×20 100.1×30 100×40 / 100.25×10 100.3×20 100.4×30"
    assert worked.status == "ok"


def test_confidences_vote():
    worked, line = shown('[input]\nprice = "confidence"\n[staleness]\nsilence = "10s"\n[aggregation]\nrule = "votes"')
    assert (line["alpha"].said, line["epsilon"].reason) == ("100 ± 0.1", "stale")
    votes = sorted(price + sign * 0.1 for price in (100, 100.2, 99.9, 105) for sign in (-1, 0, 1))
    assert worked.value == pytest.approx((votes[5] + votes[6]) / 2)


def test_a_window_has_several_trades_with_sizes():
    worked, line = shown('[input]\nprice = "vwap"\nwindow = "10m"\n[weights]\nkind = "traded"')
    assert (line["alpha"].said, line["alpha"].size, line["epsilon"].reason) == ("100.2, 100.1, 100", 3, "stale")
    assert line["alpha"].used == pytest.approx(100.1)
    assert worked.gap_us >= 20 * 60_000_000
    worked, _ = shown('[input]\nprice = "trades"\nwindow = "1h"\n[aggregation]\nrule = "partitions"')
    assert (worked.status, worked.before.status) == ("ok", "ok")


def test_a_currency_is_converted_and_a_price_inverted():
    worked, line = shown('[conversion]\nrate = "same-round"\ninverted = ["alpha"]')
    assert worked.rates == {"USDT": 0.9995}
    assert float(line["alpha"].said) == pytest.approx(1 / 100)
    assert line["beta"].quote == "USDT"
    assert line["beta"].used == pytest.approx(100.2)
    worked, line = shown('[conversion]\nrate = "previous-round"\nsilence = "1m"')
    assert line["beta"].used == pytest.approx(100.2)


def test_volumes_are_the_weights():
    _, line = shown('[weights]\nkind = "volume"\nwindow = "1d"\nrefresh = "4h"\n[staleness]\nsilence = "10s"')
    assert line["alpha"].weight == pytest.approx(3 / 8)


@pytest.mark.parametrize(
    ("rules", "reason"),
    [('[staleness]\nsilence = "10s"', "stale"), ('[latency]\nlimit = "500ms"', "stale"), ('[unchanged]\nlimit = "15m"', "stale"), ("", "used")],
)
def test_one_source_breaks_the_limit_that_there_is(rules, reason):
    assert shown(rules)[1]["epsilon"].reason == reason


def test_the_venues_own_market_stands_in():
    worked, _ = shown('[own]\nsource = "house"\n[quorum]\nbelow = "own"')
    assert (worked.own, worked.alone[0].value, worked.alone[0].status) == (100.05, 100.05, "degraded")


def test_the_last_value_is_there_to_be_held():
    worked, _ = shown('[staleness]\nsilence = "10s"\n[quorum]\nbelow = "hold"')
    assert worked.alone[0] == (("alpha", "beta"), worked.before.value, "held")


@pytest.mark.parametrize(
    ("rules", "who", "earliest", "latest"),
    [
        ('[reinclusion]\nband = "2%"\nheld_for = "15m"', "delta", "15m", "16m"),
        ('[reinclusion]\nband = "2%"\nout_for = "5m"', "delta", "5m", "6m"),
        ('[reinclusion]\napplies_to = "stale"\nheld_for = "3m"', "epsilon", "3m", "4m"),
    ],
)
def test_the_one_that_was_out_comes_back(rules, who, earliest, latest):
    text = '[staleness]\nsilence = "10s"\n' + OUTLIER + rules
    back = worked_example(parse_declaration(text)).back
    assert back.source == who
    assert duration_us(earliest) <= back.back_us <= duration_us(latest)
    assert f"{who} saying " in sheet(parse_declaration(text))
    assert worked_example(parse_declaration(OUTLIER)).back is None


def test_the_promise_and_its_waivers_are_said_with_their_reasons():
    text = sheet(parse_declaration('[expect]\nmax_age = "3m"\nindependence = true\nwaive = { quorum = "one source is enough here" }'))
    assert "  - a source that has said nothing new for 3m has no influence (max_age)\n" in text
    assert "  - not quorum (waived): one source is enough here\n" in text
    assert "nothing of its own" in sheet(parse_declaration(""))


PAGE = Path(__file__).parents[2] / "docs" / "methodologies.md"


@pytest.mark.parametrize("key", KEYS)
def test_the_page_for_users_explains_every_key_and_every_word(key):
    text = PAGE.read_text(encoding="utf-8")
    section, _, rest = key.partition(".")
    part = next(part for part in text.split("\n## ") if f"`[{section}]`" in part.splitlines()[0])
    leaf = rest.rpartition(".")[2]
    assert any(f"`{name}`" in part for name in (leaf, key, f"….{leaf}"))
    assert all(f"`{word}`" in part for word in CHOICES.get(key, ()))


STATED = """
[methodology]
date = "2020"
url = "https://example.org"
[input]
price = "last"
[conversion]
rate = "none"
[staleness]
silence = "60s"
clock = "event"
at_limit = "live"
action = "drop"
[latency]
limit = "none"
[unchanged]
limit = "none"
[validity]
accept = "positive"
invalid = "ignore"
max_ahead = "1s"
[outlier]
rule = "none"
[reinclusion]
applies_to = "stale"
band = 1
held_for = "1m"
at_limit = "back"
[weights]
kind = "equal"
[aggregation]
rule = "weighted-mean"
[guard]
step = 0
[quorum]
ok_from = 3
below = "halt"
counts = "sources"
[rounding]
tick = 1
mode = "down"
"""
