"""The catalogue finds bundled and registered methodologies, and every bundled one says where it is from and what is assumed."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint

import pytest

from indexlab.index import catalogue
from indexlab.index.catalogue import preset, preset_names, preset_path
from indexlab.market.errors import InputError

CONTROLS = {"plain-mean", "plain-median"}


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


def test_figures_as_published():
    """The figures that the venues' pages state (cited in each preset)."""
    binance, okx, deribit, phemex = (preset(name) for name in ("binance-2020", "okx-2018", "deribit-2019", "phemex"))
    assert (binance.staleness.silence_us, binance.outlier.rule, binance.outlier.band, binance.outlier.several) == (10_000_000, "drop", 0.05, "median")
    assert (okx.staleness.silence_us, okx.outlier.rule, okx.outlier.band, okx.outlier.from_sources) == (1_800_000_000, "clamp", 0.03, 3)
    assert (deribit.input.price, deribit.staleness.silence_us, deribit.outlier.rule, deribit.outlier.band) == ("mid", 180_000_000, "clamp", 0.005)
    assert (phemex.staleness.silence_us, phemex.aggregation.rule, phemex.quorum.ok_from, phemex.quorum.below) == (
        15_000_000,
        "drop-highest-and-lowest",
        3,
        "hold",
    )
    assert (preset("thalex").outlier.band, preset("hyperliquid-oracle").aggregation.rule) == (0.005, "weighted-median")


def test_the_controls_are_as_plain_as_they_say():
    mean, median = preset("plain-mean"), preset("plain-median")
    for control in (mean, median):
        assert (control.staleness.silence_us, control.staleness.clock, control.outlier.rule) == (60_000_000, "event", "none")
        assert (control.weights.kind, control.quorum.ok_from, control.quorum.below, control.assumed) == ("equal", 3, "halt", {})
    assert (mean.aggregation.rule, mean.validity.accept) == ("weighted-mean", "finite")
    assert (median.aggregation.rule, median.aggregation.even) == ("median", "mean")


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(InputError, match=r'is no preset, was "binance-202"; did you mean "binance-2020"\?'):
        preset("binance-202")


@pytest.fixture
def registered(tmp_path, monkeypatch):
    """A folder of somebody else's methodologies, registered by entry point."""

    class Registered(EntryPoint):
        def load(self):
            return tmp_path

    entry = Registered("acme", "acme.methodologies", "indexlab.methodologies")
    monkeypatch.setattr(catalogue, "entry_points", lambda group: [entry] if group == "indexlab.methodologies" else [])
    catalogue._paths.cache_clear()
    yield tmp_path
    catalogue._paths.cache_clear()


def test_a_registered_folder_adds_to_the_catalogue_and_replaces_nothing(registered):
    (registered / "acme-2026.toml").write_text('[methodology]\nname = "Acme"')
    (registered / "plain-mean.toml").write_text('[methodology]\nname = "Not ours"')
    assert "acme-2026" in preset_names()
    assert preset("acme-2026").methodology.name == "Acme"
    assert preset("plain-mean").methodology.venue == "control"
    assert preset_path("acme-2026").parent == registered
