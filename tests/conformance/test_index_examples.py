"""Worked examples that venues printed and rules that they put in words, under the presets of their day, through the engine and the textbook.

All that is listed in ../shared runs in test_index_vectors.py; these run where that is absent too.
"""

from __future__ import annotations

import msgspec
import pytest

from indexlab.index.declaration import parse_declaration
from indexlab.market.levels import Levels
from tests.conformance.asking import asked, close, reasons, ruled, statuses, value


def test_htx_clamps_the_first_of_six_prices_to_three_percent_above_their_median():
    """https://www.huobi.com/support/en-us/detail/900003172923: median 502.5, 518 becomes 517.575, index 504.5958 (the page cuts after two digits)."""
    found = asked(msgspec.structs.replace(ruled("htx"), rounding=None), [518, 500, 501, 502, 503, 504])
    assert value(found) == close(504.595833333333)
    assert found.used[0, 0] == close(517.575)
    assert reasons(found) == ["clamped"] + ["used"] * 5


def test_htx_as_printed_cuts_after_two_digits():
    assert value(asked(ruled("htx"), [518, 500, 501, 502, 503, 504])) == 504.59


def test_binance_constituents_make_the_weighted_mean():
    """Binance, USD-M futures, REST "Index Constituents": the weights sum to 1.00000001, so the mean divides by their sum."""
    prices = [94057.03, 94140.58, 94060.10, 94096.70, 94057.02, 94064.03, 94067.90]
    weights = [0.51282051, 0.15384615, 0.02564103, 0.07692308, 0.07692308, 0.07692308, 0.07692308]
    found = asked(ruled("binance-2020"), prices, weights=weights)
    assert value(found) == pytest.approx(94074.387948, abs=1e-6)
    assert statuses(found) == ["ok"]


def test_binance_p2p_clamp_moves_plus_seven_and_minus_six_percent_to_three():
    """Binance FAQ 66607f4c63e748568f503fcbd8f08965 (through a mirror): with the median at 20000 the sources are accounted at 20600 and 19400."""
    found = asked(ruled("binance-2025"), [20000, 20000, 20000, 21400, 18800])
    assert found.used[0].tolist() == [close(price) for price in (20000, 20000, 20000, 20600, 19400)]


def test_bitmex_drops_the_third_exchange_at_half_the_price():
    """https://blog.bitmex.com/new-protections-bitmex-indices/: of 100, 100 and 50 the last is excluded; the index stays at 100."""
    before, then = (asked(ruled("bitmex-2017"), prices) for prices in ([100, 100, 100], [100, 100, 50]))
    assert value(before) == value(then) == 100
    assert reasons(then) == ["used", "used", "outlier"]


def test_bitmex_drops_at_exactly_a_quarter():
    """The rule's later text says 25 % or more."""
    assert reasons(asked(ruled("bitmex-2017"), [100, 100, 75])) == ["used", "used", "outlier"]


def test_deribit_ranking_within_the_band_is_the_plain_mean_of_six():
    """https://docs.deribit.com/subscriptions/market-data/deribit_price_rankingindex_name: Coinbase's sample is four seconds old and still counts."""
    prices = [41160.5, 41119, 41115.53, 41116.42, 41108.88, 41108.35]
    stamps = [1702465142997, 1702465143045, 1702465139000, 1702465142921, 1702465141954, 1702465142906]
    found = asked(ruled("deribit-2019"), prices, stamps=[1000 * stamp for stamp in stamps], heard=1702465143045000)
    assert value(found) == pytest.approx(41121.4466667, abs=1e-7)
    assert found.used[0].tolist() == prices
    assert found.weight[0].tolist() == pytest.approx([0.16666667] * 6, abs=1e-8)


def test_overbit_mean_is_weighted_by_size():
    """http://help.overbit.com/en/articles/3755892: 4000, 4010 and 4015 by 100, 150 and 120 give 4008.92."""
    rules = parse_declaration('[input]\nprice = "vwap"\nwindow = "1m"\n[weights]\nkind = "traded"')
    assert round(value(asked(rules, [4000, 4010, 4015], trade_size=[100, 150, 120])), 2) == 4008.92


def test_kucoin_volume_weighted_mean():
    """https://kucoin.com/support/26684730297625 (revision before 2025-12-01), as its formula, not its table, computes it: weights are sizes of levels."""
    books = [([(price, size / 2)], [(price, size / 2)]) for price, size in ((40090, 480), (40200, 560), (40500, 370))]
    found = asked(ruled("kucoin-2024"), [float("nan")] * 3, book=Levels.from_lists(books))
    assert value(found) == pytest.approx(40241.2765957, abs=1e-7)


def test_pionex_rule_for_two_and_for_one_is_their_mean_and_the_price():
    """The OKX family: with two valid prices their mean, with one that price, neither clamped."""
    for name in ("okx-2018", "pionex"):
        assert value(asked(ruled(name), [100, 120])) == 110
        assert value(asked(ruled(name), [100])) == 100
        assert statuses(asked(ruled(name), [100])) == ["degraded"]
