"""The section [liquidation] of a venue's file, and what the bundled venues have in it (margin.md section 2)."""

import msgspec
import pytest

from indexlab.margin.liquidation_rules import LiquidationRule
from indexlab.margin.rules_file import parse_venue, venue
from indexlab.market.errors import InputError
from indexlab.market.units import SECOND

HEAD = """
[[contract]]
id = "X"
[[contract.tiers]]
maintenance_rate = "1%"
"""


def read(section):
    return parse_venue(HEAD + section).liquidation


def test_every_key_is_read():
    rule = read("""
[liquidation]
path = "backstop"
fraction = "20%"
least_notional = 1000.0
most_notional = 100000
fraction_above = 100000.0
fraction_rounds = 1
tiers_a_round = 2
cool_down = "30s"
auction_start = 0.95
auction_end = 0.7
auction = "15min"
backstop_below = "60%"
fillable_spread = 1.5
fillable_adjustment = 2.0
adl = "none"
""")
    minute = 60 * SECOND
    assert rule == LiquidationRule("backstop", 0.2, 1000.0, 100_000.0, 100_000.0, 1, 2, minute // 2, 0.95, 0.7, 15 * minute, 0.6, 1.5, 2.0, "none")
    assert not [field for field in msgspec.structs.fields(LiquidationRule) if getattr(rule, field.name) == field.default]


def test_without_a_section_it_is_one_market_order():
    assert read("") == LiquidationRule(path="market")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ('path = "markt"', 'liquidation.path must be one of .* did you mean "market"'),
        ('adl = "yes"', "liquidation.adl must be one of"),
        ("fraction = 2.0", "liquidation.fraction"),
        ("tiers_a_round = 0", "liquidation.tiers_a_round must be a whole number of at least 1"),
        ("fraction_rounds = -1", "liquidation.fraction_rounds must be a whole number of at least 0"),
        ("least_notional = -1.0", "liquidation.least_notional must be a finite number of at least 0"),
        ("fillable_spread = -0.1", "liquidation.fillable_spread must be a finite number of at least 0"),
        ("auction_start = 0.0", "liquidation.auction_start must be a finite number above 0"),
        ("part = 1", "liquidation.part is not a known key"),
    ],
)
def test_a_wrong_key_is_named(section, message):
    with pytest.raises(InputError, match=message):
        read(f"\n[liquidation]\n{section}\n")


PUBLISHED = {
    "binance-usdm": {"path": "ioc-takeover"},
    "okx": {"path": "incremental-tier", "tiers_a_round": 2, "cool_down_us": 60 * SECOND},
    "bitmex": {"path": "incremental-tier", "tiers_a_round": 1},
    "deribit": {"path": "incremental-fraction", "cool_down_us": SECOND},
    "dydx-v4": {"path": "incremental-fraction", "fraction": 0.1, "least_notional": 1000.0, "most_notional": 100_000.0, "fillable_spread": 1.5},
    "hyperliquid": {
        "path": "backstop",
        "fraction": 0.2,
        "fraction_above": 100_000.0,
        "fraction_rounds": 1,
        "cool_down_us": 30 * SECOND,
        "backstop_below": 2 / 3,
    },
    "drift": {"path": "dutch-auction", "auction_start": 1.0, "auction_end": 0.995},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_venues_have_what_they_publish(name):
    rule = venue(name).liquidation
    assert {key: getattr(rule, key) for key in PUBLISHED[name]} == PUBLISHED[name]
