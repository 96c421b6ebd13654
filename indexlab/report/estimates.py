"""What a report says of an estimate: the sentence first, then a line a property; and its few lines for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexlab.report.plain import plain
from indexlab.report.words import NOTHING, count, count_of

if TYPE_CHECKING:
    from indexlab.audit.events import Estimate, PropertyEstimate, TargetResult

__all__ = ["HOW_TO_ASK", "EstimateSheet", "estimate_lines", "estimate_sheet", "probability_text"]

_NAME: Final = 60
_SENTENCE: Final = 1200
_MOST_BROKEN: Final = 5
_MOST_STRATA: Final = 12
HOW_TO_ASK: Final = (
    "No independent cases were run, so this report bounds no probability. Ask for them with --estimate N, or estimate = N under [run] in the plan: with none "
    "broken, N = 2 995 bounds the probability of a breach by 0.1 % at 95 %, and N = 29 956 by 0.01 %."
)


@dataclass(frozen=True)
class EstimateRow:
    """A property or a stratum: n, k and bounds, as text."""

    name: str
    n: str
    k: str
    upper_95: str
    upper_99: str
    family_95: str = ""
    weighted_95: str = ""
    broke: bool = False


@dataclass(frozen=True)
class StrataTable:
    """A property's strata in which a case broke, those with the most first, as many as the page has room for."""

    property: str
    rows: list[EstimateRow]
    left_out: int


@dataclass(frozen=True)
class StrataSpan:
    """How far a property's strata reach: how many were met, their fewest and most cases, the widest and narrowest bound at 95 %."""

    property: str
    met: str
    cases: str
    upper_95: str


@dataclass(frozen=True)
class EstimateSheet:
    """One target's estimate as the page shows it."""

    name: str
    done: str
    stopped: str
    sentence: str
    family: str
    distribution: list[tuple[str, str]]
    rows: list[EstimateRow]
    spans: list[StrataSpan]
    strata: list[StrataTable]
    weights: str


def probability_text(value: float) -> str:
    """Write an upper bound so that rounding never lowers it: two digits, up."""
    if value >= 1.0:
        return "1"
    text = f"{value:.1e}"
    if float(text) < value:
        # a last digit more: the printed bound is never below the computed one
        mantissa, exponent = text.split("e")
        text = f"{float(f'{float(mantissa) + 0.1:.1f}e{exponent}'):.1e}"
    number = float(text)
    return f"{number:.2g}" if number >= 1e-3 else text.replace("e-0", "e-")


def estimate_sheet(target: TargetResult, name: str) -> EstimateSheet | None:
    """Return what the page shows of a target's estimate; None where there is none."""
    found = target.estimate
    if found is None:
        return None
    return EstimateSheet(
        name=name,
        done=f"{count(found.done)} of {count_of(found.planned, 'planned case')}",
        stopped=plain(found.stopped, most=_SENTENCE),
        sentence=plain(found.sentence, most=_SENTENCE),
        family=(
            f"The column of the family holds for all {count(found.family)} properties together with 95 % (Bonferroni). The weighted bound is of the sum "
            "over strata of weight times probability, whatever the number of cases in each: it is wider where cases are few in some strata."
        ),
        distribution=[(plain(what, most=_NAME), plain(how, most=_SENTENCE)) for what, how in found.distribution],
        rows=[_row(one) for one in found.properties],
        spans=[_span(one) for one in found.properties if one.strata],
        strata=[_strata(one) for one in found.properties if one.bound.k],
        weights=_weights(found),
    )


def _row(one: PropertyEstimate) -> EstimateRow:
    bound = one.bound
    if not bound.n:
        return EstimateRow(plain(one.id, most=_NAME), "0", NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
    return EstimateRow(
        plain(one.id, most=_NAME),
        count(bound.n),
        count(bound.k),
        probability_text(bound.upper_95),
        probability_text(bound.upper_99),
        probability_text(one.family_95),
        NOTHING if one.weighted_95 is None else probability_text(one.weighted_95),
        bound.k > 0,
    )


def _span(one: PropertyEstimate) -> StrataSpan:
    cases, bounds = sorted(stratum.bound.n for stratum in one.strata), sorted(stratum.bound.upper_95 for stratum in one.strata)
    return StrataSpan(
        property=plain(one.id, most=_NAME),
        met=count(len(cases)),
        cases=count(cases[0]) if cases[0] == cases[-1] else f"{count(cases[0])} to {count(cases[-1])}",
        upper_95=f"{probability_text(bounds[0])} to {probability_text(bounds[-1])}",
    )


def _strata(one: PropertyEstimate) -> StrataTable:
    broke = sorted((stratum for stratum in one.strata if stratum.bound.k), key=lambda stratum: -stratum.bound.k)
    rows = [
        EstimateRow(
            f"{plain(each.fault, most=_NAME)}, {plain(each.regime, most=_NAME)}",
            count(each.bound.n),
            count(each.bound.k),
            probability_text(each.bound.upper_95),
            probability_text(each.bound.upper_99),
            broke=True,
        )
        for each in broke[:_MOST_STRATA]
    ]
    return StrataTable(plain(one.id, most=_NAME), rows, max(0, len(broke) - _MOST_STRATA))


def _weights(found: Estimate) -> str:
    shares = {stratum.weight for one in found.properties for stratum in one.strata}
    if len(shares) != 1:
        return "" if not shares else f"Declared weights of the strata: {', '.join(f'{share:.6g}' for share in sorted(shares))}."
    [share] = shares
    return f"Every stratum has the same declared weight, 1/{round(1 / share)} = {share:.6g}."


def estimate_lines(target: TargetResult) -> list[str]:
    """Return the terminal's lines: what was run, each property that broke, and the range of the bounds of the others."""
    found = target.estimate
    if found is None:
        return []
    head = f"estimate: {count_of(found.done, 'independent case')}{f' of {count(found.planned)}, stopped early' if found.stopped else ''}"
    broken = [one for one in found.properties if one.bound.k]
    lines = [
        f"{plain(one.id, most=24)} broken in {count(one.bound.k)} of {count(one.bound.n)}: probability at most {probability_text(one.bound.upper_95)} (95 %), "
        f"{probability_text(one.bound.upper_99)} (99 %)"
        for one in sorted(broken, key=lambda one: -one.bound.upper_95)[:_MOST_BROKEN]
    ]
    if len(broken) > _MOST_BROKEN:
        lines.append(f"and {len(broken) - _MOST_BROKEN} more, in the report")
    held = [one.bound for one in found.properties if one.bound.n and not one.bound.k]
    if held:
        best, least = min(each.upper_95 for each in held), max(each.upper_95 for each in held)
        span = probability_text(best) if best == least else f"{probability_text(best)} to {probability_text(least)}"
        lines.append(f"{count_of(len(held), 'property', 'properties')} broken in none: probability of a breach at most {span} (95 %) each")
    unmet = sum(not one.bound.n for one in found.properties)
    if unmet:
        lines.append(f"{count_of(unmet, 'property', 'properties')} with a premise met in none: nothing is known")
    return [head, *lines]
