"""Each fault of silence, repetition, lateness, clocks and delivery does what its name says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.faults.clocks import multiplied
from indexlab.faults.inject import inject
from indexlab.faults.sizes import intensity_of_delay, intensity_of_factor, whole_hours
from indexlab.faults.spec import FaultSpec
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source
from indexlab.market.times import LATEST_US

BASKET = (Source("a", "a"), Source("b", "b"))
SECOND = 1_000_000
HOUR = 3_600 * SECOND
START = 1_600_000_000 * SECOND
N = 40


@pytest.fixture
def quotes() -> Quotes:
    """Two sources, a quote a second each, the second a millisecond later; the price is the second."""
    second, source = np.divmod(np.arange(2 * N), 2)
    return Quotes.from_columns(receive_time=START + second * SECOND + 1000 * source, event_time=START + second * SECOND, source=source, price=second + 100.0)


def broken(quotes: Quotes, name: str, start: int, end: int | None, sources: tuple[int, ...] = (0,), **given_spec) -> Quotes:
    """Break seconds [start, end) of the sources, and return the quotes of the first one."""
    spec = FaultSpec(name, sources, START + start * SECOND, None if end is None else START + end * SECOND, **given_spec)
    return inject(quotes, [spec], BASKET).quotes.without_sources([1])


def seconds(quotes: Quotes) -> list[float]:
    return ((quotes.receive_time - START) / SECOND).tolist()


def ages(quotes: Quotes) -> list[float]:
    return ((quotes.receive_time - quotes.event_time) / SECOND).tolist()


def test_a_gap_is_one_stretch_of_its_share(quotes) -> None:
    for seed in range(5):
        gone = sorted(set(range(N)) - set(seconds(broken(quotes, "gap", 10, 30, intensity=0.5, seed=seed))))
        assert gone == list(range(gone[0], gone[0] + 10))
        assert 10 <= gone[0] <= 20
    assert len({len(seconds(broken(quotes, "gap", 10, 30, seed=seed))) for seed in range(5)}) == 1


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**32))
def test_a_longer_gap_holds_the_shorter(one: float, other: float, seed: int) -> None:
    times = np.arange(0, 20 * SECOND, 100_000)
    fine = Quotes.from_columns(receive_time=times, source=np.zeros(200, dtype=int), price=np.ones(200))
    short, long = (
        set(inject(fine, [FaultSpec("gap", (0,), 5 * SECOND, 15 * SECOND, share, seed=seed)], BASKET).quotes.receive_time.tolist())
        for share in sorted((one, other))
    )
    assert long <= short


@pytest.mark.parametrize(("share", "left"), [(0.5, 10), (0.8, 4), (0.25, 15), (1.0, 0)])
def test_thin_leaves_an_even_share(quotes, share: float, left: int) -> None:
    kept = [second for second in seconds(broken(quotes, "thin", 10, 30, intensity=share, seed=7)) if 10 <= second < 30]
    assert len(kept) == left
    assert len(kept) < 2 or max(np.diff(kept)) <= np.ceil(1 / (1 - share)) + 1


def test_a_stamped_freeze_grows_old(quotes) -> None:
    frozen = broken(quotes, "freeze-stamped", 5, 15)
    assert frozen.price.tolist() == [100, 101, 102, 103, 104, *[104] * 10, *range(115, 100 + N)]
    assert ages(frozen)[5:16] == [*range(1, 11), 0]


def test_a_replay_sends_the_stretch_before_the_window_again(quotes) -> None:
    """The live messages still come; each is followed by an old one, with its old event time."""
    again = broken(quotes, "replay", 10, 14)
    assert again.price.tolist()[10:18] == [110, 106, 111, 107, 112, 108, 113, 109]
    assert ages(again)[10:18] == [0, 4] * 4
    few = broken(quotes, "replay", 2, 6)
    assert few.price.tolist()[2:10] == [102, 100, 103, 101, 104, 100, 105, 101], "from the first again where there were fewer"
    assert broken(quotes, "replay", 0, 4).equals(quotes.without_sources([1])), "nothing was said before"


def test_jitter_is_late_by_ever_other_times_and_in_order(quotes) -> None:
    late = broken(quotes, "jitter", 10, 30, intensity=intensity_of_delay(5 * SECOND), seed=2)
    inside = late.take((late.event_time >= START + 10 * SECOND) & (late.event_time < START + 30 * SECOND))
    assert len(inside) == 20
    assert (np.diff(inside.event_time) > 0).all()
    assert 0 <= min(ages(inside)) < 2 < max(ages(inside)) < 5
    assert len(set(ages(inside))) > 15


def test_out_of_order_lets_every_other_message_be_overtaken(quotes) -> None:
    assert broken(quotes, "out-of-order", 10, 15).price.tolist()[9:16] == [109, 111, 110, 113, 112, 114, 115]


def test_a_burst_is_held_back_and_comes_at_once(quotes) -> None:
    """All of a period come at its end; a message that came at its beginning waits longest."""
    held = broken(quotes, "burst", 10, 20, intensity=intensity_of_delay(4 * SECOND))
    expected = [*range(10), *[14] * 4, *[18] * 4, 20, 21, 22, 22, 22, 23]
    assert np.round(seconds(held)[: len(expected)], 3).tolist() == expected
    assert held.price[(held.event_time >= START + 10 * SECOND) & (held.event_time < START + 14 * SECOND)].tolist() == [110, 111, 112, 113]


@pytest.mark.parametrize(("direction", "age"), [("up", -3.0), ("down", 3.0)])
def test_a_skewed_clock_is_off_by_its_size(quotes, direction: str, age: float) -> None:
    assert ages(broken(quotes, "skew", 5, 10, intensity=intensity_of_delay(3 * SECOND), direction=direction))[4:11] == pytest.approx(
        [0, *[age] * 5, 0], abs=1e-5
    )


def test_a_drifting_clock_is_off_by_ever_more(quotes) -> None:
    drifted = ages(broken(quotes, "drift", 10, 20, intensity=intensity_of_delay(10 * SECOND), direction="down"))
    assert drifted[9:21] == pytest.approx([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0], abs=1e-4)
    minute = ages(broken(quotes, "drift", 10, None, intensity=intensity_of_delay(60 * SECOND), direction="up"))
    assert minute[10:] == pytest.approx([-float(k) for k in range(N - 10)], abs=1e-3)


@pytest.mark.parametrize(
    ("direction", "seed", "expected"), [("down", 0, START // 1000), ("down", 1, START // 1_000_000), ("up", 0, LATEST_US), ("up", 1, LATEST_US)]
)
def test_a_wrong_unit_is_1970_or_the_end_of_time(quotes, direction: str, seed: int, expected: int) -> None:
    assert broken(quotes, "unit", 0, 1, direction=direction, seed=seed).event_time[0] == expected


@given(st.integers(0, LATEST_US), st.sampled_from([1_000, 1_000_000]))
def test_a_multiplied_time_is_exact_up_to_the_end(moment: int, factor: int) -> None:
    assert multiplied(np.array([moment]), factor).tolist() == [min(moment * factor, LATEST_US)]


@pytest.mark.parametrize(("intensity", "hours"), [(0.001, 1), (9 / 14, 9), (1.0, 14)])
def test_a_time_zone_is_whole_hours(quotes, intensity: float, hours: int) -> None:
    assert whole_hours(intensity) == hours
    ahead, behind = (broken(quotes, "timezone", 0, 1, intensity=intensity, direction=way).event_time[0] for way in ("up", "down"))
    assert (ahead - START, START - behind) == (hours * HOUR, hours * HOUR)


def test_a_duplicate_is_the_same_in_everything(quotes) -> None:
    twice = broken(quotes, "duplicate", 10, 12)
    assert twice.price.tolist()[9:15] == [109, 110, 110, 111, 111, 112]
    assert ages(twice) == [0.0] * (N + 2)


def test_a_copy_is_inside_the_windows_of_later_faults_like_its_original(quotes) -> None:
    """Also where its original was late before it was doubled."""
    window = (START + 10 * SECOND, START + 12 * SECOND)
    specs = [FaultSpec("lag", (0,), *window, 0.6), FaultSpec("duplicate", (0,), *window), FaultSpec("null", (0,), *window)]
    injection = inject(quotes, specs, BASKET)
    assert injection.touched == (2, 2, 4)
    assert int(np.isnan(injection.quotes.price).sum()) == 4


def test_a_drop_loses_its_share(quotes) -> None:
    assert 10 < len(broken(quotes, "drop", 0, None, intensity=0.5)) < 30
    assert len(broken(quotes, "drop", 0, None)) == 0


def test_sources_change_places_and_nothing_else(quotes) -> None:
    """Each pair of neighbours: the first comes a microsecond after the second; no source's own messages change places."""
    spec = FaultSpec("reorder-across-sources", (0, 1), START + 10 * SECOND, START + 12 * SECOND)
    made = inject(quotes, [spec], BASKET)
    assert made.touched == (2,)
    assert made.quotes.source[18:26].tolist() == [0, 1, 1, 0, 1, 0, 0, 1]
    assert made.quotes.receive_time[21] - made.quotes.receive_time[20] == 1
    for source in (0, 1):
        mine = made.quotes.take(made.quotes.source == source)
        assert mine.with_columns(receive_time=quotes.receive_time[quotes.source == source]).equals(quotes.take(quotes.source == source))
    assert inject(quotes, [FaultSpec("reorder-across-sources", (1,), 0)], BASKET).quotes is quotes, "one source alone has nobody to change places with"


def test_sources_agree_on_what_the_first_listed_said_last(quotes) -> None:
    """The first one's last price, off by the factor; where it was not heard yet, one's own."""
    spec = FaultSpec("agree", (1, 0), START, START + 3 * SECOND, intensity_of_factor(2.0))
    assert inject(quotes, [spec], BASKET).quotes.price[:8] == pytest.approx([200, 200, 200, 202, 202, 204, 103, 103])
