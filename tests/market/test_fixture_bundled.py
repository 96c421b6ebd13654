"""The bundled fixtures: all right, small, found from anywhere, and the synthetic ones made again from their numbers."""

import subprocess
import sys

import numpy as np
import pytest

from indexlab.market import fixture_catalogue
from indexlab.market.errors import InputError
from indexlab.market.fixture import check_fixture, find_fixture, fixture_ids, load_fixture, write_fixture
from indexlab.market.fixture_synthetic import SYNTHETIC_FIXTURES, made_fixture
from indexlab.market.units import MINUTE

IDS = ("binance-2025-10-10", "bitmex-2017-04-15", "bitmex-2019-05-17", "bitmex-2019-05-17-widened", "calm-hour", "deribit-2019-10-31", "true-crash")


def test_the_bundled_fixtures_are_these():
    assert fixture_ids() == IDS


@pytest.mark.parametrize("name", IDS)
def test_a_bundled_fixture_has_no_problem_its_folder_s_name_and_at_most_a_thousand_publications(name):
    folder = find_fixture(name)
    fixture = load_fixture(folder)
    assert check_fixture(folder) == []
    assert (fixture.id, folder.name) == (name, name)
    assert len(fixture.times()) <= 1_000
    assert sum(path.stat().st_size for path in folder.iterdir()) < 400_000


@pytest.mark.parametrize("name", [name for name in IDS if name.startswith(("binance", "bitmex", "deribit"))])
def test_a_reconstruction_cites_every_price_and_has_the_rules_of_its_day(name):
    fixture = load_fixture(find_fixture(name))
    assert fixture.kind == "reconstructed"
    assert fixture.rules is not None
    assert all(waypoint.cited for waypoint in fixture.waypoints)
    known = [waypoint for waypoint in fixture.waypoints if waypoint.basis == "known"]
    assert known
    assert all("https://" in waypoint.cited for waypoint in known)


def test_the_widened_basket_is_the_day_s_and_two_sources_assumed_throughout():
    day, widened = load_fixture(find_fixture("bitmex-2019-05-17")), load_fixture(find_fixture("bitmex-2019-05-17-widened"))
    added = {source.id for source in widened.basket} - {source.id for source in day.basket}
    assert len(added) == 2
    assert tuple(waypoint for waypoint in widened.waypoints if waypoint.source not in added) == day.waypoints
    assert {waypoint.basis for waypoint in widened.waypoints if waypoint.source in added} == {"assumed"}


@pytest.mark.parametrize("name", SYNTHETIC_FIXTURES)
def test_a_synthetic_fixture_is_what_its_numbers_make(name, tmp_path):
    bundled = load_fixture(find_fixture(name))
    declaration, quotes = made_fixture(name)
    assert bundled.quotes().equals(quotes)
    again = load_fixture(write_fixture(tmp_path / name, declaration, quotes))
    for field in ("id", "title", "kind", "instrument", "start", "end", "interval", "sources", "provenance"):
        assert getattr(again, field) == getattr(bundled, field)


def test_the_calm_hour_is_calm_and_an_hour():
    fixture = load_fixture(find_fixture("calm-hour"))
    quotes = fixture.quotes()
    assert fixture.end - fixture.start == 60 * MINUTE
    assert len(fixture.basket) == 8
    assert np.ptp(quotes.price) / np.median(quotes.price) < 0.01
    assert quotes.has_book


def test_the_true_crash_is_30_percent_in_ten_minutes_and_one_venue_shows_it_first():
    fixture = load_fixture(find_fixture("true-crash"))
    quotes = fixture.quotes()
    before = quotes.receive_time < fixture.start + 12 * MINUTE
    after = quotes.receive_time > fixture.start + 23 * MINUTE
    for source in range(8):
        mine = quotes.source == source
        assert np.median(quotes.price[mine & after]) / np.median(quotes.price[mine & before]) == pytest.approx(0.7, abs=0.01)
    falling = (quotes.receive_time > fixture.start + 13 * MINUTE) & (quotes.receive_time < fixture.start + 21 * MINUTE)
    seconds = (quotes.receive_time - fixture.start) / 1e6
    # the lower a venue's price against one straight line through all, the earlier it shows the fall
    line = np.polyfit(seconds[falling], np.log(quotes.price[falling]), 1)
    residual = np.log(quotes.price) - np.polyval(line, seconds)
    lag = [float(np.mean(residual[falling & (quotes.source == source)])) for source in range(8)]
    assert min(range(8), key=lag.__getitem__) == 0


def test_an_unknown_synthetic_fixture_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r'did you mean "calm-hour"\?'):
        made_fixture("calm-hours")


def test_in_an_installed_wheel_they_are_package_data(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "indexlab"
    (package / "fixtures" / "only").mkdir(parents=True)
    (package / "fixtures" / "only" / "fixture.toml").write_text("")
    (tmp_path / "site-packages" / "fixtures" / "not-ours").mkdir(parents=True)
    (tmp_path / "site-packages" / "fixtures" / "not-ours" / "fixture.toml").write_text("")
    monkeypatch.setattr(fixture_catalogue.resources, "files", lambda _: package)
    assert fixture_ids() == ("only",)


def test_they_are_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fixture_ids() == IDS
    assert find_fixture("calm-hour").is_dir()


def test_looking_at_a_fixture_s_toml_loads_no_polars():
    code = (
        "import sys; from indexlab.market.fixture import load_fixture, find_fixture; load_fixture(find_fixture('calm-hour')); sys.exit('polars' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=find_fixture("calm-hour").parents[1]).returncode == 0
