"""All that the terminal says when an audit is over, as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.report.covered import coverage_line
from indexlab.report.estimates import estimate_lines
from indexlab.report.grid import aligned, wrapped
from indexlab.report.known import baseline_lines
from indexlab.report.plain import plain
from indexlab.report.text import UNWRITTEN, WIDTH, finding_text, findings_list, findings_table, survey_table, verdict_table
from indexlab.report.words import count, count_of, displacement_text, findings_of, headline, largest_displacement, short_names

if TYPE_CHECKING:
    from collections.abc import Collection

    from indexlab.audit.events import AuditResult, TargetResult

__all__ = ["closing_text", "report_line"]

_FULL_TEXTS: Final = 5


def closing_text(
    result: AuditResult, folder: str, *, already_said: Collection[str] = (), brief: bool = False, full: bool = False, unwritten: Collection[str] = ()
) -> str:
    """Return the table, the findings, the notes that are not `already_said`, what was found in how many scenarios, and where the report is.

    `brief` leaves out all but the findings and the last lines; `full` tells every finding at length. `unwritten` are findings' files that could not be written;
    with no `folder`, nothing is said of a report.
    """
    if brief:
        return "\n\n".join([*_findings(result, unwritten), _last(result, folder)])
    parts = [_table(result), *_findings(result, unwritten, full=full), _figures(result), _known(result), _notes(result, already_said), _last(result, folder)]
    return "\n\n".join(part for part in parts if part)


def _table(result: AuditResult) -> str:
    if len(result.targets) != 1:
        return survey_table(result) if result.targets else ""
    target = result.targets[0]
    largest = largest_displacement(target)
    move = "" if largest is None else f"\nlargest move of the index by one fault: {displacement_text(largest[1])} ({plain(largest[0], most=40)})"
    return f"{short_names(result.targets)[0]}  ({plain(target.target, most=60)}, {count_of(target.scenarios, 'scenario')})\n\n{verdict_table(target)}{move}"


def _findings(result: AuditResult, unwritten: Collection[str], *, full: bool = False) -> list[str]:
    """Return the findings in full, the first few of them; beyond those few by their sentences, in a survey a line each."""
    found = findings_of(result)
    told = found if full else [] if result.survey else found[:_FULL_TEXTS]
    texts = [
        finding_text(finding, of=one.scenarios, survey=result.survey, whole_log=full, again=[f"  replay:  {UNWRITTEN}"] if finding.file in unwritten else None)
        for _, one, finding in told
    ]
    rest = (findings_table if result.survey else findings_list)(result, after=len(told), unwritten=unwritten)
    heading = "findings, and how to see each again" if not told else f"and {count_of(len(found) - len(told), 'more finding')}"
    return [*texts, f"{heading}\n{rest}"] if rest else texts


def _figures(result: AuditResult) -> str:
    """Return what was estimated and what was covered, of one target, or of each where coverage is required."""
    lines = []
    for name, target in zip(short_names(result.targets), result.targets, strict=True):
        head = [] if len(result.targets) == 1 else [f"{name}:"]
        covered = coverage_line(target, result) if not head or result.require_coverage else ""
        said = [*estimate_lines(target), *([covered] if covered else [])]
        lines += [line for each in [*head, *said] for line in wrapped(each, WIDTH)] if said else []
    return "\n".join(lines)


def _known(result: AuditResult) -> str:
    return "\n".join(line for each in baseline_lines(result) for line in wrapped(each, WIDTH))


def _notes(result: AuditResult, already_said: Collection[str]) -> str:
    lines = []
    for name, target in zip(short_names(result.targets), result.targets, strict=True):
        said = [note for note in target.notes if note not in already_said]
        lines += [["note:", f"{name}: {plain(note, most=300)}"] for note in [*_cut(target), *said]]
    return "\n".join(aligned(lines, gap=1)) if lines else ""


def _cut(target: TargetResult) -> list[str]:
    return [] if target.cut is None else [f"cut at scenario {count(target.cut)} by a time limit; only the scenarios before it were run"]


def _last(result: AuditResult, folder: str) -> str:
    said = headline(result)
    lines = wrapped(f"{said.word}: {said.text}", WIDTH)
    return "\n".join([*lines, report_line(folder)] if folder else lines)


def report_line(folder: str) -> str:
    """Return where the report is, for when it is there."""
    return f"report: {plain(folder).rstrip('/')}/index.html"
