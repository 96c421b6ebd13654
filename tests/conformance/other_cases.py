"""Ojo, bisq, drift, dYdX's daemon, ORML and the XRP ledger."""

from __future__ import annotations

import msgspec

from indexlab.index.rules import Rounding
from indexlab.market.quotes import Quotes
from tests.conformance.asking import NOW, SECOND, asked, assert_deviation, both, close, reasons, ruled, sources, statuses, value
from tests.conformance.page_cases import Family, examples_of, family
from tests.conformance.pyth_cases import NOT_POSITIVE

CANDLE_WEIGHTS = (
    "the code weighs a candle of age d by volume * 0.8 / D * (D - d + 0.2), D the age of its provider's oldest candle: alone, by volume * 0.16 / d; "
    "here it is volume * (0.2 + 0.8 * (600 - d) / 600)"
)
WEIGHED_OTHERWISE = ("ComputeTVWAP/valid prices", "ComputeTVWAP/one expired price")
NO_RULE = {"rule": "none"}
LEAST = {"ok_from": 1}

# ---------------------------------------------------------------------------------------------------------------- Ojo


def by_asset(inputs):
    """{asset: {provider: what it said}}"""
    assets = {asset for said in inputs.values() for asset in said}
    return {asset: {provider: said[asset] for provider, said in inputs.items() if asset in said} for asset in sorted(assets)}


def candles(rules, said):
    """Determine from the candles of each provider, or from its ticker as a candle of now."""
    rows = [(provider, candle) for provider, one in said.items() for candle in ([one] if isinstance(one, dict) else one)]
    assert len(rows) == len(said), "one candle a provider, as in all cases"
    stamps = [NOW - candle.get("age_s", 0) * SECOND for _, candle in rows]
    prices, sizes = ([float(candle[key]) for _, candle in rows] for key in ("price", "volume"))
    return asked(rules, prices, names=[provider for provider, _ in rows], heard=[NOW] * len(rows), stamps=stamps, trade_size=sizes)


def assert_means(rules, case):
    found = {asset: value(candles(rules, said)) for asset, said in by_asset(case["inputs"]).items()} or {"nothing": value(candles(rules, {}))}
    assert {asset: price for asset, price in found.items() if price is not None} == {asset: close(price) for asset, price in case["expected"].items()}


def check_vwap(case):
    assert_means(ruled("ojo", input={"price": "vwap", "least_time_weight": 0.0}, outlier=NO_RULE), case)


def check_tvwap(case):
    params = case["params"]
    window = {"window_us": params["window_s"] * SECOND, "least_time_weight": float(params["min_time_weight"])}
    assert_means(ruled("ojo", input=window, outlier=NO_RULE), case)


def check_deviation(case):
    """With fewer than three prices there is no deviation: however narrow the rule, nobody is out."""
    plain, narrow = (ruled("ojo", input={"price": "last"}, weights={"kind": "equal"}, outlier=outlier) for outlier in (NO_RULE, {"sigmas": 1e-6}))
    assert value(asked(plain, [])) is None
    for asset, said in by_asset(case["inputs"]).items():
        prices = [float(price) for price in said.values()]
        expected = case["expected"].get(asset)
        assert (expected is None) == (len(prices) < case["params"]["min_prices"])
        if expected is None:
            assert reasons(asked(narrow, prices)) == ["used"] * len(prices)
            continue
        assert value(asked(plain, prices)) == close(expected["mean"])
        assert_deviation(prices, float(expected["deviation"]), "population")


def check_filter(case):
    thresholds = case["params"].get("thresholds", {})
    for asset, said in by_asset(case["inputs"]).items():
        rules = ruled("ojo", outlier={"sigmas": float(thresholds[asset])} if asset in thresholds else {})
        found = reasons(candles(rules, said))
        assert sorted(name for name, reason in zip(said, found, strict=True) if reason == "used") == case["expected"]["kept"][asset]


# ---------------------------------------------------------------------------------------------------------------- bisq and drift


def check_bisq(case):
    given, expected = case["inputs"], case["expected"]
    names, prices = [one["provider"] for one in given], [one["price"] for one in given]
    params = case["params"] or {"std_devs": 1.1}
    rules = ruled(
        "plain-mean",
        validity={"accept": "finite"},
        outlier={"rule": "drop", "reference": "mean", "sigmas": params["std_devs"], "deviation": "population", "all_out": "keep"},
        staleness={"silence_us": 600 * SECOND},
        quorum=LEAST,
    )
    heard = [NOW if one.get("timestamp_ms", "now") == "now" else one["timestamp_ms"] * 1000 for one in given]
    found = reasons(asked(rules, prices, names=names, heard=heard))
    if "counts" in expected:  # one of three is of 1970; no price of this case was published
        assert dict(zip(names, found, strict=True)) == {name: "used" if count else "stale" for name, count in expected["counts"].items()}
        return
    assert value(asked(rules, prices, names=names, heard=heard)) == close(expected["price"], expected["tol_rel"])
    assert sorted(name for name, reason in zip(names, found, strict=True) if reason == "outlier") == expected["outliers"]


def check_drift(case):
    """A slot counts as a second. Margin and the market maker want the same oracle, of other ages; the mean over time is the last value before."""
    given, params = case["inputs"], case["params"]
    statuses_of = {name: drift(given, params, params[f"slots_stale_{name}"]) for name in ("margin", "amm")}
    expected = {"Valid": ("ok", "ok"), "StaleForAMM": ("ok", "halted"), "TooUncertain": ("halted", "halted")}[case["expected"]]
    assert (statuses_of["margin"], statuses_of["amm"]) == expected


def drift(given, params, limit):
    assert given["sufficient_points"]
    assert params["contract_tier_multiplier"] == 1
    rules = ruled(
        "drift",
        input={"max_uncertainty": params["confidence_max_ppm"] / 1e6},
        staleness={"silence_us": limit * SECOND},
        outlier={"rule": "halt", "reference": "last-index", "band": params["too_volatile_ratio"] - 1.0},
    )
    said = NOW - given["delay_slots"] * SECOND
    prices, confidence = [given["last_twap"], given["price"]], [1, given["confidence"]]
    first = NOW - 1000 * SECOND
    columns = {"receive_time": [first, said], "source": [0, 0], "price": prices, "confidence": confidence}
    found = statuses(both(rules, sources(["oracle"]), Quotes.from_columns(**columns), [first, NOW]))
    assert found[0] == "ok"
    return found[1]


# ---------------------------------------------------------------------------------------------------------------- dYdX, ORML, XRP ledger

WHOLE = {"rule": "median", "even": "away-from-zero", "unit": 1.0}


def check_dydx_median(case):
    expected = None if isinstance(case["expected"], dict) else case["expected"]
    rules = ruled("dydx-v4-daemon", validity={"accept": "finite"}, aggregation=WHOLE, quorum=LEAST)
    assert value(asked(rules, [float(price) for price in case["inputs"]])) == close(expected)


def check_dydx_index(case):
    """A nanosecond counts as a microsecond: the rule does not know how long a second is."""
    given, params = case["inputs"], case["params"]
    expected = None if isinstance(case["expected"], dict) else case["expected"]
    first = min(one["t_ns"] for one in given)
    rules = ruled("dydx-v4-daemon", aggregation=WHOLE, quorum=LEAST, staleness={"silence_us": params["max_age_ns"]})
    heard = [one["t_ns"] - first for one in given]
    assert value(asked(rules, [one["price"] for one in given], heard=heard, times=[params["read_ns"] - first])) == close(expected)


def check_orml(case):
    given, params = case["inputs"], case["params"]
    rules = ruled("orml", staleness={"silence_us": params["expires_in"] * SECOND}, quorum={"ok_from": params["minimum_count"]})
    heard = [one["timestamp"] * SECOND for one in given]
    times = sorted({*heard, params["now"] * SECOND})
    found = asked(rules, [one["value"] for one in given], heard=heard, times=times)
    assert (None if statuses(found)[-1] == "halted" else found.value[-1]) == case["expected"]
    assert (statuses(found)[-1] == "held") == (params["previous"] is not None)


def check_xrpl(case):
    params, expected = case["params"], case["expected"]
    prices = [float(one["price"]) for one in case["inputs"]]
    threshold = params["time_threshold_s"]
    stale = {"silence_us": None if threshold is None else threshold * SECOND}
    when = {"heard": [NOW + one["t_s"] * SECOND for one in case["inputs"]]}

    mean = asked(ruled("plain-mean", staleness=stale, quorum=LEAST), prices, **when)
    assert value(mean) == close(expected["mean"])
    assert value(asked(ruled("plain-median", staleness=stale, quorum=LEAST), prices, **when)) == close(expected["median"])
    assert_set([price for price, reason in zip(prices, reasons(mean), strict=True) if reason == "used"], expected)
    if params["trim_percent"] is not None:
        trimming = {"rule": "trimmed-mean", "trim": params["trim_percent"] / 100, "trim_from": 1}
        found = asked(ruled("plain-mean", staleness=stale, quorum=LEAST, aggregation=trimming), prices, **when)
        assert value(found) == close(expected["trimmed"]["mean"])
        assert_set([price for price, weight in zip(prices, found.weight[-1], strict=True) if weight > 0], expected["trimmed"])


def assert_set(prices, expected):
    """The size and the deviation of what was left."""
    assert len(prices) == expected["size"]
    assert_deviation(prices, float(expected["standard_deviation"]), "sample")


# ---------------------------------------------------------------------------------------------------------------- worked examples


def check_int_median(example):
    check_dydx_median({"inputs": example["in"], "expected": example["out"]})


def check_bid_ask_last(example):
    """The median does not depend on which of the outer two is called the bid; here the lower one is, as a crossed book counts for nothing."""
    given, tick = sorted(example["in"]["v"]), 10.0 ** example["in"]["exp"]
    rules = msgspec.structs.replace(ruled("dydx-v4-daemon", quorum=LEAST), rounding=Rounding(tick, "down"))
    columns = {"bid": [given[0]], "ask": [given[2]]} if len(given) == 3 else {}
    assert value(asked(rules, [given[len(given) // 2]], **columns)) == close(example["out"] * tick)


def negative(names):
    return dict.fromkeys(names, NOT_POSITIVE)


OJO = "ojo_price_feeder.json"
DYDX = "dydx_v4_pricefeed.json"
CHAIN = "dydxprotocol/v4-chain@84d4664bae71e3a077adaac67fb77ad19cd28d30"
SIGNS = "TestMedian_Int32/Mixed signs, odd number input, middle numbers "
BELOW = "TestMedian_Int32/All negative, even number input, "
FAMILIES = (
    family("mean by volume", "ojo", OJO, check_vwap, "ojo.vwap"),
    family(
        "mean by volume and age",
        "ojo",
        OJO,
        check_tvwap,
        "ojo.tvwap",
        excepted=dict.fromkeys(WEIGHED_OTHERWISE, CANDLE_WEIGHTS),
    ),
    family("standard deviation", "ojo", OJO, check_deviation, "ojo.stddev"),
    family("filter of tickers", "ojo", OJO, check_filter, "ojo.filter_tickers"),
    family("filter of candles", "ojo", OJO, check_filter, "ojo.filter_candles"),
    family("mean within 1.1 standard deviations", "plain-mean with the rule", "bisq_pricenode.json", check_bisq),
    family("guard rails", "drift with a band around the last value", "drift_guard_rails.json", check_drift),
    family(
        "median of whole numbers",
        "dydx-v4-daemon",
        DYDX,
        check_dydx_median,
        "dydx.median",
        excepted=negative(
            (
                *(BELOW + odd for odd in ("middle numbers are both odd", " middle numbers are even and odd")),
                *(BELOW + odd for odd in ("middle numbers are odd and even", "middle numbers are both even")),
                *(SIGNS + signs for signs in ("both non-positive", "different signs, both odd")),
                *(SIGNS + f"different signs, {odd}, negative median" for odd in ("even and odd", "odd and even")),
            )
        ),
    ),
    family("median of what is at most 30 s old", "dydx-v4-daemon", DYDX, check_dydx_index, "dydx.index"),
    Family(
        "median of whole numbers, as listed with the examples",
        "dydx-v4-daemon",
        CHAIN,
        examples_of("dydx-int-median"),
        check_int_median,
        excepted=negative(("dydx-int-median/4", "dydx-int-median/5")),
    ),
    Family("median of bid, ask and last, cut off", "dydx-v4-daemon with a rounding", CHAIN, examples_of("dydx-bid-ask-last"), check_bid_ask_last),
    family("upper median of three, or the value before", "orml", "orml_oracle.json", check_orml),
    family("mean, median and trimmed mean", "plain-mean, plain-median", "xrpl_aggregate_price.json", check_xrpl),
)
