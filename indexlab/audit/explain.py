"""A finding, told: the witness's sentence, the events that led to it as a table, and what the charts draw."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from indexlab.audit.events import FaultWindow, Finding, Picture, SourcePath, TableRow
from indexlab.audit.fingerprint import fingerprint
from indexlab.index.determination import STATUSES
from indexlab.margin.states import STATES
from indexlab.market.times import clock_text
from indexlab.market.units import format_duration
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import price_text

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from indexlab.audit.events import Sides
    from indexlab.audit.shrink import Shrunk
    from indexlab.audit.tally import Candidate
    from indexlab.margin.account import Account
    from indexlab.market.errors import TargetFailure
    from indexlab.market.quotes import Quotes
    from indexlab.properties.property import Breach, Property
    from indexlab.properties.run import Run, Trace

__all__ = ["replay_line", "told", "told_undescribed", "told_unshrunk"]

_MOST_ROWS: Final = 14
_MOST_DRAWN: Final = 400
_TOLD_AGE: Final = 1_000
_MOST_LETTERS: Final = 48


def told(
    shrunk: Shrunk,
    prop: Property,
    target: str,
    folder: str,
    *,
    waived: str = "",
    file: Path | None = None,
    name: str = "",
    sides: Sides | None = None,
) -> Finding:
    """Return the finding of a shrunk candidate; `folder` is the run's folder as a person types it, `file` where it lies already.

    `name` is what fingerprints call the target, where the plan says so; `sides` how both explain themselves where there are two.
    """
    run, breach = shrunk.run, shrunk.outcome.breach
    scenario = shrunk.candidate.scenario
    identity = f"{prop.id}-{shrunk.candidate.scenario_id}"
    place = _file_name(target, identity)
    path = f"{folder}/{place}" if file is None else str(file)
    # what a margin case shows by itself needs no quotes
    alone = scenario.margin is not None and not scenario.faults
    told_breach = breach is not None and not run.failures and not alone
    size = (len(scenario.sources), len(run.clean_trace.quotes), len(scenario.faults))
    what = breach.what if breach else shrunk.candidate.what
    return Finding(
        id=identity,
        property=prop.id,
        target=target,
        scenario=shrunk.candidate.scenario_id,
        sentence=breach.sentence if breach else _gone(shrunk.candidate.said),
        promised=breach.promised if breach else prop.statement,
        seen=breach.seen if breach else "not reproduced alone: the target may keep something from one run to the next",
        table=_table(run, breach) if breach and told_breach else [],
        other_column=breach.reference if breach and not alone else "",
        footnote=_footnote(breach) if breach and not run.failures else "",
        sources=size[0],
        quotes=size[1],
        faults=size[2],
        from_sources=shrunk.before[0],
        from_quotes=shrunk.before[1],
        from_faults=shrunk.before[2],
        evaluations=shrunk.evaluations,
        shrink_note=_shrink_note(shrunk),
        file=place,
        reproduce=replay_line(path, target),
        seed=shrunk.candidate.setting_seed,
        fault_names=sorted({fault.fault for fault in scenario.faults}),
        picture=_picture(run, breach) if breach and told_breach else None,
        log=run.all_failures[0][1].log if run.all_failures else "",
        waived=waived,
        what=what if sides is None else sides.what,
        fingerprint=fingerprint(name or target, prop.id, _happened(shrunk, prop) if sides is None else sides.what),
        sides=sides,
    )


def _happened(shrunk: Shrunk, prop: Property) -> str:
    """Return in one word what happened when the breach was found. A target that fails is asked anew: how it fails then is what it is known by."""
    failures = shrunk.run.all_failures
    return failures[0][1].kind if prop.id == "protocol" and failures else shrunk.candidate.what


def _gone(said: str) -> str:
    """Tell of a breach that was not there again; `said` is what was said of a target that failed."""
    if said:
        return f"the target failed during the search, and not when this scenario was run alone: {said}"
    return "The breach was seen during the search and was not there again when its scenario was run alone."


def _shrink_note(shrunk: Shrunk) -> str:
    if not shrunk.reproduced:
        return "not shrunk: not there again when asked alone"
    return "stopped before it was smallest, at the cap on steps or time" if shrunk.capped else ""


def told_undescribed(
    prop: Property, target: str, failure: TargetFailure, folder: str, *, waived: str = "", file: Path | None = None, name: str = ""
) -> Finding:
    """Return the finding of a target that does not describe itself as the protocol asks: no scenario is needed to see it."""
    finding = _untold(prop, target, "describe", folder if file is None else file, waived, "describe is asked before any scenario")
    return msgspec.structs.replace(
        finding,
        sentence=f"the target failed to describe itself: {failure.detail}",
        promised="every answer fits the target protocol, in time",
        seen=failure.kind,
        log=failure.log,
        fingerprint=fingerprint(name or target, prop.id, f"describe: {failure.kind}"),
    )


def told_unshrunk(candidate: Candidate, prop: Property, target: str, folder: str, note: str, *, waived: str = "", name: str = "") -> Finding:
    """Return the finding of a candidate as the search saw it, with nothing asked of the target: enough to replay it; `note` says why it is not shrunk."""
    scenario = candidate.scenario
    quotes = 0 if scenario.quotes is None else len(scenario.quotes.price)
    return msgspec.structs.replace(
        _untold(prop, target, candidate.scenario_id, folder, waived, note),
        sentence="The breach was seen during the search; how it comes about was not worked out.",
        seen=candidate.what or "broken",
        sources=len(scenario.sources),
        quotes=quotes,
        faults=len(scenario.faults),
        from_sources=len(scenario.sources),
        from_quotes=quotes,
        from_faults=len(scenario.faults),
        fault_names=sorted({fault.fault for fault in scenario.faults}),
        seed=candidate.setting_seed,
        what=candidate.what,
        fingerprint=fingerprint(name or target, prop.id, candidate.what),
    )


def _untold(prop: Property, target: str, scenario: str, place: str | Path, waived: str, note: str) -> Finding:
    """Return a finding that no run stands behind: without a table, a picture and a size; `place` is the run's folder, or the finding's file."""
    identity = f"{prop.id}-{scenario}"
    file = _file_name(target, identity)
    path = f"{place}/{file}" if isinstance(place, str) else str(place)
    return Finding(
        id=identity,
        property=prop.id,
        target=target,
        scenario=scenario,
        sentence="",
        promised=prop.statement,
        seen="",
        table=[],
        other_column="",
        footnote="",
        sources=0,
        quotes=0,
        faults=0,
        from_sources=0,
        from_quotes=0,
        from_faults=0,
        evaluations=0,
        shrink_note=note,
        file=file,
        reproduce=replay_line(path, target),
        fault_names=[],
        waived=waived,
    )


def replay_line(path: str, target: str) -> str:
    """Return the line that asks the finding of a file again, for a shell."""
    return f"indexlab replay {_quoted(path)} {_quoted(target)}"


def _file_name(target: str, identity: str) -> str:
    return f"findings/{_slug(target)}/{identity}.json"


def _slug(text: str) -> str:
    """Return a folder's name for a target; where the name says less than the label, a checksum keeps two targets apart."""
    kept = "".join(character if character.isalnum() or character in "-." else "-" for character in text).strip("-.")
    if len(kept) <= _MOST_LETTERS and kept == text.replace(":", "-", 1):
        return kept
    return f"{kept[:_MOST_LETTERS].strip('-.') or 'target'}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _quoted(text: str) -> str:
    return text if all(character.isalnum() or character in "-._:/=" for character in text) else "'" + text.replace("'", "'\\''") + "'"


def _trace(run: Run, breach: Breach) -> Trace:
    return run.trace(breach.twin) if breach.twin == CLEAN or breach.twin < len(run.broken_traces) else run.clean_trace


def _table(run: Run, breach: Breach) -> list[TableRow]:
    trace = _trace(run, breach)
    lines = _quote_lines(run, run.clean_trace.quotes, trace.quotes, breach) + _window_lines(run, breach)
    lines.sort(key=lambda line: (line[0], line[1]))
    rows = _with_publications(run, breach, trace, lines)
    return _thinned(rows)


def _quote_lines(run: Run, clean: Quotes, sent: Quotes, breach: Breach) -> list[tuple[int, int, TableRow]]:
    undisturbed: dict[tuple[int, int], int] = {}
    for row in range(len(clean)):
        undisturbed[int(clean.source[row]), int(clean.event_time[row])] = row
    lines, seen = [], set()
    for row in range(len(sent)):
        key = int(sent.source[row]), int(sent.event_time[row])
        before = undisturbed.get(key)
        seen.add(key)
        what = _what(clean, before, sent, row)
        if run.against is not None and not run.batch.twins:
            what += _age_text(int(sent.receive_time[row]) - int(sent.event_time[row]))
        lines.append((int(sent.receive_time[row]), row, _line(int(sent.receive_time[row]), run.basket[key[0]].id, what, _said(sent, row))))
    for key, row in undisturbed.items():
        if key not in seen and breach.twin != CLEAN:
            lines.append((int(clean.receive_time[row]), row, _line(int(clean.receive_time[row]), run.basket[key[0]].id, "quote lost", _said(clean, row))))
    return lines


def _what(clean: Quotes, before: int | None, sent: Quotes, row: int) -> str:
    if before is None:
        return "quote, stamped anew"
    late = int(sent.receive_time[row]) - int(clean.receive_time[before])
    if late > 0:
        return f"quote, {format_duration(late)} late"
    if not _same(float(clean.price[before]), float(sent.price[row])):
        return f"quote, truly {price_text(float(clean.price[before]))}"
    return "quote"


def _age_text(age: int) -> str:
    """Say how old an observation was when it came: what was shrunk without faults has an age only where it matters."""
    if abs(age) < _TOLD_AGE:
        return ""
    return f", {format_duration(age)} old" if age > 0 else f", stamped {format_duration(-age)} ahead"


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _said(quotes: Quotes, row: int) -> str:
    price = float(quotes.price[row])
    return "null" if math.isnan(price) else price_text(price)


def _line(moment: int, source: str, event: str, price: str) -> TableRow:
    return TableRow(clock_text(moment), source, event, price, "", "")


def _window_lines(run: Run, breach: Breach) -> list[tuple[int, int, TableRow]]:
    if breach.twin == CLEAN or not run.batch.twins:
        return []
    lines = []
    for fault in run.batch.twins[run.numbers[breach.twin]]:
        who = ", ".join(run.basket[position].id for position in fault.sources[:3]) + (" …" if len(fault.sources) > 3 else "")
        lines.append((fault.start, -1, _line(fault.start, who, f"fault {fault.fault} begins", "")))
        if fault.end is not None and len(run.times) and fault.end <= run.times[-1]:
            lines.append((fault.end, -1, _line(fault.end, who, f"fault {fault.fault} ends", "")))
    return lines


def _with_publications(run: Run, breach: Breach, trace: Trace, lines: list[tuple[int, int, TableRow]]) -> list[TableRow]:
    other = breach.other or run.clean_trace
    rows: list[TableRow] = []
    place = 0
    for at, moment in enumerate(run.times.tolist()):
        while place < len(lines) and lines[place][0] <= moment:
            rows.append(lines[place][2])
            place += 1
        mark = "first breach" if at == breach.at else ""
        rows.append(TableRow(clock_text(moment), "", "publication", "", _index(trace, at), _index(other, at) if at < len(other.value) else "", mark))
    rows.extend(line[2] for line in lines[place:])
    return rows


def _index(trace: Trace, at: int) -> str:
    status = STATUSES[trace.status[at]]
    if math.isnan(float(trace.value[at])):
        return status
    return price_text(float(trace.value[at])) + ("" if status == "ok" else f" {status}")


def _thinned(rows: list[TableRow]) -> list[TableRow]:
    if len(rows) <= _MOST_ROWS:
        return rows
    marked = next((number for number, row in enumerate(rows) if row.mark), len(rows) - 1)
    begin = max(marked - _MOST_ROWS + 6, 3)
    skipped = begin - 3
    kept = rows[:3] + ([TableRow("…", "", f"{skipped} lines left out", "", "", "")] if skipped > 0 else []) + rows[begin : marked + 3]
    left = len(rows) - (marked + 3)
    return kept + ([TableRow("…", "", f"{left} lines left out", "", "", "")] if left > 0 else [])


def _footnote(breach: Breach) -> str:
    if breach.account is not None:
        account = breach.account
        if account.mode != "isolated":
            return _positions(account)
        side = "long" if account.size > 0 else "short"
        return f"account {account.id}: {side} {abs(account.size):g} at {price_text(account.entry_price)}, collateral {price_text(account.collateral)}"
    return ""


def _positions(account: Account) -> str:
    """Return the positions of an account of any mode, and what stands behind them."""
    held = [f"{'long' if each.size > 0 else 'short'} {abs(each.size):g} {each.contract} at {price_text(each.entry_price)}" for each in account.all_positions]
    behind = [price_text(account.collateral), *(f"{each.amount:g} {each.asset}" for each in account.assets)]
    return f"{account.mode} account {account.id}: {', '.join(held)}; collateral {', '.join(behind)}"


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _picture(run: Run, breach: Breach) -> Picture:
    trace, other = _trace(run, breach), breach.other or run.clean_trace
    first = max(breach.at - _MOST_DRAWN // 2, 0)
    part = slice(first, first + _MOST_DRAWN)
    account, states, other_states = _states(run, breach, trace, part)
    return Picture(
        times=run.times[part].tolist(),
        index=_numbers(trace.value[part]),
        status=[STATUSES[code] for code in trace.status[part].tolist()],
        other_name=breach.reference,
        other=_numbers(other.value[part]),
        other_status=[STATUSES[code] for code in other.status[part].tolist()],
        sources=[_path(run, position, trace, breach) for position in range(len(run.basket))],
        windows=_windows(run, breach),
        breach_at=int(run.times[breach.at]) if len(run.times) else None,
        account=account,
        states=states,
        other_states=other_states,
    )


def _states(run: Run, breach: Breach, trace: Trace, part: slice) -> tuple[str, list[str], list[str]]:
    if run.rack is None:
        return "", [], []
    ids = run.rack.ids
    chosen = ids.index(breach.account.id) if breach.account is not None and breach.account.id in ids else _nearest_above(run, breach)
    name = ids[chosen]
    codes = [run.rack.states(run.mark_of(each), each.missing)[part, chosen].tolist() for each in (trace, run.clean_trace)]
    rows = [[STATES[code] for code in each] for each in codes]
    return name, rows[0], rows[1]


def _nearest_above(run: Run, breach: Breach) -> int:
    # the account that stands just above the promise's border when the breach comes
    if run.rack is None:  # pragma: no cover - the caller has looked
        return 0
    against, in_favour = run.rack.headroom(run.clean_mark[0, breach.at : breach.at + 1])
    headroom = np.minimum(against[0], in_favour[0])
    above = np.where(headroom > run.expect.margin_headroom, headroom, np.inf)
    return int(np.argmin(above)) if np.isfinite(above).any() else 0


def _path(run: Run, position: int, trace: Trace, breach: Breach) -> SourcePath:
    clean, sent = run.clean_trace.quotes, trace.quotes
    mine, theirs = clean.source == position, sent.source == position
    faulty = breach.twin != CLEAN and breach.twin < len(run.twins) and position in run.twins[breach.twin].faulty
    return SourcePath(
        run.basket[position].id,
        clean.receive_time[mine][:_MOST_DRAWN].tolist(),
        _numbers(clean.price[mine][:_MOST_DRAWN]),
        sent.receive_time[theirs][:_MOST_DRAWN].tolist(),
        _numbers(sent.price[theirs][:_MOST_DRAWN]),
        faulty,
    )


def _windows(run: Run, breach: Breach) -> list[FaultWindow]:
    if breach.twin == CLEAN or not run.batch.twins:
        return []
    faults = run.batch.twins[run.numbers[breach.twin]]
    return [FaultWindow(fault.fault, ", ".join(run.basket[position].id for position in fault.sources), fault.start, fault.end) for fault in faults]
