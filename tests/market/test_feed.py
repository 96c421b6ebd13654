"""Feeds are found by entry point, ours as a third party's, and what one reads becomes a fixture."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from indexlab.market import feed as feed_module
from indexlab.market.errors import InputError
from indexlab.market.feed import FeedOptions, Recording, feed_names, find_feed, import_fixture
from indexlab.market.fixture import check_fixture, load_fixture
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source
from indexlab.market.units import MINUTE, SECOND


class ThirdParty:
    name = "third"
    summary = "a third party's feed"

    def read(self, paths, options):
        self.given = paths, options
        times = [second * SECOND for second in (0, 60, 120, 3000, 3060)]
        return Recording(
            basket=(Source("a", "a"),),
            quotes=Quotes.from_columns(receive_time=times, source=[0] * 5, price=[1.0] * 5),
            start=0,
            end=3060 * SECOND,
            interval=MINUTE,
            instrument="BTC-USD",
            title="What a third party read",
            provenance="Read by a third party.",
        )


third = ThirdParty()
incomplete = object()


@pytest.fixture
def installed(monkeypatch):
    entries = [EntryPoint(name, f"{__name__}:{what}", feed_module.GROUP) for name, what in (("third", "third"), ("odd", "incomplete"), ("gone", "nothing"))]
    loads = {"third": third, "odd": incomplete}

    def load(self):
        if self.name not in loads:
            raise AttributeError("module has no attribute 'nothing'")
        return loads[self.name]

    monkeypatch.setattr(EntryPoint, "load", load)
    monkeypatch.setattr(feed_module, "entry_points", lambda group: [entry for entry in entries if entry.group == group])


def test_an_installed_feed_is_found_by_its_name(installed):
    assert find_feed("third") is third
    assert feed_names() == ("gone", "odd", "third")


def test_a_feed_that_is_none_is_told_apart(installed):
    with pytest.raises(InputError, match=r'feed names no installed feed, was "thrid"; did you mean "third"\?'):
        find_feed("thrid")
    with pytest.raises(InputError, match=r'"odd" .* must have name, summary and read'):
        find_feed("odd")
    with pytest.raises(InputError, match='"gone" does not load'):
        find_feed("gone")


def test_what_a_feed_reads_becomes_a_recorded_fixture_with_its_gaps_told(installed, tmp_path):
    folder = import_fixture("third", ["x.csv"], id="mine", out=tmp_path, sources={"b": "y.csv"}, licence="CC0-1.0")
    assert third.given == ([Path("x.csv")], FeedOptions(sources={"b": Path("y.csv")}))
    fixture = load_fixture(folder)
    assert folder == tmp_path / "mine"
    assert check_fixture(folder) == []
    assert (fixture.kind, fixture.title, fixture.provenance.licence) == ("recorded", "What a third party read", "CC0-1.0")
    assert fixture.provenance.text == "Read by a third party. Silent for longer than 10m (1 times): a 1970-01-01T00:02:00Z to 1970-01-01T00:50:00Z."


def test_an_id_that_could_leave_the_folder_is_refused_before_anything_is_read(installed, tmp_path):
    with pytest.raises(InputError, match="id must be lower-case letters"):
        import_fixture("third", [], id="../mine", out=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
