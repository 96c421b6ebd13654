"""summary.md: an audit in Markdown, for a step's summary or a comment; what a target said is text there, and never markup.

It is bounded: systems that show such a summary drop one that is too long without a word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from indexlab.report.covered import coverage_line
from indexlab.report.estimates import estimate_lines
from indexlab.report.known import baseline_lines
from indexlab.report.plain import plain
from indexlab.report.text import finding_text, said_of
from indexlab.report.words import NOTHING, count, count_of, findings_of, headline, mark_of, short_names

if TYPE_CHECKING:
    from indexlab.audit.events import AuditResult, Finding, PropertyResult, TargetResult

__all__ = ["LARGEST", "as_text", "markdown_bytes"]

LARGEST: Final = 1_000_000
"""The most bytes of a summary: GitHub takes 1 MiB a step, and drops what comes near it."""
_SENTENCE: Final = 400
_CELL: Final = 300
_MARKS: Final = re.compile(r"[\\`*_\[\]|~$]|^[-+=#]|(?<=^\d)[.)](?= )|(?<=^\d\d)[.)](?= )")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_REFERENCES: Final = re.compile(r"@(?=[A-Za-z0-9])|#(?=\d)|(?<=\w):(?=//)|(?<![A-Za-z0-9])www(?=\.)|(?<![A-Za-z0-9])GH(?=-\d)", re.IGNORECASE)
_APART: Final = "\u200b"


def markdown_bytes(result: AuditResult, folder: str = "", *, most: int = LARGEST) -> bytes:
    """Return summary.md as written, of at most `most` bytes; findings that do not fit are counted."""
    head = [f"## indexlab: {as_text(headline(result).word)}", as_text(headline(result).text), *_tables(result), *_closing(result, folder)]
    text = "\n\n".join(part for part in head if part) + "\n"
    room = most - len(text.encode("utf-8", "replace")) - 200
    told, left = [], 0
    for _, one, finding in findings_of(result):
        part = "\n" + _finding(finding, one, survey=result.survey) + "\n"
        size = len(part.encode("utf-8", "replace"))
        if left or size > room:
            left += 1
            continue
        told.append(part)
        room -= size
    more = f"\n{count_of(left, 'more finding')} did not fit here and {'is' if left == 1 else 'are'} in the report.\n" if left else ""
    written = (text + "".join(told) + more).encode("utf-8", "replace")
    return written if len(written) <= most else written[: max(most - 4, 0)].decode("utf-8", "ignore").encode() + b"\n"


def as_text(text: str, *, most: int | None = None) -> str:
    """Return a text as Markdown that shows it as it is: no markup, no HTML, nobody mentioned, nothing linked."""
    return _as_html(_MARKS.sub(lambda found: "\\" + found[0], plain(text, most=most)))


def _as_html(text: str, *, most: int | None = None) -> str:
    """Return a text as it stands in a piece of HTML within Markdown, where a backslash is one."""
    line = _REFERENCES.sub(lambda found: found[0] + _APART, plain(text, most=most))
    return re.sub("[&<>]", lambda found: _ENTITIES[found[0]], line)


def _tables(result: AuditResult) -> list[str]:
    if len(result.targets) == 1:
        target = result.targets[0]
        return [f"{as_text(target.target, most=_CELL)}, {count_of(target.scenarios, 'scenario')}", _table(target)]
    return [_matrix(result)] if result.targets else []


def _table(target: TargetResult) -> str:
    rows = ["| property | verdict | judged | worst seen, or why not judged |", "|---|---|---:|---|"]
    for one in target.properties:
        judged = NOTHING if one.verdict == "not-applicable" else f"{count(one.premise_met)} of {count(one.scenarios)}"
        rows.append(f"| {as_text(one.id, most=_CELL)} | {_verdict(one)} | {judged} | {as_text(said_of(one), most=_CELL)} |")
    return "\n".join(rows)


def _matrix(result: AuditResult) -> str:
    names = [as_text(name) for name in short_names(result.targets)]
    ids = dict.fromkeys(one.id for target in result.targets for one in target.properties)
    rows = ["| property | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    tables = [{one.id: one for one in target.properties} for target in result.targets]
    for name in ids:
        cells = [_verdict(table[name], brief=True) if name in table else "" for table in tables]
        rows.append(f"| {as_text(name, most=_CELL)} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _verdict(one: PropertyResult, *, brief: bool = False) -> str:
    word = mark_of(one, brief=brief)
    return f"**{word}**" if one.verdict == "violated" else word


def _closing(result: AuditResult, folder: str) -> list[str]:
    lines = []
    for name, target in zip(short_names(result.targets), result.targets, strict=True):
        covered = coverage_line(target, result) if len(result.targets) == 1 or result.require_coverage else ""
        notes = [f"cut at scenario {count(target.cut)} by a time limit; only the scenarios before it were run"] if target.cut is not None else []
        said = [*estimate_lines(target), *([covered] if covered else []), *notes, *(plain(note, most=_SENTENCE) for note in target.notes)]
        lines += [f"- {as_text(name)}: {as_text(line)}" for line in said]
    known = [f"- {as_text(line)}" for line in baseline_lines(result)]
    ran = f"indexlab {as_text(result.version)}, profile {as_text(result.profile)}, seed {result.seed}"
    return ["\n".join(lines), "\n".join(known), ran + (f"; report: {as_text(folder)}" if folder else "")]


def _finding(finding: Finding, one: PropertyResult, *, survey: bool) -> str:
    text = finding_text(finding, of=one.scenarios, survey=survey)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    word = text.split(maxsplit=1)[0]
    summary = f"{word} {_as_html(one.id, most=_CELL)}, {_as_html(finding.target, most=_CELL)}: {_as_html(finding.sentence, most=_SENTENCE)}"
    return f"<details><summary>{summary}</summary>\n\n{fence}text\n{text}\n{fence}\n\n</details>"
