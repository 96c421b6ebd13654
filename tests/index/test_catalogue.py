"""The catalogue finds bundled and registered methodologies, and every bundled one says where it is from and what is assumed."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from operator import attrgetter

import pytest

from indexlab.index import catalogue
from indexlab.index.catalogue import preset, preset_names, preset_path
from indexlab.index.rules import Blend
from indexlab.market.errors import InputError
from indexlab.market.units import SECOND
from indexlab.properties.registry import properties
from indexlab.scenarios.expect import Layer, promised

CONTROLS = {"plain-mean", "plain-median"}
MINUTE = 60 * SECOND
FIGURES = {
    "aster": {"staleness.silence_us": 3 * SECOND, "outlier.rule": "drop", "outlier.band": 0.05, "outlier.several": "median"},
    "astral": {
        "staleness.silence_us": 10 * SECOND,
        "outlier.rule": "clamp",
        "outlier.band": 0.05,
        "outlier.drop_beyond": 0.1,
        "outlier.one.rule": "own",
        "reinclusion.band": 0.03,
        "reinclusion.held_for_us": 5 * MINUTE,
    },
    "backpack": {"input.price": "median", "outlier.band": 0.01},
    "billance": {"staleness.silence_us": 15 * MINUTE, "outlier.rule": "drop", "outlier.band": 0.03, "outlier.reference": "neighbour", "quorum.below": "own"},
    "binance-2020": {"staleness.silence_us": 10 * SECOND, "outlier.rule": "drop", "outlier.band": 0.05, "outlier.comparison": ">", "outlier.several": "median"},
    "binance-2025": {"staleness.silence_us": 5 * MINUTE, "outlier.by_asset": {"BTC": 0.01, "ETH": 0.01}},
    "bingx": {
        "staleness.silence_us": 5 * SECOND,
        "validity.max_ahead_us": 5 * SECOND,
        "outlier.rule": "drop",
        "outlier.band": 0.03,
        "outlier.comparison": ">=",
        "reinclusion.out_for_us": 5 * MINUTE,
        "reinclusion.strikes": 4,
        "reinclusion.strikes_within_us": 30 * MINUTE,
    },
    "bit-com": {"outlier.rule": "clamp", "outlier.band": 0.0025, "outlier.drop_beyond": 0.01, "outlier.from_sources": 3},
    "bitget-2025": {
        "staleness.silence_us": 15 * MINUTE,
        "outlier.rule": "drop",
        "outlier.band": 0.05,
        "weights.window_us": 24 * 60 * MINUTE,
        "weights.refresh_us": 4 * 60 * MINUTE,
        "reinclusion.band": 0.02,
        "reinclusion.applies_to": "both",
    },
    "bitmex-2017": {
        "staleness.silence_us": 15 * MINUTE,
        "outlier.rule": "drop",
        "outlier.band": 0.25,
        "outlier.two.rule": "hold",
        "outlier.two.band": 0.125,
        "outlier.one.band": 0.25,
        "reinclusion.strikes": 1,
    },
    "bitmex-2020": {
        "unchanged.limit_us": 15 * MINUTE,
        "outlier.rule": "drop",
        "outlier.band": 0.25,
        "outlier.comparison": ">=",
        "outlier.two.band": 0.125,
        "outlier.one.reference": "last-index",
        "reinclusion.band": 0.02,
        "reinclusion.held_for_us": 15 * MINUTE,
        "reinclusion.at_limit": "out",
        "reinclusion.alone": 0.25,
    },
    "bitunix": {"outlier.band": 0.03, "outlier.several": "keep"},
    "blofin": {"outlier.rule": "clamp", "outlier.band": 0.03, "outlier.from_sources": 3, "quorum.below": "degrade"},
    "bybit-2020": {
        "staleness.silence_us": 15 * MINUTE,
        "outlier.rule": "drop",
        "outlier.band": 0.03,
        "outlier.two.reference": "median-with-last-index",
        "outlier.one.rule": "hold",
        "outlier.one.band": 0.1,
    },
    "cf-brr": {"input.window_us": 60 * MINUTE, "aggregation.rule": "partitions", "aggregation.partitions": 12, "rounding.tick": 0.01},
    "cf-brti": {
        "staleness.silence_us": 30 * SECOND,
        "staleness.clock": "receive",
        "outlier.rule": "drop",
        "outlier.band": 0.05,
        "reinclusion.band": 0.025,
        "aggregation.rule": "order-book",
        "book.sigmas": 5.0,
        "book.trim": 0.01,
        "quorum.ok_from": 1,
    },
    "cf-brti-2026": {"input.price": "book", "staleness.clock": "receive", "reinclusion.comparison": "<", "rounding.tick": 0.01},
    "chainlink-ocr": {"aggregation.rule": "median", "aggregation.even": "upper"},
    "coinlocally": {"outlier.rule": "clamp", "outlier.band": 0.03, "outlier.comparison": ">", "weights.kind": "equal"},
    "connect": {
        "staleness.silence_us": 120 * SECOND,
        "conversion.rate": "previous-round",
        "aggregation.rule": "median",
        "aggregation.even": "mean",
        "quorum.below": "halt",
    },
    "crypto-com": {
        "input.price": "median",
        "outlier.rule": "clamp",
        "outlier.band": 0.001,
        "outlier.comparison": ">=",
        "weights.kind": "equal",
        "quorum.below": "hold",
    },
    "dederi": {"input.price": "mid", "staleness.silence_us": 3 * MINUTE, "outlier.rule": "clamp", "outlier.band": 0.005, "weights.kind": "equal"},
    "deribit-2018": {"input.price": "mid", "staleness.silence_us": 3 * MINUTE, "aggregation.rule": "drop-highest-and-lowest", "quorum.below": "degrade"},
    "deribit-2019": {"input.price": "mid", "staleness.silence_us": 180 * SECOND, "outlier.rule": "clamp", "outlier.band": 0.005, "weights.kind": "equal"},
    "derivadex": {"input.price": "last", "aggregation.rule": "weighted-mean"},
    "drift": {"input.max_uncertainty": 0.02, "validity.accept": "positive"},
    "dydx-v4": {"aggregation.rule": "weighted-median", "aggregation.tie": "lower", "quorum.weight_share": 0.667, "quorum.below": "hold"},
    "dydx-v4-daemon": {"input.price": "median", "staleness.silence_us": 30 * SECOND, "staleness.at_limit": "live", "aggregation.even": "away-from-zero"},
    "flipster-2025": {
        "latency.limit_us": 500_000,
        "outlier.rule": "clamp",
        "outlier.band": 0.003,
        "reinclusion.reference": "others",
        "reinclusion.band": 0.003,
        "guard.step": 0.25,
        "guard.action": "halt",
    },
    "htx": {"outlier.rule": "clamp", "outlier.band": 0.03, "outlier.reference": "median", "outlier.from_sources": 3},
    "htx-usdt": {"outlier.rule": "clamp", "outlier.band": 0.003, "outlier.from_sources": 3},
    "hyperliquid-oracle": {"input.price": "mid", "aggregation.rule": "weighted-median"},
    "kucoin-2024": {"input.price": "cross", "weights.kind": "traded", "outlier.rule": "drop", "outlier.band": 0.05},
    "kucoin-2025": {"input.price": "last", "blend.old": "kucoin-2024", "quorum.below": "own"},
    "mexc-2024": {"outlier.rule": "drop", "outlier.band": 0.03},
    "mexc-2026": {"outlier.rule": "drop"},
    "mufex": {"staleness.silence_us": 10 * SECOND, "outlier.rule": "drop", "outlier.band": 0.05},
    "ojo": {
        "input.price": "tvwap",
        "input.window_us": 10 * MINUTE,
        "outlier.sigmas": 1.0,
        "outlier.deviation": "population",
        "outlier.from_sources": 3,
        "staleness.at_limit": "stale",
        "weights.kind": "traded",
    },
    "okx-2018": {"staleness.silence_us": 30 * MINUTE, "outlier.rule": "clamp", "outlier.band": 0.03, "outlier.from_sources": 3},
    "okx-2024": {"outlier.rule": "clamp", "outlier.band": 0.02, "outlier.from_sources": 3, "quorum.below": "mean"},
    "orderly": {
        "outlier.rule": "clamp",
        "outlier.band": 0.05,
        "outlier.several": "median",
        "weights.window_us": 4 * 60 * MINUTE,
        "weights.refresh_us": 5 * MINUTE,
    },
    "orml": {"staleness.at_limit": "stale", "aggregation.even": "upper", "quorum.below": "hold"},
    "phemex": {"staleness.silence_us": 15 * SECOND, "aggregation.rule": "drop-highest-and-lowest", "quorum.below": "hold"},
    "pionex": {"outlier.rule": "clamp", "outlier.band": 0.03, "outlier.comparison": ">", "outlier.from_sources": 3, "quorum.below": "mean"},
    "pyth": {
        "input.price": "confidence",
        "aggregation.rule": "votes",
        "aggregation.even": "floor",
        "staleness.at_limit": "live",
        "validity.accept": "finite",
        "quorum.below": "hold",
    },
    "quedex": {"aggregation.rule": "drop-highest-and-lowest", "aggregation.trim_from": 4, "weights.kind": "equal"},
    "rabbitx": {"outlier.rule": "drop", "outlier.band": 0.05, "validity.invalid": "exclude", "aggregation.rule": "median"},
    "superex": {"weights.kind": "equal", "quorum.below": "degrade"},
    "thalex": {"input.price": "mid", "outlier.rule": "clamp", "outlier.band": 0.005, "weights.kind": "equal"},
    "trubit": {"outlier.rule": "clamp", "outlier.band": 0.03, "outlier.comparison": ">=", "outlier.from_sources": 3, "quorum.below": "mean"},
    "vega": {"aggregation.rule": "median", "aggregation.even": "mean", "quorum.below": "hold"},
    "wbf": {"outlier.rule": "drop", "outlier.band": 0.03, "outlier.comparison": ">=", "outlier.from_sources": 3},
    "xcoin-2025": {
        "staleness.silence_us": 60 * SECOND,
        "outlier.rule": "clamp",
        "outlier.band": 0.05,
        "reinclusion.held_for_us": 3 * MINUTE,
        "reinclusion.applies_to": "stale",
    },
    "yibi": {"staleness.silence_us": 10 * SECOND, "outlier.rule": "drop", "outlier.band": 0.05, "outlier.several": "median"},
    "zedxion": {"outlier.rule": "clamp", "outlier.band": 0.03},
}
"""The main figures of each preset, by dotted key."""


def test_the_bundled_presets():
    assert {"binance-2020", "okx-2018", "deribit-2019", "thalex", "phemex", "hyperliquid-oracle", *CONTROLS} <= set(preset_names())
    assert list(preset_names()) == sorted(preset_names())


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_bears_its_file_name_and_states_every_rule(name):
    found = preset(name)
    assert found.methodology.id == name
    assert found.methodology.date
    assert found.methodology.grade
    assert len(found.methodology.summary) > 80
    stated = {"input.price", "staleness.silence", "staleness.clock", "staleness.at_limit", "outlier.rule", "quorum.ok_from", "quorum.below"}
    assert stated <= set(found.stated)
    assert set(found.assumed) <= {*found.stated}


@pytest.mark.parametrize("name", sorted(set(preset_names()) - CONTROLS))
def test_a_venues_preset_cites_its_page_and_promises_its_own_limit(name):
    found = preset(name)
    assert re.fullmatch(r"https://\S+", found.methodology.url)
    assert found.methodology.venue
    assert found.assumed
    assert "max_age" in found.expect


@pytest.mark.parametrize(("name", "key", "value"), [(name, key, value) for name, figures in FIGURES.items() for key, value in figures.items()])
def test_figures_as_published(name, key, value):
    """The figures that the venues' pages state (cited in each preset), none of them assumed."""
    found = preset(name)
    assert attrgetter(key)(found) == value
    assert key.removesuffix("_us") not in found.assumed


def test_every_venues_preset_has_a_figure_here():
    assert set(FIGURES) == set(preset_names()) - CONTROLS


def test_thirty_dated_presets_of_twenty_four_venues():
    dated = [preset(name).methodology for name in preset_names() if name not in CONTROLS]
    assert all(re.fullmatch(r"20\d\d(-\d\d(-\d\d)?)?", one.date) for one in dated)
    assert len(dated) >= 30
    assert len({one.venue for one in dated}) >= 24


@pytest.mark.parametrize(
    ("older", "newer", "key"),
    [
        ("binance-2020", "binance-2025", "outlier.band"),
        ("okx-2018", "okx-2024", "outlier.band"),
        ("deribit-2018", "deribit-2019", "aggregation.rule"),
        ("bitmex-2017", "bitmex-2020", "reinclusion.held_for_us"),
        ("kucoin-2024", "kucoin-2025", "input.price"),
        ("mexc-2024", "mexc-2026", "outlier.band"),
        ("cf-brti", "cf-brti-2026", "staleness.silence_us"),
    ],
)
def test_a_venue_that_changed_its_rules_has_a_preset_for_each_date(older, newer, key):
    before, after = preset(older), preset(newer)
    assert before.methodology.venue == after.methodology.venue
    assert before.methodology.date < after.methodology.date
    assert attrgetter(key)(before) != attrgetter(key)(after)


def test_kucoins_rules_give_way_over_a_quarter_of_an_hour():
    assert preset("kucoin-2025").blend == Blend("kucoin-2024", 1_764_572_400 * SECOND, 900 * SECOND, SECOND)


def test_what_is_waived_names_a_property_and_the_venues_rule():
    known = [found.id for found in properties()]
    for name in preset_names():
        expect = promised([Layer(name, preset(name).expect)], known_properties=known)
        assert all(len(reason) > 30 for reason in expect.waive.values())


def test_the_controls_are_as_plain_as_they_say():
    mean, median = preset("plain-mean"), preset("plain-median")
    for control in (mean, median):
        assert (control.staleness.silence_us, control.staleness.clock, control.outlier.rule) == (60_000_000, "event", "none")
        assert (control.weights.kind, control.quorum.ok_from, control.quorum.below, control.assumed) == ("equal", 3, "halt", {})
    assert (mean.aggregation.rule, mean.validity.accept) == ("weighted-mean", "finite")
    assert (median.aggregation.rule, median.aggregation.even) == ("median", "mean")


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(InputError, match=r'is no preset, was "thalx"; did you mean "thalex"\?'):
        preset("thalx")


@pytest.fixture
def register(monkeypatch):
    """Let a test say what third parties' entry points give."""

    def clear():
        for found in (catalogue._paths, catalogue._folders, catalogue._unusable):
            found.cache_clear()

    def bring(*given):
        class Registered(EntryPoint):
            def load(self):
                return given[int(self.name)]

        entries = [Registered(str(place), "acme.methodologies", "indexlab.methodologies") for place in range(len(given))]
        monkeypatch.setattr(catalogue, "entry_points", lambda group: entries if group == "indexlab.methodologies" else [])
        clear()

    yield bring
    clear()


def test_a_registered_folder_adds_to_the_catalogue(register, tmp_path):
    (tmp_path / "acme-2026.toml").write_text('[methodology]\nname = "Acme"')
    register(tmp_path)
    assert "acme-2026" in preset_names()
    assert preset("acme-2026").methodology.name == "Acme"
    assert preset_path("acme-2026").parent == tmp_path
    assert not catalogue.left_out()


def test_a_name_that_is_taken_is_refused_by_name(register, tmp_path):
    (tmp_path / "plain-mean.toml").write_text('[methodology]\nname = "Not ours"')
    register(tmp_path)
    with pytest.raises(InputError, match=r'plain-mean.toml: the methodology "plain-mean" has the name of a bundled one; rename the file$'):
        preset_names()


def test_what_cannot_be_used_is_left_out_and_said_to_be(register, tmp_path):
    """A file that does not hold, an entry point that names a number or a folder that is not there: each takes nobody else's away."""
    (tmp_path / "acme-2026.toml").write_text('[methodology]\nname = "Acme"')
    (tmp_path / "wrong.toml").write_text('[aggregation]\nrule = "meen"')
    register(tmp_path, 7, tmp_path / "nowhere")
    names = preset_names()
    assert "acme-2026" in names
    assert "plain-mean" in names
    assert "wrong" not in names
    number, nowhere, wrong = map(str, catalogue.left_out())
    assert number == 'entry point indexlab.methodologies 1 must name a folder or a package of TOML files, was "acme.methodologies"'
    assert nowhere == f'entry point indexlab.methodologies 2 must name a folder that is there, was "{tmp_path / "nowhere"}"'
    assert wrong.startswith(f"{tmp_path / 'wrong.toml'}: ")
    with pytest.raises(InputError, match=r"wrong\.toml: "):
        preset("wrong")
    with pytest.raises(InputError, match=r'is no preset, was "acme-2025"; did you mean "acme-2026"\? \(entry point indexlab.methodologies 1 must name'):
        preset("acme-2025")
