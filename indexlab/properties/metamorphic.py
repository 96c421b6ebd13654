"""What the metamorphic statements share: the same run told differently gives the same index and the same statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexlab.index.determination import STATUSES
from indexlab.properties.per_twin import PerTwin
from indexlab.properties.property import Breach, Extreme, Outcome
from indexlab.properties.tell import say, which
from indexlab.properties.words import apart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from indexlab.properties.run import Run, Trace, Variation

__all__ = ["Pair", "changed_word", "outcome_of_pairs", "same_when_told_differently"]


class Pair(NamedTuple):
    """A variation and the run that it must be the same as, at the publications `where` (None: all); `reference` names the variation as a column head.

    `held_against` names the other run where it is not the twin itself.
    """

    variation: Variation
    base: Trace
    reference: str
    where: NDArray[np.bool_] | None = None
    held_against: str = "index"


def _unchanged(_: Variation, value: NDArray[np.float64]) -> NDArray[np.float64]:
    return value


def same_when_told_differently(
    run: Run,
    kind: str,
    promised: str,
    unmet: str,
    back: Callable[[Variation, NDArray[np.float64]], NDArray[np.float64]] = _unchanged,
) -> Outcome:
    """Compare each variation of a kind with the run it was made of; `back` undoes what the variation did to the prices."""
    pairs = [Pair(variation, run.trace(variation.twin), kind) for variation in run.of_kind(kind)]
    return outcome_of_pairs(run, pairs, promised, unmet, back)


def outcome_of_pairs(
    run: Run,
    pairs: Iterable[Pair],
    promised: str,
    unmet: str,
    back: Callable[[Variation, NDArray[np.float64]], NDArray[np.float64]] = _unchanged,
) -> Outcome:
    """Hold each variation against the run that it must be the same as, publication by publication: the index and the status."""
    met = breached = 0
    first, worst, worst_twin = None, 0.0, -1
    by_twin = PerTwin(len(run.twins))
    for pair in pairs:
        met += 1
        variation, trace = pair.variation, pair.base
        value = np.where(trace.missing, np.nan, trace.value)
        other = back(variation, np.where(variation.trace.missing, np.nan, variation.trace.value))
        differ = apart(other, value, run.expect) | (variation.trace.status != trace.status) | (np.isnan(value) != np.isnan(other))
        with np.errstate(invalid="ignore", over="ignore"):
            moved = np.nan_to_num(np.abs(other / value - 1.0), posinf=np.inf)
        if pair.where is not None:
            differ, moved = differ & pair.where, np.where(pair.where, moved, 0.0)
        size = float(moved.max(initial=0.0))
        if size > worst:
            worst, worst_twin = size, variation.twin
        what = ""
        if differ.any():
            breached += 1
            at = int(np.argmax(differ))
            what = changed_word(trace, variation.trace, at)
            first = first or _breach(pair, at, size, promised, what)
        by_twin.judged(variation.twin, size, what)
    text = f"{worst * 1e4:,.3f} bp apart".replace(",", " ")
    return Outcome(met, met, breached, first, Extreme(worst, "ratio", text, worst_twin) if met else None, unmet, by_twin.told())


def changed_word(base: Trace, other: Trace, at: int) -> str:
    """Return one word for how the second run differs from the first: "lost", "appeared", "status" or "moved"."""
    if base.missing[at] != other.missing[at]:
        return "lost" if other.missing[at] else "appeared"
    return "status" if base.status[at] != other.status[at] else "moved"


def _breach(pair: Pair, at: int, size: float, promised: str, what: str) -> Breach:
    variation, trace = pair.variation, pair.base
    if trace.status[at] != variation.trace.status[at]:
        changed = f"changes the status from {STATUSES[trace.status[at]]} to {STATUSES[variation.trace.status[at]]}"
    else:
        changed = "changes the index"
    sentence = f"{variation.detail} {changed} in {which(variation.twin)}."
    seen = say(trace, variation.trace, at, pair.reference).replace("index", pair.held_against, 1)
    return Breach(variation.twin, at, size, sentence[0].upper() + sentence[1:], promised, seen, pair.reference, variation.trace, what=what)
