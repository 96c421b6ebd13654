"""Intensity means what it says: a size that grows evenly in logarithm, or the share of quotes that are touched."""

import numpy as np
import pytest

from indexlab.faults.inject import inject
from indexlab.faults.registry import BUNDLED, fault
from indexlab.faults.sizes import delay_us, value_factor
from indexlab.faults.spec import FaultSpec
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source

BASKET = (Source("a", "a"), Source("b", "b"))
SECOND = 1_000_000
N = 4_000
START = 10_000_000 * SECOND
FACTORS = ("level", "spike", "wrong-market", "noise", "depeg", "flash-crash", "squeeze", "ramp", "agree")
DELAYS = ("lag", "relabelled-lag", "jitter", "burst", "skew", "drift")
COUNTED = ("decimal", "truncate", "timezone", "rebase", "threshold-rider", "wash")
"""Sizes in digits, hours, whole numbers, a band and a volume: each has a test of its own."""
SHARES = [name for name in BUNDLED if not fault(name).sized]


def market() -> Quotes:
    """Return N quotes of two sources, one every 10 ms, with prices of many digits."""
    times = START + np.arange(N) * 10_000
    price = 100 + np.sin(np.arange(N))
    return Quotes.from_columns(receive_time=times, source=np.arange(N) % 2, price=price, bid=price - 1, ask=price + 1, volume=price)


def broken(name: str, intensity: float) -> tuple[Quotes, Quotes, int]:
    """Return the quotes of the first source before and after a fault of the second half, and how many of both sources were touched."""
    quotes = market()
    injection = inject(quotes, [FaultSpec(name, (0, 1), START + 20 * SECOND, START + 40 * SECOND, intensity, seed=8)], BASKET)
    return quotes.without_sources([1]), injection.quotes.without_sources([1]), injection.touched_total


def test_every_fault_of_a_size_is_among_them() -> None:
    assert sorted((*FACTORS, *DELAYS, *COUNTED)) == sorted(name for name in BUNDLED if fault(name).sized)


@pytest.mark.parametrize("name", FACTORS)
@pytest.mark.parametrize("intensity", [1e-4, 0.03, 0.4])
def test_a_factor_grows_evenly_in_logarithm(name: str, intensity: float) -> None:
    """The largest is the factor that `sizes` gives, so `intensity_of_factor` finds the intensity for a wanted size."""
    before, after, _ = broken(name, intensity)
    largest = np.abs(np.log(after.price / before.price)).max()
    rel = {"wrong-market": 0.11, "flash-crash": 0.02, "noise": 0.02, "ramp": 0.02}.get(name, 1e-6)
    assert largest == pytest.approx(np.log(value_factor(intensity)), rel=rel)


@pytest.mark.parametrize("name", DELAYS)
@pytest.mark.parametrize("intensity", [0.3, 0.5, 0.7])
def test_a_delay_grows_evenly_in_logarithm(name: str, intensity: float) -> None:
    """The largest is the delay that `sizes` gives; of a drift, at the end of the window."""
    before, after, _ = broken(name, intensity)
    of_event = np.argsort(after.event_time, kind="stable")
    if name in {"skew", "drift"}:
        off = np.abs(after.event_time[of_event] - before.event_time)
    elif name == "relabelled-lag":
        off = after.receive_time[of_event] - before.receive_time
    else:
        off = after.receive_time[of_event] - after.event_time[of_event]
    assert off.max() == pytest.approx(delay_us(intensity), rel=0.02)


@pytest.mark.parametrize("name", SHARES)
def test_a_share_is_the_share_of_quotes(name: str) -> None:
    """About; of pairs that change places one quote in two is late, and a digit may be right by chance."""
    for intensity in (0.2, 0.8):
        touched = broken(name, intensity)[2]
        pairs = 2 if name in {"out-of-order", "reorder-across-sources"} else 1
        assert 0.8 * intensity <= touched * pairs / (N / 2) <= 1.2 * intensity
