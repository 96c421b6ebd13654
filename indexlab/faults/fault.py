"""What every fault is made of: it is shown a stream and the rows it may touch, and says what becomes of them.

A fault is a pure function. It can reach no other row than those it is given: it hands back values for rows, and `inject` writes them.
So that a fault touches only its sources inside its window is no matter of care.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from indexlab.market.seeds import derive, event_uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.spec import FaultSpec
    from indexlab.market.quotes import Quotes

__all__ = ["PRICES", "Change", "Fault", "Stream", "chosen"]

PRICES = ("price", "bid", "ask")
"""The columns that value faults act on alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Quotes as the former faults left them, and when each would have been received undisturbed (int64 microseconds, the clock of windows)."""

    quotes: Quotes
    undisturbed: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What a fault does to `rows`: drops them, or puts `values` (column name → one value a row) in their place."""

    rows: NDArray[np.intp]
    values: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    dropped: bool = False


Apply: TypeAlias = "Callable[[Stream, NDArray[np.intp], FaultSpec], Change]"


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault: `sized` says whether intensity is a size (in logarithm) or a share of quotes; `scale` says it in words.

    `apply(stream, rows, spec)` gets the rows of the chosen sources inside the window, in order of arrival, at least one, and an intensity
    above 0. `example` is the intensity that `indexlab faults show` draws.
    """

    name: str
    family: str
    summary: str
    sized: bool
    apply: Apply
    scale: str = "the share of the quotes in the window that it touches"
    example: float = 1.0


def chosen(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> NDArray[np.intp]:
    """Return the share `spec.intensity` of the rows: each by a number of its own, which other quotes have no part in."""
    if spec.intensity >= 1:
        return rows
    quotes = stream.quotes
    salt = derive(spec.fault)
    return rows[event_uniform(spec.seed, quotes.event_time[rows], quotes.source[rows], salt) < spec.intensity]
