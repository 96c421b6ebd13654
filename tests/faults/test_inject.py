"""What holds of every fault: intensity 0 is the identity, only chosen sources inside the window are touched, all is a function of the seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.faults import inject as inject_module
from indexlab.faults.fault import PRICES, Change, Fault
from indexlab.faults.inject import inject
from indexlab.faults.registry import BUNDLED, fault_names
from indexlab.faults.spec import FaultSpec
from indexlab.market.errors import HarnessError, InputError
from indexlab.market.quotes import COLUMNS, Quotes
from indexlab.market.seeds import stream
from indexlab.market.source import Source

BASKET = tuple(Source(name, name) for name in "abcd")
SPAN_US = 60_000_000

assert fault_names()[: len(BUNDLED)] == BUNDLED


def market(n: int, seed: int) -> Quotes:
    """Return n quotes of four sources over a minute, with nulls, zeros, negative prices, missing books and late or future event times among them."""
    draw = stream("test market", seed)
    received = np.sort(draw.integers(0, SPAN_US, n))
    prices = {name: draw.choice([np.nan, 0.0, -3.0, 100.0, 101.5, 99.25, 1e-3], n, p=[0.1, 0.05, 0.05, 0.3, 0.2, 0.2, 0.1]) for name in PRICES}
    event = np.maximum(received - draw.integers(-500_000, 3_000_000, n), 0)
    source = draw.integers(0, len(BASKET), n)
    return Quotes.from_columns(receive_time=received, event_time=event, source=source, volume=draw.choice([np.nan, 0.0, 2.5], n), **prices)


markets = st.builds(market, st.integers(0, 60), st.integers(0, 2**32))
windows = st.tuples(st.integers(0, SPAN_US), st.none() | st.integers(0, SPAN_US)).map(lambda window: (window[0], None if window[1] is None else sum(window)))
intensities = st.floats(0, 1)


@st.composite
def specs(draw: st.DrawFn, intensity: st.SearchStrategy[float] = intensities) -> FaultSpec:
    start, end = draw(windows)
    sources = tuple(draw(st.sets(st.integers(0, 3))))
    direction = draw(st.sampled_from(["up", "down"]))
    return FaultSpec(draw(st.sampled_from(BUNDLED)), sources, start, end, draw(intensity), direction, draw(st.integers(0, 2**32)))


def _rows(quotes: Quotes, kept: np.ndarray) -> list[bytes]:
    """Return the rows as bytes, so that null equals null."""
    return sorted(b"".join(getattr(quotes, name)[row].tobytes() for name in COLUMNS) for row in np.flatnonzero(kept))


@given(markets, st.lists(specs(st.just(0.0)), max_size=4))
def test_intensity_zero_is_the_identity_bit_for_bit(quotes: Quotes, given_specs: list[FaultSpec]) -> None:
    injection = inject(quotes, given_specs, BASKET)
    assert injection.quotes is quotes
    assert (injection.touched, injection.touched_total) == ((0,) * len(given_specs), 0)
    assert (injection.first, injection.last) == (None, None)


@given(markets, st.lists(specs(), max_size=3), specs(st.just(0.0)), st.integers(0, 3))
def test_intensity_zero_is_the_identity_among_other_faults(quotes: Quotes, others: list[FaultSpec], idle: FaultSpec, place: int) -> None:
    """Put anywhere into a list of faults it changes nothing."""
    without = inject(quotes, others, BASKET)
    within = inject(quotes, [*others[:place], idle, *others[place:]], BASKET)
    assert within.quotes.equals(without.quotes)
    assert (within.touched_total, within.first, within.last) == (without.touched_total, without.first, without.last)


@pytest.mark.parametrize("name", BUNDLED)
def test_full_intensity_bites(name: str) -> None:
    """Every fault touches something of an ordinary market: none of these properties holds for want of an effect."""
    quotes = market(200, 1)
    injection = inject(quotes, [FaultSpec(name, (0, 1), 10_000_000, 50_000_000)], BASKET)
    assert injection.touched_total > 0
    assert not injection.quotes.equals(quotes)


@given(markets, specs())
def test_only_chosen_sources_inside_the_window_are_touched(quotes: Quotes, spec: FaultSpec) -> None:
    """Every other row is still there, to the bit; the touched ones are as many as were counted."""
    injection = inject(quotes, [spec], BASKET)
    inside = np.isin(quotes.source, spec.sources) & (quotes.receive_time >= spec.start)
    if spec.end is not None:
        inside &= quotes.receive_time < spec.end
    outside, left = _rows(quotes, ~inside), _rows(injection.quotes, np.ones(len(injection.quotes), dtype=bool))
    for row in outside:
        left.remove(row)
    before = _rows(quotes, inside)
    same = sum(1 for row in left if row in before and not before.remove(row))
    assert injection.touched == (int(inside.sum()) - same,)


@given(markets, st.lists(specs(), max_size=4))
def test_the_result_is_sorted_by_arrival_and_its_input_left_alone(quotes: Quotes, given_specs: list[FaultSpec]) -> None:
    copy = quotes.take(np.arange(len(quotes)))
    broken = inject(quotes, given_specs, BASKET).quotes
    assert quotes.equals(copy)
    assert (np.diff(broken.receive_time) >= 0).all()
    assert [getattr(broken, name).dtype for name in COLUMNS] == [getattr(quotes, name).dtype for name in COLUMNS]


@given(markets, st.lists(specs(), max_size=4))
def test_the_same_seed_gives_the_same_stream(quotes: Quotes, given_specs: list[FaultSpec]) -> None:
    one, other = (inject(quotes, given_specs, BASKET) for _ in range(2))
    assert one.quotes.equals(other.quotes)
    assert one.touched == other.touched


@given(markets, st.lists(specs(), max_size=3))
def test_specs_apply_in_order_each_on_what_the_former_left(quotes: Quotes, given_specs: list[FaultSpec]) -> None:
    """As long as nothing is delayed, a list is the same as one after the other."""
    undelayed = [spec for spec in given_specs if "lag" not in spec.fault]
    step_by_step = quotes
    counts = []
    for spec in undelayed:
        injection = inject(step_by_step, [spec], BASKET)
        step_by_step = injection.quotes
        counts.append(injection.touched_total)
    at_once = inject(quotes, undelayed, BASKET)
    assert at_once.quotes.equals(step_by_step)
    assert list(at_once.touched) == counts


@given(st.integers(1, 60), st.integers(0, 2**32), specs(), st.integers(0, 3))
def test_taking_another_source_away_changes_nothing(n: int, seed: int, spec: FaultSpec, other: int) -> None:
    """What is drawn for a quote is a function of its own time and source: shrinking the basket leaves the rest as it was."""
    quotes = market(n, seed)
    broken = inject(quotes, [spec], BASKET).quotes.without_sources([other])
    assert inject(quotes.without_sources([other]), [spec], BASKET).quotes.equals(broken)


@given(markets, specs(), st.floats(0, 1))
def test_more_intensity_touches_no_fewer_quotes(quotes: Quotes, spec: FaultSpec, share: float) -> None:
    """The quotes that a weaker fault touches are among those of a stronger one (its size is above that of rounding)."""
    weaker = FaultSpec(spec.fault, spec.sources, spec.start, spec.end, spec.intensity * share, spec.direction, spec.seed)
    assert inject(quotes, [weaker], BASKET).touched_total <= inject(quotes, [spec], BASKET).touched_total


def _at(moments: list[int], prices: list[float] | None = None, source: int = 0) -> Quotes:
    return Quotes.from_columns(receive_time=moments, source=[source] * len(moments), price=prices or [100.0] * len(moments))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("stop", 20, 30), ("null", 20, 30), ("lag", 20 + 3_600_000_000, 30 + 3_600_000_000), ("spike", 20, 20), ("freeze", None, None), ("wash", None, None)],
)
def test_first_and_last_are_receive_times_of_what_was_touched(name: str, first: int | None, last: int | None) -> None:
    """Of a delayed quote the new time, of a dropped one the undisturbed; a value that stays what it was is not touched."""
    injection = inject(_at([10, 20, 30, 40]), [FaultSpec(name, (0,), 20, 40)], BASKET)
    assert (injection.first, injection.last) == (first, last)


def test_windows_are_on_the_clock_of_the_undisturbed_receive_time() -> None:
    """A quote that a former fault delayed past the window is still inside it, and one delayed into it is not."""
    specs_in_order = [FaultSpec("lag", (0,), 0, 20, 0.5), FaultSpec("null", (0,), 10, 20)]
    broken = inject(_at([5, 10, 19, 20]), specs_in_order, BASKET).quotes
    delay = 1_896_367
    assert broken.receive_time.tolist() == [20, 5 + delay, 10 + delay, 19 + delay]
    assert np.isnan(broken.price).tolist() == [False, False, True, True]


def test_what_arrives_together_keeps_its_order() -> None:
    """Hundreds of late and fresh quotes at one time: they stay in the order in which they would have come."""
    delay, n = 1_896_367, 800
    moments = [row // 40 for row in range(n)]
    quotes = _at(moments + [delay + moment for moment in moments], list(range(1, 2 * n + 1)))
    broken = inject(quotes, [FaultSpec("lag", (0,), 0, n, 0.5)], BASKET).quotes
    assert broken.receive_time.tolist() == sorted(2 * [delay + moment for moment in moments])
    assert broken.price.tolist() == [row + 1 for _, row in sorted((moments[row % n], row) for row in range(2 * n))]


def test_sources_are_drawn_apart() -> None:
    """Two sources that speak at the same times do not lose the same messages."""
    times, source = np.divmod(np.arange(400), 2)
    both = Quotes.from_columns(receive_time=times, source=source, price=np.ones(400))
    left = inject(both, [FaultSpec("stop", (0, 1), 0, intensity=0.5)], BASKET).quotes
    kept = [set(left.receive_time[left.source == position].tolist()) for position in (0, 1)]
    assert 20 < len(kept[0] - kept[1]) < 80
    assert all(70 < len(times_kept) < 130 for times_kept in kept)


def test_what_is_dropped_after_a_delay_counts_at_its_undisturbed_time() -> None:
    injection = inject(_at([5, 10]), [FaultSpec("relabelled-lag", (0,), 0, 8), FaultSpec("stop", (0,), 0, 8)], BASKET)
    assert injection.touched == (1, 1)
    assert injection.first == 5
    assert len(injection.quotes) == 1


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (FaultSpec("spyke", (0,), 0), 'there is no fault "spyke"; did you mean "spike"'),
        (FaultSpec("spike", (4,), 0), "spike.sources must be positions in the list of 4 sources, was 4"),
        (FaultSpec("spike", (-1,), 0), "was -1"),
        (FaultSpec("spike", (0,), 5, 4), "spike.end must not be before its start 5, was 4"),
        (FaultSpec("spike", (0,), 0, intensity=1.01), "spike.intensity must be between 0 and 1, was 1.01"),
        (FaultSpec("spike", (0,), 0, intensity=float("nan")), "was nan"),
        (FaultSpec("spike", (0,), 0, direction="sideways"), 'must be "up" or "down"'),
    ],
)
def test_a_spec_that_does_not_fit_is_refused_by_key(spec: FaultSpec, said: str) -> None:
    with pytest.raises(InputError) as refused:
        inject(_at([10]), [spec], BASKET)
    assert said in str(refused.value)


def _raise(*_: object) -> Change:
    raise ValueError("broken")


@pytest.mark.parametrize(
    ("apply", "said"),
    [
        (lambda _stream, rows, _spec: Change(rows + 1, dropped=True), "reached beyond its rows"),
        (lambda _stream, rows, _spec: Change(rows, {"price": np.zeros(len(rows) + 1)}), "values of length"),
        (lambda _stream, rows, _spec: Change(rows, {"source": np.zeros(len(rows))}), "column source"),
        (_raise, "failed: ValueError: broken"),
    ],
)
def test_a_foreign_fault_that_reaches_beyond_its_rows_is_named(monkeypatch, apply, said: str) -> None:
    """Nothing that went wrong inside a third party's fault passes for a result."""
    foreign = Fault("foreign", "value", "reaches too far", sized=False, apply=apply)
    monkeypatch.setattr(inject_module, "fault", lambda _name: foreign)
    with pytest.raises(HarnessError, match=said):
        inject(_at([10, 20, 30]), [FaultSpec("foreign", (0,), 10, 30)], BASKET)
