"""What a finding and a table of verdicts look like as plain text, at most 100 columns wide where that is possible."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from indexlab.report.grid import aligned, stacked, wrapped
from indexlab.report.known import known_text
from indexlab.report.plain import cut_to, plain, plain_lines, width_of
from indexlab.report.sides import sides_text
from indexlab.report.words import (
    NOTHING,
    count,
    count_of,
    displacement_text,
    finding_word,
    findings_of,
    largest_displacement,
    mark_of,
    short_names,
    worst_text,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from indexlab.audit.events import AuditResult, Finding, PropertyResult, TargetResult

__all__ = [
    "UNWRITTEN",
    "WIDTH",
    "finding_line",
    "finding_text",
    "findings_list",
    "findings_table",
    "own_words",
    "replay_command",
    "said_of",
    "survey_table",
    "verdict_table",
]

WIDTH: Final = 100
UNWRITTEN: Final = "not written"
"""What stands in place of the line that replays a finding whose file could not be written."""
_EVENT_COLUMN: Final = 2
_NUMBERS: Final = frozenset({3, 4, 5})
_LOG_LINES: Final = 8
_SENTENCE: Final = 600
_CELL: Final = 40
_NARROW: Final = 12
_HEADER: Final = 9
_WORD_BREAK: Final = re.compile(r"(?<=[-_/ .:])")


def replay_command(finding: Finding, replay_target: str = "") -> str:
    """Return the line that replays a finding, with `replay_target` put behind it where it names another target than the line does."""
    command = plain(finding.reproduce)
    named = plain(replay_target)
    return command if not named or command.endswith(f" {named}") or named in map(plain, _words(command)[-1:]) else f"{command} {shlex.quote(named)}"


def _replayed(finding: Finding, unwritten: Collection[str]) -> str:
    return UNWRITTEN if finding.file in unwritten else replay_command(finding)


def finding_text(
    finding: Finding,
    *,
    replay_target: str = "",
    of: int | None = None,
    survey: bool = False,
    again: Sequence[str] | None = None,
    whole_log: bool = False,
) -> str:
    """Return a finding as a person reads it: what happened, what was promised, the few lines that show it, how to see it again.

    `of` is the number of scenarios it was found among; `replay_target` the target to name in the replay line where the finding's own line has none; `again` are
    lines to end with instead, of a finding that no file holds; `whole_log` shows all of the target's own words and not only the last of them.
    """
    word = finding_word(finding)
    scenario = f"scenario {plain(finding.scenario, most=_CELL)}" + ("" if of is None else f" of {of}")
    lines = [f"{word}  " + "      ".join((plain(finding.property, most=_CELL), f"target {plain(finding.target, most=60)}", scenario))]
    lines += wrapped(plain(finding.sentence, most=_SENTENCE), WIDTH, indent=2)
    lines += _against_promise(finding, survey=survey)
    lines += ["", *_table(finding)]
    if finding.footnote:
        lines += wrapped(plain(finding.footnote, most=_SENTENCE), WIDTH, indent=4)
    lines += sides_text(finding.sides)
    lines += own_words(finding.log, finding.target, whole=whole_log)
    lines += ["", *_origin(finding)]
    if finding.waived:
        lines += wrapped(f"waived: {plain(finding.waived, most=_SENTENCE)}", WIDTH, indent=2)
    if finding.known is not None:
        lines += wrapped(known_text(finding.known), WIDTH, indent=2)
    if finding.fingerprint:
        lines.append(f"  fingerprint:  {plain(finding.fingerprint, most=_CELL)}")
    usual = [f"  replay:  {replay_command(finding, replay_target)}", f"  in pytest:  pytest --indexlab-replay {_file_of(finding)}"]
    return "\n".join([*lines, *(usual if again is None else again)])


def _against_promise(finding: Finding, *, survey: bool) -> list[str]:
    word = "expected" if survey else "promised"
    promised, seen = f"{word}: {plain(finding.promised, most=_SENTENCE)}", f"seen: {plain(finding.seen, most=_SENTENCE)}"
    both = f"  {promised}        {seen}"
    return (
        [both] if width_of(both) <= WIDTH else wrapped(promised, WIDTH, indent=2) + wrapped(seen.replace(":", ":" + " " * (len(word) - 4), 1), WIDTH, indent=2)
    )


def _table(finding: Finding) -> list[str]:
    rows = [["time", "source", "event", "price", "index", plain(finding.other_column, most=_CELL)]]
    rows += [[plain(cell, most=_CELL) for cell in (row.time, row.source, row.event, row.price, row.index, row.other)] for row in finding.table]
    if len(rows) == 1:
        return []
    over = max(width_of(line) for line in aligned(rows, indent=4)) - WIDTH
    if over > 0:
        longest = max(width_of(row[_EVENT_COLUMN]) for row in rows)
        rows = [[*row[:2], cut_to(row[2], max(_NARROW, longest - over)), *row[3:]] for row in rows]
    marks = ["", *(f"   ← {plain(row.mark, most=_CELL)}" if row.mark else "" for row in finding.table)]
    return [line + mark for line, mark in zip(aligned(rows, right=_NUMBERS, indent=4), marks, strict=True)]


def own_words(log: str, target: str, *, whole: bool = False) -> list[str]:
    """Return what a target logged before it failed, the last lines of it or the `whole`; a server's is the body of its answer, a function's its traceback."""
    said = [line for line in plain_lines(log, most=None if whole else _LOG_LINES, last=True) if line.strip()]
    where = " (standard error)" if target.startswith("exec:") else ""
    return ["", f"  the target's own last words{where}:", *(f"    | {cut_to(line, WIDTH - 6)}" for line in said)] if said else []


def _origin(finding: Finding) -> list[str]:
    now = (finding.sources, finding.quotes, finding.faults)
    before = (finding.from_sources, finding.from_quotes, finding.from_faults)
    note = plain(finding.shrink_note, most=_SENTENCE)
    line = (
        f"{_size(*now)}, as small as it was found"
        if now == before
        else f"shrunk from {_size(*before)} to {_size(*now)} in {count_of(finding.evaluations, 'step')}"
    )
    return wrapped(f"{line}; {note}" if note else line, WIDTH, indent=2)


def _size(sources: int, quotes: int, faults: int) -> str:
    return f"{count_of(sources, 'source')}, {count_of(quotes, 'quote')}, {count_of(faults, 'fault')}"


def _file_of(finding: Finding) -> str:
    """Return the finding's file as its replay line names it, from where the person stands; else as it is named in the run's folder."""
    words = _words(plain(finding.reproduce))
    return shlex.quote(words[2] if words[:2] == ["indexlab", "replay"] and len(words) > 2 else plain(finding.file))


def _words(command: str) -> list[str]:
    """Return the words of a command as a shell takes them, however they are quoted."""
    try:
        return shlex.split(command)
    except ValueError:  # a quotation that never ends
        return []


def finding_line(finding: Finding) -> str:
    """Return a finding as one short line, for a running display."""
    word = finding_word(finding)
    return cut_to(f"{word}  {plain(finding.property, most=24)}  {plain(finding.target, most=30)}: {plain(finding.sentence, most=200)}", WIDTH)


def verdict_table(target: TargetResult, *, width: int = WIDTH) -> str:
    """Return one target's table: a row a property, with its verdict, how often it was judged, and the worst seen or the reason."""
    rows = [["property", "verdict", "judged", "worst seen, or why not judged"]]
    head = [[plain(one.id, most=24), mark_of(one), _judged(one)] for one in target.properties]
    taken = sum(2 + max(width_of(row[place]) for row in [rows[0], *head]) for place in range(3))
    for cells, one in zip(head, target.properties, strict=True):
        said = wrapped(said_of(one), max(24, width - taken))[:4] or [""]
        rows += stacked([*([cell] for cell in cells), said])
    return "\n".join([*aligned(rows, right=frozenset({2})), "", "judged: scenarios in which the property's premise was met, of those run"])


def _judged(one: PropertyResult) -> str:
    return NOTHING if one.verdict == "not-applicable" else f"{count(one.premise_met)} of {count(one.scenarios)}"


def said_of(one: PropertyResult) -> str:
    """Return what to say of a property: why it has no verdict, else the worst case."""
    worst = plain(one.worst.text, most=200) if one.worst is not None else ""
    if one.worst is not None and one.worst.fault and one.worst.fault not in worst:
        worst += f" ({plain(one.worst.fault, most=_CELL)})"
    if one.verdict in {"violated", "waived"} and one.breaches:
        worst = "; ".join(part for part in (f"broken in {count_of(one.breaches, 'scenario')}", worst) if part)
    # a breach that the search did not count was seen elsewhere, and the reason says where
    uncounted = one.verdict == "violated" and not one.breaches and plain(one.reason, most=300) not in worst
    reason = plain(one.reason, most=300) if uncounted or one.verdict not in {"holds", "violated"} else ""
    return "; ".join(part for part in (reason, worst) if part)


def survey_table(result: AuditResult, *, width: int = WIDTH) -> str:
    """Return the table of several targets: a row a property, a column a target; so many targets beside one another as fit into `width`."""
    headers = [_header(name) for name in short_names(result.targets)]
    columns = [_column(target, result) for target in result.targets]
    first = [*_property_ids(result), "", "worst move", "  by fault"]
    spare = width - max(width_of(cell) for cell in first)
    blocks: list[list[int]] = [[]]
    used = 0
    for place, (header, column) in enumerate(zip(headers, columns, strict=True)):
        wide = 2 + max(width_of(cell) for cell in [*header, *column])
        if blocks[-1] and used + wide > spare:
            blocks.append([])
            used = 0
        blocks[-1].append(place)
        used += wide
    lines = []
    for block in blocks:
        head = stacked([["property"], *(headers[place] for place in block)])
        body = [[cell, *(columns[place][line] for place in block)] for line, cell in enumerate(first)]
        lines += [*aligned([*head, ["", *("" for _ in block)], *body]), ""]
    return "\n".join([*lines, _legend(result)])


def _property_ids(result: AuditResult) -> list[str]:
    return [plain(one, most=24) for one in dict.fromkeys(prop.id for target in result.targets for prop in target.properties)]


def _column(target: TargetResult, result: AuditResult) -> list[str]:
    verdicts = {plain(one.id, most=24): mark_of(one, brief=True) for one in target.properties}
    largest = largest_displacement(target)
    move = ("", displacement_text(largest[1]), plain(largest[0], most=8)) if largest is not None else ("", NOTHING, "")
    return [*(verdicts.get(one, "") for one in _property_ids(result)), *move]


def _header(name: str) -> list[str]:
    """Break a name where it may be broken into lines of about 9 columns, at most three of them."""
    lines = [""]
    for part in _WORD_BREAK.split(name):
        if lines[-1] and width_of(lines[-1] + part) > _HEADER:
            lines.append("")
        lines[-1] += part
    return [cut_to(line.strip(), _NARROW) for line in lines[:3]]


def _legend(result: AuditResult) -> str:
    results = [one for target in result.targets for one in target.properties]
    verdicts = {"known" if one.known else one.verdict for one in results}
    words = {
        "inconclusive": "?  could not be judged in this run",
        "not-applicable": f"{NOTHING}  not applicable",
        "waived": "waived  broken, with a reason given beforehand",
        "known": "known  broken, as the baseline says",
    }
    return "   ".join([*(text for verdict, text in words.items() if verdict in verdicts), "worst move: of the index, by one fault, against the clean run"])


def findings_list(result: AuditResult, *, after: int = 0, unwritten: Collection[str] = ()) -> str:
    """Return each finding behind the first `after` by its one sentence, with the line that replays it where its file is not among the `unwritten`."""
    names = {id(target): name for target, name in zip(result.targets, short_names(result.targets), strict=True)}
    several = len(result.targets) > 1
    lines = []
    for target, one, finding in findings_of(result)[after:]:
        word = finding_word(finding)
        where = f"{names[id(target)]}, " if several else ""
        lines += wrapped(f"{word}  {where}{plain(one.id, most=_CELL)}: {plain(finding.sentence, most=_SENTENCE)}", WIDTH, indent=2)
        lines.append(f"    {_replayed(finding, unwritten)}")
    return "\n".join(lines)


def findings_table(result: AuditResult, *, after: int = 0, unwritten: Collection[str] = ()) -> str:
    """Return one line a finding, those behind the first `after`: target, property, the worst seen, and the line that replays it, as in `findings_list`."""
    names = {id(target): name for target, name in zip(result.targets, short_names(result.targets), strict=True)}
    found = findings_of(result)[after:]
    rows = [[names[id(target)], plain(one.id, most=24), worst_text(one.worst), _replayed(finding, unwritten)] for target, one, finding in found]
    return "\n".join(aligned(rows, indent=2, right=frozenset({2}))) if rows else ""
