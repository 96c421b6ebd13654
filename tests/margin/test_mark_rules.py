"""[mark] is read strictly, and every bundled venue says how its mark comes about."""

import pytest

from indexlab.margin.mark_rules import MarkRule
from indexlab.margin.rules_file import parse_venue, venue, venue_names
from indexlab.market.errors import InputError
from indexlab.market.units import MINUTE, SECOND

CONTRACT = '[[contract]]\nid = "X"\ntiers = [{ initial_rate = "10%", maintenance_rate = "5%" }]\n'


def _read(text):
    return parse_venue(f"{CONTRACT}[mark]\n{text}", file="x.toml").mark


def test_every_key():
    """What a person writes is what the rule holds."""
    text = """
rule = "hyperliquid"
average = "decaying"
window = "150s"
sample = "1s"
two_inputs_window = "20s"
band = "3%"
impact_notional = 10000
max_step = "1%"
strict = "stable-price"
twap_window = "5m"
stable_growth = "0.03%"
stable_every = "10s"
stable_longest = "600s"
"""
    expected = MarkRule(
        "hyperliquid", "decaying", 150 * SECOND, SECOND, 20 * SECOND, 0.03, 10_000.0, 0.01, "stable-price", 5 * MINUTE, 0.0003, 10 * SECOND, 600 * SECOND
    )
    assert _read(text) == expected
    assert _read("") == MarkRule()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('rule = "median-of-three"', "x.toml: mark.window must be above 0"),
        ('rule = "median-of-thre"\nwindow = "30s"', "x.toml: mark.rule must be one of .* did you mean"),
        ('rule = "hyperliquid"\nwindow = "150s"\ntwo_inputs_window = "0s"', "x.toml: mark.two_inputs_window must be above 0"),
        ('strict = "worse-of-twap"', "x.toml: mark.twap_window must be above 0"),
        ('strict = "stable-price"', "x.toml: mark.stable_growth must be above 0"),
        ("band = 3", "x.toml: mark.band"),
        ('windw = "3s"', "x.toml: mark.windw is not a known key"),
    ],
)
def test_a_wrong_key_is_named(text, line):
    """File, key, rule, value."""
    with pytest.raises(InputError, match=line):
        _read(text)


@pytest.mark.parametrize("name", venue_names())
def test_a_bundled_venue_has_a_rule_or_says_why_not(name):
    """No venue leaves its mark to a default, but those that mark at the index; what a window stands for is cited or assumed."""
    rules = venue(name)
    if rules.mark.rule in {"average-basis", "median-of-three"}:
        assert "mark.rule" in rules.assumed
        assert "mark.window" in rules.assumed or name == "bybit"
    if rules.mark.strict != "none":
        assert "mark.strict" in rules.assumed


def test_the_rules_differ_by_venue():
    """As their pages do."""
    expected = {
        "binance-2025": ("median-of-three", 30 * SECOND),
        "binance-coinm": ("median-of-three", 150 * SECOND),
        "bybit": ("median-of-three", 5 * MINUTE),
        "hyperliquid": ("hyperliquid", 150 * SECOND),
        "bitmex-2017": ("funding-basis", 0),
        "deribit-2019": ("average-basis", 15 * SECOND),
        "dydx-v4": ("index", 0),
    }
    assert {name: (venue(name).mark.rule, venue(name).mark.window_us) for name in expected} == expected
