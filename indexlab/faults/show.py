"""A small drawing of what a fault does to a small market, for `indexlab faults show NAME`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.faults.inject import inject
from indexlab.faults.registry import fault
from indexlab.faults.spec import FaultSpec
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["picture"]

_SECONDS: Final = 48
_WINDOW: Final = (16, 32)
_BARS: Final = "▁▂▃▄▅▆▇█"
_LEGEND: Final = {"·": "no message", "∅": "null", "0": "zero", "-": "negative", "▲": "above the scale", "▼": "below the scale"}


def picture(name: str) -> str:
    """Return a text of a few lines: one source before and after the fault, a column a second, the window marked. Raises InputError for an unknown name."""
    kind = fault(name)
    quotes = _market()
    start, end = (moment * SECOND for moment in _WINDOW)
    spec = FaultSpec(name, (0,), start, end, intensity=kind.example, seed=1)
    broken = inject(quotes, (spec,), (Source("a", "a"),)).quotes
    column = "volume" if kind.family == "volume" else "price"
    scale = _scale(getattr(quotes, column))
    before, after = _drawn(quotes, column, scale), _drawn(broken, column, scale)
    lines = [f"{name} ({kind.family}): {kind.summary}", ""]
    lines += [f"  window   {_marked()}", f"  before   {before}   {column}", f"  after    {after}"]
    lines += _ages(broken)
    told = "; ".join(f"{sign} {meaning}" for sign, meaning in _LEGEND.items() if sign in after)
    lines += ["", "  a column is a second" + (f"; {told}" if told else ""), f"  intensity is {kind.scale}; drawn at {kind.example:.3g}"]
    return "\n".join(lines)


def _market() -> Quotes:
    """Return a quote a second from one source, with a wave in its price."""
    second = np.arange(_SECONDS)
    price = 100 + 0.5 * np.sin(second / 3.7) + 0.15 * np.sin(second / 1.3)
    volume = 5 + 2 * np.sin(second / 2.1)
    times = second * SECOND
    return Quotes.from_columns(receive_time=times, source=np.zeros(_SECONDS, dtype=np.int64), price=price, bid=price - 0.01, ask=price + 0.01, volume=volume)


def _scale(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the lowest and the highest value that the drawing has room for: the market's own range, and as much above it."""
    low, high = float(values.min()), float(values.max())
    return low, high + (high - low)


def _marked() -> str:
    start, end = _WINDOW
    return " " * start + "├" + "─" * (end - start - 2) + "┤"


def _newest(quotes: Quotes) -> dict[int, int]:
    """Return the last row received in each second of the drawing."""
    seconds = (quotes.receive_time // SECOND).tolist()
    return {second: row for row, second in enumerate(seconds) if second < _SECONDS}


def _drawn(quotes: Quotes, column: str, scale: tuple[float, float]) -> str:
    rows, values = _newest(quotes), getattr(quotes, column)
    return "".join(_sign(float(values[rows[second]]), scale) if second in rows else "·" for second in range(_SECONDS))


def _sign(value: float, scale: tuple[float, float]) -> str:
    low, high = scale
    if np.isnan(value):
        return "∅"
    if value <= 0:
        return "0" if value == 0 else "-"
    if value > high * (1 + 1e-12):
        return "▲"
    if value < low * (1 - 1e-12):
        return "▼"
    return _BARS[min(round((value - low) / (high - low) * (len(_BARS) - 1)), len(_BARS) - 1)]


def _ages(quotes: Quotes) -> list[str]:
    """Draw how old each message says it is, in seconds, where the stream is late."""
    rows = _newest(quotes)
    ages = {second: int(quotes.receive_time[row] - quotes.event_time[row]) // SECOND for second, row in rows.items()}
    late = any(second not in rows for second in range(*_WINDOW)) and int(quotes.receive_time.max()) // SECOND >= _WINDOW[1] and len(quotes) == _SECONDS
    if not late:
        return []
    return ["  age      " + "".join(str(min(ages[second], 9)) if second in ages else "·" for second in range(_SECONDS)) + "   seconds, by its event time"]
