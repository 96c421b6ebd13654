"""A first conversation as a person reads it in a terminal: each step as it ends, what was wrong with it, and what to do at the end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from indexlab.report.grid import wrapped
from indexlab.report.plain import cut_to, plain, plain_lines, width_of
from indexlab.report.words import count_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.audit.first_talk import Step

__all__ = ["closing_text", "step_text", "talk_exit_code"]

_WIDTH: Final = 100
_INDENT: Final = 10
_WORDS: Final = {"right": "right", "wrong": "WRONG", "better": "better", "left out": "left out"}
_LOG_LINES: Final = 12
_GROUPS: Final = re.compile(r"(?<=\d) (?=\d{3}\b)")
_JSON_CHARACTERS: Final = 4_000


def step_text(step: Step, *, show: bool = False) -> str:
    """Return a step: one line where it is right, and where it is not what was sent, what came, what was expected and what to do. `show` adds the JSON."""
    told = step.told
    head = f"  {_WORDS[told.verdict]:<{_INDENT - 4}}  {plain(step.title)}"
    took = f"{step.seconds:.3f} s" if step.seconds else ""
    said = plain(told.said, most=600)
    if said and width_of(head) + width_of(said) + width_of(took) + 4 <= _WIDTH:
        head, said = f"{head}: {said}", ""
    lines = [f"{head}{took:>{max(_WIDTH - width_of(head), 2)}}".rstrip()]
    lines += wrapped(said, _WIDTH, indent=_INDENT) if said else []
    parts = {
        "wrong": (("sent", step.sent), ("came", told.came), ("expected", told.expected), ("next", told.next)),
        "better": (("it has", told.came), ("next", told.next)),
    }
    for word, text in parts.get(told.verdict, ()):
        lines += _part(word, text)
    if step.log.strip() and told.verdict == "wrong":
        lines += [f"{'':<{_INDENT}}its log", *(f"{'':<{_INDENT}}  | {cut_to(line, _WIDTH - _INDENT - 4)}" for line in _log(step.log))]
    if show and step.params:
        text = step.params.decode("utf-8", "replace")
        lines.append(f"{'':<{_INDENT}}params {text[:_JSON_CHARACTERS]}{'…' if len(text) > _JSON_CHARACTERS else ''}")
    return "\n".join(lines)


def closing_text(steps: Sequence[Step], audit: str, check: str) -> str:
    """Return the last lines: how many steps went how, and the command to go on with (`audit`, or `check` once more)."""
    counts = {word: sum(step.verdict == word for step in steps) for word in _WORDS}
    parts = [
        f"{counts['right']} right",
        f"{counts['wrong']} wrong" if counts["wrong"] else "",
        f"{counts['better']} could be better" if counts["better"] else "",
    ]
    asked = len(steps) - counts["left out"]
    lines = [f"{count_of(asked, 'step')}: {', '.join(part for part in parts if part)}"]
    if counts["wrong"]:
        lines += ["", "next: mend what is wrong, from the top (what comes later may follow from it), and ask again", f"  {check}"]
    else:
        lines += ["", "next: it speaks the protocol; see what one broken source does to it", f"  {audit}"]
    return "\n".join(lines)


def talk_exit_code(steps: Sequence[Step]) -> int:
    """Return 1 where a step was wrong, else 0."""
    return 1 if any(step.verdict == "wrong" for step in steps) else 0


def _part(word: str, text: str) -> list[str]:
    if not text:
        return []
    whole = _GROUPS.sub("\u00a0", plain(text, most=600))  # 50 000 stays on one line
    first, *rest = (line.replace("\u00a0", " ") for line in wrapped(whole, _WIDTH - _INDENT - 10))
    pad = " " * _INDENT
    return [f"{pad}{word:<8}  {first}", *(f"{pad}{'':<8}  {line}" for line in rest)]


def _log(log: str) -> list[str]:
    return [line for line in plain_lines(log, most=_LOG_LINES, last=True) if line.strip()]
