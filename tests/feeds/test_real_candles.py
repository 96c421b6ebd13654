"""Four venues' BTC-USD minutes of March 2023: imported whole, and Coinbase's hole seen as the gap it is."""

import csv
from pathlib import Path

import numpy as np
import pytest

from feeds.files import candles, read_candles
from indexlab.market.feed import import_fixture
from indexlab.market.fixture import check_fixture, load_fixture
from indexlab.market.gaps import gaps
from indexlab.market.times import parse_time, time_text
from indexlab.market.units import MINUTE

DATA = Path(__file__).parents[3] / "shared" / "data" / "usdc_depeg_2023_03"
VENUES = ("coinbase", "kraken", "binanceus", "cryptocom")
FILES = [DATA / f"{venue}_BTC-USD.1m.csv.gz" for venue in VENUES]
HOLE = parse_time("2023-03-04T16:59:00Z")

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the recorded minutes (../shared/data/usdc_depeg_2023_03) are not here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return import_fixture(candles, FILES, id="depeg", out=tmp_path_factory.mktemp("fixtures"))


def test_every_traded_minute_of_every_venue_is_a_quote(folder):
    fixture = load_fixture(folder)
    quotes = fixture.quotes()
    with (DATA / "manifest.csv").open() as opened:
        manifest = {entry["file"]: int(entry["rows"]) - int(entry["zero_vol"]) for entry in csv.DictReader(opened)}
    counted = {source.id: int(np.sum(quotes.source == position)) for position, source in enumerate(fixture.basket)}
    assert counted == {venue: manifest[file.name] for venue, file in zip(VENUES, FILES, strict=True)}
    assert check_fixture(folder) == []


def test_the_window_is_the_three_weeks_and_one_publication_a_minute(folder):
    fixture = load_fixture(folder)
    assert (time_text(fixture.start), time_text(fixture.end)) == ("2023-03-01T00:01:00Z", "2023-03-22T00:00:00Z")
    assert len(fixture.times()) == 21 * 24 * 60
    assert fixture.instrument == "BTC-USD"
    assert {source.quote for source in fixture.basket} == {"USD"}


def test_coinbase_s_hole_is_a_gap_of_278_minutes_in_coinbase_alone(folder):
    fixture = load_fixture(folder)
    found = gaps(fixture.quotes(), 4, start=fixture.start, end=fixture.end, longer_than=60 * MINUTE)
    # the last candle before it starts at 16:59, so the last quote is at 17:00
    assert [(fixture.basket[gap.source].id, gap.start, (gap.end - gap.start) // MINUTE) for gap in found] == [("coinbase", HOLE + MINUTE, 278)]
    assert "coinbase 2023-03-04T17:00:00Z to 2023-03-04T21:38:00Z" in fixture.provenance.text


def test_a_slice_of_the_hole_has_the_other_three_alone(folder):
    fixture = load_fixture(folder)
    quotes, times = fixture.slice(HOLE + 10 * MINUTE, HOLE + 200 * MINUTE)
    assert {fixture.basket[position].id for position in set(quotes.source.tolist())} == {"kraken", "binanceus", "cryptocom"}
    assert len(times) == 191


def test_the_dead_market_has_no_quote():
    read = read_candles([DATA / "kraken_BTC-USDC.1m.csv.gz"], {"dead": DATA / "cryptocom_BTC-USDC_DEAD.1m.csv.gz"})
    assert [source.id for source in read.basket] == ["kraken", "dead"]
    assert set(read.quotes.source) == {0}
