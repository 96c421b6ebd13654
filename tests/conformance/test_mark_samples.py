"""Marks that venues published, beside what our rule makes of the index, the funding rate and the last trade that they published with them."""

import gzip
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from indexlab.margin import reference_mark
from indexlab.margin.mark import marks
from indexlab.margin.mark_feed import mark_feed
from indexlab.margin.mark_rules import MarkRule
from indexlab.market.units import SECOND

DATA = Path(__file__).parents[3] / "shared" / "data"
CAPTURES, SAMPLES = DATA / "cryptofeed_raw", DATA / "exchange_api_samples" / "nautilus"
EIGHT_HOURS = 8 * 3600 * SECOND

pytestmark = pytest.mark.skipif(not (CAPTURES.is_dir() and SAMPLES.is_dir()), reason="the captures (../shared/data) are not here")


def _both(rule, feed):
    """What both implementations say of a feed of one publication."""
    found, [exact] = marks(rule, feed), reference_mark.marks(rule, feed)
    assert found.mark[0] == pytest.approx(float(exact.mark), rel=1e-12)
    return found.mark[0]


def _json(path):
    """What stands behind the name of the page in a capture, as (text before it, decoded)."""
    with gzip.open(path, "rt") as lines:
        return [(line[: line.find("[{")], json.loads(line[line.find("[{") :])) for line in lines if "[{" in line]


def _us(text):
    return round(datetime.fromisoformat(text).timestamp() * SECOND)


def _decimals(number):
    return max(-Decimal(repr(number)).as_tuple().exponent, 0) if number else 0


def _bitmex():
    perpetuals = [one for _, page in _json(CAPTURES / "BITMEX.0.gz") for one in page if one["fairMethod"] == "FundingRate"]
    return [*perpetuals, json.loads((SAMPLES / "bitmex" / "http_get_instrument_xbtusd.json").read_text())]


def test_bitmex_fair_prices():
    """index * (1 + rate * time to funding / interval) is the published fair price of every perpetual, to what rounding of basis and rate leaves."""
    perpetuals = _bitmex()
    assert len(perpetuals) == 24
    moved = 0
    for one in perpetuals:
        index, now, following = one["indicativeSettlePrice"], _us(one["timestamp"]), _us(one["fundingTimestamp"])
        feed = mark_feed([now], [index], funding=([one["fundingRate"]], [following]), funding_interval=EIGHT_HOURS)
        found = _both(MarkRule("funding-basis"), feed)
        digits = max(_decimals(one["tickSize"]), _decimals(one["fairBasis"]))
        left = 0.5 * 10.0**-digits + index * 5e-7 * (following - now) / EIGHT_HOURS
        assert abs(found - one["fairPrice"]) <= left * (1 + 1e-9), one["symbol"]
        moved += abs(found - index) > left
    # and the basis is more than what rounding leaves for enough of them to tell it from the index
    assert moved >= 15


def _gate():
    for before, page in _json(CAPTURES / "GATEIO_FUTURES.0.gz"):
        now = round(float(before.rsplit("-> ", 1)[-1].split(":")[0]) * SECOND)
        for one in page:
            funding = (float(one["funding_rate"]), one["funding_next_apply"] * SECOND, one["funding_interval"] * SECOND)
            yield now, float(one["index_price"]), float(one["last_price"]), float(one["mark_price"]), funding, float(one["mark_price_round"])


def _bybit():
    data = json.loads((SAMPLES / "bybit" / "ws_ticker_linear.json").read_text())
    one = data["data"]
    funding = (float(one["fundingRate"]), int(one["nextFundingTime"]) * 1000, int(one["fundingIntervalHour"]) * 3600 * SECOND)
    yield data["ts"] * 1000, float(one["indexPrice"]), float(one["lastPrice"]), float(one["markPrice"]), funding, 0.01


@pytest.mark.parametrize(("rows", "count"), [(_gate, 302), (_bybit, 1)])
def test_medians_of_three_where_the_average_is_not_published(rows, count):
    """The published mark lies between the two inputs that can be computed: there is a third that gives it, and with that one our median is it, to a tick."""
    rule, seen = MarkRule("median-of-three", window_us=SECOND), 0
    for now, index, last, mark, (rate, following, interval), tick in rows():
        feed = mark_feed([now], [index], book=([mark], [mark]), last=[last], funding=([rate], [following]), funding_interval=interval)
        assert abs(_both(rule, feed) - mark) <= tick * (1 + 1e-9)
        seen += 1
    assert seen == count
