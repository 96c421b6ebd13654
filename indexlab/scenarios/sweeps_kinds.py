"""Sweeps over the kinds of faults: every one of the catalogue, two of them at once, a third party's. Pure functions of a seed; times in microseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.faults.registry import BUNDLED, fault, fault_names
from indexlab.faults.spec import FaultSpec
from indexlab.market.errors import InputError
from indexlab.market.seeds import derive, stream
from indexlab.scenarios.sweeps import some

if TYPE_CHECKING:
    import numpy as np

    from indexlab.scenarios.expect import Expect
    from indexlab.scenarios.sweeps import FaultList

__all__ = ["foreign_faults", "pairs", "third_party", "zoo"]

_BOOKS: Final = ("crossed-book", "empty-side")
"""Faults of the book alone."""
_GARBAGE: Final = ("null", "zero", "negative", "huge", "tiny", *_BOOKS)
_OUT_OF_TURN: Final = ("replay", "out-of-order", "jitter", "reorder-across-sources")
"""Faults after which an observation comes later than one that is newer: whether one that is no price then counts, statements leave open."""
_INTENSITIES: Final = (1.0, 0.5, 0.0018, 0.01, 0.1, 0.7, 0.0035, 0.3)
"""As a size 0.0018 is 5 %, 0.01 a third, 0.1 a factor of 16; as a delay 0.5 is 2 s, 0.7 half a minute."""
_SHARES: Final = (1.0, 0.5, 0.3)
"""Shares of the quotes for faults without a size."""
_A_PLACE: Final = 0.1
"""A decimal point that is off is so by a place at least."""


def zoo(count: int, n_sources: int, window: tuple[int, int], expect: Expect, seed: int, *, first: int = 0, book: bool = False) -> tuple[FaultList, ...]:
    """Return twins that between them have every fault of the catalogue in turn, from number `first` on, each in one source."""
    draw = stream("zoo", seed)
    names = _names(book=book)
    return tuple((_drawn(draw, names[(first + k) % len(names)], n_sources, window, expect, derive("zoo", seed, k)),) for k in range(count))


def pairs(count: int, n_sources: int, window: tuple[int, int], expect: Expect, seed: int, *, book: bool = False) -> tuple[FaultList, ...]:
    """Return twins in which one source has two faults of the catalogue at once, the second of which acts on what the first left."""
    draw = stream("pairs", seed)
    names = _names(book=book)
    twins = []
    for k in range(count):
        one = _drawn(draw, names[int(draw.integers(len(names)))], n_sources, window, expect, derive("pair", seed, k, 0))
        kind = names[int(draw.integers(len(names)))]
        if {one.fault, kind} & {*_GARBAGE} and {one.fault, kind} & {*_OUT_OF_TURN}:
            kind = "level"
        twins.append((one, _drawn(draw, kind, n_sources, window, expect, derive("pair", seed, k, 1), who=one.sources)))
    return tuple(twins)


def foreign_faults() -> tuple[str, ...]:
    """Return the names of the faults that third parties brought."""
    return tuple(name for name in fault_names() if name not in BUNDLED)


def third_party(count: int, name: str, n_sources: int, window: tuple[int, int], expect: Expect, seed: int) -> tuple[FaultList, ...]:
    """Return twins that have a third party's fault in one source, at several intensities; in a batch of their own, it takes no other along if it raises."""
    draw = stream("third-party", seed, name)
    return tuple((_drawn(draw, name, n_sources, window, expect, derive("third-party", seed, k)),) for k in range(count))


def _is_sized(name: str) -> bool:
    try:
        return fault(name).sized
    except InputError:  # a third party's that cannot be had: injecting it says so
        return False


def _names(*, book: bool) -> tuple[str, ...]:
    return tuple(name for name in BUNDLED if book or name not in _BOOKS)


def _drawn(
    draw: np.random.Generator, name: str, n_sources: int, window: tuple[int, int], expect: Expect, seed: int, *, who: tuple[int, ...] | None = None
) -> FaultSpec:
    # what is delivered in another order needs others to change places with
    chosen = some(draw, n_sources, 3 if name == "reorder-across-sources" else 1)
    size = float(draw.choice(_INTENSITIES if _is_sized(name) else _SHARES))
    plain = FaultSpec(
        fault=name,
        sources=chosen if who is None else who,
        start=window[0],
        end=window[1],
        intensity=max(size, _A_PLACE) if name == "decimal" else size,
        direction="up" if draw.random() < 0.5 else "down",
        seed=seed,
    )
    manner = draw.random()
    if manner < 0.15:
        return msgspec.structs.replace(plain, probability=0.5, burst=float(draw.choice([1.0, 5.0])))
    if manner < 0.3:
        span = max((window[1] - window[0]) // 8, expect.interval)
        return msgspec.structs.replace(plain, end=window[0] + span, every=2 * span, until=window[1])
    return plain
