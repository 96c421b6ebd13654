"""Worked examples that venues printed, as far as today's rules express them, through the engine and the textbook."""

from __future__ import annotations

import numpy as np
import pytest

from indexlab.index import engine, reference
from indexlab.index.catalogue import preset
from indexlab.index.declaration import parse_declaration
from indexlab.index.determination import REASONS, STATUSES
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source

NOW = 1_600_000_000_000_000

HTX = """
[outlier]
rule = "clamp"
band = "3%"
"""
BITMEX_2017 = """
[outlier]
rule = "drop"
band = "25%"
comparison = ">="
[quorum]
ok_from = 3
"""


def published(declaration, prices, *, weights=None, times_us=None, at=NOW):
    """Determine once, by both implementations, from one price a source; they must agree to the bit of a relative 1e-12."""
    weights = weights or [1.0] * len(prices)
    basket = tuple(Source(f"s{i}", f"v{i}", weight=weight) for i, weight in enumerate(weights))
    said = Quotes.from_columns(receive_time=[at] * len(prices), event_time=times_us, source=list(range(len(prices))), price=prices)
    found, expected = (room.determine(declaration, basket, said, np.array([at])) for room in (engine, reference))
    assert found.value[0] == pytest.approx(expected.value[0], rel=1e-12)
    assert found.status[0] == expected.status[0]
    assert found.reason.tolist() == expected.reason.tolist()
    return found


def test_htx_clamps_the_first_of_six_prices_to_three_percent_above_their_median():
    """https://www.huobi.com/support/en-us/detail/900003172923: median 502.5, 518 becomes 517.575, index 504.5958 (the page cuts after two digits)."""
    found = published(parse_declaration(HTX), [518, 500, 501, 502, 503, 504])
    assert found.value[0] == pytest.approx(504.595833333333, rel=1e-12)
    assert found.used[0, 0] == pytest.approx(517.575, rel=1e-12)
    assert [REASONS[code] for code in found.reason[0]] == ["clamped"] + ["used"] * 5


def test_htx_as_printed_cuts_after_two_digits():
    found = published(parse_declaration(HTX + '[rounding]\ntick = 0.01\nmode = "down"'), [518, 500, 501, 502, 503, 504])
    assert found.value[0] == 504.59


def test_binance_constituents_make_the_weighted_mean():
    """Binance, USD-M futures, REST "Index Constituents": the weights sum to 1.00000001, so the mean divides by their sum."""
    prices = [94057.03, 94140.58, 94060.10, 94096.70, 94057.02, 94064.03, 94067.90]
    weights = [0.51282051, 0.15384615, 0.02564103, 0.07692308, 0.07692308, 0.07692308, 0.07692308]
    found = published(preset("binance-2020"), prices, weights=weights)
    assert found.value[0] == pytest.approx(94074.387948, abs=1e-6)
    assert STATUSES[found.status[0]] == "ok"


def test_binance_p2p_clamp_moves_plus_seven_and_minus_six_percent_to_three():
    """Binance FAQ 66607f4c63e748568f503fcbd8f08965 (through a mirror): with the median at 20000 the sources are accounted at 20600 and 19400."""
    found = published(parse_declaration(HTX), [20000, 20000, 20000, 21400, 18800])
    assert found.used[0].tolist() == pytest.approx([20000, 20000, 20000, 20600, 19400], rel=1e-12)


def test_bitmex_drops_the_third_exchange_at_half_the_price():
    """https://blog.bitmex.com/new-protections-bitmex-indices/: of 100, 100 and 50 the last is excluded; the index stays at 100."""
    before, then = (published(parse_declaration(BITMEX_2017), prices) for prices in ([100, 100, 100], [100, 100, 50]))
    assert (before.value[0], then.value[0]) == (100, 100)
    assert [REASONS[code] for code in then.reason[0]] == ["used", "used", "outlier"]


def test_bitmex_drops_at_exactly_a_quarter():
    """The rule's text says 25 % or more."""
    found = published(parse_declaration(BITMEX_2017), [100, 100, 75])
    assert REASONS[found.reason[0, 2]] == "outlier"


def test_deribit_ranking_within_the_band_is_the_plain_mean_of_six():
    """https://docs.deribit.com/subscriptions/market-data/deribit_price_rankingindex_name: Coinbase's sample is four seconds old and still counts."""
    prices = [41160.5, 41119, 41115.53, 41116.42, 41108.88, 41108.35]
    stamps = [1702465142997, 1702465143045, 1702465139000, 1702465142921, 1702465141954, 1702465142906]
    found = published(preset("deribit-2019"), prices, times_us=[1000 * stamp for stamp in stamps], at=1702465143045000)
    assert found.value[0] == pytest.approx(41121.4466667, abs=1e-7)
    assert found.used[0].tolist() == prices
    assert found.weight[0].tolist() == pytest.approx([0.16666667] * 6, abs=1e-8)


def test_overbit_mean_is_weighted_by_size():
    """http://help.overbit.com/en/articles/3755892: 4000, 4010 and 4015 by 100, 150 and 120 give 4008.92."""
    found = published(parse_declaration('[weights]\nkind = "fixed"'), [4000, 4010, 4015], weights=[100, 150, 120])
    assert round(found.value[0], 2) == 4008.92


def test_kucoin_volume_weighted_mean():
    """https://kucoin.com/support/26684730297625 (revision before 2025-12-01), as its formula, not its table, computes it."""
    found = published(parse_declaration('[weights]\nkind = "fixed"'), [40090, 40200, 40500], weights=[480, 560, 370])
    assert found.value[0] == pytest.approx(40241.2765957, abs=1e-7)


def test_pionex_rule_for_two_and_for_one_is_their_mean_and_the_price():
    """The OKX family: with two valid prices their mean, with one that price, neither clamped."""
    assert published(preset("okx-2018"), [100, 120]).value[0] == 110
    assert published(preset("okx-2018"), [100]).value[0] == 100
    assert STATUSES[published(preset("okx-2018"), [100]).status[0]] == "degraded"
