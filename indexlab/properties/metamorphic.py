"""What the metamorphic statements share: the same run told differently gives the same index and the same statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.determination import STATUSES
from indexlab.properties.property import Breach, Extreme, Outcome
from indexlab.properties.tell import say, which
from indexlab.properties.words import apart

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from indexlab.properties.run import Run, Variation

__all__ = ["same_when_told_differently"]


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
    met = breached = 0
    first, worst, worst_twin = None, 0.0, -1
    for variation in run.of_kind(kind):
        met += 1
        trace = run.trace(variation.twin)
        value = np.where(trace.missing, np.nan, trace.value)
        other = back(variation, np.where(variation.trace.missing, np.nan, variation.trace.value))
        differ = apart(other, value, run.expect) | (variation.trace.status != trace.status) | (np.isnan(value) != np.isnan(other))
        with np.errstate(invalid="ignore", over="ignore"):
            moved = np.nan_to_num(np.abs(other / value - 1.0), posinf=np.inf)
        if len(moved) and float(moved.max()) > worst:
            worst, worst_twin = float(moved.max()), variation.twin
        if differ.any():
            breached += 1
            first = first or _breach(run, variation, int(np.argmax(differ)), float(moved.max()), promised)
    text = f"{worst * 1e4:,.3f} bp apart".replace(",", " ")
    return Outcome(met, met, breached, first, Extreme(worst, "ratio", text, worst_twin) if met else None, unmet)


def _breach(run: Run, variation: Variation, at: int, size: float, promised: str) -> Breach:
    trace = run.trace(variation.twin)
    if trace.status[at] != variation.trace.status[at]:
        changed = f"changes the status from {STATUSES[trace.status[at]]} to {STATUSES[variation.trace.status[at]]}"
    else:
        changed = "changes the index"
    sentence = f"{variation.detail} {changed} in {which(variation.twin)}."
    return Breach(
        variation.twin,
        at,
        size,
        sentence[0].upper() + sentence[1:],
        promised,
        say(trace, variation.trace, at, variation.kind),
        variation.kind,
        variation.trace,
    )
