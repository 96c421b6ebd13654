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

__all__ = ["SIZES", "FaultList", "from_the_start", "garbage", "late", "quorum_losses", "returns", "silences", "values", "volumes"]

FaultList: TypeAlias = tuple[FaultSpec, ...]

SIZES: Final = (6.0, 1.3, 1e6, 1.025, 1.11, 1.2, 1.45, 1e12, 1.009, 2.0, 1e3, 1.055, 1.002, 1.0045, 1.24, 1.9)
"""Factors up; down is their inverse. The telling ones come first, so that a small budget has them."""
_VALUE_FAULTS: Final = ("level", "level", "spike", "decimal", "level")


def values(count: int, n_sources: int, window: tuple[int, int | None], seed: int, *, sources: int = 1) -> tuple[FaultList, ...]:
    """Return twins in each of which the prices of `sources` sources are wrong by one size, up or down."""
    draw = stream("values", seed)
    twins = []
    # half of the batches begin with the telling sizes, the others anywhere: a small batch sees only the first few
    shift = max(int(draw.integers(-len(SIZES), len(SIZES))), 0)
    for k in range(count):
        kind = _VALUE_FAULTS[k % len(_VALUE_FAULTS)]
        size = SIZES[(k // 2 + shift) % len(SIZES)] * float(draw.uniform(0.98, 1.02)) if kind != "decimal" else 10.0 ** (1 + k % 6)
        direction: Literal["up", "down"] = "up" if k % 2 == 0 else "down"
        spec = FaultSpec(
            fault=kind,
            sources=_some(draw, n_sources, sources),
            start=window[0],
            end=window[1],
            intensity=intensity_of_factor(max(size, 1.0 + 1e-6)),
            direction=direction,
            seed=derive("value", seed, k),
        )
        twins.append((spec,))
    return tuple(twins)


def garbage(count: int, n_sources: int, window: tuple[int, int | None], seed: int, *, sources: int = 1) -> tuple[FaultList, ...]:
    """Return twins in which sources send zero, null or negative prices, always or half of the time."""
    draw = stream("garbage", seed)
    return tuple(
        (
            FaultSpec(
                fault=("zero", "null", "negative")[k % 3],
                sources=_some(draw, n_sources, sources),
                start=window[0],
                end=window[1],
                intensity=1.0 if k % 6 < 3 else 0.5,
                seed=derive("garbage", seed, k),
            ),
        )
        for k in range(count)
    )


def silences(count: int, n_sources: int, window: tuple[int, int | None], expect: Expect, seed: int) -> tuple[FaultList, ...]:
    """Return twins in which one, several, or all but «min_sources» sources stop; one freezes; one comes and goes."""
    draw = stream("silences", seed)
    most = max(n_sources - expect.min_sources, 1)
    twins: list[FaultList] = []
    for k in range(count):
        kind = ("stop", "stop", "freeze", "stop", "flap")[k % 5]
        how_many = 1 if kind in ("freeze", "flap") or k % 5 == 0 else (most if k % 5 == 1 else int(draw.integers(1, most + 1)))
        share = 1.0 if kind != "flap" else 0.6
        twins.append(
            (FaultSpec(fault=kind, sources=_some(draw, n_sources, how_many), start=window[0], end=window[1], intensity=share, seed=derive("silence", seed, k)),)
        )
    return tuple(twins)


def late(count: int, n_sources: int, window: tuple[int, int | None], expect: Expect, seed: int) -> tuple[FaultList, ...]:
    """Return twins in which sources are heard late: honestly stamped beyond or within «max_age», or stamped as new."""
    draw = stream("late", seed)
    most = max(n_sources - expect.min_sources, 1)
    twins: list[FaultList] = []
    for k in range(count):
        kind = ("lag", "relabelled-lag", "lag")[k % 3]
        beyond = expect.max_age + 2 * expect.age_margin + int(draw.integers(0, max(expect.max_age // 4, 1)))
        delay = beyond if k % 3 == 0 else max(int(math.exp(draw.uniform(math.log(expect.interval), math.log(expect.max_age)))), 1000)
        how_many = 1 if k % 6 < 3 else int(draw.integers(1, most + 1))
        twins.append(
            (
                FaultSpec(
                    fault=kind,
                    sources=_some(draw, n_sources, how_many),
                    start=window[0],
                    end=window[1],
                    intensity=intensity_of_delay(delay),
                    seed=derive("late", seed, k),
                ),
            )
        )
    return tuple(twins)


def quorum_losses(count: int, n_sources: int, windows: Sequence[tuple[int, int]], expect: Expect, seed: int) -> tuple[FaultList, ...]:
    """Return twins in which, window after window, all but a few sources fall out, so that fewer than «min_sources» are left."""
    draw = stream("quorum", seed)
    twins = []
    for k in range(count):
        left = max(expect.min_sources - 1 - k % max(expect.min_sources, 1), 0)
        faults = []
        for number, (start, end) in enumerate(windows):
            stopped = _some(draw, n_sources, max(n_sources - left, 1))
            # mostly by silence; now and then they still talk, of nothing, or of long ago: heard is not live
            kind = ("stop", "null", "zero", "lag")[k % 4]
            size = intensity_of_delay(end - start) if kind == "lag" else 1.0
            faults.append(FaultSpec(fault=kind, sources=stopped, start=start, end=end, intensity=size, seed=derive("quorum", seed, k, number)))
        twins.append(tuple(faults))
    return tuple(twins)


def from_the_start(count: int, n_sources: int, window: tuple[int, int | None], expect: Expect, seed: int) -> tuple[FaultList, ...]:
    """Return twins that are broken from the first quote on: in turn fewer than «min_sources» sources speak, or one says wrong prices."""
    draw = stream("start", seed)
    wrong = values(count, n_sources, window, derive("start", seed))
    twins = []
    for k in range(count):
        left = max(expect.min_sources - 1 - k // 2 % expect.min_sources, 0)
        mute = FaultSpec(fault="stop", sources=_some(draw, n_sources, n_sources - left), start=window[0], end=window[1], seed=derive("mute", seed, k))
        twins.append((mute,) if k % 2 == 0 else wrong[k])
    return tuple(twins)


def returns(count: int, n_sources: int, windows: Sequence[tuple[int, int]], seed: int) -> tuple[FaultList, ...]:
    """Return twins in which one source falls silent for the first window and comes back with wrong prices in the second."""
    draw = stream("returns", seed)
    wrong = values(count, n_sources, windows[1], derive("returns", seed))
    twins = []
    for k in range(count):
        who = _some(draw, n_sources, 1)
        away = FaultSpec(fault="stop", sources=who, start=windows[0][0], end=windows[0][1], seed=derive("away", seed, k))
        twins.append((away, msgspec.structs.replace(wrong[k][0], sources=who)))
    return tuple(twins)


def volumes(count: int, n_sources: int, window: tuple[int, int | None], seed: int) -> tuple[FaultList, ...]:
    """Return twins in which one source reports volumes far too large, and a price a little off."""
    draw = stream("volumes", seed)
    twins = []
    for k in range(count):
        who = _some(draw, n_sources, 1)
        wash = FaultSpec(fault="wash", sources=who, start=window[0], end=window[1], intensity=(0.25, 0.5, 1.0)[k % 3], seed=derive("wash", seed, k))
        push = FaultSpec(
            fault="level",
            sources=who,
            start=window[0],
            end=window[1],
            intensity=intensity_of_factor(1.03),
            direction="up" if k % 2 else "down",
            seed=derive("push", seed, k),
        )
        twins.append((wash, push))
    return tuple(twins)


def _some(draw: np.random.Generator, n_sources: int, count: int) -> tuple[int, ...]:
    return tuple(sorted(int(position) for position in draw.permutation(n_sources)[: min(max(count, 1), n_sources)]))
