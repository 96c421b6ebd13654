"""Impact prices: the engine's walk of a book is the textbook's, and what it promises."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.margin import reference_mark
from indexlab.margin.case import Book
from indexlab.margin.contract import BTCUSDT, Contract, Tier
from indexlab.margin.mark_impact import impact_prices
from indexlab.market.errors import InputError

TIERS = (Tier(None, 0.1, 0.05, 0.0),)
LINEAR = Contract("L", "BTC", TIERS, multiplier=0.01)
INVERSE = Contract("I", "BTC", TIERS, kind="inverse", multiplier=10.0, quote="USD", settlement="BTC")
BOOK = Book(bids=((100.0, 1.0), (99.0, 2.0), (90.0, 10.0)), asks=((101.0, 1.0), (103.0, 5.0)))


@st.composite
def books(draw):
    """Levels away from a middle, now and then one without a size."""
    sides = []
    for sign in (-1, 1):
        steps = draw(st.lists(st.tuples(st.integers(1, 30), st.sampled_from((0.0, 0.5, 1.0, 3.0, 250.0))), max_size=5))
        price, levels = 1000.0, []
        for step, size in steps:
            price += sign * step
            levels.append((price, size))
        sides.append(tuple(levels))
    return Book(*sides)


@given(books(), st.sampled_from((0.0, 1.0, 999.0, 5e3, 1e5)), st.sampled_from((BTCUSDT, LINEAR, INVERSE)))
def test_engine_equals_textbook(book, notional, contract):
    """Both sides, and where the levels do not reach."""
    for found, exact in zip(impact_prices(book, notional, contract), reference_mark.impact_prices(book, notional, contract), strict=True):
        assert (found is None) == (exact is None)
        assert exact is None or found == pytest.approx(float(exact), rel=1e-12)


@given(books(), st.floats(1.0, 1e5), st.floats(1.0, 1e5), st.sampled_from((BTCUSDT, LINEAR, INVERSE)))
def test_more_is_never_had_at_a_better_price(book, one, other, contract):
    """The bid falls and the ask rises with the notional, within the levels that were taken."""
    less, more = sorted((one, other))
    (bid, ask), (lower, higher) = impact_prices(book, less, contract), impact_prices(book, more, contract)
    for first, second, sign, levels in ((bid, lower, -1, book.bids), (ask, higher, 1, book.asks)):
        prices = [price for price, size in levels if size > 0]
        if second is not None:
            assert first is not None
            assert sign * (second - first) >= -1e-9
        if first is not None:
            assert min(prices) * (1 - 1e-12) <= first <= max(prices) * (1 + 1e-12)


def test_a_walk_by_hand():
    """199 is the first bid and half of the second; 101 + 206 + 103 are an ask and three of the next."""
    bid, _ = impact_prices(BOOK, 199.0)
    assert bid == pytest.approx(199.0 / 2.0)
    _, ask = impact_prices(BOOK, 410.0)
    assert ask == pytest.approx(410.0 / 4.0)
    # inverse: 10 dollars a contract, 1 and 2 contracts: 30 dollars for 10 / 100 + 20 / 99 bitcoin
    assert impact_prices(BOOK, 30.0, INVERSE)[0] == pytest.approx(30 / (10 / 100 + 20 / 99))


def test_nothing_and_too_much():
    """A notional of 0 is the best prices; what the book does not hold has no price; all it holds to the last unit has one."""
    assert impact_prices(BOOK, 0.0) == (100.0, 101.0)
    assert impact_prices(BOOK, 1e6) == (None, None)
    assert impact_prices(BOOK, 616.0)[1] == pytest.approx(616 / 6)
    assert impact_prices(Book((), ()), 0.0) == (None, None)


@pytest.mark.parametrize("notional", [-1.0, math.nan, math.inf])
def test_no_notional(notional):
    """Refused by name."""
    with pytest.raises(InputError, match="notional"):
        impact_prices(BOOK, notional)
