"""Each fault of values, garbage, quote currencies and market moves does what its name says, on prices, books and confidence alike."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.faults.digits import cut_to, digit_set
from indexlab.faults.inject import inject
from indexlab.faults.registry import fault, fault_names
from indexlab.faults.sizes import intensity_of_factor
from indexlab.faults.spec import FaultSpec
from indexlab.faults.threshold_rider import period_us
from indexlab.market.levels import Levels
from indexlab.market.quotes import Quotes, valid_book
from indexlab.market.source import Source

BASKET = (Source("a", "a"), Source("b", "b"))
SECOND = 1_000_000
N = 100
FAMILIES = ("value", "garbage", "quote", "market")
ALIKE = [name for name in fault_names() if fault(name).family in FAMILIES and name not in {"crossed-book", "empty-side", "stuck-digit", "truncate"}]


def market(*, book: bool = True) -> Quotes:
    """Return a quote a second from each of two sources at 100, bid and ask and levels around it, with confidence, sizes and volume."""
    second, source = np.divmod(np.arange(2 * N), 2)
    price = np.full(2 * N, 100.0)
    more = {}
    if book:
        levels = Levels.from_lists([([(99.0, 1.0), (98.0, 2.0)], [(101.0, 3.0)])] * (2 * N))
        more = {"bid": price - 1, "ask": price + 1, "confidence": np.full(2 * N, 0.5), "trade_size": np.full(2 * N, 4.0), "book": levels}
    return Quotes.from_columns(receive_time=second * SECOND + source, source=source, price=price, volume=np.full(2 * N, 8.0), **more)


def broken(name: str, start: int = 10, end: int | None = 30, *, quotes: Quotes | None = None, **given_spec) -> Quotes:
    """Break the first source, and return its quotes inside the window."""
    spec = FaultSpec(name, (0,), start * SECOND, None if end is None else end * SECOND, **given_spec)
    made = inject(market() if quotes is None else quotes, [spec], BASKET).quotes
    inside = (made.source == 0) & (made.receive_time >= spec.start)
    return made.take(inside if spec.end is None else inside & (made.receive_time < spec.end))


@pytest.mark.parametrize("name", ALIKE)
def test_price_book_and_confidence_are_wrong_alike(name: str) -> None:
    """Whatever the factor, the levels stay where they were in proportion; none of it is a fault of the column that was forgotten."""
    made = broken(name, intensity=intensity_of_factor(1.25) if fault(name).sized and name != "decimal" else 1.0, seed=3)
    assert made.book is not None
    by_level = np.repeat(np.arange(len(made)), made.book.counts)
    levels = made.book.compact().price.reshape(len(made), 3)
    assert len(by_level) == 3 * len(made)
    if name == "invert":
        assert levels == pytest.approx(np.tile([1 / 101, 1 / 99, 1 / 98], (20, 1)))
        assert (made.bid[0], made.ask[0], made.price[0]) == pytest.approx((1 / 101, 1 / 99, 0.01))
    elif name in {"null", "zero", "huge", "tiny", "float32"}:
        assert all(np.array_equal(levels[:, k], made.price, equal_nan=True) or name == "float32" for k in range(3))
        assert np.array_equal(made.bid, made.price, equal_nan=True) or name == "float32"
    else:
        assert levels / made.price[:, None] == pytest.approx(np.tile([0.99, 0.98, 1.01], (20, 1)))
        assert (made.bid / made.price, made.ask / made.price) == (pytest.approx(np.full(20, 0.99)), pytest.approx(np.full(20, 1.01)))
    if name not in {"null", "zero"}:
        expected = np.minimum(0.005 * np.abs(made.price), 1e300)
        assert np.asarray(made.confidence) == pytest.approx(np.maximum(expected, 1e-300), rel=1e-6)


@pytest.mark.parametrize("name", ["crossed-book", "empty-side"])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_faults_of_the_book_leave_the_price_and_what_has_none_alone(name: str, seed: int, direction: str) -> None:
    bare = market(book=False)
    assert inject(bare, [FaultSpec(name, (0,), 0, seed=seed, direction=direction)], BASKET).quotes is bare
    made = broken(name, seed=seed, direction=direction)
    assert set(made.price.tolist()) == {100.0}
    assert not valid_book(made).any()


def test_a_crossed_book_has_its_sides_in_each_other_s_place() -> None:
    made = broken("crossed-book")
    assert (made.bid[0], made.ask[0]) == (101.0, 99.0)
    assert made.book is not None
    assert made.book.row(0) == ([(101.0, 3.0)], [(99.0, 1.0), (98.0, 2.0)])


@pytest.mark.parametrize(("direction", "gone", "left"), [("up", "bid", ([], [(101.0, 3.0)])), ("down", "ask", ([(99.0, 1.0), (98.0, 2.0)], []))])
def test_an_empty_side_is_gone_from_the_quote_and_from_the_levels(direction: str, gone: str, left: tuple) -> None:
    """Null at even seeds, 0 at odd ones."""
    for seed, value in ((0, math.nan), (1, 0.0)):
        made = broken("empty-side", direction=direction, seed=seed)
        assert getattr(made, gone) == pytest.approx(np.full(20, value), nan_ok=True)
        assert made.book is not None
        assert made.book.row(5) == left


@pytest.mark.parametrize(
    ("name", "given_spec", "prices"),
    [
        ("invert", {}, [0.01] * 4),
        ("huge", {"seed": 2}, [2.0**53 + 2] * 4),
        ("tiny", {"seed": 4}, [5e-324] * 4),
        ("ramp", {"intensity": 0.25}, [100.0, 562.3413251, 3162.27766, 17_782.79410]),
        ("squeeze", {"intensity": 0.25}, [100.0, 100 * 1000 ** (0.3125**2 * 2.375), 100 * 1000 ** (0.625**2 * 1.75), 100 * 1000 ** (0.9375**2 * 1.125)]),
        ("depeg", {"intensity": intensity_of_factor(1.21), "seed": 1}, [100.0, 110.0, 121.0, 121.0]),
        ("depeg", {"intensity": intensity_of_factor(1.21), "seed": 2}, [121.0] * 4),
        ("rebase", {"intensity": 0.25}, [100_000.0] * 4),
        ("rebase", {"intensity": 0.25, "direction": "down"}, [0.1] * 4),
        ("rebase", {"intensity": 1e-9}, [200.0] * 4),
    ],
)
def test_prices_over_a_window_of_four_quotes(name: str, given_spec: dict, prices: list[float]) -> None:
    assert broken(name, 10, 14, **given_spec).price == pytest.approx(prices)


def test_a_rebase_multiplies_the_sizes_by_the_inverse() -> None:
    made = broken("rebase", intensity=0.25)
    assert made.book is not None
    assert (made.volume[0], made.trade_size[0], made.book.row(0)[1]) == (0.008, 0.004, [(101_000.0, 0.003)])


def test_a_flash_crash_falls_at_once_comes_back_and_trades_more() -> None:
    """The worst is a tenth of the window in, at its end it is all but over; the volume is that of a sweep."""
    made = broken("flash-crash", 0, N, intensity=intensity_of_factor(2.0), direction="down")
    assert made.price.argmin() == 10
    assert made.price[10] == pytest.approx(50.0)
    assert made.volume[10] == pytest.approx(80.0)
    assert made.price[0] == 100.0
    assert 98.5 < made.price[-1] < 99.5
    assert (np.diff(made.price[10:]) > 0).all()


@pytest.mark.parametrize("name", ["ramp", "squeeze", "depeg", "flash-crash"])
def test_a_shape_in_an_open_window_takes_a_minute(name: str) -> None:
    """So it does not depend on when the stream ends."""
    open_end, minute = broken(name, 0, None, intensity=0.05, seed=1), broken(name, 0, 60, intensity=0.05, seed=1)
    assert open_end.price[:60].tolist() == minute.price.tolist()


@pytest.mark.parametrize(("direction", "edge"), [("up", 105.0), ("down", 95.0)])
def test_a_threshold_rider_stays_a_hair_inside_the_band(direction: str, edge: float) -> None:
    made = broken("threshold-rider", intensity=intensity_of_factor(1.05), direction=direction, seed=3)
    assert (np.abs(made.price - 100) < 5).all()
    assert made.price == pytest.approx(np.full(20, edge), abs=1e-4)


def test_a_threshold_rider_goes_to_and_fro_by_the_seed() -> None:
    """One changes sides, one crosses the threshold; each stays half of its period."""
    both_sides = broken("threshold-rider", 0, N, intensity=intensity_of_factor(1.05), seed=1).price
    assert {round(price) for price in both_sides} == {95, 105}
    assert (np.abs(both_sides - 100) < 5).all()
    across = broken("threshold-rider", 0, N, intensity=intensity_of_factor(1.05), seed=2).price
    assert across == pytest.approx(np.full(N, 105.0), abs=1e-4)
    inside = np.arange(N) * SECOND % period_us(2) * 2 < period_us(2)
    assert ((across < 105) == inside).all()
    assert 2 * SECOND <= period_us(2) <= 20 * SECOND


def test_another_market_s_price_has_one_ratio_and_moves_of_its_own() -> None:
    ratio = broken("wrong-market", 0, N, intensity=intensity_of_factor(20.0)).price / 100
    assert ratio == pytest.approx(np.full(N, 20.0), rel=1.01e-3)
    assert len(set(ratio.tolist())) == N


def test_noise_is_within_its_size_and_on_both_sides() -> None:
    ratio = broken("noise", 0, N, intensity=intensity_of_factor(1.1)).price / 100
    assert ((ratio > 1 / 1.1) & (ratio < 1.1)).all()
    assert 30 < (ratio > 1).sum() < 70


def test_a_float32_keeps_seven_digits() -> None:
    quotes = market(book=False).with_columns(price=np.full(2 * N, 65_432.1))
    assert set(broken("float32", quotes=quotes).price.tolist()) == {65_432.1015625}


@pytest.mark.parametrize(
    ("price", "digits", "left"),
    [(123.456, 4, 123.4), (123.456, 1, 100.0), (0.000123456, 3, 0.000123), (100.3, 12, 100.3), (-99.99, 2, -99.0), (1000.0, 1, 1000.0), (0.3, 5, 0.3)],
)
def test_a_price_is_cut_to_its_digits(price: float, digits: int, left: float) -> None:
    assert cut_to(np.array([price]), digits).tolist() == [left]


@given(st.lists(st.floats(-1e300, 1e300) | st.just(np.nan)), st.integers(1, 12))
def test_cutting_goes_towards_0_and_not_far(values: list[float], digits: int) -> None:
    """No digit that counts is lost, the sign stays, and cutting again changes nothing."""
    prices = np.array(values, dtype=float)
    cut = cut_to(prices, digits)
    known = ~np.isnan(prices)
    assert (np.abs(cut[known]) <= np.abs(prices[known]) * (1 + 1e-3 * 10.0 ** (1 - digits))).all()
    assert (np.abs(prices[known] - cut[known]) <= np.abs(prices[known]) * 10.0 ** (1 - digits)).all()
    assert np.array_equal(cut_to(cut, digits), cut, equal_nan=True)


@pytest.mark.parametrize(
    ("price", "place", "digit", "left"), [(123.456, 2, 9, 193.456), (123.456, 4, 0, 123.056), (0.00456, 3, 5, 0.00455), (-99.5, 2, 9, -99.5)]
)
def test_a_digit_is_set_where_it_counts(price: float, place: int, digit: int, left: float) -> None:
    assert digit_set(np.array([price]), place, digit) == pytest.approx([left], rel=1e-12)


def test_a_stuck_digit_is_the_same_in_every_price() -> None:
    quotes = market(book=False).with_columns(price=100 + np.arange(2 * N) * 0.0137)
    for seed in range(6):
        digits = [f"{price:.10f}".replace(".", "") for price in broken("stuck-digit", 0, N, quotes=quotes, seed=seed).price]
        assert any(len({text[place] for text in digits}) == 1 for place in range(1, 5))


@pytest.mark.parametrize(("name", "volume"), [("volume-zero", 0.0), ("volume-null", math.nan)])
def test_faults_of_the_volume_leave_all_else_alone(name: str, volume: float) -> None:
    made = inject(market(), [FaultSpec(name, (0,), 0)], BASKET).quotes
    assert made.volume[made.source == 0] == pytest.approx(np.full(N, volume), nan_ok=True)
    assert made.with_columns(volume=market().volume).equals(market())


@pytest.mark.parametrize("name", fault_names())
def test_up_and_down_differ_where_a_fault_is_directed_alone(name: str) -> None:
    """At every kind of seed; so a sweep knows for which faults a direction is worth a twin."""
    sources = (0, 1)
    for seed in range(6):
        up, down = (inject(market(), [FaultSpec(name, sources, 20 * SECOND, 60 * SECOND, 0.3, way, seed)], BASKET).quotes for way in ("up", "down"))
        assert up.equals(down) != fault(name).directed
