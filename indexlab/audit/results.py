"""From counts to verdicts: holds, inconclusive, violated, waived, not-applicable; and what is measured and not judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.audit.coverage import has_blanks
from indexlab.audit.events import PropertyResult, Verdict, Worst
from indexlab.audit.tally import PropertyTally

if TYPE_CHECKING:
    from indexlab.audit.events import AuditResult
    from indexlab.audit.tally import Tally
    from indexlab.audit.work import Job, ShrunkFinding
    from indexlab.market.errors import TargetFailure
    from indexlab.properties.property import Property

_MOST_BORDERS: Final = 12

__all__ = ["exit_code", "measured", "property_result"]


def property_result(prop: Property, job: Job, tally: Tally, found: list[ShrunkFinding], describe_failure: TargetFailure | None) -> PropertyResult:
    """Return the verdict on one property; nothing that went wrong inside the harness is ever a pass."""
    reason = prop.applies(job.occasion)
    counts = tally.properties.get(prop.id, PropertyTally())
    if reason:
        # what is measured always has been looked at all the same
        return PropertyResult(prop.id, prop.statement, "not-applicable", reason, counts.scenarios, counts.premise_met, counts.worst)
    verdict, reason = _verdict(prop, counts, describe_failure)
    waived = job.expect.waive.get(prop.id)
    if waived is not None:
        reason = f"waived: {waived}" if verdict != "holds" else f"holds, though it is waived: {waived}"
        verdict = "waived" if verdict != "holds" else verdict
    return PropertyResult(
        id=prop.id,
        statement=prop.statement,
        verdict=verdict,
        reason=reason,
        scenarios=counts.scenarios,
        premise_met=counts.premise_met,
        worst=counts.worst if describe_failure is None or prop.id != "protocol" or counts.breached else Worst(1.0, "count", reason),
        finding=found[0].finding if found else None,
        breaches=counts.breached,
        findings=[each.finding for each in found],
    )


def _verdict(prop: Property, counts: PropertyTally, describe_failure: TargetFailure | None) -> tuple[Verdict, str]:
    broken = _broken(prop, counts, describe_failure)
    if broken:
        return "violated", broken
    if counts.errors:
        return "inconclusive", counts.errors
    if not counts.premise_met and counts.no_occasion:
        return "not-applicable", counts.no_occasion
    if not counts.premise_met:
        return "inconclusive", counts.unmet or "no run could be judged"
    ties = f"; {counts.ties} were not there again when every price was moved by a relative 1e-9" if counts.ties else ""
    return "holds", f"found none in {counts.premise_met} scenarios in which the premise was met{ties}"


def _broken(prop: Property, counts: PropertyTally, describe_failure: TargetFailure | None) -> str:
    """Say how a property was seen to be broken, or ""."""
    if prop.id == "protocol" and describe_failure is not None:
        return f"describe failed: {describe_failure.detail}"
    if counts.breached:
        return f"broken in {counts.breached} of {counts.premise_met} scenarios in which the premise was met"
    n, k = counts.independent
    return f"broken in {k} of {n} independent cases in which the premise was met, in none of the search's {counts.premise_met}" if k else ""


def measured(tally: Tally) -> dict[str, object]:
    """Return what is measured and not judged."""
    return {
        "worst_displacement_by_fault": dict(sorted(tally.by_fault.items())),
        "share_of_publications_without_value": round(tally.missing / tally.publications, 6) if tally.publications else 0.0,
        "publications": tally.publications,
        "borders": dict(sorted(tally.borders.items(), key=lambda item: (-item[1], item[0]))[:_MOST_BORDERS]),
        "ties": {name: counts.ties for name, counts in tally.properties.items() if counts.ties},
    }


def exit_code(result: AuditResult) -> int:
    """Return what an audit's process ends with: 130 interrupted, 0 for a survey, 1 violated, 4 inconclusive, else 0."""
    if result.interrupted:
        return 130
    if result.survey:
        return 0
    verdicts: set[Verdict] = {prop.verdict for target in result.targets for prop in target.properties}
    if result.require_coverage and any(target.coverage is not None and has_blanks(target.coverage) for target in result.targets):
        verdicts.add("inconclusive")
    if any(target.failed_faults for target in result.targets):
        verdicts.add("inconclusive")
    if "violated" in verdicts:
        return 1
    if "inconclusive" in verdicts:
        return 4
    return 0 if verdicts - {"not-applicable"} else 5
