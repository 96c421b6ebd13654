"""How a report says things: verdicts, counts, displacements, the names of targets, and the sentence that sums an audit up.

The same words stand in the terminal, the page and the files, so they are made once, here. Nothing is ever called safe: an audit that found
nothing says in how many scenarios it found nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from indexlab.market.units import format_duration
from indexlab.report.plain import plain

if TYPE_CHECKING:
    from indexlab.audit.events import AuditResult, Finding, PropertyResult, TargetResult, Verdict, Worst

__all__ = [
    "LIMITS",
    "MARKS",
    "NOTHING",
    "VERDICT_WORDS",
    "Headline",
    "count",
    "count_of",
    "displacement_text",
    "finding_word",
    "findings_of",
    "headline",
    "largest_displacement",
    "mark_of",
    "scenarios_text",
    "short_names",
    "with_verdict",
    "worst_finding",
    "worst_text",
]

NOTHING: Final = "\u2013"
VERDICT_WORDS: Final[dict[Verdict, str]] = {
    "holds": "holds",
    "violated": "BROKEN",
    "inconclusive": "inconclusive",
    "waived": "waived",
    "not-applicable": "not applicable",
}
MARKS: Final[dict[Verdict, str]] = {"holds": "holds", "violated": "BROKEN", "inconclusive": "?", "waived": "waived", "not-applicable": NOTHING}
LIMITS: Final = "It says nothing about conditions that the scenarios do not generate."

_PERCENT_FROM: Final = 0.1
_TIMES_FROM: Final = 10.0
_EXPONENT_FROM: Final = 1e6
_NAMED: Final = 6


class Headline(NamedTuple):
    """The verdict of a whole audit: `word` in capitals, `text` the sentence after it, `tone` one of "broken", "open", "held", "survey"."""

    word: str
    text: str
    tone: str


def count(number: int) -> str:
    """Write a count with thin groups: 100000 is "100 000"."""
    return f"{number:,}".replace(",", " ")


def count_of(number: int, noun: str, plural: str | None = None) -> str:
    """Write a count with its noun: "1 fault", "3 faults"."""
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def displacement_text(ratio: float | None) -> str:
    """Write a displacement in a few characters: "13.1 bp", "42 %", "1.4e11×" (so many times the price)."""
    if ratio is None or math.isnan(ratio):
        return NOTHING
    if math.isinf(ratio):
        return "no bound"
    size = abs(ratio)
    if size < _PERCENT_FROM:
        return f"{ratio * 1e4:.1f} bp"
    if size < _TIMES_FROM:
        return f"{ratio * 100:.3g} %" if size < 1 else f"{ratio * 100:.0f} %"
    return f"{ratio:.0f}×" if size < _EXPONENT_FROM else f"{ratio:.1e}×".replace("e+0", "e").replace("e+", "e")


def worst_text(worst: Worst | None) -> str:
    """Write the value of a worst case in a few characters, by its unit."""
    if worst is None or worst.unit == "count":  # a count says nothing without its noun
        return ""
    if worst.unit == "ratio":
        return displacement_text(worst.value)
    if not math.isfinite(worst.value):
        return "no bound"
    return format_duration(round(worst.value)) if worst.unit == "us" else f"{worst.value:g} {plain(worst.unit, most=12)}"


def short_names(targets: list[TargetResult]) -> list[str]:
    """Return a name a target, short and different from one another: a preset's own name, else what it calls itself, else its label."""
    names = [
        plain(target.target.removeprefix("preset:") if target.target.startswith("preset:") else target.name or target.target, most=40) for target in targets
    ]
    labels = [plain(target.target, most=40) for target in targets]
    names = [label if names.count(name) > 1 else name for name, label in zip(names, labels, strict=True)]
    return [name if names.count(name) == 1 else f"{name} #{position}" for position, name in enumerate(names, 1)]


def finding_word(finding: Finding) -> str:
    """Return what a finding is in capitals: BROKEN, WAIVED, or KNOWN where the baseline names it and its day is not over."""
    if finding.known is not None and not finding.known.expired:
        return "KNOWN"
    return "WAIVED" if finding.waived else "BROKEN"


def mark_of(one: PropertyResult, *, brief: bool = False) -> str:
    """Return the word of a property's verdict; `brief` is for narrow columns. One whose findings are all in the baseline is known."""
    return "known" if one.known else (MARKS if brief else VERDICT_WORDS)[one.verdict]


def with_verdict(target: TargetResult, *verdicts: Verdict) -> list[PropertyResult]:
    """Return the properties of a target with one of these verdicts."""
    return [one for one in target.properties if one.verdict in verdicts]


def findings_of(result: AuditResult) -> list[tuple[TargetResult, PropertyResult, Finding]]:
    """Return every distinct finding with its target and property, in the order of the audit."""
    return [(target, one, finding) for target in result.targets for one in target.properties for finding in one.all_findings]


def worst_finding(result: AuditResult) -> Finding | None:
    """Return the finding to show first: judged before waived, one with a picture, a margin state that moved, then the largest displacement."""

    def weight(found: tuple[TargetResult, PropertyResult, Finding]) -> tuple[bool, bool, bool, float]:
        _, one, finding = found
        ratio = one.worst.value if one.worst is not None and one.worst.unit == "ratio" else 0.0
        return (one.verdict == "violated", finding.picture is not None, one.id == "margin-stability", -1.0 if math.isnan(ratio) else ratio)

    found = findings_of(result)
    return max(found, key=weight)[2] if found else None


def largest_displacement(target: TargetResult) -> tuple[str, float] | None:
    """Return the fault that displaced the target's index most, and by how much (a ratio); None where nothing was measured."""
    measured = displacements(target)
    return max(measured.items(), key=lambda pair: pair[1]) if measured else None


def displacements(target: TargetResult) -> dict[str, float]:
    """Return the worst displacement by fault, as ratios; what is no number is left out."""
    measured = target.measures.get("worst_displacement_by_fault")
    if not isinstance(measured, dict):
        return {}
    numbers = {str(fault): float(value) for fault, value in measured.items() if isinstance(value, int | float)}
    return {fault: value for fault, value in numbers.items() if not math.isnan(value)}


def scenarios_text(result: AuditResult) -> str:
    """Write how many scenarios were run: "80 000 scenarios (10 000 for each of 8 targets)"."""
    counts = [target.scenarios for target in result.targets]
    text = count_of(sum(counts), "scenario")
    if len(counts) > 1:
        text += (
            f" ({count(counts[0])} for each of {len(counts)} targets)" if len(set(counts)) == 1 else f" ({count(min(counts))} to {count(max(counts))} a target)"
        )
    return text


def headline(result: AuditResult) -> Headline:
    """Return the one sentence that sums the audit up; it never says more than was seen."""
    stopped = "Interrupted before the end. " if result.interrupted else ""
    judged = _survey(result) if result.survey and result.targets else _judged(result)
    return judged._replace(text=stopped + judged.text)


def _survey(result: AuditResult) -> Headline:
    names = short_names(result.targets)
    broke = [name for name, target in zip(names, result.targets, strict=True) if with_verdict(target, "violated")]
    kept = len(names) - len(broke)
    text = (
        f"{count_of(len(names), 'methodology', 'methodologies')} against one set of expectations, in {scenarios_text(result)}: "
        f"{f'{len(broke)} broke at least one ({_listed(broke)})' if broke else 'none was seen to break one'}"
        f"{f'; for {kept} no violation was found' if broke and kept else ''}. A survey judges nobody: few of them ever promised this."
    )
    return Headline("SURVEY", text, "survey")


def _judged(result: AuditResult) -> Headline:
    if not any(target.properties for target in result.targets):
        return Headline("NOTHING JUDGED", "No property of any target was judged.", "open")
    ran = scenarios_text(result)
    broken, unsure = _those(result, "violated"), _those(result, "inconclusive")
    unjudged = sum(len(ids) for ids in unsure.values())
    if broken:
        also = f" {count_of(unjudged, 'property', 'properties')} could not be judged." if unjudged else ""
        return Headline("BROKEN", f"{_breaks(result, broken)}, in {ran}.{also}", "broken")
    blank = sum(target.coverage.expected - target.coverage.filled for target in result.targets if target.coverage is not None)
    if result.require_coverage and blank and not unsure:
        cells = count_of(blank, "cell of it is", "cells of it are")
        return Headline("INCONCLUSIVE", f"Found no violation in {ran}, but coverage is required and {cells} blank.", "open")
    if unsure:
        ids = list(dict.fromkeys(one for those in unsure.values() for one in those))
        return Headline("INCONCLUSIVE", f"Found no violation in {ran}, but {_listed(ids)} could not be judged for {_listed(list(unsure))}.", "open")
    if any(target.failed_faults for target in result.targets):
        return Headline("INCONCLUSIVE", f"Found no violation in {ran}, but a third party's fault failed, and what it was to break could not be judged.", "open")
    known = 0 if result.baseline is None else result.baseline.known
    but = f" but {count_of(known, 'finding')} that {'is' if known == 1 else 'are'} known" if known else ""
    return Headline("NONE FOUND", f"Found no violation in {ran}{but}. {LIMITS}", "held")


def _those(result: AuditResult, verdict: Verdict) -> dict[str, list[str]]:
    """Return the properties with this verdict by the short name of their target, targets without any left out."""
    found = {
        name: [plain(one.id, most=40) for one in with_verdict(target, verdict)]
        for name, target in zip(short_names(result.targets), result.targets, strict=True)
    }
    return {name: ids for name, ids in found.items() if ids}


def _breaks(result: AuditResult, broken: dict[str, list[str]]) -> str:
    if len(result.targets) > 1:
        return f"{len(broken)} of {len(result.targets)} targets {'breaks' if len(broken) == 1 else 'break'} what was promised ({_listed(list(broken))})"
    [(name, ids)] = broken.items()
    return f"{name} breaks {len(ids)} of {count_of(len(result.targets[0].properties), 'property', 'properties')} ({_listed(ids)})"


def _listed(words: list[str]) -> str:
    more = len(words) - _NAMED
    return ", ".join(words[:_NAMED]) + (f" and {more} more" if more > 0 else "")
