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


def test_a_band_that_no_price_reaches_says_so():
    done = ran("margin", "band", "--venue", "okx", "--leverage", "1", "--price", "63850.37")
    assert done.stdout.endswith("\n\n  no price above 0 changes its state\n")


def test_an_index_without_a_market_is_refused():
    done = ran("margin", "band", "--venue", "okx", "--leverage", "3", "--index", "plain-median")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--index needs a market: name a --fixture" in done.stderr


@pytest.mark.parametrize(("name", "said"), [("nowhere/x.svg", "cannot be written: its folder is not there"), ("x.svg", "cannot be written: it is a folder")])
def test_where_a_figure_cannot_go_is_said_before_anything_is_computed(tmp_path, name, said):
    (tmp_path / "x.svg").mkdir()
    assert said in refused("incident", "bitmex-2017-04-15", "--figure", str(tmp_path / name))


@pytest.mark.parametrize(
    "words",
    [
        ("headroom", "--venue", "okx", "--leverage", "1e-300"),
        ("headroom", "--venue", "okx", "--leverage", "3", "--mark", "1e300"),
        ("band", "--venue", "okx", "--leverage", "3", "--price", "1e-320"),
        ("funding", "--venue", "binance-usdm", "--size", "1e300"),
        ("funding", "--venue", "binance-usdm", "--price", "1e300"),
        ("incident", "bitmex-2017-04-15", "--notional", "1e300"),
    ],
)
def test_figures_that_no_double_can_be_computed_with_are_refused(words):
    assert "must be from 1e-100 to 1e+100, was 1e" in refused(*words).replace("9.99989e-321", "1e-320")


def test_samples_whose_premium_no_double_holds_are_refused(tmp_path):
    (tmp_path / "s.csv").write_text("time,index,bid,ask\n2025-01-01T08:00:00Z,1e-300,1e300,1e300\n")
    assert "line 2 must have a time from 1970 on, an index above 0, and finite prices" in refused("funding", "--venue", "okx", "--samples", tmp_path / "s.csv")


def test_the_run_of_a_market_without_rules_of_the_day_is_called_by_its_index():
    found = json.loads(ran("margin", "incident", "calm-hour", "--venue", "okx", "--index", "plain-median", "--json").stdout)
    assert [run["name"] for run in found["runs"]] == ["plain-median", "clean twin"]


def test_a_contract_without_any_margin_has_accounts_too(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('[[contract]]\nid = "X"\ntiers = [{ initial_rate = 0.0, maintenance_rate = 0.0 }]\n[funding]\ncap = "1%"\n')
    assert json.loads(ran("margin", "incident", "bitmex-2017-04-15", "--venue", own, "--json").stdout)["accounts"][124]["leverage"] == 125
    assert "alone liquidates from 100x on" in " ".join(ran("margin", "funding", "--venue", own).stdout.split())
