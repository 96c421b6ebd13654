"""Worked examples that venues printed, read where they are listed, and BitMEX's table of a source that comes back."""

from __future__ import annotations

from itertools import pairwise
from math import floor

import msgspec

from indexlab.index.declaration import parse_declaration
from indexlab.index.rules import Rounding
from indexlab.market.levels import Levels
from indexlab.market.quotes import Quotes
from indexlab.market.rates import Rate
from indexlab.market.times import parse_time
from tests.conformance.asking import NOW, SECOND, asked, both, close, reasons, ruled, sources, statuses, value
from tests.conformance.page_cases import Family, NoRuleError, examples_of

ONE = {"ok_from": 1}


def no_rule(_example):
    raise NoRuleError


def check_htx(example):
    """The page cuts off after two digits; the adjusted price is compared before that."""
    prices, expected = [float(price) for price in example["in"]["prices"]], example["out"]
    printed, exact = asked(ruled("htx"), prices), asked(msgspec.structs.replace(ruled("htx"), rounding=None), prices)
    assert value(printed) == expected["index_printed"]
    assert value(exact) == close(expected["index_exact"])
    assert exact.used[-1, 0] == close(expected["x_adjusted_exact"])
    assert reasons(printed) == ["clamped"] + ["used"] * 5
    assert floor(100 * exact.used[-1, 0]) == round(100 * expected["x_adjusted_printed"])
    assert middle_of(prices) == expected["median"]


def middle_of(prices):
    return value(asked(ruled("plain-median", quorum=ONE), prices))


def check_deribit(example):
    prices, stamps = example["in"]["original_price"], example["in"]["ts_ms"]
    said = [1000 * stamps[name] for name in prices]
    found = asked(ruled("deribit-2019"), list(prices.values()), names=list(prices), heard=max(said), stamps=said)
    assert value(found) == close(example["out"]["index_derived"], rel=0, abs=0.5e-7)
    assert (found.used[-1].tolist() == list(prices.values())) == example["out"]["price_equals_original"]
    assert middle_of(list(prices.values())) == close(example["out"]["median_derived"])
    assert found.weight[-1].tolist() == [close(example["in"]["weight_pct"] / 100, rel=0, abs=0.5e-8)] * 6


def check_binance(example):
    names, prices, weights = zip(*example["in"]["constituents"], strict=True)
    weights = [float(weight) for weight in weights]
    found = asked(ruled("binance-2020"), [float(price) for price in prices], names=names, weights=weights)
    assert value(found) == close(example["out"]["index_derived"], rel=0, abs=0.5e-6)
    assert sum(weights) == close(example["out"]["weight_sum"])
    assert middle_of([float(price) for price in prices]) == example["out"]["median_derived"]


def check_binance_clamp(example):
    """Three more at the median, so that it is the median."""
    middle = float(example["in"]["median"])
    prices = [middle * (1 + percent / 100) for percent in example["in"]["deviation_pct"]]
    found = asked(ruled("binance-2025"), [middle, middle, middle, *prices])
    assert found.used[-1].tolist() == [close(price) for price in (middle, middle, middle, *example["out"]["accounted"])]


def check_bitmex_2017(example):
    given = example["in"]
    before, then = (asked(ruled("bitmex-2017"), [float(price) for price in given[key]]) for key in ("before", "then"))
    assert value(before) == value(then) == example["out"]["index"]
    assert ["ABC"[s] for s, reason in enumerate(reasons(then)) if reason == "outlier"] == example["out"]["excluded"]


def check_kucoin_cross(example):
    given = {side: [tuple(example["in"][f"{side}{level}"]) for level in (1, 2)] for side in ("bid", "ask")}
    found = asked(ruled("kucoin-2024", quorum=ONE), [float("nan")], book=Levels.from_lists([(given["bid"], given["ask"])]))
    assert value(found) == close(example["out"]["exchange_price"])


def check_kucoin_volumes(example):
    """Of each exchange a book whose two levels have the size given and make the price given."""
    given = example["in"]
    books = [([(price, size / 2)], [(price, size / 2)]) for price, size in zip(given["prices"], given["volumes"], strict=True)]
    found = asked(ruled("kucoin-2024"), [float("nan")] * len(books), book=Levels.from_lists(books))
    assert value(found) == close(example["out"]["index"], rel=0, abs=0.5e-7)


def check_bybit(example):
    rules = parse_declaration('[conversion]\nrate = "same-round"\n[quorum]\nok_from = 1')
    rates = {"BTC": Rate.from_columns(receive_time=[NOW], price=[example["in"]["BTCUSDT"]])}
    assert value(asked(rules, [example["in"]["ETHBTC"]], currencies=["BTC"], rates=rates)) == close(example["out"]["usdt_equivalent"])


def check_overbit(example):
    rules = parse_declaration('[input]\nprice = "vwap"\nwindow = "1m"\n[weights]\nkind = "traded"')
    found = asked(rules, example["in"]["prices"], trade_size=example["in"]["sizes"])
    assert value(found) == close(example["out"]["index"], rel=0, abs=0.5e-2)


def check_okx(example):
    """What was seen is cut off after six digits; the rule's own text says nothing of that."""
    rules = msgspec.structs.replace(ruled("okx-2024"), rounding=Rounding(1e-6, "down"))
    assert value(asked(rules, example["in"]["prices"], weights=example["in"]["weights"])) == close(example["out"]["index_printed"])


def check_vega(example):
    """One source, published when ten seconds have passed since the last update."""
    given, expected = example["in"], example["out"]
    if expected == "unchanged":
        raise NoRuleError
    trades = [float(price) for price in given["trades"]]
    heard = [NOW + i * SECOND for i in range(len(trades))]
    quotes = Quotes.from_columns(receive_time=heard, source=[0] * len(trades), price=trades)
    assert value(both(ruled("vega"), sources(["trades"]), quotes, [heard[-1]])) == expected


# ---------------------------------------------------------------------------------------------------------------- a source that comes back

REINTRODUCTION = "https://blog.bitmex.com/bitmex-index-protection-rules-update-index-constituent-reintroduction"
TABLE = (
    # A is out from 15:00:00, within 2 % of the median of B and C from 15:20:00, and back at the first publication after more than fifteen minutes
    ("14:59:55", (100, 100, 100), "ABC"),
    ("15:00:00", (150, 100, 100), "BC"),
    ("15:20:00", (122, 120, 120), "BC"),
    ("15:35:00", (130, 131, 129), "BC"),
    ("15:35:05", (131, 131, 129), "ABC"),
    ("15:35:10", (140, 138, 139), "ABC"),
)
STEP = 5 * SECOND


def moment(clock):
    return parse_time(f"2020-08-14T{clock}Z")


def way_between():
    """(time, prices) every five seconds. Between its rows the table says nothing: prices go straight, but for A, which stays far off until it is near."""
    rows = [(moment(clock), prices) for clock, prices, _ in TABLE]
    yield rows[0]
    for (before, old), (time, new) in pairwise(rows):
        for at in range(before + STEP, time, STEP):
            share = (at - before) / (time - before)
            a, b, c = (x + share * (y - x) for x, y in zip(old, new, strict=True))
            yield at, (150 if new == TABLE[2][1] else a, b, c)
        yield time, new


def check_reintroduction(case):
    way = list(way_between())
    columns = {"receive_time": [at for at, _ in way for _ in range(3)], "source": [0, 1, 2] * len(way), "price": [p for _, prices in way for p in prices]}
    times = [at for at, _ in way]
    found = both(ruled("bitmex-2020"), sources("ABC"), Quotes.from_columns(**columns), times)
    at = times.index(moment(case["at"]))
    inside = "".join(name for name, reason in zip("ABC", reasons(found, at), strict=True) if reason == "used")
    assert inside == case["active"]
    taken = [price for name, price in zip("ABC", case["prices"], strict=True) if name in inside]
    assert found.value[at] == close(sum(taken) / len(taken))
    assert statuses(found)[at] == ("ok" if reasons(found, at).count("cooling") == 0 else "degraded")


def shown(rule, preset, source, name, check, **more):
    return Family(rule, preset, source, examples_of(name), check, **more)


MARK = "a price by a funding or premium rate: nothing that is made of sources' prices"
FAMILIES = (
    shown("clamp to 3 %, mean", "htx", "https://www.huobi.com/support/en-us/detail/900003172923", "htx-clamp-1", check_htx),
    shown(
        "clamp to 0.5 %, mean",
        "deribit-2019",
        "https://docs.deribit.com/subscriptions/market-data/deribit_price_rankingindex_name",
        "deribit-ranking-1",
        check_deribit,
        loose={"deribit-ranking-1": "to the seven digits of the figure that was derived from the printed prices"},
    ),
    shown(
        "weighted mean",
        "binance-2020",
        "https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Index-Constituents",
        "binance-constituents-1",
        check_binance,
        loose={"binance-constituents-1": "to the six digits of the figure that was derived from the printed prices and weights"},
    ),
    shown("clamp to 3 %", "binance-2025", "Binance FAQ 66607f4c63e748568f503fcbd8f08965, through a mirror", "binance-p2p-clamp", check_binance_clamp),
    shown("drop at 25 %", "bitmex-2017", "https://blog.bitmex.com/new-protections-bitmex-indices/", "bitmex-3ex-2017", check_bitmex_2017),
    Family(
        "back after fifteen minutes",
        "bitmex-2020",
        REINTRODUCTION,
        {clock: {"at": clock, "prices": prices, "active": active} for clock, prices, active in TABLE},
        check_reintroduction,
    ),
    shown("basis of a future", "none", "https://www.bitmex.com/app/fairPriceMarking", "bitmex-fair-futures", no_rule, excepted={"bitmex-fair-futures": MARK}),
    shown("price across two levels", "kucoin-2024", "https://kucoin.com/support/26684730297625", "kucoin-l2-cross", check_kucoin_cross),
    shown(
        "mean by size of levels",
        "kucoin-2024",
        "https://kucoin.com/support/26684730297625",
        "kucoin-volume-weighted",
        check_kucoin_volumes,
        loose={"kucoin-volume-weighted": "to the seven digits of the figure that was computed by the page's formula; the page's own table has other numbers"},
    ),
    shown("conversion of a cross pair", "in the test", "https://www.bybit.com/en/help-center/article?id=000001055", "bybit-cross-quote", check_bybit),
    shown(
        "mean by size",
        "in the test",
        "http://help.overbit.com/en/articles/3755892",
        "overbit-vwap",
        check_overbit,
        loose={"overbit-vwap": "to the two digits that are printed"},
    ),
    shown("weighted mean, cut off", "okx-2024 with a rounding", "OKX, observed by a third party on 2026-09-09", "okx-soph-basket", check_okx),
    shown(
        "last trade, at most every ten seconds",
        "vega",
        "vegaprotocol/specs@5fea1f3e3d68dc96c795916c7a113d8d7b63b7d6",
        "vega-last-trade",
        check_vega,
        excepted={"vega-last-trade/2": "asks when to publish; publication times are handed in here, and at eight seconds nobody asks"},
    ),
    shown(
        "when a feed is updated",
        "none",
        "https://wiki.dextrac.com/operational-overview/ocrv1",
        "chainlink-deviation",
        no_rule,
        excepted={"chainlink-deviation": "asks when a feed is worth a transaction, not what its price is"},
    ),
    shown("funding", "none", "Hyperliquid, measured by a third party", "hyperliquid-funding", no_rule, excepted={"hyperliquid-funding": MARK}),
)
