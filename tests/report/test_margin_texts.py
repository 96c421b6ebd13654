"""What is said and drawn of margin: words for every rule, jumps of tiers, plain figures, and the rows behind the charts."""

import re

import msgspec
import pytest

from indexlab.audit.incident import AccountFates, Fate, Incident, IndexRun
from indexlab.margin import funding_rules, liquidation_rules, mark_rules
from indexlab.margin.account import Account
from indexlab.margin.account_rules import StateRules
from indexlab.margin.contract import BTCUSDT, Contract, Tier
from indexlab.margin.rules_file import venue
from indexlab.report import margin_show_rules
from indexlab.report.margin_band import band_picture, band_svg, band_text
from indexlab.report.margin_headroom import headroom_of, headroom_text
from indexlab.report.margin_headroom_figure import headroom_svg
from indexlab.report.margin_incident import incident_text, money_text, shown_accounts
from indexlab.report.margin_incident_figure import cells, incident_svg
from indexlab.report.margin_lines import legend, move_line, move_text, path_line, state_line
from indexlab.report.margin_show import tier_jumps, venue_text

JUMPING = Contract(
    id="JUMP",
    underlying="BTC",
    tier_rule="whole-position",
    tiers=(Tier(10_000.0, 0.02, 0.01, 0.0), Tier(30_000.0, 0.05, 0.025, 0.0), Tier(None, 0.2, 0.1, 0.0)),
)
LONG = Account("l", 1.0, 10_000.0, 1_000.0)
MINUTE = 60_000_000


def words(svg):
    return " ".join(re.findall(r">([^<>]+)<", svg))


@pytest.mark.parametrize("name", mark_rules.CHOICES["mark.rule"])
def test_there_are_words_for_every_mark(name):
    assert margin_show_rules.mark_lines(mark_rules.MarkRule(rule=name))


@pytest.mark.parametrize("name", liquidation_rules.CHOICES["liquidation.path"])
def test_there_are_words_for_every_path(name):
    assert margin_show_rules.liquidation_lines(liquidation_rules.LiquidationRule(path=name))[0].startswith(f"{name}: ")


@pytest.mark.parametrize("name", funding_rules.CHOICES["funding.averaging"])
def test_there_are_words_for_every_average_of_funding(name):
    assert any("premium index" in line for line in margin_show_rules.funding_lines(funding_rules.FundingRule(averaging=name)))


SECOND = 1_000_000
MARK_KEYS = {
    "average": ("decaying", {"rule": "average-basis", "window_us": SECOND}),
    "window_us": (SECOND, {"rule": "average-basis"}),
    "sample_us": (SECOND, {"rule": "average-basis", "window_us": SECOND}),
    "two_inputs_window_us": (SECOND, {"rule": "hyperliquid"}),
    "band": (0.01, {}),
    "impact_notional": (100.0, {}),
    "strict": ("stable-price", {}),
    "twap_window_us": (SECOND, {"strict": "worse-of-twap"}),
    "stable_growth": (0.1, {"strict": "stable-price"}),
    "stable_every_us": (SECOND, {"strict": "stable-price"}),
    "stable_longest_us": (SECOND, {"strict": "stable-price"}),
    "max_step": (0.1, {}),
    "rule": ("funding-basis", {}),
}
LIQUIDATION_KEYS = {
    "path": ("backstop", {}),
    "fraction": (0.2, {"path": "backstop"}),
    "least_notional": (5.0, {"path": "incremental-fraction"}),
    "most_notional": (5.0, {"path": "incremental-fraction"}),
    "fraction_above": (5.0, {"path": "incremental-fraction"}),
    "fraction_rounds": (2, {"path": "incremental-fraction"}),
    "tiers_a_round": (2, {"path": "incremental-tier"}),
    "cool_down_us": (SECOND, {}),
    "auction_start": (1.5, {"path": "dutch-auction"}),
    "auction_end": (0.5, {"path": "dutch-auction"}),
    "auction_us": (SECOND, {"path": "dutch-auction"}),
    "backstop_below": (0.5, {"path": "backstop"}),
    "fillable_spread": (1.5, {"path": "incremental-fraction"}),
    "fillable_adjustment": (2.0, {"path": "incremental-fraction", "fillable_spread": 1.5}),
    "adl": ("none", {}),
}
FUNDING_KEYS = {
    "interval_us": (SECOND, {}),
    "offset_us": (SECOND, {}),
    "base_interval_us": (SECOND, {}),
    "averaging": ("linear", {}),
    "window_us": (SECOND, {"averaging": "trailing"}),
    "interest": (0.1, {}),
    "clamp": (0.1, {}),
    "cap": (0.1, {}),
    "rounding": ("half-even", {}),
    "rate_decimals": (3, {"rounding": "half-even"}),
    "price": ("index", {}),
    "remainder": ("largest", {}),
    "window_late_us": (SECOND, {}),
    "shorter_interval_us": (SECOND, {}),
    "calm_slots": (3, {"shorter_interval_us": SECOND}),
    "calm_rate": (0.1, {"shorter_interval_us": SECOND, "calm_slots": 3}),
}
EVERY_KEY = [
    (kind, lines, key, *keys[key])
    for kind, lines, keys in (
        (mark_rules.MarkRule, margin_show_rules.mark_lines, MARK_KEYS),
        (liquidation_rules.LiquidationRule, margin_show_rules.liquidation_lines, LIQUIDATION_KEYS),
        (funding_rules.FundingRule, margin_show_rules.funding_lines, FUNDING_KEYS),
    )
    for key in kind.__struct_fields__
]


@pytest.mark.parametrize(("kind", "lines", "key", "value", "where"), EVERY_KEY, ids=[f"{each[0].__name__}-{each[2]}" for each in EVERY_KEY])
def test_what_a_key_says_is_in_the_text(kind, lines, key, value, where):
    """No key of a section is left out: another value of it reads differently."""
    assert lines(kind(**where)) != lines(kind(**{**where, key: value}))


def test_the_jumps_of_whole_position_tiers_are_worked_out_and_said():
    """At 10,000 the rate goes from 1 % to 2.5 %: 150 more; at 30,000 to 10 %: 2,250 more."""
    assert tier_jumps(JUMPING) == [(10_000.0, 150.0), (30_000.0, 2_250.0)]
    text = venue_text(msgspec.structs.replace(venue("binance-usdm"), contracts=(JUMPING,)))
    assert "+150" in text
    assert "+2 250" in text
    assert "a wrong price may liquidate by the tier alone" in " ".join(text.split())
    assert "a wrong price may liquidate" not in " ".join(venue_text(venue("binance-usdm")).split())
    by_contracts = " ".join(venue_text(venue("okx")).split())
    assert "the price alone does not" in by_contracts


def test_headroom_says_that_a_tier_alone_liquidates():
    rules = msgspec.structs.replace(venue("bitmex"), contracts=(JUMPING,))
    found = headroom_of(Account("s", -1.0, 9_900.0, 210.0, "JUMP"), rules, 47.1, 9_900.0, [0.5])
    text = headroom_text([found], rules, JUMPING, notional=9_900.0, price=9_900.0, mark=9_900.0)
    assert "beyond 10 000" in text
    assert "the tier alone changes the state" in " ".join(text.split())


def test_a_position_that_nothing_liquidates_is_said_so():
    rules = venue("deribit-2019")
    found = headroom_of(Account("s", -1.0, 9_000.0, 1.0, "BTC-PERPETUAL"), rules, 0.1, 9_000.0, [0.25])
    text = headroom_text([found], rules, rules.contracts[0], notional=10.0, price=9_000.0, mark=9_000.0)
    assert text.count("never") == 2
    assert "never liquidated" in words(headroom_svg([found], rules, rules.contracts[0]))


def test_plain_lines():
    assert path_line([1.0, 2.0, None, 0.0], 4, low=0.0, high=2.0) == "▄█·▁"
    assert path_line([1.0, 1.0, 5.0, 1.0], 2, low=1.0, high=5.0) == "▁█"  # the value farthest from the first
    assert path_line([3.0], 80, low=3.0, high=3.0) == "▁"
    assert state_line(["healthy", "warning", "bankrupt", "healthy", "frozen", "healthy"], 3) == "wBf"
    assert state_line(["healthy", "healthy"], 80) == "··"
    assert legend(["bankrupt", "healthy"]) == "· healthy, B bankrupt"


def test_a_narrow_state_is_seen_all_the_same():
    assert move_line([("warning", 0.0900), ("liquidation", 0.0901), ("bankrupt", 0.1)], 0.1, 10) == "········wL"
    assert move_line([("warning", 0.02), ("liquidation", 0.05), ("bankrupt", 0.1)], 0.1, 10) == "·wwwLLLLLB"
    assert move_line([("liquidation", 0.0), ("bankrupt", 0.05)], 0.1, 10) == "LLLLB"
    assert move_line([], 0.1, 3) == "···"


def test_the_band_s_figure_shows_the_path_from_afar_and_close_by():
    marks = (10_000.0, 9_044.0, 9_036.0, 8_999.0, None, 9_500.0)
    picture = band_picture(LONG, venue("binance-usdm"), "a <title>", "where", [("path", [each * MINUTE for each in range(6)], marks)])
    drawn = band_svg(picture)
    said = words(drawn)
    for part in (
        "a &lt;title&gt;",
        "close by",
        "warning from 9 045.23",
        "liquidation from 9 036.14",
        "bankrupt from 9 000",
        "liquidated at 00:02:00, 1m after",
    ):
        assert part in said
    assert "script" not in drawn
    text = band_text(picture)
    assert "00:01:00 (1m)" in text  # in warning from the second minute on, for one
    assert band_svg(picture) == drawn


def test_a_path_without_a_price_or_a_crossing_is_drawn_too():
    rules = venue("binance-usdm")
    calm = band_picture(LONG, rules, "t", "w", [("none", [0, MINUTE], [None, None]), ("calm", [0, MINUTE], [10_000.0, 10_000.0])])
    said = words(band_svg(calm))
    assert "none: frozen at worst" in said
    assert "calm: healthy at worst" in said
    assert "close by" not in said
    assert "f frozen" in band_text(calm)
    assert "index" not in band_text(band_picture(LONG, rules, "t", "w", []))


def incident(fates):
    """Three runs over two publications; longs of 1x to len(fates)."""
    run = IndexRun("rules", "file:x", (10.0, 5.0), ("ok", "ok"))
    clean, other = msgspec.structs.replace(run, name="clean", index=(10.0, 10.0)), msgspec.structs.replace(run, name="o\x1b[31m", index=(None, None))
    accounts = tuple(AccountFates("long", float(place), 100.0, fate) for place, fate in enumerate(fates, 1))
    return Incident(
        fixture="f",
        title="t",
        venue="v",
        contract="c",
        currency="USD",
        notional=1.0,
        price=10.0,
        times=(0, MINUTE),
        runs=(run, clean, other),
        accounts=accounts,
    )


GONE, FINE, FROZEN = Fate("bankrupt", MINUTE, 5.0, 12.0, 1.0), Fate("healthy"), Fate("frozen", frozen=True)


def test_an_incident_s_table_tells_the_fault_from_the_market():
    found = incident([(FINE, FINE, FROZEN), (GONE, FINE, FROZEN), (GONE, GONE, FROZEN)])
    text = incident_text(found)
    assert "longs 2x" in text
    assert "00:01:00 -12.0%" in text
    assert "\x1b" not in text
    assert [each.leverage for each in found.hurt(0)] == [2]
    assert (found.falls_from("long", 0), found.falls_from("short", 0), found.falls_from("long", 2)) == (2, None, None)
    drawn = cells(found)
    assert [(row["from"], row["to"], row["fate"]) for row in drawn if row["who"] == "long, rules"] == [
        (0.5, 1.5, "healthy"),
        (1.5, 2.5, "liquidated through the fault alone"),
        (2.5, 3.5, "liquidated, in the clean twin too"),
    ]
    assert "liquidated through the fault alone" in words(incident_svg(found))


def test_the_table_shows_where_accounts_begin_to_fall():
    fates = [(GONE if leverage >= 37 else FINE, FINE, FINE) for leverage in range(1, 101)]
    assert [each.leverage for each in shown_accounts(incident(fates))] == [1, 2, 3, 5, 10, 20, 25, 36, 37, 50, 75, 100]
    calm = [(FINE, FINE, FINE)] * 100
    assert [each.leverage for each in shown_accounts(incident(calm))] == [1, 100]


@pytest.mark.parametrize(("amount", "text"), [(12_345.678, "12 345.68"), (0.08453, "0.08453"), (0.0, "0"), (0.00001234, "0.00001234"), (2.81826, "2.818")])
def test_money_has_no_exponent(amount, text):
    assert money_text(amount) == text


def test_of_states_that_begin_together_the_worst_is_seen():
    assert move_line([("warning", 0.0), ("liquidation", 0.0), ("bankrupt", 0.05)], 0.1, 10) == "LLLLB"
    assert move_line([("warning", 0.0), ("liquidation", 0.0), ("bankrupt", 0.0)], 0.1, 10) == "B"


def test_a_state_that_holds_already_is_said_to():
    found = headroom_of(LONG, venue("binance-usdm"), 10.0, 8_000.0, [])
    said = headroom_text([found], venue("binance-usdm"), BTCUSDT, notional=10_000.0, price=10_000.0, mark=8_000.0)
    assert "Where the move is in the position's favour, the state holds already" in said
    safe = headroom_of(LONG, venue("binance-usdm"), 10.0, 10_000.0, [])
    assert "favour" not in headroom_text([safe], venue("binance-usdm"), BTCUSDT, notional=10_000.0, price=10_000.0, mark=10_000.0)


def test_a_state_at_every_mark_is_always_and_a_move_of_any_size_is_short():
    rules = msgspec.structs.replace(venue("binance-usdm"), states=StateRules(warning=1e-9, liquidation=1.0))
    sold = headroom_of(Account("s", -1.0, 10_000.0, -10_001.0), rules, 10.0, 10_000.0, [0.25])
    text = headroom_text([sold], rules, BTCUSDT, notional=10_000.0, price=10_000.0, mark=10_000.0)
    assert text.count("always") == 3
    assert "liquidated already" in words(headroom_svg([sold], rules, BTCUSDT))
    band = band_picture(Account("s", -1.0, 10_000.0, -10_001.0), rules, "t", "w", [("p", [0, MINUTE], [9_000.0, 9_001.0])])
    assert band_text(band).count("always") == 3
    assert "bankrupt" in words(band_svg(band))
    far = headroom_of(LONG, rules, 10.0, 1e-50, [0.25])
    assert max(map(len, headroom_text([far], rules, BTCUSDT, notional=1.0, price=1.0, mark=1e-50).splitlines())) < 120
    assert move_text(12.3456, 2) == "+1234.56%"
    assert move_text(-1e60, 2) == "-1e+62%"


def test_borders_that_are_not_in_the_picture_are_said_at_its_edge():
    calm = band_picture(LONG, venue("binance-usdm"), "t", "w", [("calm", [0, MINUTE], [10_000.0, 10_001.0])])
    assert "not in the picture: warning from 9 045.23, liquidation from 9 036.14, bankrupt from 9 000" in words(band_svg(calm))


def test_from_afar_the_ends_of_a_band_are_named_that_is_drawn_close_by_as_well():
    marks = (12_000.0, 9_044.0, 9_036.0, 8_999.0, 6_000.0)
    drawn = words(band_svg(band_picture(LONG, venue("binance-usdm"), "t", "w", [("path", [each * MINUTE for each in range(5)], marks)])))
    assert "warning from 9 045.23, bankrupt from 9 000" in drawn
    assert "warning from 9 045.23, liquidation" not in drawn
