"""Counter-based randomness: every stream is a function of its key alone, so case i is the same on every machine and under any order.

Two forms: a Philox generator for a keyed stream of draws, and a hash that gives each event its own uniform number, which
stays the same when other events are added or taken away (shrinking relies on that).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["derive", "event_uniform", "stream"]

_MASK = (1 << 64) - 1


def derive(*parts: int | str) -> int:
    """Return a 63-bit seed from its parts, stable across versions of Python and NumPy."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def stream(*parts: int | str) -> np.random.Generator:
    """Return a generator of its own for this key (Philox, counter from zero)."""
    return np.random.Generator(np.random.Philox(key=derive(*parts)))


def event_uniform(seed: int, times: NDArray[np.int64], sources: NDArray[np.int32], salt: int = 0) -> NDArray[np.float64]:
    """Return a uniform number in [0, 1) for each event from (seed, its time, its source), whatever else is in the stream.

    `times` in microseconds and `sources` have equal length; a SplitMix64 finaliser does the mixing.
    """
    with np.errstate(over="ignore"):
        x = times.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x ^= (sources.astype(np.uint64) + np.uint64(1)) * np.uint64(0xD1B54A32D192ED03)
        x += np.uint64((seed * 0xA24BAED4963EE407 + salt * 0x9FB21C651E98DF25) & _MASK)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            x ^= x >> np.uint64(shift)
            x *= np.uint64(factor)
        x ^= x >> np.uint64(31)
    return (x >> np.uint64(11)).astype(np.float64) * 2.0**-53
