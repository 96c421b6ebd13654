"""`indexlab margin funding`: what it prints and draws, and what it says to input that is wrong."""

import json

import pytest
from click.testing import CliRunner

from indexlab.commands.margin_funding import funding
from indexlab.commands.margin_funding_samples import read_samples, straight_samples
from indexlab.margin.rules_file import venue, venue_names
from indexlab.market.errors import InputError
from indexlab.report.margin_funding import rate_text
from tests.margin.funding_strategies import HOUR, START

RULE = venue("binance-usdm").funding
SWING = ("--venue", "binance-usdm", "--premium", "0.02%,0.6%,-0.7%,0", "--slots", "6", "--price", "60000")


def said(*words):
    return CliRunner().invoke(funding, words, catch_exceptions=False).output


def test_slots_rates_and_payments_stand_in_a_table():
    text = said(*SWING, "--size", "1.5")
    assert text.startswith("binance-usdm BTCUSDT: a long of 1.5 contracts\n  every 8h\n")
    assert "2025-01-01T16:00:00Z    0.50434%        0.45434%        0.3%  cap      271.62 USDT" in text
    assert "A position pays that opens 1s before a slot, opens at it, opens 1s after it, closes 1s after it;" in text
    assert "one does not that opens 15s after it, closes at it." in text.replace("\n  ", " ")
    assert "together 0." in text
    [line] = [line for line in text.splitlines() if line.startswith("  premium ")]
    assert len(line.split()[1]) == 72


@pytest.mark.parametrize("name", [name for name in venue_names() if venue(name).funding is not None])
@pytest.mark.parametrize("side", ["long", "short"])
def test_every_venue_with_funding_is_shown(name, side):
    text = said("--venue", name, "--side", side, "--premium", "0.3%,-0.2%")
    assert f"a {side} of" in text
    assert "together 0." in text


def test_a_remainder_is_shown_where_there_is_one():
    assert "insurance fund" in said("--venue", "drift", "--premium", "0.0123%,0.0456%", "--size", "0.07", "--price", "61234.5")


def test_the_same_as_json():
    told = json.loads(said(*SWING, "--json"))
    assert [slot["capped"] for slot in told["slots"]] == [False, True, False, True, True, False]
    assert sum(told["slots"][0]["received"].values()) == 0


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_it_is_drawn(ending, tmp_path):
    file = tmp_path / f"funding.{ending}"
    said(*SWING, "--figure", str(file))
    content = file.read_bytes()
    assert content.startswith(b"<svg" if ending == "svg" else b"\x89PNG")
    if ending == "svg":
        text = content.decode()
        assert "Funding of a long of 0.1666666667 contracts, binance-usdm BTCUSDT" in text
        assert text.count("cap 0.3%") == 1
        assert "cap -0.3%" in text


@pytest.mark.long
def test_many_hourly_slots_are_drawn_too(tmp_path):
    file = tmp_path / "funding.svg"
    said("--venue", "hyperliquid", "--premium", "0.02%,60%", "--slots", "240", "--figure", str(file))
    assert file.stat().st_size < 2_000_000


def test_the_premium_is_a_straight_line_through_what_is_given():
    samples, (start, end) = straight_samples(RULE, ("0%", "1%", "0"), slots=2, start="2025-01-01T00:00:00Z", price=100.0)
    assert (end - start, len(samples)) == (16 * HOUR, 192)
    assert [samples[place].bid for place in (47, 95, 143, 191)] == [100.5, 101.0, 100.5, 100.0]
    assert samples[-1].time == end


def test_a_file_of_samples_is_read(tmp_path):
    file = tmp_path / "samples.csv"
    file.write_text(f"time,index,bid,ask\n{START + HOUR},100,101,102\n2023-09-25T09:00:00Z,100,101,102\n", encoding="utf-8")
    samples, span = read_samples(RULE, file)
    assert samples[0].time == START + HOUR
    assert span == (START, START + 9 * HOUR)
    assert "1%" in said("--venue", "bybit", "--samples", str(file))


HEAD = "time,index,bid,ask\n"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "must begin with the line time,index,bid,ask"),
        (HEAD, "must hold at least one sample"),
        (HEAD + "1,2,3\n", "must have 4 values, had 3"),
        (HEAD + "1,2,3,x\n", "must be numbers"),
        (HEAD + "1,nan,3,4\n", "an index above 0"),
        (HEAD + "1,0,3,4\n", "an index above 0"),
        (HEAD + "yesterday,1,3,4\n", "must be an RFC 3339 time"),
        (HEAD + f"{START + HOUR},1,1,1\n", "must hold a slot"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line(text, wrong, tmp_path):
    file = tmp_path / "samples.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=wrong):
        said("--venue", "bybit", "--samples", str(file))


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("--venue", "mango-v4"), "has no funding"),
        (("--venue", "bybit", "--price", "nan"), "must be a finite number above 0"),
        (("--venue", "bybit", "--size", "-1"), "must be a finite number above 0"),
        (("--venue", "bybit", "--premium", "2"), "must be between -1 and 1"),
        (("--venue", "bybit", "--premium", "8h"), "must be a ratio"),
        (("--venue", "bybit", "--start", "2025-01-01T00:00:00"), "offset"),
        (("--venue", "bybit", "--start", "1969-01-01T00:00:00Z"), "from 1970 on"),
        (("--venue", "bybit", "--contract", "ETHUSDT"), "is no contract"),
        (("--venue", "bybit", "--figure", "funding.gif"), "must end with .svg or .png"),
    ],
)
def test_what_is_wrong_is_said(words, wrong):
    with pytest.raises(InputError, match=wrong):
        said(*words)


def test_what_excludes_one_another_is_refused():
    assert "exclude one another" in said("--venue", "bybit", "--size", "1", "--notional", "1")
    assert "exclude one another" in said("--venue", "bybit", "--premium", "0", "--samples", "x.csv")


@pytest.mark.parametrize(("rate", "text"), [(0.0, "0%"), (0.0001, "0.01%"), (-0.003, "-0.3%"), (1e-10, "0%"), (-1e-10, "0%"), (1.0, "100%")])
def test_rates_are_written_in_percent(rate, text):
    assert rate_text(rate) == text
