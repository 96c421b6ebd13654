"""The definition sheet of a methodology, for `methods show`; and the questions it leaves open, for `methods check`."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Final

from indexlab.index.wording import PARTS, has_meaning, meaning, told_with
from indexlab.index.wording_open import open_rules
from indexlab.market.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indexlab.index.example import Worked
    from indexlab.index.rules import Declaration

__all__ = ["promises", "questions", "sheet"]

_WIDTH: Final = 118
_GRADES: Final = {
    "O": "O, the venue's own page",
    "M": "M, the venue's text through a mirror",
    "C": "C, source code",
    "T": "T, a third party",
    "D": "D, derived here",
}
_NO_PROMISE: Final = "nothing of its own: what the plan expects, or its defaults"
_PROMISES: Final = {
    "min_sources": "live sources without which it is never ok: {}",
    "faulty_sources": "so many sources may be broken at once: {}",
    "max_displacement": "broken sources move the index by at most {}",
    "margin_headroom": "an account with more headroom than {} keeps its margin state",
    "max_age": "a source that has said nothing new for {} has no influence",
    "clock": "whose time counts: {}",
    "interval": "the index is published every {}",
    "max_tracking_lag": "a true move reaches the index within {}",
    "max_lead": "the index runs ahead of its sources by at most {}",
    "max_recovery": "a fault is forgotten within {} of its end",
    "tick": "the index comes in multiples of {}",
    "independence": "sources behind one upstream count as one: {}",
    "max_flapping": "how often a margin state may go back and forth: {}",
}


def sheet(declaration: Declaration) -> str:
    """Return the definition sheet as text: where it is from, what goes in, what is thrown out, what is done with too little, what is assumed, an example."""
    summary = f"{declaration.methodology.summary}{_mark(declaration, 'methodology.summary')}"
    parts = [
        _head(declaration),
        textwrap.fill(summary, _WIDTH),
        *(_section(declaration, title, keys) for title, keys in PARTS),
        _assumed(declaration),
        "\n".join(["What it promises", *(_item(line) for line in [*promises(declaration)] or [_NO_PROMISE])]),
        _example(declaration),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def questions(declaration: Declaration) -> list[str]:
    """Return one line for each rule that the declaration leaves unspecified, with what that means, and one for each that it marks assumed."""
    found = [f"{key} is not given: {consequence}" for key, consequence in open_rules(declaration)]
    found.extend(f"{key} is assumed: {reason}" for key, reason in declaration.assumed.items())
    return found


def promises(declaration: Declaration) -> Iterator[str]:
    """Give what the declaration promises, a line each, and which properties it does not, with the reason."""
    for key, promised in declaration.expect.items():
        if key == "waive" and isinstance(promised, dict):
            yield from (f"not {name} (waived): {reason}" for name, reason in promised.items())
        else:
            text = str(promised).lower() if isinstance(promised, bool) else str(promised)
            yield f"{_PROMISES.get(key, '{}').format(text)} ({key})"


def _head(declaration: Declaration) -> str:
    methodology = declaration.methodology
    evidence = _GRADES[methodology.grade] if methodology.grade else "not graded"
    rows = [("venue", methodology.venue), ("date", methodology.date), ("url", methodology.url), ("grade", evidence)]
    rows.extend((label, text) for label, text in (("retrieved", methodology.retrieved), ("asset", methodology.asset)) if text)
    lines = [f"  {label:<10} {text or 'not given'}{_mark(declaration, f'methodology.{label}')}" for label, text in rows]
    return "\n".join([f"{methodology.id}: {methodology.name}{_mark(declaration, 'methodology.name')}", *lines])


def _section(declaration: Declaration, title: str, keys: Iterable[str]) -> str:
    # what is assumed is said, even that a rule is not there
    told = [(key, _mark(declaration, *told_with(key))) for key in keys]
    return "\n".join([title, *(_item(f"{meaning(declaration, key)}{mark}") for key, mark in told if mark or has_meaning(declaration, key))])


def _item(sentence: str) -> str:
    return textwrap.fill(sentence, _WIDTH, initial_indent="  - ", subsequent_indent="    ")


def _mark(declaration: Declaration, *keys: str) -> str:
    return " (assumed)" if any(key in declaration.assumed for key in keys) else ""


def _assumed(declaration: Declaration) -> str:
    if not declaration.assumed:
        return ""
    width = max(map(len, declaration.assumed))
    lines = ["Assumed, because the venue does not publish it"]
    for key, reason in declaration.assumed.items():
        lines.append(textwrap.fill(reason, _WIDTH, initial_indent=f"  {key:<{width}}  ", subsequent_indent=" " * (width + 4)))
    return "\n".join(lines)


# ------------------------------------------------------------------------------------------------------------------ the example


def _example(declaration: Declaration) -> str:
    from indexlab.index.example import worked_example

    worked = worked_example(declaration)
    lines = [f"before, {format_duration(worked.gap_us)} ago, when all were near 100: {_published(worked.before.value, worked.before.status)}"]
    lines.extend(f"a unit of {currency} is worth {_number(rate)}" for currency, rate in worked.rates.items())
    if worked.own is not None:
        lines.append(f"{declaration.own.source}, the venue's own, says {_number(worked.own)}")
    lines.extend([*_aligned(_rows(declaration, worked)), f"index {_published(worked.value, worked.status)}"])
    lines.extend(f"with {' and '.join(few.sources)} alone: {_published(few.value, few.status)}" for few in worked.alone)
    if worked.back is not None:
        lines.append(_coming_back(worked))
    return "\n".join(["Worked through, in exact arithmetic", *(f"  {line}" for line in lines)])


def _rows(declaration: Declaration, worked: Worked) -> list[tuple[str, ...]]:
    """Return the table of the sources; the columns that bear on this methodology alone."""
    sized = declaration.input.price in {"vwap", "tvwap", "trades"} or declaration.weights.kind == "volume"
    columns: list[tuple[str, bool, list[str]]] = [
        ("source", True, [line.source for line in worked.lines]),
        ("in", len({line.quote for line in worked.lines}) > 1, [line.quote for line in worked.lines]),
        ("weight given", declaration.weights.kind in {"equal", "fixed"}, [_number(line.given_weight) for line in worked.lines]),
        ("size each", sized, [_number(line.size) for line in worked.lines]),
        ("said", True, [line.said for line in worked.lines]),
        ("ago", True, [format_duration(line.age_us) for line in worked.lines]),
        ("entered", True, [_number(line.used) for line in worked.lines]),
        ("effective weight", True, [f"{line.weight:.4f}" for line in worked.lines]),
        ("reason", True, [line.reason for line in worked.lines]),
    ]
    return list(zip(*([title, *cells] for title, is_shown, cells in columns if is_shown), strict=True))


def _coming_back(worked: Worked) -> str:
    back = worked.back
    if back is None:
        return ""
    ends = f"still out {format_duration(back.until_us)}" if back.back_us is None else f"back {format_duration(back.back_us)}"
    return f"published every {format_duration(back.right_us)} from then on, {back.source} saying {_number(back.said)} again: it is {ends} after that"


def _published(value: float, status: str) -> str:
    return f"{_number(value)}, {status}"


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{cell:<{width}}" if place in {0, len(row) - 1} else f"{cell:>{width}}" for place, (cell, width) in enumerate(zip(row, widths, strict=True))]
        yield "  ".join(cells).rstrip()


def _number(number: float) -> str:
    return "none" if math.isnan(number) else f"{number:.9g}"
