"""Sweeps that learn: over one market, every source at every size; then closer and closer to where neighbours differ in kind; then a hair around the borders.

A border is where a rule of the target takes hold (a band, a clamp, a guard), whether or not the target declares it. One sweep is a unit of work of its own:
what it has learned stays in it, so that the same seed gives the same findings under any number of workers.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np

from indexlab.audit.tally import Tally
from indexlab.market.seeds import derive, stream
from indexlab.properties.agreement import partings
from indexlab.properties.words import clean_range, displacement
from indexlab.scenarios.baskets import FEWEST, FEWEST_SHARED, MOST, drawn_basket
from indexlab.scenarios.currencies import rates_for
from indexlab.scenarios.grids import Point, around, between, factors, twin
from indexlab.scenarios.scenario import Batch, Scenario
from indexlab.scenarios.shapes import LEVELS, STARTS, market_for, value_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from indexlab.audit.judge import Judge
    from indexlab.market.synthetic import Regime
    from indexlab.properties.run import Run
    from indexlab.scenarios.recipes import World

__all__ = ["STEPS", "sweep"]

STEPS: Final = 100
"""A sweep has fewer batches than this: its scenarios are numbered in steps of so many."""
_REGIMES: Final[tuple[Regime, ...]] = ("calm", "calm", "calm", "trending", "volatile", "crash", "calm", "rally")
"""Mostly quiet ones: there a border stands where the rule has it."""
_LARGEST_BATCH: Final = 256
_MOST_CELLS: Final = 400_000
"""So many publications times sources times twins at once: memory stays bounded however long a run is."""
_FLAT: Final = 1e-7
_LEAST_SLOPE: Final = 1e-3
"""An index follows a source where it moves by at least this share of how much further the source is off."""
_SAME_BORDER: Final = 1e-3
_KINDS: Final = 256
"""So many kinds of what happened to one index there are at most."""


class _Scale(NamedTuple):
    """How wide a sweep is: how many sources and sizes (0: all), into how many parts a gap is cut how often, borders looked at, windows around them."""

    sources: int
    sizes: int
    parts: int
    rounds: int
    gaps: int
    borders: int
    windows: int


_WIDE: Final = _Scale(sources=0, sizes=0, parts=8, rounds=4, gaps=40, borders=8, windows=5)
_NARROW: Final = _Scale(sources=1, sizes=14, parts=4, rounds=2, gaps=2, borders=1, windows=1)
"""For a target whose evaluations are dear."""


class _Gap(NamedTuple):
    """Two neighbours that differ in kind: there is a border between them."""

    source: int
    low: float
    high: float
    kinds: tuple[int, int]


def sweep(judge: Judge, world: World, seed: int, number: int, enough: Callable[[], bool], *, sparing: bool) -> Iterator[Tally]:
    """Sweep one market, a function of (seed, number) and the target alone; yields what each batch gave."""
    scale = _NARROW if sparing else _WIDE
    # what is compared with other runs than the clean twin would cost more than the sweep itself
    judge = replace(judge, properties=tuple(prop for prop in judge.applicable if not set(prop.needs) - {"against"}))
    base, who, window = _market(world, seed, number, scale)
    step = iter(range(number, number + STEPS))
    sizes = factors(world.thresholds)
    if scale.sizes:
        sizes = tuple(sizes[place] for place in np.unique(np.linspace(0, len(sizes) - 1, scale.sizes).astype(int)))
    gaps: list[_Gap] = []
    for part in _parts([Point(source, factor, *window) for source in who for factor in sizes], base, whole=len(sizes)):
        run, tally = _judged(judge, base, part, next(step), seed)
        gaps += _gaps(part, _kinds(run, part), len(sizes))
        yield tally
        if enough():
            return
    gaps = _distinct(gaps, scale.gaps)
    for _ in range(scale.rounds):
        if not gaps:
            break
        points = [Point(gap.source, factor, *window) for gap in gaps for factor in (gap.low, *between(gap.low, gap.high, scale.parts), gap.high)]
        run, tally = _judged(judge, base, points, next(step), seed)
        kinds = _kinds(run, points)
        # of what kind the ends are is known: from here the one nearer to 1 has no neighbour to be compared with
        kinds[:: scale.parts + 1] = [gap.kinds[0] for gap in gaps]
        kinds[scale.parts :: scale.parts + 1] = [gap.kinds[1] for gap in gaps]
        gaps = _distinct(_gaps(points, kinds, scale.parts + 1), scale.gaps)
        yield tally
        if enough():
            return
    borders = _borders(gaps)
    yield Tally(borders={_named(low): 1 for low, _ in borders})
    borders = borders[: scale.borders]
    yield from _around(judge, base, who, borders, scale, step, seed, window, enough)


def _market(world: World, seed: int, number: int, scale: _Scale) -> tuple[Scenario, list[int], tuple[int, int]]:
    draw = stream("sweep", seed, number)
    place = number // STEPS
    shared = world.expect.independence
    count = int(draw.integers(FEWEST_SHARED if shared else FEWEST, MOST + 1))
    basket = world.basket or drawn_basket(count, derive("sweep", seed, number), mixed=world.converts, shared=shared)
    shape = value_shape(world.expect)
    market = market_for(
        world.expect,
        _REGIMES[place % len(_REGIMES)],
        shape.publications,
        derive("sweep-market", seed, number),
        start=STARTS[int(draw.integers(0, len(STARTS)))],
        price=LEVELS[int(draw.integers(0, len(LEVELS)))],
        book=world.book,
    )
    market = msgspec.structs.replace(market, columns=world.columns)
    rates = rates_for(basket) if world.converts else ()
    who = [int(position) for position in draw.permutation(len(basket))]
    window = (shape.window_start, shape.window_end or shape.window_start + world.expect.interval)
    return Scenario(sources=basket, market=market, rates=rates), who[: scale.sources or len(who)], window


def _parts(points: list[Point], base: Scenario, *, whole: int = 1) -> Iterator[list[Point]]:
    """Cut a list into batches that memory has room for; `whole` points that belong together stay together."""
    publications = 1 if base.market is None else base.market.publications
    most = max(min(_LARGEST_BATCH, _MOST_CELLS // max(publications * len(base.sources), 1)), 1)
    size = max(most // whole, 1) * whole
    for first in range(0, len(points), size):
        yield points[first : first + size]


def _judged(judge: Judge, base: Scenario, points: Sequence[Point], number: int, seed: int) -> tuple[Run, Tally]:
    begin = 0 if base.market is None else base.market.start
    batch = Batch(base, tuple(twin(point, begin) for point in points))
    run = judge.recorded(batch, judge.setting(seed, ()))
    return run, judge.judged(run, number, seed)


def _kinds(run: Run, points: Sequence[Point]) -> NDArray[np.int64]:
    """Return a code for what happened in each twin, [points]; -1 where the target failed on it.

    Twins are of one kind where the index was moved at all, moved beyond the promise, without a value, of the same statuses, and grew with the size; where it is
    held against another target's, where that one's are of one kind, too, and the two agree or do not.
    """
    codes = np.full(len(points), -1, dtype=np.int64)
    if not run.numbers:
        return codes
    code = _kinds_of_one(run, points)
    against = run.against
    theirs = () if against is None else tuple(trace for trace in (against.clean_trace, *against.broken_traces) if trace is not None)
    if len(theirs) == 1 + len(run.twins):
        part = partings([run.clean_trace, *run.broken_traces], list(theirs), run.expect).anywhere[1:].any(axis=1)
        code = (code * 2 + part) * _KINDS + _kinds_of_one(replace(run, clean_trace=theirs[0], broken_traces=theirs[1:]), points)
    codes[np.asarray(run.numbers)] = code
    return codes


def _kinds_of_one(run: Run, points: Sequence[Point]) -> NDArray[np.int64]:
    """Return a code for what happened in each twin that was answered."""
    lowest, highest, _, _ = clean_range(run.times, run.clean.value[0], run.expect.interval)
    moved = displacement(run.broken.value, lowest[None, :], highest[None, :]).max(axis=1)
    kept = np.asarray(run.numbers)
    grows = _grows(moved, np.array([points[k].factor for k in kept]))
    status = (1 << run.broken.status.astype(np.int64)).max(axis=1)
    return np.asarray(status * 16 + run.broken.missing.any(axis=1) * 8 + (moved > _FLAT) * 4 + (moved > run.expect.max_displacement) * 2 + grows)


def _grows(moved: NDArray[np.float64], factor: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say where what is further off moves the index further: compared with the neighbour nearer to 1, or the other one where there is none."""
    distance = np.abs(np.log(factor))
    same_side = (factor[1:] > 1) == (factor[:-1] > 1)
    outward = np.sign(distance[1:] - distance[:-1]) * same_side  # 1: the later one is further off
    steeper = (moved[1:] - moved[:-1]) * outward > _LEAST_SLOPE * np.abs(distance[1:] - distance[:-1])
    grows = np.zeros(len(moved), dtype=np.bool_)
    grows[1:][outward > 0] = steeper[outward > 0]
    grows[:-1][outward < 0] = steeper[outward < 0]
    # the nearest to 1 has no neighbour nearer: it is like the next one
    known = np.zeros(len(moved), dtype=np.bool_)
    known[1:] |= outward > 0
    known[:-1] |= outward < 0
    after = np.concatenate((grows[1:], [False])) & np.concatenate((outward > 0, [False]))
    ahead = np.concatenate(([False], grows[:-1])) & np.concatenate(([False], outward < 0))
    return np.where(known, grows, after | ahead)


def _gaps(points: Sequence[Point], kinds: NDArray[np.int64], size: int) -> list[_Gap]:
    """Return where neighbours differ in kind; every `size` points stand in a row of their own."""
    found = []
    for place, (one, other) in enumerate(pairwise(points)):
        neighbours = (place + 1) % size and (one.factor - 1.0) * (other.factor - 1.0) > 0
        if neighbours and kinds[place] != kinds[place + 1] and min(kinds[place], kinds[place + 1]) >= 0:
            found.append(_Gap(one.source, one.factor, other.factor, (int(kinds[place]), int(kinds[place + 1]))))
    return found


def _distinct(gaps: list[_Gap], most: int) -> list[_Gap]:
    """Return one gap for each stretch of sizes, narrowest first in their order of sources: the same rule stands at the same place for every source."""
    seen: dict[tuple[float, float], _Gap] = {}
    for gap in gaps:
        seen.setdefault((round(gap.low, 9), round(gap.high, 9)), gap)
    return list(seen.values())[:most]


def _borders(gaps: Sequence[_Gap]) -> list[tuple[float, float]]:
    """Return the last size on either side of each border, the ones nearest to 1 first; borders that lie together count once."""
    found: list[tuple[float, float]] = []
    for gap in sorted(gaps, key=lambda gap: abs(np.log(gap.low))):
        if all(abs(gap.low / low - 1.0) > _SAME_BORDER * min(abs(low - 1.0), 1.0) for low, _ in found):
            found.append((gap.low, gap.high))
    return found


def _named(factor: float) -> str:
    """Return how a size is spoken of: +5.00 %, or a factor where it is far off."""
    return f"{factor - 1.0:+.2%}" if 0.5 < factor < 2.0 else f"×{factor:.3g}"


def _around(  # noqa: PLR0913, PLR0917 - what a sweep has in hand by then
    judge: Judge,
    base: Scenario,
    who: Sequence[int],
    borders: Sequence[tuple[float, float]],
    scale: _Scale,
    step: Iterator[int],
    seed: int,
    window: tuple[int, int],
    enough: Callable[[], bool],
) -> Iterator[Tally]:
    """Judge the sizes at each border and a hair off, at the moments that count: around a publication, at the age limit, when the source comes back."""
    interval = 1 if base.market is None else base.market.interval
    start, end = window
    windows = [
        Point(0, 1.0, start, end, "again"),
        Point(0, 1.0, start, start + interval, "silent"),
        Point(0, 1.0, start - interval // 2, start + interval // 2),
        Point(0, 1.0, start - 1, start + 2 * interval),
        Point(0, 1.0, start + 1, start + interval + 1, "again"),
    ][: scale.windows]
    sizes = [size for low, high in borders for edge in (low, high) for size in around(edge) if size > 0]
    points = [shape._replace(source=source, factor=size) for shape in windows for source in who for size in sizes]
    for part in _parts(points, base):
        _, tally = _judged(judge, base, part, next(step), seed)
        yield tally
        if enough():
            return
