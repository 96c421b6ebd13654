"""A comparison of two runs as a person reads it in a terminal, and as Markdown for a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.report.grid import aligned, stacked, wrapped
from indexlab.report.plain import plain
from indexlab.report.words import count_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexlab.report.comparison import Comparison, Mark, Row, TargetComparison

__all__ = ["closing", "comparison_markdown", "comparison_text"]

WIDTH: Final = 100
_CELL: Final = 30
_LONGEST: Final = 300
_TOLD: Final = 12
_WORDS: Final[dict[Mark, str]] = {"worse": "WORSE", "better": "better", "changed": "changed", "same": ""}
_UNSAFE: Final = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>|#@~!&"})


def closing(comparison: Comparison) -> str:
    """Return the sentence that sums a comparison up."""
    worse = comparison.regressions
    if not worse:
        return f"no regression beyond {comparison.tolerance * 100:g} %{_better(comparison)}"
    return f"{count_of(len(worse), 'regression')} beyond {comparison.tolerance * 100:g} %{_better(comparison)}"


def _better(comparison: Comparison) -> str:
    return f"; {count_of(comparison.improvements, 'thing')} got better" if comparison.improvements else ""


def comparison_text(comparison: Comparison, *, everything: bool = False) -> str:
    """Return the comparison for a terminal: what differs, or `everything`."""
    lines = [f"old  {plain(comparison.heads[0], most=_LONGEST)}", f"new  {plain(comparison.heads[1], most=_LONGEST)}"]
    lines += _warnings(comparison.unlike)
    for target in comparison.targets:
        lines += ["", *_target_text(target, everything=everything)]
    lines.append("")
    worse = comparison.regressions
    for label, row in worse[:_TOLD]:
        of = f"{plain(label, most=40)}  " if len(comparison.targets) > 1 else ""
        lines += wrapped(f"WORSE  {of}{plain(row.what, most=60)}: {plain(row.why, most=_LONGEST)}", WIDTH)
    if len(worse) > _TOLD:
        lines.append(f"WORSE  {count_of(len(worse) - _TOLD, 'line')} more, above")
    return "\n".join([*lines, closing(comparison)])


def _warnings(unlike: tuple[str, ...]) -> list[str]:
    if not unlike:
        return []
    said = "; ".join(plain(each, most=_LONGEST) for each in unlike)
    return wrapped(f"note: they were not asked the same, and sizes may differ for that alone: {said}", WIDTH)


def _target_text(target: TargetComparison, *, everything: bool) -> list[str]:
    name = plain(target.target, most=80)
    if target.only:
        return [f"{name}: only in the {target.only} run"]
    shown = [row for row in target.rows if everything or row.mark != "same"]
    same = len(target.rows) - len(shown)
    lines = [name, *_warnings(target.unlike)]
    if shown:
        rows = [["", "old", "new", ""]]
        for row in shown:
            cells = [wrapped(plain(text, most=_LONGEST), _CELL) or [""] for text in (row.what, row.old, row.new)]
            rows += stacked([*cells, [_WORDS[row.mark]]])
        lines += aligned(rows, indent=2)
    if same:
        lines.append(f"  {count_of(same, 'line')} the same (--all shows them)")
    return lines


def comparison_markdown(comparison: Comparison) -> str:
    """Return the comparison as Markdown: the regressions first, then a table a target, what is the same folded away."""
    lines = [f"## indexlab compare: {closing(comparison)}", ""]
    lines += [f"- **old** {_md(comparison.heads[0])}", f"- **new** {_md(comparison.heads[1])}"]
    if comparison.unlike:
        lines.append("- not asked the same, and sizes may differ for that alone: " + "; ".join(map(_md, comparison.unlike)))
    if comparison.regressions:
        lines += ["", "| target | what | old | new | why |", "|---|---|---|---|---|"]
        lines += [f"| {_md(label)} | {_md(row.what)} | {_md(row.old)} | {_md(row.new)} | {_md(row.why)} |" for label, row in comparison.regressions]
    for target in comparison.targets:
        lines += ["", *_target_markdown(target)]
    return "\n".join(lines) + "\n"


def _target_markdown(target: TargetComparison) -> Iterator[str]:
    yield f"### {_md(target.target)}"
    yield ""
    if target.only:
        yield f"only in the {target.only} run"
        return
    for each in target.unlike:
        yield f"- {_md(each)}"
        yield ""
    differing = [row for row in target.rows if row.mark != "same"]
    same = [row for row in target.rows if row.mark == "same"]
    yield from _table(differing)
    if same:
        yield ""
        yield f"<details><summary>{count_of(len(same), 'line')} the same</summary>"
        yield ""
        yield from _table(same)
        yield ""
        yield "</details>"


def _table(rows: list[Row]) -> Iterator[str]:
    if not rows:
        yield "nothing differs"
        return
    yield "| | old | new | |"
    yield "|---|---|---|---|"
    for row in rows:
        mark = f"**{_WORDS[row.mark]}**" if row.mark == "worse" else _WORDS[row.mark]
        yield f"| {_md(row.what)} | {_md(row.old)} | {_md(row.new)} | {mark} |"


def _md(text: str) -> str:
    """Return other people's text as Markdown that shows it as it is."""
    return plain(text, most=_LONGEST).translate(_UNSAFE)
