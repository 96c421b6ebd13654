"""What a forced close costs where the mark is wrong: the book that is assumed, and the cost against what the market says."""

import gzip
import json
import statistics
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.margin.account import Account
from indexlab.margin.account_rules import FeeRules
from indexlab.margin.case import Book
from indexlab.margin.contract import BTCUSDT
from indexlab.margin.exact import exact
from indexlab.margin.liquidation_cost import DEPTH, ForcedCost, book_around, forced_cost, profit_at, stepped
from indexlab.margin.liquidation_rules import LiquidationRule
from indexlab.margin.opening import opened
from indexlab.margin.rules import Venue, VenueRules
from indexlab.margin.rules_file import venue, venue_names

SAMPLE = Path(__file__).resolve().parents[3] / "shared/data/l2_sample/coinbase_BTC-USD_book_1hz.jsonl.gz"
RULES = VenueRules(Venue("some"), (BTCUSDT,), fees=FeeRules(0.001, 0.0, 0.0), liquidation=LiquidationRule(path="market"))
LONG = Account("l", 1.0, 50_000.0, 2_500.0)
FLAT = Book(((49_990.0, 0.5), (49_980.0, 5.0)), ((50_010.0, 5.0),))
CONTRACTS = [(name, contract) for name in venue_names() for contract in venue(name).contracts[:2]]


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the file ../shared/data/l2_sample is absent")
def test_the_depth_is_that_of_a_real_book():
    near = []
    for line in gzip.decompress(SAMPLE.read_bytes()).splitlines():
        row = json.loads(line)
        middle = (row["b"][0][0] + row["a"][0][0]) / 2
        near.append(sum(price * size for price, size in row["b"] if price >= middle * (1 - 1e-4)))
    assert len(near) == 600
    assert statistics.median(near) == pytest.approx(DEPTH, rel=0.01)


@given(st.floats(1.0, 1e6), st.floats(1.0, 1e7))
def test_a_book_has_its_depth_near_the_middle(price, depth):
    """Within 100 bp a hundred times the depth of a basis point, to a level; prices go away from the middle."""
    book = book_around(price, BTCUSDT, depth=depth)
    for levels, side in ((book.bids, -1), (book.asks, 1)):
        assert all(side * (after[0] - before[0]) > 0 for before, after in pairwise(levels))
        assert side * (levels[0][0] - price) > 0
        near = sum(at * size for at, size in levels if abs(at / price - 1) <= 0.01)
        assert near == pytest.approx(100 * depth, rel=0.45)


@pytest.mark.parametrize(("name", "contract"), CONTRACTS, ids=[f"{name}-{contract.id}" for name, contract in CONTRACTS])
def test_a_book_stands_on_ticks_and_lots(name, contract):
    for price in (98_765.4321, 123.456):
        book = book_around(price, contract)
        for at, size in (*book.bids, *book.asks):
            for number, step in ((at, contract.tick), (size, contract.lot)):
                assert not step or (exact(number) / exact(step)).denominator == 1
                assert stepped(number, step) == number


def test_a_wrong_mark_costs_slippage_and_fees_against_the_market():
    """0.5 at 49,990 and 0.5 at 49,980 of a market at 50,000: 15 of slippage, and a thousandth of 49,985 as the fee."""
    cost = forced_cost(LONG, BTCUSDT, RULES, mark=47_000.0, true_price=50_000.0, book=FLAT)
    assert cost == ForcedCost(pytest.approx(15 + 49.985), pytest.approx(49.985), pytest.approx(49_985.0))


def test_an_account_that_the_mark_leaves_alone_costs_nothing():
    assert forced_cost(LONG, BTCUSDT, RULES, mark=50_000.0, true_price=49_000.0) == ForcedCost(0.0, 0.0, 49_000.0)


def test_a_takeover_costs_all_that_the_market_would_have_left():
    """Nobody bids, and the fund takes over at the bankruptcy price: 2,500 of 2,500, but for the last digit of the price."""
    cost = forced_cost(LONG, BTCUSDT, RULES, mark=47_690.0, true_price=50_000.0, book=Book((), ()), fund=1e9)
    assert cost.cost == pytest.approx(2_500.0, abs=1e-6)
    assert cost.filled_at == pytest.approx(47_500 / 0.999)


@pytest.mark.parametrize(("name", "contract"), CONTRACTS, ids=[f"{name}-{contract.id}" for name, contract in CONTRACTS])
@pytest.mark.parametrize("side", ["long", "short"])
def test_every_venues_path_costs_between_nothing_and_the_margin(name, contract, side):
    rules = venue(name)
    price = 50_000.0 if "BTC" in contract.id or "XBT" in contract.id else 2_000.0
    notional = 1.0 if contract.kind == "quanto" else 50_000.0
    account = opened(rules, contract, side, 2.0, notional=notional, price=price)
    far = price * (0.505 if side == "long" else 1.495)
    cost = forced_cost(account, contract, rules, mark=far, true_price=price)
    margin = account.collateral + profit_at(contract, account.size, account.entry_price, price)
    assert 0 <= cost.fee <= cost.cost <= margin * (1 + 1e-9) + contract.unit
    assert cost.cost > 0 or cost.filled_at == price


@given(st.floats(1_000.0, 1e6), st.sampled_from([2.0, 10.0, 100.0]))
def test_a_thinner_book_costs_more(depth, times):
    account = msgspec.structs.replace(LONG, size=20.0, collateral=50_000.0)
    thick, thin = (
        forced_cost(account, BTCUSDT, RULES, mark=46_000.0, true_price=50_000.0, book=book_around(50_000.0, BTCUSDT, depth=each), fund=1e9)
        for each in (depth * times, depth)
    )
    assert thin.cost >= thick.cost - 1e-6
