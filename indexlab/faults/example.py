"""What a fault does to a small market, worked out for drawing: the lines before and after it, as a terminal or a chart shows them. It draws nothing."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.faults.inject import inject
from indexlab.faults.registry import BUNDLED, fault, fault_names
from indexlab.faults.spec import FaultSpec
from indexlab.faults.true_moves import TRUE_MOVES, TrueMove
from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source
from indexlab.market.synthetic import Market, synthesise
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Fault

__all__ = ["BOOKS", "SECONDS", "WINDOW", "Example", "Line", "example_of"]

SECONDS: Final = 48
WINDOW: Final = (16, 32)
"""The drawn market's length and its fault's window, in seconds."""
BOOKS: Final = frozenset({"crossed-book", "empty-side"})
_TOGETHER: Final = frozenset({"agree", "depeg"})
_ALTERNATING: Final = frozenset({"reorder-across-sources"})
_NAMES: Final = ("a", "b", "c")
_SPREAD: Final = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One column of one source: receive times (int64 microseconds), values, and how old the messages say they are (float64 seconds)."""

    name: str
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    ages: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A fault, or a true move, in a small market: `before` and `after` have lines of the same names; of a true move there is no `before`.

    `order_before` and `order_after` are the sources' names in order of arrival, a letter a message, where that is what the fault changes. `kind` and `spec` are
    None for a true move. `aged` says that the messages' ages belong to the picture.
    """

    name: str
    family: str
    summary: str
    explanation: tuple[str, ...]
    window: tuple[int, int | None]
    before: tuple[Line, ...]
    after: tuple[Line, ...]
    kind: Fault | None = None
    spec: FaultSpec | None = None
    aged: bool = False
    order_before: str = ""
    order_after: str = ""

    @property
    def scale(self) -> tuple[float, float]:
        """The lowest and the highest value that the drawing has room for: the market's own range, and as much on the side to which the fault goes."""
        values = np.concatenate([line.values for line in self.before or self.after])
        low, high = float(values.min()), float(values.max())
        if not self.before:
            return low, high
        room = high - low
        down = self.spec is not None and self.spec.direction == "down" and not self.aged
        return (low - room, high) if down else (low, high + room)


def example_of(name: str) -> Example:
    """Return the example of a fault or of a true move. Raises InputError with the nearest name where there is neither."""
    if name in TRUE_MOVES:
        return _of_move(TRUE_MOVES[name])
    if name not in fault_names():
        raise InputError(f'there is no fault "{name}"', remedy=did_you_mean(name, (*fault_names(), *TRUE_MOVES)))
    kind = fault(name)
    quotes, chosen = _market(name)
    start, end = (moment * SECOND for moment in WINDOW)
    spec = FaultSpec(name, chosen, start, end, intensity=kind.example, direction=kind.example_direction, seed=kind.example_seed)
    broken = inject(quotes, (spec,), tuple(Source(each, each) for each in _NAMES)).quotes
    alternating = name in _ALTERNATING
    return Example(
        name=name,
        family=kind.family,
        summary=kind.summary,
        explanation=_explanation(kind),
        window=(start, end),
        before=_lines(quotes, kind),
        after=_lines(broken, kind),
        kind=kind,
        spec=spec,
        aged=kind.family in {"lag", "clock", "frozen"},
        order_before=_letters(quotes) if alternating else "",
        order_after=_letters(broken) if alternating else "",
    )


def _market(name: str) -> tuple[Quotes, tuple[int, ...]]:
    """Return a quote a second from each of so many sources as the fault needs, with a wave in the price, and which of them it breaks."""
    second = np.arange(SECONDS)
    if name in _ALTERNATING:
        return _waves(second, second % 2, 0.01), (0, 1)
    if name in _TOGETHER:
        return _waves(np.repeat(second, 3), np.tile(np.arange(3), SECONDS), 0.01), (0, 1)
    return _waves(second, np.zeros(SECONDS, dtype=np.int64), _SPREAD if name in BOOKS else 0.01), (0,)


def _waves(second: NDArray[np.int64], source: NDArray[np.int64], spread: float) -> Quotes:
    price = 100 + 0.5 * np.sin(second / 3.7) + 0.15 * np.sin(second / 1.3 + 2.0 * source)
    volume = 5 + 2 * np.sin(second / 2.1)
    return Quotes.from_columns(receive_time=second * SECOND, source=source, price=price, bid=price - spread, ask=price + spread, volume=volume)


def _lines(quotes: Quotes, kind: Fault) -> tuple[Line, ...]:
    columns = ("bid", "ask") if kind.name in BOOKS else ("volume",) if kind.family == "volume" else ("price",)
    sources = sorted(set(quotes.source.tolist())) if kind.name in _TOGETHER else [None]
    return tuple(_line(quotes, column, source) for source in sources for column in columns)


def _line(quotes: Quotes, column: str, source: int | None) -> Line:
    if source is not None:
        quotes = quotes.take(quotes.source == source)
    name = column if source is None else f"{column} {_NAMES[source]}"
    return Line(name, quotes.receive_time, getattr(quotes, column), (quotes.receive_time - quotes.event_time) / SECOND)


def _letters(quotes: Quotes) -> str:
    return "".join(_NAMES[source] for source in quotes.source.tolist())


def _explanation(kind: Fault) -> tuple[str, ...]:
    """Return what the fault's own file says of it, of a third party's what its function says; a text a paragraph. The summary where nothing is said."""
    said = sys.modules[kind.apply.__module__].__doc__ if kind.name in BUNDLED else getattr(kind.apply, "__doc__", None)
    text = said or kind.summary
    text = text.strip().removeprefix(f"{kind.name}: ")
    whole = [" ".join(part.split()) for part in text.replace("\nSource: ", "\n\nSource: ").split("\n\n")]
    return tuple(part[:1].upper() + part[1:] for part in whole)


def _of_move(move: TrueMove) -> Example:
    start = WINDOW[0] * SECOND
    market = Market(
        move.name, 5, 0, SECOND, SECONDS, 50_000.0, SECOND // 2, 6 * SECOND if move.name == "lead-lag" else SECOND, move.move, start, move.over * SECOND,
        leader=0 if move.name == "lead-lag" else None, silence=move.silence * SECOND,
    )  # fmt: skip
    quotes = synthesise(market, len(_NAMES))
    ends = start + move.over * SECOND if move.over else None
    return Example(
        name=move.name,
        family="true move",
        summary=move.summary,
        explanation=(move.explanation,),
        window=(0 if move.name == "volatile" else start, ends),
        before=(),
        after=tuple(_line(quotes, "price", source) for source in range(len(_NAMES))),
    )
