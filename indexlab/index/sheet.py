"""The definition sheet of a methodology, for `methods show`; and the questions it leaves open, for `methods check`."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Final

from indexlab.index.wording import INPUT_KEYS, QUORUM_KEYS, REST_KEYS, THROWN_OUT_KEYS, has_meaning, meaning
from indexlab.market.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indexlab.index.rules import Declaration

__all__ = ["questions", "sheet"]

_WIDTH: Final = 118
_GRADES: Final = {
    "O": "O, the venue's own page",
    "M": "M, the venue's text through a mirror",
    "C": "C, source code",
    "T": "T, a third party",
    "D": "D, derived here",
}


def sheet(declaration: Declaration) -> str:
    """Return the definition sheet as text: where it is from, what goes in, what is thrown out, what is done with too little, what is assumed, an example."""
    parts = [
        _head(declaration),
        textwrap.fill(declaration.methodology.summary, _WIDTH),
        _section(declaration, "What goes in", INPUT_KEYS),
        _section(declaration, "What is thrown out", THROWN_OUT_KEYS),
        _section(declaration, "What is made of the rest", REST_KEYS),
        _section(declaration, "What is done when too little is left", QUORUM_KEYS),
        _assumed(declaration),
        _example(declaration),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def questions(declaration: Declaration) -> list[str]:
    """Return one line for each rule that the declaration leaves unspecified, with what that means, and one for each that it marks assumed."""
    found = [
        f"{key} is not given: {consequence}"
        for key, consequence in (
            ("methodology.date", "nobody can tell which version of the rules this is"),
            ("methodology.url", "nobody can compare it with what was published"),
        )
        if key not in declaration.stated
    ]
    found.extend(
        f"{key} is not given: {meaning(declaration, key)}"
        for key in (*INPUT_KEYS, *THROWN_OUT_KEYS, *REST_KEYS, *QUORUM_KEYS)
        if key not in declaration.stated and has_meaning(declaration, key)
    )
    found.extend(f"{key} is assumed: {reason}" for key, reason in declaration.assumed.items())
    return found


def _head(declaration: Declaration) -> str:
    methodology = declaration.methodology
    lines = [f"{methodology.id}: {methodology.name}"]
    evidence = _GRADES[methodology.grade] if methodology.grade else "not graded"
    lines.extend(
        f"  {label:<10} {text or 'not given'}{_mark(declaration, f'methodology.{label}')}"
        for label, text in (("venue", methodology.venue), ("date", methodology.date), ("url", methodology.url), ("grade", evidence))
    )
    if methodology.retrieved:
        lines.append(f"  {'retrieved':<10} {methodology.retrieved}")
    return "\n".join(lines)


def _section(declaration: Declaration, title: str, keys: Iterable[str]) -> str:
    lines = [title]
    for key in keys:
        if has_meaning(declaration, key):
            sentence = f"{meaning(declaration, key)}{_mark(declaration, key)}"
            lines.append(textwrap.fill(sentence, _WIDTH, initial_indent="  - ", subsequent_indent="    "))
    return "\n".join(lines)


def _mark(declaration: Declaration, key: str) -> str:
    return " (assumed)" if key in declaration.assumed else ""


def _assumed(declaration: Declaration) -> str:
    if not declaration.assumed:
        return ""
    width = max(map(len, declaration.assumed))
    lines = ["Assumed, because the venue does not publish it"]
    for key, reason in declaration.assumed.items():
        lines.append(textwrap.fill(reason, _WIDTH, initial_indent=f"  {key:<{width}}  ", subsequent_indent=" " * (width + 4)))
    return "\n".join(lines)


def _example(declaration: Declaration) -> str:
    from indexlab.index.example import worked_example

    worked = worked_example(declaration)
    rows: list[tuple[str, ...]] = [("source", "weight given", "said", "ago", "entered", "effective weight", "reason")]
    rows.extend(
        (
            line.source,
            _number(line.given_weight),
            _number(line.said),
            format_duration(line.age_us),
            _number(line.used),
            f"{line.weight:.4f}",
            line.reason,
        )
        for line in worked.lines
    )
    two = " and ".join(line.source for line in worked.lines[:2])
    outcome = f"  index {_number(worked.value)}, {worked.status}; with {two} alone: {_number(worked.value_of_two)}, {worked.status_of_two}"
    return "\n".join(["Worked through, in exact arithmetic", *_aligned(rows), outcome])


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{cell:<{width}}" if place in {0, len(row) - 1} else f"{cell:>{width}}" for place, (cell, width) in enumerate(zip(row, widths, strict=True))]
        yield f"  {'  '.join(cells)}".rstrip()


def _number(number: float) -> str:
    return "none" if math.isnan(number) else f"{number:.9g}"
