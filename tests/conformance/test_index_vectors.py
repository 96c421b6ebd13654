"""Cases that other projects published for their own aggregators, through the engine and the textbook; what today's rules do not express is listed by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from indexlab.index import engine, reference
from indexlab.index.declaration import parse_declaration
from indexlab.index.determination import STATUSES
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source

VECTORS = Path(__file__).resolve().parents[3] / "shared/vectors"
pytestmark = pytest.mark.skipif(not VECTORS.is_dir(), reason="the folder ../shared/vectors is absent")

FILES_TESTED = {"dydx_v4_pricefeed.json", "orml_oracle.json", "skip_connect.json", "xrpl_aggregate_price.json"}
FILES_EXCEPTED = {
    "bisq_pricenode.json": "an outlier rule by standard deviations from the mean",
    "drift_guard_rails.json": "guards on a single oracle's price, confidence and delay",
    "ojo_price_feeder.json": "volume-weighted candles and a standard-deviation rule",
    "pyth_aggregation.json": "three votes a publisher, by confidence",
    "pyth_upd_aggregate_stateful.json": "three votes a publisher, by confidence",
    "skip_connect_quorum.json": "a quorum by share of stake",
}

DYDX_MEDIAN = """
[validity]
accept = "finite"
[aggregation]
rule = "median"
even = "away-from-zero"
[quorum]
ok_from = 1
"""
DYDX_INDEX = (
    DYDX_MEDIAN
    + """
[staleness]
silence = "30s"
at_limit = "live"
"""
)
CONNECT_MEDIAN = """
[validity]
accept = "finite"
[aggregation]
rule = "median"
[quorum]
ok_from = 1
"""
CONNECT_WEIGHTED = """
[weights]
kind = "fixed"
[aggregation]
rule = "weighted-median"
tie = "lower"
[quorum]
ok_from = 1
"""
ORML = """
[staleness]
silence = "600s"
at_limit = "stale"
[aggregation]
rule = "median"
even = "upper"
[quorum]
ok_from = 3
below = "hold"
"""
NOT_POSITIVE = "the median is no positive number, which is never published"
NANOSECONDS = "two nanoseconds past the limit, and our clocks count microseconds"
EXCEPTED = {
    "TestMedian_Int32/All negative, even number input, middle numbers are both odd": NOT_POSITIVE,
    "TestMedian_Int32/All negative, even number input,  middle numbers are even and odd": NOT_POSITIVE,
    "TestMedian_Int32/All negative, even number input, middle numbers are odd and even": NOT_POSITIVE,
    "TestMedian_Int32/All negative, even number input, middle numbers are both even": NOT_POSITIVE,
    "TestMedian_Int32/Mixed signs, odd number input, middle numbers both non-positive": NOT_POSITIVE,
    "TestMedian_Int32/Mixed signs, odd number input, middle numbers different signs, both odd": NOT_POSITIVE,
    "TestMedian_Int32/Mixed signs, odd number input, middle numbers different signs, even and odd, negative median": NOT_POSITIVE,
    "TestMedian_Int32/Mixed signs, odd number input, middle numbers different signs, odd and even, negative median": NOT_POSITIVE,
    "GetValidMedianPrices_EmptyResult/No valid price timestamps/MarketId9": NANOSECONDS,
    "GetValidMedianPrices_EmptyResult/No valid price timestamps/MarketId8": NANOSECONDS,
    "GetValidMedianPrices_EmptyResult/No valid price timestamps/MarketId7": NANOSECONDS,
    "CalculateMedian/calculate median for odd number of values": NOT_POSITIVE,
    "testRpc/trim 20, threshold 100": "trimming by a share of the count",
    "testRpc/three sources aged out (>3 updates), trim 20": "trimming by a share of the count",
}
EXCEPTED_OPERATIONS = {
    "connect.index": "conversion through other indexes",
    "connect.converted": "conversion through other indexes",
    "connect.adjusted": "conversion through other indexes",
}


def cases(file, operation=None):
    """Give the cases of a file as parameters, excepted ones left out."""
    if not VECTORS.is_dir():
        return []
    found = json.loads((VECTORS / file).read_text())["cases"]
    return [pytest.param(case, id=case["name"]) for case in found if case.get("op") == operation and case["name"] not in EXCEPTED]


def published(rules, prices, *, stamps=None, weights=None, times=(0,)):
    """Determine at `times` by both implementations from one price a source, said at `stamps` (microseconds); return the last value (None: none)."""
    declaration = parse_declaration(rules)
    n = max(1, len(prices))
    basket = tuple(Source(f"s{i}", f"v{i}", weight=1.0 if weights is None else weights[i]) for i in range(n))
    said = sorted(zip(stamps or [0] * len(prices), range(len(prices)), prices, strict=True))
    quotes = Quotes.from_columns(receive_time=[row[0] for row in said], source=[row[1] for row in said], price=[row[2] for row in said])
    found, expected = (room.determine(declaration, basket, quotes, np.array(times)) for room in (engine, reference))
    assert found.status.tolist() == expected.status.tolist()
    assert found.value == pytest.approx(expected.value, rel=1e-12, nan_ok=True)
    return None if STATUSES[found.status[-1]] == "halted" else found.value[-1]


def expected_of(case):
    """Return what a case expects: a number, or None for an error or no value."""
    return None if case["expected"] is None or isinstance(case["expected"], dict) else float(case["expected"])


@pytest.mark.parametrize("case", cases("dydx_v4_pricefeed.json", "dydx.median"))
def test_dydx_median_of_an_even_count_is_rounded_away_from_zero(case):
    assert published(DYDX_MEDIAN, case["inputs"]) == expected_of(case)


@pytest.mark.parametrize("case", cases("dydx_v4_pricefeed.json", "dydx.index"))
def test_dydx_index_is_the_median_of_what_is_at_most_thirty_seconds_old(case):
    stamps = [given["t_ns"] // 1000 for given in case["inputs"]]
    prices = [given["price"] for given in case["inputs"]]
    assert published(DYDX_INDEX, prices, stamps=stamps, times=(case["params"]["read_ns"] // 1000,)) == expected_of(case)


@pytest.mark.parametrize("case", cases("skip_connect.json", "connect.median"))
def test_connect_median_is_the_mean_of_the_middle_two(case):
    assert published(CONNECT_MEDIAN, [float(price) for price in case["inputs"] or []]) == expected_of(case)


@pytest.mark.parametrize("case", cases("skip_connect.json", "connect.weighted_median"))
def test_connect_weighted_median_is_the_lower_one(case):
    prices = [float(given["price"]) for given in case["inputs"]]
    assert published(CONNECT_WEIGHTED, prices, weights=[float(given["weight"]) for given in case["inputs"]]) == expected_of(case)


@pytest.mark.parametrize("case", cases("orml_oracle.json"))
def test_orml_takes_the_upper_median_of_three_and_keeps_the_last_value(case):
    """Values expire at exactly `expires_in`; with fewer than three the value before is published again."""
    second = 1_000_000
    stamps = [given["timestamp"] * second for given in case["inputs"]]
    times = sorted({*stamps, case["params"]["now"] * second})
    assert published(ORML, [given["value"] for given in case["inputs"]], stamps=stamps, times=times) == expected_of(case)


@pytest.mark.parametrize("case", cases("xrpl_aggregate_price.json"))
def test_xrpl_mean_and_median_of_what_is_within_the_time_threshold_of_the_newest(case):
    prices = [float(given["price"]) for given in case["inputs"]]
    stamps = [given["t_s"] * 1_000_000 for given in case["inputs"]]
    threshold = case["params"]["time_threshold_s"]
    staleness = f'[staleness]\nsilence = "{threshold}s"\n' if threshold else ""
    for rules, name in ((staleness, "mean"), (CONNECT_MEDIAN + staleness, "median")):
        assert published(rules, prices, stamps=stamps, times=(max(stamps),)) == pytest.approx(float(case["expected"][name]), rel=1e-12)


def test_every_index_vector_is_tested_or_excepted_by_name():
    files = {path.name for path in VECTORS.glob("*.json") if not path.name.startswith("margin_")}
    assert files == FILES_TESTED | set(FILES_EXCEPTED)
    found = [case for file in FILES_TESTED for case in json.loads((VECTORS / file).read_text())["cases"]]
    assert set(EXCEPTED) <= {case["name"] for case in found}
    assert {case.get("op") for case in found} == {None, "dydx.median", "dydx.index", "connect.median", "connect.weighted_median", *EXCEPTED_OPERATIONS}
