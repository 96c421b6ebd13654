"""When a fault acts: windows that repeat and begin one after the other, and the draw of probability."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.faults.inject import inject
from indexlab.faults.spec import FaultSpec
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source

BASKET = (Source("a", "a"), Source("b", "b"))


def ticks(n: int, sources: int = 1) -> Quotes:
    """Return a quote of each source at 0, 1, 2, ... n - 1 microseconds; the price is the time and 1."""
    times = np.repeat(np.arange(n), sources)
    return Quotes.from_columns(receive_time=times, source=np.tile(np.arange(sources), n), price=times + 1.0)


def lost(quotes: Quotes, spec: FaultSpec, source: int = 0) -> list[int]:
    """Return when the quotes of a source were that are lost."""
    left = inject(quotes, [spec], BASKET).quotes
    return sorted(set(quotes.receive_time[quotes.source == source].tolist()) - set(left.receive_time[left.source == source].tolist()))


def test_a_window_repeats_until_it_ends() -> None:
    assert lost(ticks(30), FaultSpec("stop", (0,), 3, 5, every=10)) == [3, 4, 13, 14, 23, 24]
    assert lost(ticks(30), FaultSpec("stop", (0,), 3, 5, every=10, until=14)) == [3, 4, 13]
    assert lost(ticks(30), FaultSpec("stop", (0,), 3, 5, every=2, until=9)) == [3, 4, 5, 6, 7, 8]


def test_sources_begin_one_after_the_other_in_the_order_listed() -> None:
    spec = FaultSpec("stop", (1, 0), 3, 5, stagger=4)
    assert (lost(ticks(30, 2), spec, 1), lost(ticks(30, 2), spec, 0)) == ([3, 4], [7, 8])
    repeated = msgspec.structs.replace(spec, every=10)
    assert lost(ticks(30, 2), repeated, 0) == [7, 8, 17, 18, 27, 28]


def test_faults_with_a_shape_or_a_memory_begin_anew_in_every_window() -> None:
    """A freeze holds what was said before its own window, a spike is one quote a window, a ramp starts from nothing."""
    frozen = inject(ticks(20), [FaultSpec("freeze", (0,), 3, 6, every=10)], BASKET).quotes
    assert frozen.price.tolist() == [1, 2, 3, 3, 3, 3, 7, 8, 9, 10, 11, 12, 13, 13, 13, 13, 17, 18, 19, 20]
    assert inject(ticks(20, 2), [FaultSpec("spike", (0, 1), 3, 6, every=5, stagger=1)], BASKET).touched == (8,)
    ramp = inject(ticks(20), [FaultSpec("ramp", (0,), 3, 6, 0.25, every=10)], BASKET).quotes.price / ticks(20).price
    assert ramp[3:6] == pytest.approx(ramp[13:16])
    assert ramp[3:6] == pytest.approx([1, 10, 100])


def test_a_probability_is_the_share_of_quotes_that_are_hit() -> None:
    for burst in (1.0, 5.0, 40.0):
        hit = len(lost(ticks(20_000), FaultSpec("stop", (0,), 0, seed=3, probability=0.3, burst=burst)))
        assert 0.2 < hit / 20_000 < 0.4


@pytest.mark.parametrize(("burst", "low", "high"), [(1.0, 1.3, 1.6), (10.0, 11.0, 18.0)])
def test_one_draw_holds_for_a_burst_of_quotes(burst: float, low: float, high: float) -> None:
    """With a draw for each quote, runs of 3 in 10 are 1 / 0.7 long in the mean; a draw that holds for ten makes them ten times as long."""
    hit = np.array(lost(ticks(20_000), FaultSpec("stop", (0,), 0, seed=3, probability=0.3, burst=burst)))
    assert low < len(hit) / (1 + int((np.diff(hit) > 1).sum())) < high


@given(st.integers(0, 2**32), st.floats(0, 1), st.floats(0, 1), st.sampled_from([1.0, 3.0]))
def test_a_smaller_probability_hits_some_of_the_same(seed: int, one: float, other: float, burst: float) -> None:
    few, many = (FaultSpec("stop", (0,), 5, seed=seed, probability=share, burst=burst) for share in sorted((one, other)))
    assert set(lost(ticks(60), few)) <= set(lost(ticks(60), many))


def test_a_fault_of_a_size_keeps_it_at_any_probability() -> None:
    prices = inject(ticks(1_000), [FaultSpec("level", (0,), 0, intensity=1 / 12, probability=0.5)], BASKET).quotes.price / ticks(1_000).price
    assert set(np.round(prices, 9).tolist()) == {1.0, 10.0}


def test_a_spec_as_it_was_written_before_means_the_same() -> None:
    """What is not said is not written either, so that records and their hashes stay."""
    old = b'{"fault":"stop","sources":[0],"start":3,"end":5,"intensity":0.5}'
    spec = msgspec.json.decode(old, type=FaultSpec)
    assert msgspec.json.encode(spec) == old
    assert (spec.probability, spec.burst, spec.every, spec.until, spec.stagger) == (1.0, 1.0, None, None, 0)
