"""A small drawing of what a fault, or a true market move, does to a small market, for `indexlab faults show NAME`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.faults.example import SECONDS, example_of
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    from indexlab.faults.example import Example, Line

__all__ = ["picture"]

_BARS: Final = "▁▂▃▄▅▆▇█"
_LEGEND: Final = {"·": "no message", "∅": "null", "0": "zero", "-": "negative", "▲": "above the scale", "▼": "below the scale"}
_AGES: Final = {"+": "older than 9 s", "-": "from the future"}
_WIDTH: Final = 100
_FIELDS: Final = ("sources", "start", "end", "intensity", "direction", "seed", "probability", "burst", "every", "until", "stagger")
_WHEN: Final = (
    "from start to before end, on the clock of the undisturbed receive time; again each `every` until `until`; each source `stagger` after the one listed "
    "before it; a quote is hit with `probability`, one draw holding for `burst` quotes in the mean"
)


def picture(name: str) -> str:
    """Return a text: the market before and after the fault, a column a second, the window marked, and what is known of it.

    Raises InputError for an unknown name.
    """
    example = example_of(name)
    drawn = _orders(example) if example.order_after else _prices(example)
    lines = [f"{name} ({example.family}): {example.summary}", "", *drawn, ""]
    for paragraph in example.explanation:
        lines += textwrap.wrap(paragraph, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join([*lines, *_meaning(example)])


def _meaning(example: Example) -> list[str]:
    kind, spec = example.kind, example.spec
    if kind is None or spec is None:
        return ["", "  It is no fault: an index that filters it is frozen, and the property responsiveness says so."]
    directed = f'; direction "up" or "down", drawn "{spec.direction}"' if kind.directed else ""
    text = f"{kind.scale}; drawn at {kind.example:.3g}{directed}"
    fields = ", ".join(name for name in _FIELDS if kind.directed or name != "direction")
    return ["", *_titled("intensity", text), *_titled("fields", fields), *_titled("when", _WHEN)]


def _titled(title: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=f"  {title:<11}", subsequent_indent=" " * 13, break_long_words=False, break_on_hyphens=False)


def _prices(example: Example) -> list[str]:
    """Return a row a line before and after, and below them the ages and the counts of messages where they tell something."""
    rows = [("window", _marked(example), "")]
    for before, after in zip(example.before or (None,) * len(example.after), example.after, strict=True):
        if before is None:
            rows.append((after.name, _drawn(after, example.scale), ""))
        else:
            rows += [("before", _drawn(before, example.scale), after.name), ("after", _drawn(after, example.scale), "")]
            if example.aged:
                rows.append(("age", _ages(after), "seconds, by its event time"))
            if (counts := _counts(after)) and not set(counts) <= {"·", "1"}:
                rows.append(("messages", counts, "a second"))
    shown = [f"  {title:<8} {row}   {note}".rstrip() for title, row, note in rows]
    signs = "".join(row for title, row, _ in rows if title not in {"age", "messages", "window"})
    ages = "".join(row for title, row, _ in rows if title == "age")
    told = [f"{sign} {meaning}" for legend, used in ((_LEGEND, signs), (_AGES, ages)) for sign, meaning in legend.items() if sign in used]
    return [*shown, "", "  a column is a second" + "".join(f"; {each}" for each in told)]


def _orders(example: Example) -> list[str]:
    """Return the sources' names in order of arrival, before and after."""
    rows = [("window", _marked(example)), ("before", example.order_before), ("after", example.order_after)]
    return [*(f"  {title:<8} {row}".rstrip() for title, row in rows), "", "  a column is a message, a letter its source, in order of arrival"]


def _marked(example: Example) -> str:
    start, end = (moment // SECOND if moment is not None else SECONDS for moment in example.window)
    return " " * start + "├" + "─" * (end - start - 2) + ("┤" if example.window[1] is not None else "─")


def _newest(line: Line) -> dict[int, int]:
    """Return for each second that has a message the row of the newest one."""
    seconds = (line.times // SECOND).tolist()
    return {second: row for row, second in enumerate(seconds) if second < SECONDS}


def _drawn(line: Line, scale: tuple[float, float]) -> str:
    rows = _newest(line)
    return "".join(_sign(float(line.values[rows[second]]), scale) if second in rows else "·" for second in range(SECONDS))


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


def _ages(line: Line) -> str:
    """Return how old each second's newest message says it is, in whole seconds: a digit, + above 9, - below 0."""
    rows = _newest(line)
    return "".join(_age(float(line.ages[rows[second]])) if second in rows else "·" for second in range(SECONDS))


def _age(seconds: float) -> str:
    return "-" if seconds < 0 else "+" if seconds >= 10 else str(int(seconds))


def _counts(line: Line) -> str:
    """Return how many messages came in each second: a digit, + above 9."""
    seconds = line.times // SECOND
    counts = np.bincount(seconds[seconds < SECONDS], minlength=SECONDS).tolist()
    return "".join("·" if count == 0 else "+" if count > 9 else str(count) for count in counts)
