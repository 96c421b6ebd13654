"""`indexlab margin`: what a person gets for a wrong word, figures, JSON, and rules of their own."""

import json

import pytest

from indexlab.commands import completing
from indexlab.margin.rules_file import venue_names, venue_path
from tests.cli.commands import ran


def refused(*arguments: str) -> str:
    done = ran("margin", *arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    return done.stderr.strip().removeprefix("indexlab: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "okxx"), 'did you mean "okx"'),
        (("headroom", "--venue", "binanceusdm", "--leverage", "10"), 'did you mean "binance-usdm"'),
        (("headroom", "--venue", "okx", "--contract", "BTC-USDT", "--leverage", "10"), 'did you mean "BTC-USDT-SWAP"'),
        (("headroom", "--venue", "okx", "--leverage", "ten"), 'must be a number, was "ten"'),
        (("headroom", "--venue", "okx", "--leverage", "-3"), "must be a finite number above 0, was -3"),
        (("headroom", "--venue", "okx", "--leverage", "nan"), "must be a finite number above 0, was nan"),
        (("headroom", "--venue", "okx", "--leverage", "3", "--price", "0"), "price must be a finite number above 0, was 0"),
        (("headroom", "--venue", "okx", "--leverage", "3", "--mark", "-1"), "mark must be a finite number above 0, was -1"),
        (("headroom", "--venue", "okx", "--leverage", "3", "--weight", "25"), 'did you mean "25bp"'),
        (("headroom", "--venue", "okx", "--leverage", "3", "--weight", "0%"), "weight must be above 0, was 0%"),
        (("headroom", "--venue", "okx", "--leverage", "3", "--figure", "x.pdf"), "x.pdf: --figure must end with .svg or .png"),
        (("band", "--venue", "okx", "--leverage", "3", "--fixture", "true-carsh"), "true-crash"),
        (("band", "--venue", "okx", "--leverage", "3", "--fixture", "true-crash", "--index", "plain-medain"), "plain-median"),
        (("incident", "bitmex-2017-04-14"), "bitmex-2017-04-15"),
        (("incident", "calm-hour"), "name a venue with --venue"),
        (("incident", "calm-hour", "--venue", "okx"), "name an index with --index"),
        (("incident", "bitmex-2017-04-15", "--broken", "gdaxx"), 'did you mean "gdax"'),
        (("show", "nowhere.toml"), "nowhere.toml: does not exist"),
    ],
)
def test_a_wrong_word_is_one_line_with_the_remedy(arguments, said):
    message = refused(*arguments)
    assert said in message
    assert "\n" not in message


def test_a_leverage_that_is_not_offered_says_which_tier_allows_what():
    message = refused("headroom", "--venue", "binance-usdm", "--leverage", "125", "--notional", "1000000")
    assert "must be at most 75 for a notional of 1 000 000 at binance-usdm BTCUSDT, was 125" in message
    assert "up to 50 000 USDT: 125x, up to 600 000 USDT: 100x, up to 3 000 000 USDT: 75x" in message


def test_figures_without_a_path_are_refused(tmp_path):
    done = ran("margin", "band", "--venue", "okx", "--leverage", "3", "--figure", tmp_path / "x.svg")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--figure needs a path: name a --fixture" in done.stderr


def test_a_figure_that_cannot_be_written_names_the_file(tmp_path):
    done = ran("margin", "headroom", "--venue", "okx", "--leverage", "3", "--figure", tmp_path / "nowhere" / "x.svg")
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr


def test_figures_are_written_as_their_ending_says(tmp_path):
    for name, head in (("a.svg", b"<svg"), ("a.png", b"\x89PNG")):
        assert ran("margin", "headroom", "--venue", "okx", "--leverage", "3", "--figure", tmp_path / name).exit_code == 0
        assert (tmp_path / name).read_bytes().startswith(head)
    path = tmp_path / "band.svg"
    assert (
        ran("margin", "band", "--venue", "binance-pm", "--leverage", "20", "--fixture", "true-crash", "--index", "plain-median", "--figure", path).exit_code
        == 0
    )
    drawn = path.read_text()
    assert "reduce-only from" in drawn
    assert "close by" in drawn


def test_an_incident_s_contract_may_be_another_of_its_venue():
    found = json.loads(ran("margin", "incident", "bitmex-2019-05-17", "--contract", "ETHUSD", "--json").stdout)
    assert (found["contract"], found["notional"], found["currency"]) == ("ETHUSD", 1, "XBT")
    small = json.loads(ran("margin", "incident", "bitmex-2019-05-17", "--notional", "100", "--broken", "coinbase", "--json").stdout)
    assert small["notional"] == 100
    assert min(small["runs"][1]["index"]) == pytest.approx(6250)  # with Coinbase broken the clean twin is Bitstamp


def test_an_incident_s_figure_is_written_beside_its_table(tmp_path):
    done = ran("margin", "incident", "bitmex-2017-04-15", "--figure", tmp_path / "who.svg")
    assert (done.exit_code, done.stdout.partition(":")[0]) == (0, "bitmex-2017-04-15")
    assert "liquidated through the fault alone" in (tmp_path / "who.svg").read_text()


def test_headroom_as_json_says_what_the_table_says():
    """20x long: (1/20 - 0.4 %) / (1 - 0.4 %) down to liquidation, and four times that for a source of a quarter."""
    done = ran("margin", "headroom", "--venue", "binance-usdm", "--leverage", "20x", "--side", "long", "--weight", "25%", "--json")
    (found,) = json.loads(done.stdout)
    assert (found["side"], found["leverage"], found["margin"]) == ("long", 20, 500)
    reach = {each["state"]: each for each in found["states"]}
    assert list(reach) == ["warning", "liquidation", "bankrupt"]
    move = -(1 / 20 - 0.004) / (1 - 0.004)
    assert reach["liquidation"]["move"] == pytest.approx(move)
    assert reach["liquidation"]["mark"] == pytest.approx(10_000 * (1 + move))
    assert reach["liquidation"]["source"] == {"25%": pytest.approx(4 * move)}
    assert reach["bankrupt"]["move"] == pytest.approx(-0.05)


def test_a_source_that_even_at_zero_does_not_reach_a_long_is_said_so():
    done = ran("margin", "headroom", "--venue", "binance-usdm", "--leverage", "3", "--side", "long", "--weight", "25%")
    assert "not even at 0" in done.stdout
    short = ran("margin", "headroom", "--venue", "binance-usdm", "--leverage", "3", "--side", "short", "--weight", "25%")
    assert "not even at 0" not in short.stdout


def test_a_mark_that_has_moved_counts_from_where_it_stands():
    done = ran("margin", "headroom", "--venue", "binance-usdm", "--leverage", "10", "--side", "long", "--mark", "9500", "--json")
    reach = {each["state"]: each for each in json.loads(done.stdout)[0]["states"]}
    assert reach["bankrupt"]["move"] == pytest.approx(9_000 / 9_500 - 1)


def test_rules_of_one_s_own_are_read_from_a_file(tmp_path):
    own = tmp_path / "own.toml"
    own.write_bytes(venue_path("okx").read_bytes().replace(b'id = "okx"', b'id = "mine"'))
    assert ran("margin", "show", own).stdout.startswith("mine: ")
    assert ran("margin", "headroom", "--venue", own, "--leverage", "3").stdout.startswith("mine ")
    assert "mine" in ran("margin", "incident", "bitmex-2017-04-15", "--venue", own, "--index", "plain-median").stdout


def test_an_incident_as_json_holds_every_account():
    found = json.loads(ran("margin", "incident", "bitmex-2017-04-15", "--json").stdout)
    assert [run["name"] for run in found["runs"]] == ["rules of the day", "clean twin", "median", "deribit-2019"]
    assert min(found["runs"][0]["index"]) == pytest.approx(887.265)
    assert len(found["accounts"]) == 200
    fallen = {each["leverage"] for each in found["accounts"] if "liquidated" in each["fates"][0]}
    assert fallen == set(range(3, 101))


@pytest.mark.parametrize("name", venue_names())
def test_every_venue_is_shown(name):
    done = ran("margin", "show", name)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{name}: ")
    assert max(map(len, done.stdout.splitlines())) <= 120 or "https://" in max(done.stdout.splitlines(), key=len)


def test_a_shell_completes_venues():
    assert [item.value for item in completing.complete_venues(None, None, "okx")] == ["okx"]
    assert completing._venues() == list(venue_names())


def test_what_a_file_says_commands_no_terminal(tmp_path):
    own = tmp_path / "own.toml"
    text = """
        [venue]\nid = "v~"\nname = "n~"\nurl = "u~"\nsummary = "s~"
        [[contract]]\nid = "C~"\nunderlying = "U~"\nquote = "Q~"\nsettlement = "Q~"\ntiers = [{ initial_rate = 0.1, maintenance_rate = 0.05 }]
        [[collateral]]\nasset = "A~"\nindex = "I~"
        [states]\ncurrency = "K~"
        [assumed]\n"fees.taker" = "because ~"
    """
    own.write_text(text.replace("~", "\\u202e\\u0007"))
    for words in (("show", own), ("headroom", "--venue", own, "--leverage", "3"), ("band", "--venue", own, "--leverage", "3")):
        done = ran("margin", *words)
        assert done.exit_code == 0
        assert not set(done.stdout) & {"\x07", "\u202e"}
