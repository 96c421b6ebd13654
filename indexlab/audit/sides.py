"""Both sides of a disagreement at the first place where they part: what each made of every source, and what the written rules say of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.audit.events import SideRow, Sides
from indexlab.index.determination import REASONS, Determinations
from indexlab.index.rules import Declaration
from indexlab.index.wording import has_meaning, meaning
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import price_text
from indexlab.targets.target import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indexlab.audit.judge import Judge
    from indexlab.audit.shrink import Shrunk
    from indexlab.properties.property import Breach
    from indexlab.properties.run import Run
    from indexlab.targets.target import Target

__all__ = ["sides_of"]

_MOST_ROWS: Final = 24
_MOST_RULES: Final = 4
_SAME: Final = 1e-9
_RULES: Final = {
    "clamped": ("outlier.rule", "outlier.reference", "outlier.comparison"),
    "outlier": ("outlier.rule", "outlier.reference", "outlier.comparison"),
    "stale": ("staleness.silence", "staleness.clock", "staleness.at_limit"),
    "invalid": ("validity.accept", "validity.invalid", "validity.max_ahead"),
    "cooling": ("reinclusion.applies_to", "reinclusion.band", "reinclusion.held_for"),
    "absent": ("quorum.ok_from", "quorum.below", "quorum.least"),
    "used": ("aggregation.rule", "weights.kind", "input.price"),
}
"""Which sentences of a methodology bear on a reason."""


def sides_of(judge: Judge, shrunk: Shrunk) -> Sides | None:
    """Ask both targets for the smallest scenario again, explained; None where they did not part there, or there is only one."""
    run, breach = shrunk.run, shrunk.outcome.breach
    if run.against is None or judge.second is None or breach is None or run.failures:
        return None
    mine, theirs = (_explained(target, run, breach) for target in (judge.target, judge.second))
    rows = list(_rows(run, breach.at, mine, theirs))
    notes = [f"{letter} gives no prices, weights or reasons" for letter, answer in (("A", mine), ("B", theirs)) if _is_mute(answer)]
    theirs_said, mine_said = (list(_rules(target, rows, breach))[:_MOST_RULES] for target in (judge.second, judge.target))
    told = [f"B: {rule}" for rule in theirs_said] + [f"A: {rule}" for rule in mine_said if rule not in theirs_said]
    return Sides(judge.target.label, judge.second.label, rows[:_MOST_ROWS], notes, told, _what(breach.what, mine, theirs, breach.at))


def _explained(target: Target, run: Run, breach: Breach) -> Determinations | None:
    rates = run.rates if breach.twin == CLEAN or not run.twin_rates else run.twin_rates[breach.twin]
    answer = target.index([Request(run.basket, run.trace(breach.twin).quotes, run.times, explain=True, rates=rates)])[0]
    return answer if isinstance(answer, Determinations) else None


def _is_mute(answer: Determinations | None) -> bool:
    return answer is None or (answer.weight is None and answer.used is None and answer.reason is None)


def _rows(run: Run, at: int, mine: Determinations | None, theirs: Determinations | None) -> Iterator[SideRow]:
    for position, source in enumerate(run.basket):
        one, other = _cells(mine, at, position), _cells(theirs, at, position)
        yield SideRow(source.id, *one, *other, _differs(mine, theirs, at, position))


def _cells(answer: Determinations | None, at: int, position: int) -> tuple[str, str, str]:
    """Return the price as it entered, the effective weight and the reason of one source, "" for what was not given."""
    if answer is None:
        return "", "", ""
    used = "" if answer.used is None or math.isnan(answer.used[at, position]) else price_text(float(answer.used[at, position]))
    weight = "" if answer.weight is None or math.isnan(answer.weight[at, position]) else f"{float(answer.weight[at, position]):.4g}"
    return used, weight, _reason(answer, at, position)


def _reason(answer: Determinations | None, at: int, position: int) -> str:
    return "" if answer is None or answer.reason is None else REASONS[answer.reason[at, position]]


def _differs(mine: Determinations | None, theirs: Determinations | None, at: int, position: int) -> str:
    """Return in what the two differ about a source, the reason before the price before the weight; "" where they do not, or one says nothing."""
    if mine is None or theirs is None:
        return ""
    one, other = _reason(mine, at, position), _reason(theirs, at, position)
    if one and other and one != other:
        return "another reason"
    for name, word in (("used", "another price"), ("weight", "another weight")):
        pair = getattr(mine, name), getattr(theirs, name)
        if pair[0] is not None and pair[1] is not None and not np.isclose(pair[0][at, position], pair[1][at, position], rtol=_SAME, atol=0.0, equal_nan=True):
            return word
    return ""


def _what(seen: str, mine: Determinations | None, theirs: Determinations | None, at: int) -> str:
    """Return what happened, with the reasons that either side gives: disagreements about other rules are other findings. Without any it is as it was seen."""
    reasons = [answer.reason[at].tolist() for answer in (mine, theirs) if answer is not None and answer.reason is not None]
    if not reasons:
        return seen
    given = {REASONS[code] for codes in reasons for code in codes} - {"used"}
    return "-".join((seen.partition("-")[0], *sorted(given)))


def _rules(target: Target, rows: Iterable[SideRow], breach: Breach) -> Iterator[str]:
    """Say what a written methodology states about the reasons in question, the most telling sentence of each first."""
    declaration = getattr(target, "declaration", None)
    if not isinstance(declaration, Declaration):
        return
    listed = list(rows)
    apart = [row for row in listed if row.mark] or listed
    reasons = {reason for row in apart for reason in (row.reason, row.other_reason) if reason}
    telling = [reason for reason in _RULES if reason in reasons - {"used"}] or ["used"]
    keys = [key for reason in telling for key in _RULES[reason]]
    if breach.what.partition("-")[0] != "moved":
        keys = [*_RULES["absent"], *keys]
    for key in dict.fromkeys(keys):
        if has_meaning(declaration, key):
            yield meaning(declaration, key)
