"""What every fault is made of: it is shown a stream and the rows it may touch, and says what becomes of them.

A fault is a pure function. It can reach no other row than those it is given: it hands back values for rows, and `inject` writes them.
So that a fault touches only its sources inside its window is no matter of care.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from indexlab.market.seeds import derive, event_uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.spec import FaultSpec
    from indexlab.market.levels import Levels
    from indexlab.market.quotes import Quotes

__all__ = ["FAMILIES", "PRICES", "Change", "Copies", "Fault", "Stream", "chosen", "is_chosen", "uniform"]

PRICES = ("price", "bid", "ask")
"""The columns that value faults act on alike, beside the confidence and the book's levels where there are any."""
FAMILIES = {
    "silence": "messages do not come",
    "frozen": "messages come, and say what was said before",
    "lag": "messages come late",
    "clock": "the event times are wrong",
    "value": "the price is wrong",
    "garbage": "the price is no price",
    "volume": "the volume is wrong",
    "quote": "the price is in other money",
    "market": "the price was really paid, on this venue alone",
    "shared": "several sources are wrong together",
    "delivery": "messages come twice, never or in another order",
}
"""The families of faults, in the order in which they are listed."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Quotes as the former faults left them, and when each would have been received undisturbed (int64 microseconds, the clock of windows)."""

    quotes: Quotes
    undisturbed: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """Messages that are sent again: copies of `rows` (of the fault's own sources, inside its window or before it), received at `receive_time`, microseconds.

    A copy is what its row was before this fault. None is received before the fault's first window begins.
    """

    rows: NDArray[np.intp]
    receive_time: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What a fault does to `rows`: drops them, or puts `values` (column name → one value a row) and `book` (one a row) in their place; or it sends `copies`."""

    rows: NDArray[np.intp]
    values: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    dropped: bool = False
    book: Levels | None = None
    copies: Copies | None = None


Apply: TypeAlias = "Callable[[Stream, NDArray[np.intp], FaultSpec], Change]"


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault: `sized` says whether intensity is a size (in logarithm) or a share of quotes; `scale` says it in words.

    `apply(stream, rows, spec)` gets the rows of the chosen sources inside the window, in order of arrival, at least one, and an intensity
    above 0. Where it is `directed`, up and down differ. `example` is the intensity that `indexlab faults show` draws, with `example_direction` and
    `example_seed`.
    """

    name: str
    family: str
    summary: str
    sized: bool
    apply: Apply
    scale: str = "the share of the quotes in the window that it touches"
    example: float = 1.0
    example_direction: Literal["up", "down"] = "up"
    example_seed: int = 1
    directed: bool = False


def is_chosen(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> NDArray[np.bool_]:
    """Say which of the rows are in the share `spec.intensity`: each by a number of its own, which other quotes have no part in."""
    return uniform(stream, rows, spec, spec.fault) < spec.intensity


def chosen(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> NDArray[np.intp]:
    """Return the share `spec.intensity` of the rows."""
    return rows if spec.intensity >= 1 else rows[is_chosen(stream, rows, spec)]


def uniform(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec, salt: str) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each row, a function of the spec's seed, the salt and the quote's own source and event time."""
    quotes = stream.quotes
    return event_uniform(spec.seed, quotes.event_time[rows], quotes.source[rows], derive(salt))
