"""What stands on the page, as plain values: no markup, no pictures, every foreign text already harmless."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexlab.market.errors import InputError
from indexlab.market.units import ratio
from indexlab.report.covered import CoverageSheet, blank_cells, coverage_sheet
from indexlab.report.document import report_document
from indexlab.report.estimates import EstimateSheet, estimate_sheet
from indexlab.report.known import baseline_lines
from indexlab.report.plain import plain
from indexlab.report.text import finding_text, replay_command
from indexlab.report.words import (
    NOTHING,
    Headline,
    count,
    count_of,
    displacement_text,
    displacements,
    finding_word,
    findings_of,
    headline,
    largest_displacement,
    mark_of,
    scenarios_text,
    short_names,
    worst_finding,
    worst_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexlab.audit.events import AuditResult, Finding, PropertyResult, TargetResult

__all__ = ["Cell", "Entry", "PageView", "Row", "Sheet", "page_view", "promises"]

_LINE: Final = 400
_NAME: Final = 60
_VALUE: Final = 200
_FULL_SHEETS: Final = 4
_CHARTED: Final = "worst_displacement_by_fault"


@dataclass(frozen=True)
class Cell:
    """One cell of the table of properties and targets: the verdict (also its colour), its word, a small line under it, the finding's anchor."""

    verdict: str
    word: str
    small: str = ""
    link: str = ""


@dataclass(frozen=True)
class Row:
    """One property: its statement, and a cell a target."""

    id: str
    statement: str
    cells: list[Cell]


@dataclass(frozen=True)
class Line:
    """One property of one target in words."""

    id: str
    statement: str
    cell: Cell
    judged: str
    breaches: str
    worst: str
    reason: str


@dataclass(frozen=True)
class Sheet:
    """One target: what it is, its properties, its promise, what was measured and said of it."""

    name: str
    label: str
    kind: str
    version: str
    lines: list[Line]
    expect: list[tuple[str, str]]
    moves: list[tuple[str, str]]
    measures: list[tuple[str, str]]
    scenarios: str
    evaluations: str
    notes: list[str]


@dataclass(frozen=True)
class Entry:
    """One finding in words; its picture is drawn by whoever draws."""

    anchor: str
    finding: Finding
    property: str
    target: str
    word: str
    summary: str
    worst: str
    text: str
    replay: str
    reference: str


@dataclass(frozen=True)
class PageView:
    """The page from top to bottom."""

    title: str
    subtitle: str
    headline: Headline
    survey: bool
    names: list[str]
    rows: list[Row]
    moves: list[Cell]
    worst: Entry | None
    others: list[Entry]
    sheets: list[Sheet]
    estimates: list[EstimateSheet]
    coverage: list[CoverageSheet]
    same_promise: bool
    ran: list[tuple[str, str]]
    plan: str
    started: str
    seconds: str
    missing: list[str]
    baseline: list[str]


def page_view(result: AuditResult) -> PageView:
    """Return what the page says of an audit."""
    names = short_names(result.targets)
    entries = _entries(result, names)
    worst = worst_finding(result)
    first = next((entry for entry in entries if entry.finding is worst), None)
    anchors = {id(entry.finding): entry.anchor for entry in entries}
    sheets = [_sheet(target, name, anchors) for target, name in zip(result.targets, names, strict=True)]
    brief = len(names) > _FULL_SHEETS
    tables = [coverage_sheet(target, name, brief=brief) for target, name in zip(result.targets, names, strict=True)]
    count_targets = count_of(len(result.targets), "target")
    title = (
        f"Survey of {count_of(len(result.targets), 'methodology', 'methodologies')}"
        if result.survey
        else f"Audit of {names[0] if len(names) == 1 else count_targets}"
    )
    against = result.plan.get("against")
    title += f" against {plain(str(against), most=_NAME)}" if against else ""
    return PageView(
        title=title,
        subtitle=f"indexlab {plain(result.version, most=_NAME)}, seed {result.seed}, profile {plain(result.profile, most=_NAME)}",
        headline=headline(result),
        survey=result.survey,
        names=names,
        rows=_rows(result, anchors),
        moves=[_move(target) for target in result.targets],
        worst=first,
        others=[entry for entry in entries if entry is not first],
        sheets=sheets,
        estimates=[sheet for target, name in zip(result.targets, names, strict=True) if (sheet := estimate_sheet(target, name)) is not None],
        coverage=[table for table in tables if table is not None],
        same_promise=len(sheets) > 1 and all(sheet.expect == sheets[0].expect for sheet in sheets),
        ran=_ran(result),
        plan=json.dumps(report_document(result)["plan"], indent=2, ensure_ascii=True),
        started=plain(result.started, most=_NAME),
        seconds=f"{result.seconds:.1f}",
        missing=_missing(result, names),
        baseline=baseline_lines(result),
    )


def promises(result: AuditResult) -> dict[str, float]:
    """Return each target's «max_displacement» as a ratio, where it can be read."""
    found = {}
    for target in result.targets:
        try:
            found[target.target] = ratio(target.expect.get("max_displacement"))
        except InputError:
            continue
    return found


def _entries(result: AuditResult, names: list[str]) -> list[Entry]:
    short = {id(target): name for target, name in zip(result.targets, names, strict=True)}
    return [
        Entry(
            anchor=f"finding-{place}",
            finding=finding,
            property=plain(one.id, most=_NAME),
            target=short[id(target)],
            word=word if (word := finding_word(finding)) == "BROKEN" else word.lower(),
            summary=plain(finding.sentence, most=_LINE),
            worst=worst_text(one.worst),
            text=finding_text(finding, of=one.scenarios, survey=result.survey),
            replay=replay_command(finding),
            reference=plain(finding.picture.other_name, most=_NAME) if finding.picture is not None else "",
        )
        for place, (target, one, finding) in enumerate(findings_of(result), 1)
    ]


def _cell(one: PropertyResult, anchors: Mapping[int, str]) -> Cell:
    link = next((anchors[id(finding)] for finding in one.all_findings if id(finding) in anchors), "")
    small = worst_text(one.worst) if one.worst is not None and one.worst.unit == "ratio" else ""
    return Cell(one.verdict, mark_of(one), small, link)


def _rows(result: AuditResult, anchors: Mapping[int, str]) -> list[Row]:
    statements = {one.id: one.statement for target in result.targets for one in target.properties}
    tables = [{one.id: _cell(one, anchors) for one in target.properties} for target in result.targets]
    return [Row(plain(key, most=_NAME), plain(said, most=_LINE), [table.get(key, Cell("absent", "")) for table in tables]) for key, said in statements.items()]


def _move(target: TargetResult) -> Cell:
    largest = largest_displacement(target)
    return Cell("number", NOTHING) if largest is None else Cell("number", displacement_text(largest[1]), plain(largest[0], most=20))


def _sheet(target: TargetResult, name: str, anchors: Mapping[int, str]) -> Sheet:
    moves = sorted(displacements(target).items(), key=lambda pair: (-pair[1], pair[0]))
    cut = "" if target.cut is None else f"; cut at scenario {count(target.cut)} by a time limit"
    return Sheet(
        name=name,
        label=plain(target.target, most=_LINE),
        kind=plain(target.kind, most=_NAME),
        version=plain(target.version, most=_NAME),
        lines=[_line(one, anchors) for one in target.properties],
        expect=[(plain(str(key), most=_NAME), _written(value)) for key, value in target.expect.items()],
        moves=[(plain(fault, most=_NAME), displacement_text(value)) for fault, value in moves],
        measures=[(plain(str(key), most=_NAME).replace("_", " "), _written(value)) for key, value in sorted(target.measures.items()) if key != _CHARTED],
        scenarios=count_of(target.scenarios, "scenario") + cut,
        evaluations=count_of(target.evaluations, "evaluation"),
        notes=[plain(note, most=_LINE) for note in target.notes],
    )


def _line(one: PropertyResult, anchors: Mapping[int, str]) -> Line:
    worst = plain(one.worst.text, most=_LINE) if one.worst is not None else ""
    if one.worst is not None and one.worst.fault and one.worst.fault not in worst:
        worst += f" ({plain(one.worst.fault, most=_NAME)})"
    return Line(
        id=plain(one.id, most=_NAME),
        statement=plain(one.statement, most=_LINE),
        cell=_cell(one, anchors),
        judged=NOTHING if one.verdict == "not-applicable" else f"{count(one.premise_met)} of {count(one.scenarios)}",
        breaches=count(one.breaches) if one.breaches else "",
        worst=worst,
        reason="" if one.verdict == "holds" or (one.breaches and one.verdict == "violated") else plain(one.reason, most=_LINE),  # the other columns say it
    )


def _written(value: object) -> str:
    """Write a value of the promise or of the measures as people do: texts as they are, tables as "key value, key value"."""
    if isinstance(value, dict):
        return ", ".join(f"{plain(str(key), most=_NAME)} {_written(inner)}" for key, inner in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(_written(inner) for inner in value) or "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "not set"}[value]
    return f"{value:.6g}" if isinstance(value, float) else plain(str(value), most=_VALUE)


def _ran(result: AuditResult) -> list[tuple[str, str]]:
    return [
        ("indexlab", plain(result.version, most=_NAME)),
        ("seed", str(result.seed)),
        ("profile", plain(result.profile, most=_NAME)),
        ("scenarios", scenarios_text(result)),
        ("evaluations", count(sum(target.evaluations for target in result.targets))),
        (
            "ended",
            "interrupted; what was found until then is here"
            if result.interrupted
            else "as planned"
            if not any(t.cut is not None for t in result.targets)
            else "cut by a time limit",
        ),
    ]


def _missing(result: AuditResult, names: list[str]) -> list[str]:
    """Return what this report cannot say: properties without a verdict, targets that were cut."""
    lines = []
    for target, name in zip(result.targets, names, strict=True):
        unsure = [plain(one.id, most=_NAME) for one in target.properties if one.verdict == "inconclusive"]
        if unsure:
            lines.append(f"{name}: not judged in this run: {', '.join(unsure)}.")
        if blank_cells(target):
            required = ", which counts as inconclusive because coverage is required" if result.require_coverage else ""
            lines.append(f"{name}: of the coverage {count_of(blank_cells(target), 'cell is', 'cells are')} blank{required}.")
        if target.cut is not None:
            lines.append(f"{name}: a time limit stopped it at scenario {count(target.cut)}; only the scenarios before it were run.")
    return lines
