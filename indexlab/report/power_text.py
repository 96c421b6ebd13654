"""What the terminal says when power was measured: survivors first, then the slowest kills, then what each property killed, as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.report.grid import aligned, wrapped
from indexlab.report.plain import plain
from indexlab.report.text import WIDTH
from indexlab.report.words import count, count_of

if TYPE_CHECKING:
    from indexlab.audit.power_record import Measured, Power, Smallest

__all__ = ["attempt_line", "headline", "killed_by", "power_text", "run_line", "seconds_text", "size_text", "slowest"]

_MOST: Final = 10


def power_text(power: Power, folder: str = "") -> str:
    """Return everything that is said at the end."""
    parts = [_survivors(power), _alarms(power), _slowest(power), _by_property(power), _nothing(power), _equivalent(power), _not_run(power)]
    last = "\n".join([*wrapped(headline(power), WIDTH), *([f"report: {plain(folder).rstrip('/')}/power.html"] if folder else [])])
    return "\n\n".join(part for part in (*parts, last) if part)


def headline(power: Power) -> str:
    """Return the one sentence."""
    word = "INTERRUPTED" if power.interrupted else "KILLED ALL" if power.complete and power.silent else "NOT ALL KILLED" if not power.complete else "NOT SILENT"
    quick = f", the median in {seconds_text(power.seconds_median)}, the slowest in {seconds_text(power.seconds_max)}" if power.kills else ""
    where = f"{power.kind}, profile {power.profile}, seed {power.seed}"
    killed = (
        f"{count(power.killed)} of {count_of(power.defects, 'planted defect')} killed ({count(power.pairs_killed)} of {count(power.pairs)} in a methodology)"
    )
    if not power.right_targets:
        return f"{word}: {killed}{quick} ({where}). No right target was looked at."
    right = f"{count_of(power.right_targets, 'right target')} at {power.right_profile} with seed {power.seed}"
    return f"{word}: {killed}{quick} ({where}). {count_of(power.false_alarms, 'false alarm')} at {right}, in {count_of(power.right_scenarios, 'scenario')}."


def seconds_text(seconds: float | None) -> str:
    """Return a time to a kill as people read it."""
    return "-" if seconds is None else f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def size_text(smallest: Smallest | None) -> str:
    """Return the size of the smallest scenario; a kill that was not shrunk has none."""
    if smallest is None:
        return "-"
    return f"{count_of(smallest.sources, 'source')}, {count_of(smallest.quotes, 'quote')}, {count_of(smallest.faults, 'fault')}"


def slowest(power: Power) -> list[Measured]:
    """Return the kills, the slowest first."""
    return sorted(power.kills, key=lambda one: -one.kill.seconds)


def killed_by(power: Power) -> list[tuple[str, int, int]]:
    """Return by property how many defects it is the first to kill, and how many it breaks at all; the one that breaks most is first."""
    rows = []
    for name in power.properties:
        first = len({one.defect for one in power.kills if one.kill.property == name})
        broken = sum(name in row for row in power.matrix.values())
        if broken:
            rows.append((name, first, broken))
    return sorted(rows, key=lambda row: -row[2])


def attempt_line(power_name: str, property_id: str | None, note: str) -> str:
    """Return the line for one defect in one methodology, where there is no bar."""
    return f"{plain(power_name, most=60)}: {f'killed by {property_id}' if property_id else 'SURVIVES'}{f' ({plain(note, most=200)})' if note else ''}"


def run_line(target: str, alarms: int) -> str:
    """Return the line for one right target, where there is no bar."""
    return f"{plain(target, most=60)}: {count_of(alarms, 'false alarm') if alarms else 'silent'}"


def _survivors(power: Power) -> str:
    if not power.survivors:
        return ""
    lines = [f"{count_of(len(power.survivors), 'SURVIVOR')}: nobody found these"]
    lines += aligned([["", plain(one.defect, most=60), plain(", ".join([*one.methods, *one.notes]), most=300)] for one in power.survivors])
    return "\n".join(lines)


def _alarms(power: Power) -> str:
    if not power.alarms:
        return ""
    lines = [f"{count_of(len(power.alarms), 'FALSE ALARM')}: said of targets that are right"]
    for alarm in power.alarms:
        lines += [f"  {plain(alarm.target, most=60)}  {alarm.property} {alarm.verdict}", *wrapped(plain(alarm.sentence, most=400), WIDTH, indent=4)]
    return "\n".join(lines)


def _slowest(power: Power) -> str:
    if not power.kills:
        return ""
    head = ["the slowest kills", "by", "evaluations", "seconds", "shrunk to"]
    rows = [
        [
            f"{plain(one.defect, most=44)}@{plain(one.method, most=20)}",
            one.kill.property,
            count(one.kill.evaluations),
            seconds_text(one.kill.seconds),
            size_text(one.kill.smallest),
        ]
        for one in slowest(power)[:_MOST]
    ]
    return "\n".join(aligned([head, *rows], right=frozenset({2, 3})))


def _by_property(power: Power) -> str:
    rows = [[name, count(first), count(broken)] for name, first, broken in killed_by(power)]
    return "\n".join(aligned([["by property", "first to kill", "defects that break it"], *rows], right=frozenset({1, 2}))) if rows else ""


def _nothing(power: Power) -> str:
    names = power.properties_that_kill_nothing
    nothing = "nothing" if power.right_targets else "none of these"
    return "\n".join(wrapped(f"properties that kill {nothing}: {', '.join(names)}", WIDTH)) if names else "every property kills something"


def _equivalent(power: Power) -> str:
    if not power.equivalent:
        return ""
    return f"{count_of(len(power.equivalent), 'change')} that no scenario can tell from the right rules, counted nowhere: listed in power.json with the reason"


def _not_run(power: Power) -> str:
    return f"not looked at: {count(len(power.not_run))} of the plan (listed in power.json)" if power.not_run else ""
