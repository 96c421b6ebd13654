"""Sweeps: the fault lists of a batch's twins, over source × size × kind. Pure functions of a seed.

Sizes are swept in a coarse logarithmic grid that is dense where bands usually lie and reaches over 24 decades.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from indexlab.faults.sizes import intensity_of_delay, intensity_of_factor
from indexlab.faults.spec import FaultSpec
from indexlab.market.seeds import derive, stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from indexlab.scenarios.expect import Expect

__all__ = ["SIZES", "FaultList", "from_the_start", "garbage", "late", "quorum_losses", "returns", "silences", "some", "values", "volumes"]

FaultList: TypeAlias = tuple[FaultSpec, ...]

SIZES: Final = (
    *(6.0, 1.3, 1e6, 1.025, 1.11, 1.2, 1.45, 1e12, 1.009, 2.0, 1e3, 1.055, 1.002, 1.0045, 1.24, 1.9),
    *(10.0, 1e9, 1.016, 1.035, 1e2, 1.08, 1.16, 3.0, 1e4, 1.006, 1e7, 1.6, 1e5, 1.0012, 1e10, 1.36, 1e8, 1e11),
)
"""Factors up; down is their inverse: every decade up to 10^12, and close together where bands lie. The telling ones come first, so that a small budget has
them."""
NEAR: Final = (1e-2, -1e-2, 1e-6, -1e-6)
"""How far beyond (above 0) or within a declared threshold a size is, relative to it."""
_PUSHES: Final = (1.03, 1.012, 1.045, 1.09, 1.005, 1.2, 1.6, 2.5)
"""How far off the price is that a volume is made up for: within the usual bands, and beyond."""
_VALUE_FAULTS: Final = ("level", "level", "spike", "decimal", "level")


def values(
    count: int, n_sources: int, window: tuple[int, int | None], seed: int, *, sources: int = 1, thresholds: Sequence[float] = ()
) -> tuple[FaultList, ...]:
    """Return twins in each of which the prices of `sources` sources are wrong by one size, up or down; every third by a declared threshold and a bit."""
    draw = stream("values", seed)
    twins = []
    # half of the batches begin with the telling sizes, the others anywhere: a small batch sees only the first few
    shift = max(int(draw.integers(-len(SIZES), len(SIZES))), 0)
    for k in range(count):
        kind = _VALUE_FAULTS[k % len(_VALUE_FAULTS)]
        size = SIZES[(k // 2 + shift) % len(SIZES)] * float(draw.uniform(0.98, 1.02)) if kind != "decimal" else 10.0 ** (1 + k % 6)
        direction: Literal["up", "down"] = "up" if k % 2 == 0 else "down"
        if thresholds and k % 3 == 2:
            # over the sides of each threshold, then over the thresholds, then over how near
            turn, kind = k // 6, "level"
            direction = "up" if k // 3 % 2 == 0 else "down"
            size = _at_threshold(thresholds[turn % len(thresholds)], NEAR[turn // len(thresholds) % len(NEAR)], direction)
        spec = FaultSpec(
            fault=kind,
            sources=some(draw, n_sources, sources),
            start=window[0],
            end=window[1],
            intensity=intensity_of_factor(max(size, 1.0 + 1e-6)),
            direction=direction,
            seed=derive("value", seed, k),
        )
        twins.append((spec,))
    return tuple(twins)


def _at_threshold(threshold: float, beyond: float, direction: Literal["up", "down"]) -> float:
    # a band of 5 % ends at 1.05 above and at 0.95 below, which is a factor of 1 / 0.95 down
    share = threshold * (1.0 + beyond)
    return 1.0 / (1.0 - share) if direction == "down" and share < 1.0 else 1.0 + share


def garbage(count: int, n_sources: int, window: tuple[int, int | None], seed: int, *, sources: int = 1, book: bool = False) -> tuple[FaultList, ...]:
    """Return twins in which sources send zero, null or negative prices, or bad books where a `book` is sent, always or half of the time.

    In every eighth twin several sources do, one after another; in another eighth one source says first one kind, then another; a crossed book is now and then
    beside a price that is off.
    """
    draw = stream("garbage", seed)
    kinds = ("zero", "null", "negative", "crossed-book", "null", "empty-side", "zero") if book else ("zero", "null", "negative")
    twins: list[FaultList] = []
    for k in range(count):
        mark = derive("garbage", seed, k)
        if kinds[k % len(kinds)] == "empty-side":
            # null first, then 0
            mark = mark // 2 * 2 + k // len(kinds) % 2
        spec = FaultSpec(
            fault=kinds[k % len(kinds)],
            sources=some(draw, n_sources, sources),
            start=window[0],
            end=window[1],
            intensity=1.0 if k % (2 * len(kinds)) < len(kinds) else 0.5,
            direction="up" if k % 4 < 2 else "down",
            seed=mark,
        )
        if k % 8 == 7 and n_sources >= 5 and window[1] is not None:
            twins.append(_in_turn(draw, spec, n_sources))
        elif k % 8 == 3 and window[1] is not None:
            middle = (window[0] + window[1]) // 2
            kind = "null" if spec.fault == "zero" else "zero"
            twins.append((msgspec.structs.replace(spec, end=middle, intensity=1.0), msgspec.structs.replace(spec, fault=kind, start=middle, intensity=1.0)))
        elif spec.fault == "crossed-book":
            twins.append((msgspec.structs.replace(spec, fault="level", intensity=intensity_of_factor(1.02 if k % 4 else 1.3)), spec))
        else:
            twins.append((spec,))
    return tuple(twins)


def _in_turn(draw: np.random.Generator, spec: FaultSpec, n_sources: int) -> FaultList:
    who = draw.permutation(n_sources)[:3]
    third = ((spec.end or spec.start) - spec.start) // 3
    return tuple(
        msgspec.structs.replace(spec, sources=(int(each),), start=spec.start + turn * third, end=spec.start + (turn + 1) * third)
        for turn, each in enumerate(who)
    )


def silences(count: int, n_sources: int, window: tuple[int, int | None], expect: Expect, seed: int) -> tuple[FaultList, ...]:
    """Return twins in which one, several, or all but «min_sources» sources stop; one freezes, repeats itself, thins out, or comes and goes."""
    draw = stream("silences", seed)
    most = max(n_sources - expect.min_sources, 1)
    twins: list[FaultList] = []
    for k in range(count):
        kind = ("stop", "stop", ("freeze", "freeze-stamped", "replay")[k // 5 % 3], "stop", ("flap", "gap", "thin")[k // 5 % 3])[k % 5]
        how_many = 1 if kind != "stop" or k % 5 == 0 else (most if k % 5 == 1 else int(draw.integers(1, most + 1)))
        share = 1.0 if kind not in ("flap", "thin") else 0.6
        twins.append(
            (FaultSpec(fault=kind, sources=some(draw, n_sources, how_many), start=window[0], end=window[1], intensity=share, seed=derive("silence", seed, k)),)
        )
    return tuple(twins)


def late(count: int, n_sources: int, window: tuple[int, int | None], expect: Expect, seed: int) -> tuple[FaultList, ...]:
    """Return twins in which sources are heard late: honestly stamped beyond or within «max_age», or stamped as new."""
    draw = stream("late", seed)
    most = max(n_sources - expect.min_sources, 1)
    twins: list[FaultList] = []
    for k in range(count):
        kind = ("lag", ("relabelled-lag", "skew", "jitter", "out-of-order", "burst", "drift")[k // 3 % 6], "lag")[k % 3]
        beyond = expect.max_age + 2 * expect.age_margin + int(draw.integers(0, max(expect.max_age // 4, 1)))
        delay = beyond if k % 3 == 0 else max(int(math.exp(draw.uniform(math.log(expect.interval), math.log(expect.max_age)))), 1000)
        how_many = 1 if k % 6 < 3 or kind not in ("lag", "relabelled-lag") else int(draw.integers(1, most + 1))
        twins.append(
            (
                FaultSpec(
                    fault=kind,
                    sources=some(draw, n_sources, how_many),
                    start=window[0],
                    end=window[1],
                    intensity=intensity_of_delay(delay),
                    direction="down" if kind in ("skew", "drift") else "up",
                    seed=derive("late", seed, k),
                ),
            )
        )
    return tuple(twins)


def quorum_losses(count: int, n_sources: int, windows: Sequence[tuple[int, int]], expect: Expect, seed: int, *, book: bool = False) -> tuple[FaultList, ...]:
    """Return twins in which, window after window, all but a few sources fall out, so that fewer than «min_sources» are left.

    In every twelfth twin one source is far off for a moment at the start of each window, and right until the next: who was out may come back each time.
    """
    draw = stream("quorum", seed)
    twins: list[FaultList] = []
    for k in range(count):
        if k % 12 == 8:
            who, mark, size = some(draw, n_sources, 1), derive("strikes", seed, k), intensity_of_factor(1.3 if k % 24 == 8 else 6.0)
            twins.append(tuple(FaultSpec("level", who, start, start + 3 * expect.interval, size, seed=mark) for start, _ in windows))
            continue
        left = max(expect.min_sources - 1 - k % max(expect.min_sources, 1), 0)
        faults = []
        for number, (start, end) in enumerate(windows):
            stopped = some(draw, n_sources, max(n_sources - left, 1))
            # mostly by silence; now and then they still talk, of nothing, or of long ago: heard is not live
            kinds = ("stop", "null", "zero", "lag", "freeze-stamped", "negative", "skew", *(("crossed-book",) if book else ()))
            kind = kinds[k % len(kinds)]
            size = intensity_of_delay(end - start) if kind in ("lag", "skew") else 1.0
            faults.append(FaultSpec(fault=kind, sources=stopped, start=start, end=end, intensity=size, seed=derive("quorum", seed, k, number)))
        twins.append(tuple(faults))
    return tuple(twins)


def from_the_start(count: int, n_sources: int, window: tuple[int, int | None], expect: Expect, seed: int) -> tuple[FaultList, ...]:
    """Return twins that are broken from the first quote on: in turn fewer than «min_sources» sources speak, one says wrong prices, is silent, says no price."""
    draw = stream("start", seed)
    wrong = values(count, n_sources, window, derive("start", seed))
    bad = garbage(count, n_sources, window, derive("start", seed))
    twins = []
    for k in range(count):
        left = max(expect.min_sources - 1 - k // 4 % expect.min_sources, 0)
        silent = n_sources - left if k % 4 == 0 else 1
        mute = FaultSpec(fault="stop", sources=some(draw, n_sources, silent), start=window[0], end=window[1], seed=derive("mute", seed, k))
        twins.append(wrong[k] if k % 2 else (mute,) if k % 4 == 0 or k % 8 == 2 else bad[k // 8])
    return tuple(twins)


def returns(count: int, n_sources: int, windows: Sequence[tuple[int, int]], seed: int) -> tuple[FaultList, ...]:
    """Return twins in which one source falls silent for the first window and comes back with wrong prices in the second."""
    draw = stream("returns", seed)
    wrong = values(count, n_sources, windows[1], derive("returns", seed))
    twins = []
    for k in range(count):
        who = some(draw, n_sources, 1)
        away = FaultSpec(fault="stop", sources=who, start=windows[0][0], end=windows[0][1], seed=derive("away", seed, k))
        twins.append((away, msgspec.structs.replace(wrong[k][0], sources=who)))
    return tuple(twins)


def volumes(count: int, n_sources: int, window: tuple[int, int | None], seed: int) -> tuple[FaultList, ...]:
    """Return twins in which one source reports volumes far too large (now and then none, or null), and a price that is off."""
    draw = stream("volumes", seed)
    twins = []
    for k in range(count):
        who = some(draw, n_sources, 1)
        kind = "wash" if k % 8 < 6 else ("volume-zero", "volume-null")[k % 2]
        share = (0.25, 0.5, 1.0, 0.1)[k % 4] if kind == "wash" else 1.0
        wash = FaultSpec(fault=kind, sources=who, start=window[0], end=window[1], intensity=share, seed=derive("wash", seed, k))
        push = FaultSpec(
            fault="level",
            sources=who,
            start=window[0],
            end=window[1],
            intensity=intensity_of_factor(_PUSHES[k // 2 % len(_PUSHES)]),
            direction="up" if k % 2 else "down",
            seed=derive("push", seed, k),
        )
        twins.append((wash, push))
    return tuple(twins)


def some(draw: np.random.Generator, n_sources: int, count: int) -> tuple[int, ...]:
    """Return `count` positions of so many sources (at least one, at most all), in order."""
    return tuple(sorted(int(position) for position in draw.permutation(n_sources)[: min(max(count, 1), n_sources)]))
