"""A declaration is read strictly: each mistake ends in one line that names file, key, value and remedy."""

from __future__ import annotations

import pytest

from indexlab.index.declaration import KEYS, load_declaration, parse_declaration
from indexlab.index.rules import CHOICES, Aggregation, Outlier, Quorum, Rounding, Staleness, Validity, Weights
from indexlab.market.errors import InputError

FULL = """
[methodology]
id = "acme-2026"
name = "Acme index"
venue = "Acme"
date = 2026-03-01
url = "https://acme.example/index"
grade = "O"
retrieved = "2026-11-22"
summary = '''
Two
lines.'''
[input]
price = "mid"
[staleness]
silence = "10s"
clock = "receive"
at_limit = "stale"
[validity]
accept = "finite"
invalid = "exclude"
max_ahead = "500ms"
[outlier]
rule = "clamp"
reference = "median"
band = "50bp"
comparison = ">="
several = "median"
from_sources = 4
[weights]
kind = "fixed"
[weights.fixed]
kraken = 2
[aggregation]
rule = "weighted-median"
tie = "upper"
[quorum]
ok_from = 5
below = "hold"
[rounding]
tick = 0.5
mode = "half-up"
[assumed]
"quorum.ok_from" = "not published"
staleness.clock = "not published either"
[expect]
max_age = "10s"
[expect.waive]
lagging-source = "a receive clock"
"""


def test_every_key_is_read():
    read = parse_declaration(FULL, file="acme.toml")
    assert read.methodology.id == "acme-2026"
    assert (read.methodology.date, read.methodology.summary) == ("2026-03-01", "Two lines.")
    assert read.input.price == "mid"
    assert read.uses == ("bid", "ask")
    assert read.staleness == Staleness(silence_us=10_000_000, clock="receive", at_limit="stale")
    assert read.validity == Validity(accept="finite", invalid="exclude", max_ahead_us=500_000)
    assert read.outlier == Outlier(rule="clamp", band=0.005, comparison=">=", several="median", from_sources=4)
    assert read.weights == Weights(kind="fixed", fixed={"kraken": 2.0})
    assert read.aggregation == Aggregation(rule="weighted-median", tie="upper")
    assert read.quorum == Quorum(ok_from=5, below="hold")
    assert read.rounding == Rounding(tick=0.5, mode="half-up")
    assert read.assumed == {"quorum.ok_from": "not published", "staleness.clock": "not published either"}
    assert read.expect == {"max_age": "10s", "waive": {"lagging-source": "a receive clock"}}
    assert read.file == "acme.toml"


def test_an_empty_file_is_the_defaults_under_the_name_of_the_file():
    read = parse_declaration("", file="folder/mine.toml")
    assert (read.methodology.id, read.methodology.name) == ("mine", "mine")
    assert (read.staleness, read.validity, read.outlier) == (Staleness(), Validity(), Outlier())
    assert (read.weights, read.aggregation, read.quorum, read.rounding) == (Weights(), Aggregation(), Quorum(), None)
    assert read.uses == ("price",)
    assert read.stated == ()


def test_silence_none_is_no_limit():
    assert parse_declaration('staleness.silence = "none"').staleness.silence_us is None


def test_the_words_of_every_choice_belong_to_a_key():
    assert set(CHOICES) <= set(KEYS)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[outlier]\nbnad = 1", 'mine.toml: outlier.bnad is not a known key; did you mean "band"?'),
        ("[outliers]", 'mine.toml: outliers is not a known key; did you mean "outlier"?'),
        ("outlier = 3", "mine.toml: outlier must be a table, was 3; write [outlier]"),
        (
            '[outlier]\nrule = "drop"\nband = 50',
            'mine.toml: outlier.band must be between 0 and 1 (a ratio, "0.5%" or "50bp"), was 50; did you mean "50bp"?',
        ),
        ('[outlier]\nrule = "drop"\nband = "5s"', 'mine.toml: outlier.band must be a ratio, was the duration "5s"; write "0.5%" or "50bp"'),
        ('[staleness]\nsilence = "-5s"', 'mine.toml: staleness.silence must not be negative, was "-5s"'),
        ("[staleness]\nsilence = 5", 'mine.toml: staleness.silence must be a duration with its unit, was 5; write "30s", "500ms" or "8h"'),
        ('[validity]\nmax_ahead = "none"', 'mine.toml: validity.max_ahead must be a duration with its unit, was "none"; write "1s"'),
        (
            '[weights]\nkind = "fixed"\n[weights.fixed]\na = 0\nb = 0.0',
            "mine.toml: weights.fixed must have a sum above 0, was 0; give at least one source a weight",
        ),
        ('[weights]\nkind = "fixed"\n[weights.fixed]\na = -1', "mine.toml: weights.fixed.a must be a finite number of at least 0, was -1"),
        ('[weights]\nkind = "fixed"\n[weights.fixed]\na = inf', "mine.toml: weights.fixed.a must be a finite number of at least 0, was inf"),
        (
            '[aggregation]\nrule = "meadian"',
            (
                'mine.toml: aggregation.rule must be one of "weighted-mean", "median", "weighted-median", "drop-highest-and-lowest", "trimmed-mean", '
                '"votes", "order-book", "partitions", was "meadian"; did you mean "median"?'
            ),
        ),
        ("[quorum]\nbelow = 3", 'mine.toml: quorum.below must be one of "halt", "hold", "degrade", "mean", "own", was 3'),
        ('[own]\nsource = "x"\n[quorum]\nbelow = "zzz"', 'mine.toml: quorum.below must be one of "halt", "hold", "degrade", "mean", "own", was "zzz"'),
        ("[quorum]\nok_from = 0", "mine.toml: quorum.ok_from must be a whole number of at least 1, was 0"),
        ("[quorum]\nok_from = true", "mine.toml: quorum.ok_from must be a whole number of at least 1, was true"),
        ("[rounding]\ntick = 0", "mine.toml: rounding.tick must be a finite number above 0, was 0"),
        ("[rounding]\ntick = -0.5", "mine.toml: rounding.tick must be a finite number above 0, was -0.5"),
        (
            '[rounding]\nmode = "up"',
            "mine.toml: rounding.tick must be given where there is a table [rounding]; write tick = 0.01, or leave the table out",
        ),
        (
            '[outlier]\nband = "5%"',
            'mine.toml: outlier.band has no meaning with outlier.rule = "none"; write rule = "drop" or "clamp", or leave it out',
        ),
        (
            '[outlier]\nrule = "none"\nseveral = "median"',
            'mine.toml: outlier.several has no meaning with outlier.rule = "none"; write rule = "drop" or "clamp", or leave it out',
        ),
        ('[outlier]\nrule = "clamp"', 'mine.toml: outlier.band must be given with outlier.rule = "clamp"; write band = "5%"'),
        (
            '[staleness]\nat_limit = "stale"',
            'mine.toml: staleness.at_limit has no meaning with no staleness.silence; write silence = "60s", or leave it out',
        ),
        (
            '[staleness]\nsilence = "0s"\nat_limit = "stale"',
            'mine.toml: staleness.silence must be above 0 with staleness.at_limit = "stale", was "0s"; no source could ever be live',
        ),
        ("[weights.fixed]\na = 1", 'mine.toml: weights.fixed has no meaning with weights.kind = "equal"; write kind = "fixed"'),
        (
            '[weights]\nkind = "fixed"\n[aggregation]\nrule = "median"',
            'mine.toml: weights.kind has no meaning with aggregation.rule = "median"; did you mean "weighted-median"?',
        ),
        (
            '[aggregation]\neven = "lower"',
            'mine.toml: aggregation.even has no meaning with aggregation.rule = "weighted-mean"; write rule = "median", or leave it out',
        ),
        (
            '[aggregation]\ntie = "lower"',
            'mine.toml: aggregation.tie has no meaning with aggregation.rule = "weighted-mean"; write rule = "weighted-median", or leave it out',
        ),
        (
            '[aggregation]\nrule = "median"\nunit = 2',
            'mine.toml: aggregation.unit has no meaning with aggregation.even = "mean"; write even = "floor" or "away-from-zero", or leave it out',
        ),
        ('[assumed]\n"quorum.ok" = "why"', 'mine.toml: assumed.quorum.ok names no key of a declaration; did you mean "quorum.ok_from"?'),
        ('[assumed]\n"quorum.ok_from" = ""', "mine.toml: assumed.quorum.ok_from must be the reason, as a text, was ''"),
        ('[methodology]\ndate = "March"', 'mine.toml: methodology.date must be a date, was "March"; write "2020-10-29", "2018-06" or "2018"'),
        ('[methodology]\ngrade = "A"', 'mine.toml: methodology.grade must be one of "O", "M", "C", "T", "D", was "A"'),
        ("[methodology]\nname = 3", "mine.toml: methodology.name must be a text, was 3; put it in quotes"),
    ],
)
def test_a_mistake_is_one_line(text, line):
    with pytest.raises(InputError) as caught:
        parse_declaration(text, file="mine.toml")
    assert str(caught.value) == line
    assert "\n" not in line


def test_broken_toml_names_the_line():
    """What exactly is wrong there is said in Python's own words."""
    with pytest.raises(InputError, match=r"^mine\.toml: is no valid TOML: .*line 2"):
        parse_declaration("[outlier]\nrule = \nband = 1", file="mine.toml")


def test_a_file_that_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"missing\.toml: does not exist$"):
        load_declaration(tmp_path / "missing.toml")
    with pytest.raises(InputError, match=r"cannot be read: Is a directory$"):
        load_declaration(tmp_path)
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"odd\.toml: is not a text in UTF-8$"):
        load_declaration(tmp_path / "odd.toml")


def test_a_file_is_read_by_its_path(tmp_path):
    (tmp_path / "acme.toml").write_text(FULL)
    assert load_declaration(tmp_path / "acme.toml").methodology.name == "Acme index"


CONTRADICTIONS = [
    ('[outlier]\nrule = "drop"\nband = "5%"\n[reinclusion]\nband = "10%"', "reinclusion.band", "outlier.band"),
    ('[outlier]\nrule = "drop"\nband = "5%"\nsigmas = 2\nreference = "mean"', "outlier.sigmas", "outlier.band"),
    ('[outlier]\nrule = "clamp"\nband = "5%"\ndrop_beyond = "3%"', "outlier.drop_beyond", "outlier.band"),
    ('[outlier]\nrule = "drop"\nband = "5%"\ndrop_beyond = "10%"', "outlier.drop_beyond", "outlier.rule"),
    ('[outlier]\nrule = "drop"\nband = "5%"\nseveral_from = 3', "outlier.several_from", "outlier.several"),
    ('[reinclusion]\nheld_for = "1m"', "reinclusion.applies_to", "outlier.rule"),
    ('[outlier]\nrule = "drop"\nband = "5%"\n[reinclusion]\nstrikes = 3', "reinclusion.strikes", "reinclusion.strikes_within"),
    ('[quorum]\nok_from = 3\nbelow = "degrade"\nleast = 4', "quorum.least", "quorum.ok_from"),
    ('[quorum]\nbelow = "own"', "quorum.below", "own.source"),
    ('[guard]\nown_band = "5%"', "guard.own_band", "own.source"),
    ("[guard]\nlatching = true", "guard.latching", "guard.step"),
    ('[aggregation]\nrule = "votes"', "aggregation.rule", "input.price"),
    ('[input]\nprice = "book"\n[aggregation]\nrule = "order-book"\n[conversion]\nrate = "same-round"', "conversion.rate", "aggregation.rule"),
    ('[input]\nprice = "vwap"', "input.window", "input.price"),
    ('[input]\nwindow = "10m"', "input.window", "input.price"),
    ('[weights]\nkind = "volume"', "weights.window", "weights.kind"),
    ('[weights]\nkind = "traded"', "weights.kind", "input.price"),
    ('[conversion]\nrate = "peg"', "conversion.peg", "conversion.rate"),
    ('[conversion]\nrate = "same-round"\nmissing = "peg"', "conversion.missing", "conversion.peg"),
    ('[staleness]\nsilence = "10s"\nremove_after = "1m"', "staleness.remove_after", "staleness.action"),
    ('[staleness]\nsilence = "10s"\naction = "hold"\nremove_after = "5s"', "staleness.remove_after", "staleness.silence"),
    ('[staleness]\naction = "hold"', "staleness.action", "staleness.silence"),
    ('[latency]\naction = "hold"', "latency.action", "latency.limit"),
    ('[unchanged]\nat_limit = "stale"', "unchanged.at_limit", "unchanged.limit"),
    ('[aggregation]\nrule = "trimmed-mean"', "aggregation.trim", "aggregation.rule"),
    ("[book]\nspacing = 2", "book.spacing", "aggregation.rule"),
]


@pytest.mark.parametrize(("text", "key", "other"), CONTRADICTIONS, ids=[f"{key} / {other}" for _, key, other in CONTRADICTIONS])
def test_a_contradiction_names_both_keys(text, key, other):
    with pytest.raises(InputError) as raised:
        parse_declaration(text, file="mine.toml")
    assert str(raised.value).startswith(f"mine.toml: {key} ")
    assert other in str(raised.value)
    assert "\n" not in str(raised.value)
