"""Each fault does what its name says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.faults.flap import period_us
from indexlab.faults.inject import inject
from indexlab.faults.scaling import LARGEST, SMALLEST, scaled
from indexlab.faults.sizes import intensity_of_delay, intensity_of_factor
from indexlab.faults.spec import FaultSpec
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source

BASKET = (Source("a", "a"), Source("b", "b"))
SECOND = 1_000_000
N = 20
NULL = float("nan")


@pytest.fixture
def quotes() -> Quotes:
    """Two sources, a quote a second each; the price is the second, the second source has no book."""
    second, source = np.divmod(np.arange(2 * N), 2)
    book = np.where(source == 0, second + 100.0, NULL)
    return Quotes.from_columns(
        receive_time=second * SECOND + source, event_time=second * SECOND, source=source, price=second + 100.0, bid=book - 1, ask=book + 1, volume=second + 1.0
    )


def broken(quotes: Quotes, name: str, start: int, end: int | None, sources: tuple[int, ...] = (0,), **given_spec) -> Quotes:
    """Break seconds [start, end) of the sources, and return the quotes of the first one."""
    spec = FaultSpec(name, sources, start * SECOND, None if end is None else end * SECOND, **given_spec)
    return inject(quotes, [spec], BASKET).quotes


def of(quotes: Quotes, source: int = 0) -> Quotes:
    return quotes.without_sources([1 - source])


def test_stop_drops_every_message_of_the_window(quotes) -> None:
    assert of(broken(quotes, "stop", 5, 15)).price.tolist() == [100, 101, 102, 103, 104, 115, 116, 117, 118, 119]
    assert len(broken(quotes, "stop", 5, None, (0, 1))) == 10


def test_stop_drops_about_its_share_of_messages() -> None:
    many = Quotes.from_columns(receive_time=np.arange(10_000), source=np.zeros(10_000, dtype=int), price=np.ones(10_000))
    assert 2_800 < len(broken(many, "stop", 0, None, intensity=0.7)) < 3_200


def test_flap_alternates_between_away_and_there() -> None:
    """Half of every period is lost, from the window's start on; the period is some seconds and comes from the seed."""
    times = np.arange(0, 60 * SECOND, 100_000)
    fine = Quotes.from_columns(receive_time=times, source=np.zeros(len(times), dtype=int), price=np.ones(len(times)))
    period = period_us(3)
    left = broken(fine, "flap", 10, 50, intensity=0.5, seed=3).receive_time
    expected = (times < 10 * SECOND) | (times >= 50 * SECOND) | ((times - 10 * SECOND) % period >= period / 2)
    assert left.tolist() == times[expected].tolist()
    assert len(broken(fine, "flap", 10, 50, seed=3)) == 200


def test_flap_periods_are_two_to_ten_seconds() -> None:
    periods = [period_us(seed) for seed in range(1_000)]
    assert 2 * SECOND <= min(periods) < 3 * SECOND
    assert 9 * SECOND < max(periods) <= 10 * SECOND


def test_freeze_repeats_the_last_price_before_the_window_with_fresh_times(quotes) -> None:
    frozen = of(broken(quotes, "freeze", 5, 15, (0, 1)))
    assert frozen.price.tolist() == [100, 101, 102, 103, 104, *[104] * 10, 115, 116, 117, 118, 119]
    assert (frozen.ask - frozen.price).tolist() == [1] * N
    assert frozen.event_time.tolist() == of(quotes).event_time.tolist()


def test_freeze_without_a_quote_before_the_window_repeats_its_first(quotes) -> None:
    assert of(broken(quotes, "freeze", 0, 15, (0, 1)), 1).price.tolist() == [100] * 15 + [115, 116, 117, 118, 119]


def test_lag_is_late_with_honest_event_times(quotes) -> None:
    late = of(broken(quotes, "lag", 5, None, intensity=intensity_of_delay(3 * SECOND)))
    assert late.receive_time.tolist() == [second * SECOND + (3 * SECOND if second >= 5 else 0) for second in range(N)]
    assert late.event_time.tolist() == of(quotes).event_time.tolist()


def test_relabelled_lag_shows_no_age(quotes) -> None:
    late = of(broken(quotes, "relabelled-lag", 5, None, intensity=intensity_of_delay(3 * SECOND)))
    assert (late.receive_time - late.event_time).tolist() == [0] * N
    assert late.price.tolist() == of(quotes).price.tolist()


def test_a_lagging_source_arrives_among_the_others_in_order_of_arrival(quotes) -> None:
    late = broken(quotes, "lag", 0, 1, intensity=intensity_of_delay(3 * SECOND))
    assert late.source[:7].tolist() == [1, 0, 1, 0, 1, 0, 0]
    assert late.price[5:7].tolist() == [100.0, 103.0], "what arrives at the same time keeps its order"


@pytest.mark.parametrize(("direction", "factor"), [("up", 2.0), ("down", 0.5)])
def test_spike_changes_the_first_quote_of_each_source_alone(quotes, direction: str, factor: float) -> None:
    spiked = broken(quotes, "spike", 5, 15, (0, 1), intensity=intensity_of_factor(2.0), direction=direction)
    for source in (0, 1):
        ratio = of(spiked, source).price / of(quotes, source).price
        assert ratio == pytest.approx([1.0] * 5 + [factor] + [1.0] * 14)
    assert of(spiked).bid[5] == pytest.approx(104 * factor)


def test_level_changes_every_quote_of_the_window(quotes) -> None:
    off = of(broken(quotes, "level", 5, 15, intensity=intensity_of_factor(1.1)))
    assert off.price / of(quotes).price == pytest.approx([1.0] * 5 + [1.1] * 10 + [1.0] * 5)
    assert off.ask / of(quotes).ask == pytest.approx(off.price / of(quotes).price)


@pytest.mark.parametrize(
    ("intensity", "direction", "first"), [(1 / 12, "up", 1_000.0), (2 / 12, "down", 1.0), (0.04, "up", 100.0), (1.0, "up", 1e14), (1.0, "down", 1e-10)]
)
def test_decimal_moves_the_point_by_whole_digits(quotes, intensity: float, direction: str, first: float) -> None:
    assert broken(quotes, "decimal", 0, 1, intensity=intensity, direction=direction).price[0] == first


@pytest.mark.parametrize(("name", "price"), [("zero", 0.0), ("negative", -100.0), ("null", NULL)])
def test_garbage_replaces_price_and_book_alike(quotes, name: str, price: float) -> None:
    first = of(broken(quotes, name, 0, 1)).take(np.array([0]))
    assert first.price == pytest.approx([price], nan_ok=True)
    assert [*first.bid, *first.ask] == pytest.approx([0, 0] if name == "zero" else [price + 1, price - 1], nan_ok=True)


@pytest.mark.parametrize("name", ["zero", "negative", "null"])
def test_garbage_makes_no_book_where_there_was_none(quotes, name: str) -> None:
    assert np.isnan(of(broken(quotes, name, 0, None, (1,)), 1).bid).all()


def test_wash_changes_the_volume_alone(quotes) -> None:
    washed = broken(quotes, "wash", 5, 15, intensity=intensity_of_factor(1000.0))
    assert (of(washed).volume / of(quotes).volume) == pytest.approx([1.0] * 5 + [1000.0] * 10 + [1.0] * 5)
    assert washed.with_columns(volume=quotes.volume).equals(quotes)


@given(st.lists(st.floats(allow_infinity=False)), st.floats(1e-12, 1e12))
def test_a_product_stays_a_finite_number_of_its_sign(values: list[float], factor: float) -> None:
    """Overflow and underflow end at 1e300 and 1e-300; 0 stays 0, null stays null."""
    column = np.array(values, dtype=float)
    product = scaled(column, factor)
    assert (np.isnan(product) == np.isnan(column)).all()
    known = ~np.isnan(column)
    assert (np.sign(product[known]) == np.sign(column[known])).all()
    size = np.abs(product[known & (column != 0)])
    assert ((size >= SMALLEST) & (size <= LARGEST)).all()


def test_faults_on_top_of_each_other_stay_finite(quotes) -> None:
    """Forty decimals of twelve digits each, up or down: a finite price above 0."""
    for direction in ("up", "down"):
        specs = [FaultSpec("decimal", (0,), 0, direction=direction)] * 40
        price = of(inject(quotes, specs, BASKET).quotes).price
        assert (np.isfinite(price) & (price > 0)).all()
