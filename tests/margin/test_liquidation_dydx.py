"""dYdX v4's rules in whole quantums: the engine is the textbook, and what is no part of a position is refused. Its published cases are in tests/conformance."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.margin import liquidation, liquidation_dydx, reference_liquidation, reference_liquidation_dydx
from indexlab.margin.account import Account
from indexlab.margin.case import Book, LiquidationCase, MarginCase
from indexlab.margin.liquidation_subaccount import Perpetual, Subaccount
from indexlab.margin.rules_file import venue
from indexlab.market.errors import InputError

both = pytest.mark.parametrize("dydx", [liquidation_dydx, reference_liquidation_dydx], ids=["engine", "textbook"])


@st.composite
def subaccounts(draw):
    """Draw a subaccount of one to three positions, and the reduction of one of them."""
    positions = draw(
        st.lists(
            st.builds(
                Perpetual,
                st.integers(-(10**10), 10**10).filter(bool),
                st.sampled_from([-8, -9, -5]),
                st.sampled_from([50_000.0, 3000.0, 0.123457, 1e-7, 2e9]),
                st.sampled_from([50_000, 200_000, 333_333]),
                st.sampled_from([600_000, 500_000, 1]),
            ),
            min_size=1,
            max_size=3,
        )
    )
    place = draw(st.integers(0, len(positions) - 1))
    size = positions[place].base_quantums
    part = draw(st.integers(1, abs(size)))
    return Subaccount(draw(st.integers(-(10**12), 10**12)), tuple(positions)), place, -part if size > 0 else part


def as_fraction(found):
    return Fraction(*found) if isinstance(found, tuple) else found


@given(subaccounts(), st.integers(0, 2 * 10**6), st.integers(0, 10**6))
def test_engine_is_textbook(asked, one, other):
    account, place, delta = asked
    position = account.positions[place]
    assert liquidation_dydx.block_limits(position, one, other) == reference_liquidation_dydx.block_limits(position, one, other)
    try:
        exactly = reference_liquidation_dydx.bankruptcy_quote(account, place, delta)
    except InputError:
        with pytest.raises(InputError, match="need none"):
            liquidation_dydx.bankruptcy_quote(account, place, delta)
        return
    assert liquidation_dydx.bankruptcy_quote(account, place, delta) == exactly
    rates = {"bankruptcy_ppm": one, "spread_ppm": other}
    assert as_fraction(liquidation_dydx.fillable_price(account, place, delta, **rates)) == reference_liquidation_dydx.fillable_price(
        account, place, delta, **rates
    )
    for fill in (exactly + one, exactly - one):
        assert liquidation_dydx.insurance_delta(account, place, delta, fill, other) == reference_liquidation_dydx.insurance_delta(
            account, place, delta, fill, other
        )


@both
@pytest.mark.parametrize(("place", "delta"), [(0, 0), (0, 1), (0, -11), (1, -1), (-1, -1)])
def test_what_is_no_part_of_a_position_is_refused(dydx, place, delta):
    account = Subaccount(-(10**6), (Perpetual(10, -8, 50_000.0, 200_000, 500_000),))
    asks = (
        lambda: dydx.bankruptcy_quote(account, place, delta),
        lambda: dydx.fillable_price(account, place, delta, bankruptcy_ppm=10**6, spread_ppm=10**5),
        lambda: dydx.insurance_delta(account, place, delta, 1, 5000),
    )
    for ask in asks:
        with pytest.raises(InputError, match="without turning it"):
            ask()


@pytest.mark.parametrize(("size", "border", "beyond"), [(1.0, 59_325.0, 59_324.0), (-1.0, 60_675.0, 60_676.0)])
@pytest.mark.parametrize("reduce_position", [liquidation.reduce_position, reference_liquidation.reduce_position], ids=["engine", "textbook"])
def test_an_order_is_not_beyond_the_fillable_price(reduce_position, size, border, beyond):
    """A margin of 1800, of which a quarter is missing: 1.5 * 1800 / 4 = 675 from the mark, the bankruptcy price being further away."""
    account = Account("a", size, 60_000.0, 1350.0, "BTC-USD")
    for price, taken in ((border, True), (beyond, False)):
        book = Book(((price, 1.0),), ()) if size > 0 else Book((), ((price, 1.0),))
        asked = LiquidationCase("a", 0, 0, ((0, book),), ((0, 60_000.0),))
        found = reduce_position(MarginCase(venue("dydx-v4"), (account,), (), {}, {}, liquidation=asked))
        assert [fill.price for fill in found.fills] == [price] * taken
        assert abs(found.bankruptcy_price - 60_000.0) > 1300.0
