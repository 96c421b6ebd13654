"""What holds of every fault: intensity 0 is the identity, only chosen sources inside the window are touched, all is a function of the seed."""

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from indexlab.faults import inject as inject_module
from indexlab.faults.fault import PRICES, Change, Copies, Fault
from indexlab.faults.inject import inject, source_index
from indexlab.faults.registry import BUNDLED, fault_names
from indexlab.faults.spec import FaultSpec
from indexlab.market.errors import HarnessError, InputError
from indexlab.market.levels import Levels
from indexlab.market.quotes import COLUMNS, OPTIONAL_COLUMNS, Quotes
from indexlab.market.seeds import stream
from indexlab.market.source import Source

replace = msgspec.structs.replace
BASKET = tuple(Source(name, name) for name in "abcd")
SPAN_US = 60_000_000
DELAYING = {"lag", "relabelled-lag", "jitter", "out-of-order", "burst", "reorder-across-sources"}
TOGETHER = {"agree", "reorder-across-sources"}
"""Whose sources look at one another."""

assert fault_names()[: len(BUNDLED)] == BUNDLED


def market(n: int, seed: int, *, everything: bool = False) -> Quotes:
    """Return n quotes of four sources over a minute, with nulls, zeros, negative prices, missing books and late or future event times among them.

    With `everything` they carry a confidence, a size and levels as well.
    """
    draw = stream("test market", seed)
    received = np.sort(draw.integers(0, SPAN_US, n))
    prices = {name: draw.choice([np.nan, 0.0, -3.0, 100.0, 101.5, 99.25, 1e-3], n, p=[0.1, 0.05, 0.05, 0.3, 0.2, 0.2, 0.1]) for name in PRICES}
    event = np.maximum(received - draw.integers(-500_000, 3_000_000, n), 0)
    source = draw.integers(0, len(BASKET), n)
    more = {}
    if everything:
        more = {"confidence": draw.choice([np.nan, 0.0, 0.25], n), "trade_size": draw.choice([np.nan, 1.5], n), "book": books(n, seed)}
    return Quotes.from_columns(receive_time=received, event_time=event, source=source, volume=draw.choice([np.nan, 0.0, 2.5], n), **prices, **more)


def books(n: int, seed: int) -> Levels:
    """Return n books of up to three levels a side, some empty, some one-sided, with nulls among them."""
    draw = stream("test books", seed)
    price, size = draw.choice([np.nan, 100.0, 99.5, 0.0], 6 * n), draw.choice([np.nan, 1.0, 7.0], 6 * n)
    bids, asks = draw.integers(0, 4, (2, n)) * draw.choice([0, 1], n, p=[0.2, 0.8])
    return Levels(6 * np.arange(n), bids.astype(np.int32), asks.astype(np.int32), price, size)


markets = st.builds(market, st.integers(0, 60), st.integers(0, 2**32), everything=st.booleans())
windows = st.tuples(st.integers(0, SPAN_US), st.none() | st.integers(0, SPAN_US)).map(lambda window: (window[0], None if window[1] is None else sum(window)))
intensities = st.floats(0, 1)
names = st.sampled_from(fault_names())


each_fault = pytest.mark.parametrize("name", fault_names())


@st.composite
def specs(draw: st.DrawFn, intensity: st.SearchStrategy[float] = intensities, name: st.SearchStrategy[str] = names) -> FaultSpec:
    """Return specs of any fault, with schedule, probability and burst or without."""
    start, end = draw(windows)
    sources = tuple(draw(st.permutations(range(4)))[: draw(st.integers(0, 4))])
    direction = draw(st.sampled_from(["up", "down"]))
    spec = FaultSpec(draw(name), sources, start, end, draw(intensity), direction, draw(st.integers(0, 2**32)))
    if draw(st.booleans()):
        return spec
    every = None if end is None or draw(st.booleans()) else max(end - start, 1) + draw(st.integers(0, SPAN_US))
    until = None if every is None or draw(st.booleans()) else start + draw(st.integers(0, 2 * SPAN_US))
    probability, burst = draw(st.sampled_from([0.0, 0.3, 0.9, 1.0])), draw(st.sampled_from([1.0, 1.5, 8.0]))
    return replace(spec, every=every, until=until, stagger=draw(st.sampled_from([0, 1, 7_000_000])), probability=probability, burst=burst)


def inside(quotes: Quotes, spec: FaultSpec) -> np.ndarray:
    """Say which quotes are in the spec's windows, one by one and by the definition."""
    answer = []
    for moment, source in zip(quotes.receive_time.tolist(), quotes.source.tolist(), strict=True):
        if source not in spec.sources or (spec.until is not None and moment >= spec.until):
            answer.append(False)
            continue
        since = moment - spec.start - spec.stagger * spec.sources.index(source)
        within = since % spec.every if spec.every else since
        answer.append(since >= 0 and (spec.end is None or within < spec.end - spec.start))
    return np.array(answer, dtype=bool)


def _rows(quotes: Quotes, kept: np.ndarray) -> list[bytes]:
    """Return the rows as bytes, so that null equals null."""
    columns = [column for name in (*COLUMNS, *OPTIONAL_COLUMNS) if (column := getattr(quotes, name)) is not None]
    books = [repr(quotes.book.row(row)).encode() if quotes.book is not None else b"" for row in range(len(quotes))]
    return sorted(b"".join(column[row].tobytes() for column in columns) + books[row] for row in np.flatnonzero(kept))


@each_fault
@given(data=st.data(), quotes=markets)
@settings(max_examples=8)
def test_intensity_zero_is_the_identity_bit_for_bit(name: str, data: st.DataObject, quotes: Quotes) -> None:
    """And so is a probability of 0."""
    idle = data.draw(specs(st.just(0.0), st.just(name)))
    never = replace(data.draw(specs(name=st.just(name))), probability=0.0)
    injection = inject(quotes, [idle, never], BASKET)
    assert injection.quotes is quotes
    assert (injection.touched, injection.touched_total) == ((0, 0), 0)
    assert (injection.first, injection.last) == (None, None)


@given(markets, st.lists(specs(), max_size=3), specs(st.just(0.0)), st.integers(0, 3))
def test_intensity_zero_is_the_identity_among_other_faults(quotes: Quotes, others: list[FaultSpec], idle: FaultSpec, place: int) -> None:
    """Put anywhere into a list of faults it changes nothing."""
    without = inject(quotes, others, BASKET)
    within = inject(quotes, [*others[:place], idle, *others[place:]], BASKET)
    assert within.quotes.equals(without.quotes)
    assert (within.touched_total, within.first, within.last) == (without.touched_total, without.first, without.last)


@each_fault
@pytest.mark.parametrize("everything", [False, True])
def test_full_intensity_bites(name: str, everything: bool) -> None:
    """Every fault touches something of an ordinary market: none of these properties holds for want of an effect."""
    quotes = market(200, 1, everything=everything)
    injection = inject(quotes, [FaultSpec(name, (0, 1), 10_000_000, 50_000_000, seed=1)], BASKET)
    assert injection.touched_total > 0
    assert not injection.quotes.equals(quotes)


@each_fault
@given(data=st.data(), quotes=markets)
@settings(max_examples=15)
def test_only_chosen_sources_inside_their_windows_are_touched(name: str, data: st.DataObject, quotes: Quotes) -> None:
    """Every other row is still there, to the bit; the touched ones are as many as were counted, and the fault ends with the last of them."""
    spec = data.draw(specs(name=st.just(name)))
    injection = inject(quotes, [spec], BASKET)
    within = inside(quotes, spec)
    left = _rows(injection.quotes, np.ones(len(injection.quotes), dtype=bool))
    for row in _rows(quotes, ~within):
        left.remove(row)
    sent_again = max(len(left) - int(within.sum()), 0)
    before = _rows(quotes, within)
    same = sum(1 for row in left if row in before and not before.remove(row))
    assert injection.touched == (int(within.sum()) - same + sent_again,)
    if injection.last is not None:
        later = quotes.take(quotes.receive_time > injection.last)
        assert injection.quotes.take(injection.quotes.receive_time > injection.last).equals(later)
        sooner = quotes.take(quotes.receive_time < min(injection.first, spec.start))
        assert injection.quotes.take(injection.quotes.receive_time < min(injection.first, spec.start)).equals(sooner)


@each_fault
@given(data=st.data(), quotes=markets)
@settings(max_examples=8)
def test_the_index_changes_nothing(name: str, data: st.DataObject, quotes: Quotes) -> None:
    given_specs = data.draw(st.lists(specs(name=st.just(name) | names), min_size=1, max_size=2))
    plain, indexed = inject(quotes, given_specs, BASKET), inject(quotes, given_specs, BASKET, index=source_index(quotes, len(BASKET)))
    assert indexed.quotes.equals(plain.quotes)
    assert (indexed.touched, indexed.first, indexed.last) == (plain.touched, plain.first, plain.last)


@each_fault
@given(data=st.data(), quotes=markets)
@settings(max_examples=8)
def test_a_broken_stream_is_still_a_stream_of_quotes(name: str, data: st.DataObject, quotes: Quotes) -> None:
    """Whatever is wrong with it: finite numbers or null, times that count, in order of arrival; so a finding of it can be written down and read."""
    broken = inject(quotes, data.draw(st.lists(specs(name=st.just(name) | names), min_size=1, max_size=3)), BASKET).quotes
    columns = {name: getattr(broken, name) for name in (*COLUMNS, *OPTIONAL_COLUMNS, "book")}
    assert Quotes.from_columns(**columns, sources=len(BASKET)).equals(broken)


@each_fault
@given(data=st.data(), quotes=markets)
@settings(max_examples=7)
def test_the_result_is_sorted_by_arrival_the_same_each_time_and_its_input_left_alone(name: str, data: st.DataObject, quotes: Quotes) -> None:
    given_specs = data.draw(st.lists(specs(name=st.just(name) | names), min_size=1, max_size=3))
    copy = quotes.take(np.arange(len(quotes)))
    one, other = (inject(quotes, given_specs, BASKET) for _ in range(2))
    assert quotes.equals(copy)
    assert one.quotes.equals(other.quotes)
    assert one.touched == other.touched
    assert (np.diff(one.quotes.receive_time) >= 0).all()
    assert [getattr(one.quotes, name).dtype for name in COLUMNS] == [getattr(quotes, name).dtype for name in COLUMNS]


@each_fault
@given(data=st.data(), quotes=markets)
@settings(max_examples=8)
def test_specs_apply_in_order_each_on_what_the_former_left(name: str, data: st.DataObject, quotes: Quotes) -> None:
    """As long as nothing is delayed, a list is the same as one after the other."""
    given_specs = data.draw(st.lists(specs(name=st.just(name) | names), min_size=1, max_size=3))
    undelayed = [spec for spec in given_specs if spec.fault not in DELAYING]
    step_by_step = quotes
    counts = []
    for spec in undelayed:
        injection = inject(step_by_step, [spec], BASKET)
        step_by_step = injection.quotes
        counts.append(injection.touched_total)
    at_once = inject(quotes, undelayed, BASKET)
    assert at_once.quotes.equals(step_by_step)
    assert list(at_once.touched) == counts


@each_fault
@given(data=st.data(), quotes=markets, other=st.integers(0, 3))
@settings(max_examples=7)
def test_taking_another_source_away_changes_nothing(name: str, data: st.DataObject, quotes: Quotes, other: int) -> None:
    """What is drawn for a quote is a function of its own time and source: shrinking the basket leaves the rest as it was."""
    spec = data.draw(specs(name=st.just(name)))
    assume(name not in TOGETHER or other not in spec.sources)
    broken = inject(quotes, [spec], BASKET).quotes.without_sources([other])
    assert inject(quotes.without_sources([other]), [spec], BASKET).quotes.equals(broken)


@each_fault
@given(data=st.data(), quotes=markets, share=st.floats(0, 1))
@settings(max_examples=7)
def test_more_intensity_touches_no_fewer_quotes(name: str, data: st.DataObject, quotes: Quotes, share: float) -> None:
    """The quotes that a weaker fault touches are among those of a stronger one (its size is above that of rounding)."""
    spec = data.draw(specs(name=st.just(name)))
    weaker = replace(spec, intensity=spec.intensity * share)
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
        (FaultSpec("spike", (0,), 0, probability=1.5), "spike.probability must be between 0 and 1, was 1.5"),
        (FaultSpec("spike", (0,), 0, burst=0.5), "spike.burst must be a finite number of at least 1, was 0.5"),
        (FaultSpec("spike", (0,), 0, stagger=-1), "spike.stagger must be at least 0 microseconds, was -1; list the sources in the other order"),
        (FaultSpec("spike", (0,), 0, every=5), "spike.every must come with an end, was 5 beside a window without one"),
        (FaultSpec("spike", (0,), 0, 6, every=5), "spike.every must be at least the window's length of 6 microseconds, was 5"),
        (FaultSpec("spike", (0,), 3, 3, every=0), "spike.every must be at least the window's length of 1 microseconds, was 0"),
        (FaultSpec("spike", (0,), 0, 6, until=9), "spike.until must come with every, was 9 beside a window that does not repeat"),
        (FaultSpec("spike", (0,), 4, 6, every=8, until=3), "spike.until must not be before its start 4, was 3"),
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
        (lambda _stream, rows, _spec: Change(rows, {"confidence": np.zeros(len(rows))}), "column confidence"),
        (lambda _stream, rows, _spec: Change(rows, book=Levels.empty(len(rows))), "column book"),
        (lambda _stream, rows, _spec: Change(rows, copies=Copies(np.array([2]), np.array([30]))), "1 copies, some of other sources"),
        (
            lambda _stream, rows, _spec: Change(rows, copies=Copies(rows, np.zeros(len(rows), dtype=int))),
            "2 copies, some of other sources or before its window",
        ),
        (_raise, "failed: ValueError: broken"),
        (lambda *_: None, 'the fault "foreign" must give a Change, gave NoneType'),
        (lambda _stream, rows, _spec: Change(rows, {"price": np.full(len(rows), np.inf)}), "must give finite doubles or NaN as price"),
        (lambda _stream, rows, _spec: Change(rows, {"event_time": np.full(len(rows), -1)}), "must give whole microseconds from 0 to"),
        (lambda _stream, rows, _spec: Change(rows, {"price": np.array(["x"] * len(rows))}), "must give finite doubles"),
        (lambda _stream, rows, _spec: Change("ab", dropped=True), "failed: "),
    ],
)
def test_a_foreign_fault_that_reaches_beyond_its_rows_is_named(monkeypatch, apply, said: str) -> None:
    """Nothing that went wrong inside a third party's fault passes for a result."""
    foreign = Fault("foreign", "value", "reaches too far", sized=False, apply=apply)
    monkeypatch.setattr(inject_module, "fault", lambda _name: foreign)
    with pytest.raises(HarnessError, match=said):
        inject(Quotes.concatenate([_at([10, 20]), _at([30], source=1)]), [FaultSpec("foreign", (0,), 10, 30)], BASKET)
