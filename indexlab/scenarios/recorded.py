"""Scenarios on recorded or reconstructed quotes: stretches of a fixture, with faults injected into what was really said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.market.seeds import derive, stream
from indexlab.scenarios import sweeps, sweeps_kinds
from indexlab.scenarios.scenario import Batch, FixtureSlice, Scenario
from indexlab.scenarios.shapes import garbage_shape, limit_shape, quorum_shape, value_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.market.fixture import Fixture
    from indexlab.scenarios.sweeps import FaultList
    from indexlab.scenarios.world import Recipe, World

__all__ = ["recorded_batches"]

_RECIPES: Final[tuple[Recipe, ...]] = ("values", "garbage", "silences", "late", "quorum", "zoo")


def recorded_batches(fixture: Fixture, name: str, world: World, seed: int, count: int) -> tuple[Batch, ...]:
    """Return `count` batches over stretches of a fixture: around its longest silences and its largest moves first, then anywhere by the seed.

    A fixture that is shorter than a stretch is used whole. `name` is the id or folder that finds the fixture again.
    """
    quotes, times = fixture.quotes(), fixture.times()
    if not len(times) or not len(quotes):
        return ()
    centres = _telling(quotes.receive_time, quotes.source, quotes.price, len(fixture.basket))
    draw = stream("recorded", seed, fixture.id)
    batches = []
    for number in range(count):
        recipe = _RECIPES[number % len(_RECIPES)]
        publications = _publications(recipe, world)
        centre = centres[number] if number < len(centres) else int(times[int(draw.integers(0, len(times)))])
        begin = int(np.searchsorted(times, centre)) - publications // 3
        begin = max(min(begin, len(times) - publications), 0)
        part = times[begin : begin + publications]
        span = FixtureSlice(name, int(part[0]) - world.expect.interval, int(part[-1]))
        scenario = Scenario(sources=fixture.basket, fixture=span)
        batches.append(Batch(scenario, _twins(recipe, world, len(fixture.basket), part, derive("recorded", seed, number))))
    return tuple(batches)


def _publications(recipe: Recipe, world: World) -> int:
    expect = world.expect
    if recipe == "quorum":
        return quorum_shape(expect)[0]
    shape = value_shape(expect) if recipe == "values" else garbage_shape(expect) if recipe in ("garbage", "zoo") else limit_shape(expect)
    return shape.publications


def _twins(recipe: Recipe, world: World, n: int, part: NDArray[np.int64], seed: int) -> tuple[FaultList, ...]:
    expect, start, last = world.expect, int(part[0]), int(part[-1])
    count, faulty = world.twins, min(world.expect.faulty_sources, n)
    if recipe == "quorum":
        windows = [(start + a, start + b) for a, b in quorum_shape(expect)[1] if start + b <= last]
        return sweeps.quorum_losses(count, n, windows or [(start + (last - start) // 3, last)], expect, seed)
    if recipe in ("values", "garbage", "zoo"):
        shape = value_shape(expect) if recipe == "values" else garbage_shape(expect)
        window = (start + shape.window_start, start + (shape.window_end or shape.window_start))
        if window[1] > last:
            window = (start + (last - start) // 4, start + (last - start) // 2)
        if recipe == "values":
            return sweeps.values(count, n, window, seed, sources=faulty, thresholds=world.thresholds)
        if recipe == "zoo":
            return sweeps_kinds.zoo(count, n, window, expect, seed, first=seed % (1 << 16), book=world.book)
        return sweeps.garbage(count, n, window, seed, book=world.book)
    window_start = start + min(limit_shape(expect).window_start, (last - start) // 4)
    if recipe == "silences":
        return sweeps.silences(count, n, (window_start, None), expect, seed)
    return sweeps.late(count, n, (window_start, None), expect, seed)


def _telling(received: NDArray[np.int64], source: NDArray[np.int32], price: NDArray[np.float64], n_sources: int) -> list[int]:
    """Return moments worth looking at: before the longest silence of each source, and at its largest moves from one quote to the next."""
    silences: list[tuple[int, int]] = []
    moves: list[tuple[float, int]] = []
    for position in range(n_sources):
        mine = source == position
        times, prices = received[mine], price[mine]
        if len(times) < 2:
            continue
        gap = int(np.argmax(np.diff(times)))
        silences.append((int(times[gap + 1] - times[gap]), int(times[gap])))
        with np.errstate(invalid="ignore", divide="ignore"):
            steps = np.nan_to_num(np.abs(np.diff(prices) / prices[:-1]), posinf=np.inf)
        step = int(np.argmax(steps))
        moves.append((float(steps[step]), int(times[step])))
    silences.sort(reverse=True)
    moves.sort(reverse=True)
    # each recipe sees the longest silence, then the largest move
    return [moment for _, moment in silences[:1] for _ in _RECIPES] + [moment for _, moment in moves[:1] for _ in _RECIPES]
