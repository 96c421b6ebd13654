"""Candle files as quotes: the close at the end of its minute; whatever is not right is one line with file, line and value."""

import gzip
import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds import candles as candles_module
from feeds.files import candles, read_candles
from indexlab.market.errors import InputError
from indexlab.market.feed import Feed, import_fixture
from indexlab.market.fixture import check_fixture, load_fixture
from indexlab.market.source import Source
from indexlab.market.times import parse_time
from indexlab.market.units import MINUTE, SECOND

HEADER = "ts,open,high,low,close,volume,trades\n"
MIDNIGHT = 1_704_067_200  # 2024-01-01T00:00:00Z
START = parse_time("2024-01-01T00:00:00Z")


def row(minute, close="100.5", volume="2.5", trades="3"):
    return f"{MIDNIGHT + 60 * minute},1,1,1,{close},{volume},{trades}\n"


def write(folder, name, *rows, header=HEADER):
    path = folder / name
    path.write_text(header + "".join(rows))
    return path


def test_the_quote_is_the_close_at_the_end_of_its_minute(tmp_path):
    read = read_candles([write(tmp_path, "kraken_BTC-USD.csv", row(0, "100.5"), row(2, "101.25", "0.5"))])
    assert list(read.quotes.receive_time) == [START + MINUTE, START + 3 * MINUTE]
    assert list(read.quotes.event_time) == list(read.quotes.receive_time)
    assert list(read.quotes.price) == [100.5, 101.25]
    assert list(read.quotes.volume) == [2.5, 0.5]
    assert not read.quotes.has_book
    assert (read.start, read.end, read.interval, read.instrument) == (START + MINUTE, START + 3 * MINUTE, MINUTE, "BTC-USD")


def test_a_minute_without_volume_is_no_new_quote_but_the_recording_runs_on(tmp_path):
    read = read_candles([write(tmp_path, "kraken_BTC-USD.csv", row(0), row(1, volume="0"), row(2), row(3, volume="0.0"))])
    assert list(read.quotes.receive_time) == [START + MINUTE, START + 3 * MINUTE]
    assert read.end == START + 4 * MINUTE


def test_gzip_is_known_by_content_and_not_by_name(tmp_path):
    plain = write(tmp_path, "kraken_BTC-USD.csv.gz", row(0), row(1))
    read = read_candles([plain])
    plain.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_candles([plain]).quotes.equals(read.quotes)


def test_windows_line_ends_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path):
    path = tmp_path / "kraken_BTC-USD.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEADER + row(0) + "\n" + row(1)).replace("\n", "\r\n").encode())
    assert len(read_candles([path]).quotes) == 2


def test_columns_are_found_by_name(tmp_path):
    path = write(tmp_path, "kraken_BTC-USD.csv", f"7,100,{MIDNIGHT}\n", header="volume,close,ts\n")
    read = read_candles([path])
    assert (list(read.quotes.price), list(read.quotes.volume)) == ([100.0], [7.0])


def test_a_file_s_name_says_whose_candles_it_holds(tmp_path):
    files = [write(tmp_path, name, row(0)) for name in ("kraken_BTC-USD.1m.csv", "kraken_BTC-USDT.csv", "binance_us_btc-usd.csv", "okx_BTC-USDT")]
    read = read_candles(files)
    assert read.basket == (
        Source("kraken-USD", "kraken", "USD"),
        Source("kraken-USDT", "kraken", "USDT"),
        Source("binance_us", "binance_us", "USD"),
        Source("okx", "okx", "USDT"),
    )
    assert read.instrument == "BTC-USD+USDT"


def test_a_source_may_be_named_by_hand(tmp_path):
    named = write(tmp_path, "kraken_BTC-USD.csv", row(0))
    unnamed = write(tmp_path, "export (3).csv", row(1))
    read = read_candles([named], {"mine": unnamed, "k": named})
    assert read.basket == (Source("k", "kraken", "USD"), Source("mine", "mine", "USD"))
    assert list(read.quotes.source) == [0, 1]


def test_a_name_with_something_behind_needs_a_name_by_hand(tmp_path):
    dead = write(tmp_path, "cryptocom_BTC-USDC_DEAD.1m.csv", row(0))
    with pytest.raises(InputError, match=r"_DEAD\.1m\.csv: does not say in its name .*; rename it VENUE_BASE-QUOTE.csv .* --source ID=FILE"):
        read_candles([dead])
    assert read_candles([], {"dead": dead}).basket == (Source("dead", "cryptocom", "USDC"),)


def test_another_base_is_an_error_and_so_is_the_same_source_twice(tmp_path):
    bitcoin, ether = write(tmp_path, "kraken_BTC-USD.csv", row(0)), write(tmp_path, "kraken_ETH-USD.csv", row(0))
    with pytest.raises(InputError, match=r"kraken_ETH-USD\.csv: must be candles of BTC like kraken_BTC-USD\.csv, are of ETH; import one instrument at a time"):
        read_candles([bitcoin, ether])
    with pytest.raises(InputError, match=r"kraken_BTC-USD\.csv: is given twice"):
        read_candles([bitcoin, bitcoin])
    (tmp_path / "more").mkdir()
    again = write(tmp_path / "more", "kraken_BTC-USD.csv", row(0))
    with pytest.raises(InputError, match=r'would be a second source "kraken-USD"; name one of them with --source'):
        read_candles([bitcoin, again])
    assert len(read_candles([bitcoin, again], {"other": again}).basket) == 2
    with pytest.raises(InputError, match="names one file twice"):
        read_candles([], {"a": bitcoin, "b": bitcoin})


def test_nothing_to_read_is_said(tmp_path):
    with pytest.raises(InputError, match="must be 1 to 256 candle files, were 0"):
        read_candles([])
    with pytest.raises(InputError, match="hold no candle with volume"):
        read_candles([write(tmp_path, "kraken_BTC-USD.csv", row(0, volume="0"))])


def test_a_source_without_a_quote_beside_others_is_absent(tmp_path):
    read = read_candles([write(tmp_path, "a_BTC-USD.csv", row(0)), write(tmp_path, "b_BTC-USD.csv", row(0, volume="0"))])
    assert [source.id for source in read.basket] == ["a", "b"]
    assert set(read.quotes.source) == {0}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", r"must hold candles, is empty"),
        ("\n\n", r"must hold candles, is empty"),
        (HEADER, r"must hold candles, has a header alone"),
        ("time,open,close,volume\n", r"must have one column ts, has time,open,close,volume"),
        ("ts,open,colse,volume\n", r'must have one column close, has .* did you mean "colse"'),
        ("ts,ts,close,volume\n", r"must have one column ts"),
        (row(0), r"must have one column ts, has 1704067200"),
        (HEADER + row(1) + row(0), r"ts must not go back in time: it follows 2024-01-01T00:01:00Z, was 1704067200 .* in line 3"),
        (HEADER + row(1) + row(1), r"ts repeats 2024-01-01T00:01:00Z, was 1704067260 .* in line 3"),
        (HEADER + row(0) + row(1, "abc"), r"close must be a finite number above 0, was 'abc' in line 3"),
        (HEADER + row(0, ""), r"close must be a finite number above 0, was '' in line 2"),
        (HEADER + row(0, "inf"), r"close must be a finite number above 0, was 'inf' in line 2"),
        (HEADER + row(0, "nan"), r"close must be a finite number above 0, was 'nan' in line 2"),
        (HEADER + row(0, "1e999"), r"close must be a finite number above 0, was '1e999' in line 2"),
        (HEADER + row(0, "-1"), r"close must be a finite number above 0, was '-1' in line 2"),
        (HEADER + row(0, "0"), r"close must be a finite number above 0, was '0' in line 2"),
        (HEADER + row(0, "1_0"), r"close must be a finite number above 0, was '1_0' in line 2"),
        (HEADER + row(0, volume="-1"), r"volume must be a finite number of at least 0, was '-1' in line 2"),
        (HEADER + row(0, volume="many"), r"volume must be a finite number of at least 0, was 'many' in line 2"),
        (HEADER + "1704067201,1,1,1,1,1,1\n", r"ts must be the start of a minute in unix seconds, was '1704067201' in line 2"),
        (HEADER + "1704067200000,1,1,1,1,1,1\n", r"ts must be the start of a minute .* in line 2; divide milliseconds by 1000"),
        (HEADER + "-60,1,1,1,1,1,1\n", r"ts must be the start of a minute"),
        (HEADER + "9" * 400 + ",1,1,1,1,1,1\n", r"ts must be the start of a minute"),
        (HEADER + "1704067200,1,1\n", r"must have at least 6 columns like the header, has 3 in line 2"),
        (HEADER + '1704067200,"' + "x" * 200_000, r"must be CSV, does not read in line 2"),
        (HEADER + row(0, "\x1b[31m"), r"close must be a finite number above 0, was '\\x1b\[31m' in line 2"),
    ],
)
def test_a_file_that_is_not_right_names_itself_the_line_and_the_value(tmp_path, content, says):
    path = tmp_path / "kraken_BTC-USD.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=rf"kraken_BTC-USD\.csv: {says}") as caught:
        read_candles([path])
    assert "\n" not in str(caught.value)


def test_a_gzip_cut_short_or_broken_is_one_line(tmp_path):
    packed = gzip.compress((HEADER + "".join(row(minute, str(100 + minute % 7)) for minute in range(500))).encode())
    path = tmp_path / "kraken_BTC-USD.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match=r"kraken_BTC-USD\.csv\.gz: must be a whole gzip file, is cut short \(\d+ bytes\); fetch it again"):
        read_candles([path])
    path.write_bytes(packed[:100] + b"\0" * 50 + packed[150:])
    with pytest.raises(InputError, match=r"must be a whole gzip file"):
        read_candles([path])


def test_what_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(candles_module, "LARGEST_TEXT", 10_000)
    path = tmp_path / "kraken_BTC-USD.csv.gz"
    path.write_bytes(gzip.compress(b"0" * 1_000_000))
    with pytest.raises(InputError, match="must not unpack to more than 10000 bytes"):
        read_candles([path])
    path.write_bytes(b"0" * 10_001)
    with pytest.raises(InputError, match="must not be larger than 10000 bytes"):
        read_candles([path])


def test_too_many_rows_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(candles_module, "MOST_ROWS", 3)
    with pytest.raises(InputError, match="must not have more than 3 rows"):
        read_candles([write(tmp_path, "kraken_BTC-USD.csv", *map(row, range(4)))])


def test_bytes_that_are_no_text_are_told_with_their_place(tmp_path):
    path = tmp_path / "kraken_BTC-USD.csv"
    path.write_bytes(HEADER.encode() + b"\xff\xfe")
    with pytest.raises(InputError, match=r"must be CSV text .*, is not at byte 37"):
        read_candles([path])
    with pytest.raises(InputError, match=r"nowhere_BTC-USD\.csv: does not exist"):
        read_candles([tmp_path / "nowhere_BTC-USD.csv"])


def test_an_imported_fixture_says_what_it_was_made_of_and_no_path(tmp_path):
    path = write(tmp_path, "kraken_BTC-USD.csv", row(0), row(1, volume="0"), row(2))
    assert isinstance(candles, Feed)
    fixture = load_fixture(import_fixture(candles, [path], id="mine", out=tmp_path / "out"))
    assert check_fixture(fixture.folder) == []
    assert (fixture.kind, fixture.provenance.licence, fixture.interval) == ("recorded", "unknown", 60 * SECOND)
    assert hashlib.sha256(path.read_bytes()).hexdigest() in fixture.provenance.text
    assert "kraken_BTC-USD.csv, 3 rows, 2 quotes" in fixture.provenance.text
    assert str(tmp_path) not in (fixture.folder / "fixture.toml").read_text()


def test_many_files_still_make_a_right_fixture(tmp_path):
    files = [write(tmp_path, f"venue{number:03d}_BTC-USD.csv", row(0), row(30)) for number in range(60)]
    folder = import_fixture(candles, files, id="many", out=tmp_path / "out")
    assert check_fixture(folder) == []
    assert "and 48 more files" in load_fixture(folder).provenance.text


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(1e-6, 1e9), st.floats(0, 1e9)), min_size=1, max_size=20, unique_by=lambda candle: candle[0]))
def test_every_traded_minute_is_one_quote_to_the_bit(tmp_path_factory, rows):
    rows = sorted(rows)
    path = tmp_path_factory.mktemp("candles") / "kraken_BTC-USD.csv"
    path.write_text(HEADER + "".join(row(minute, repr(close), repr(volume)) for minute, close, volume in rows))
    traded = [candle for candle in rows if candle[2] > 0]
    if not traded:
        with pytest.raises(InputError, match="no candle with volume"):
            read_candles([path])
        return
    quotes = read_candles([path]).quotes
    assert list(zip(quotes.receive_time, quotes.price, quotes.volume, strict=True)) == [(START + (m + 1) * MINUTE, c, v) for m, c, v in traded]
    assert np.all(quotes.source == 0)
