"""Several checks of one run as one: what a statement that is made of others found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.properties.property import ByTwin, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.properties.run import Run

__all__ = ["together"]


def together(run: Run, parts: Sequence[Outcome], unmet: str) -> Outcome:
    """Return one outcome of several: a run counts as judged, or as broken, where it does in any; the first part's words and sizes come first.

    The parts tell their broken twins apart (`by_twin`); what they count beyond those is the clean run's.
    """
    count = len(run.twins)
    met, broken, size, what = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_), np.zeros(count), [""] * count
    clean_met = clean_broken = False
    for part in parts:
        told = part.by_twin
        if told is None:
            continue
        clean_met |= part.premise_met > int(told.met.sum())
        clean_broken |= part.breached > int(told.broken.sum())
        words = told.what or ("",) * count
        what = [known or word for known, word in zip(what, words, strict=True)]
        # sizes of different kinds do not compare: the first that was measured stays
        size = np.where(met, size, told.size)
        met, broken = met | told.met, broken | told.broken
    breach = next((part.breach for part in parts if part.breach is not None), None)
    worst = next((part.worst for part in parts if part.worst is not None), None)
    by_twin = ByTwin(met, broken, size, tuple(what))
    return Outcome(1 + count, int(met.sum()) + clean_met, int(broken.sum()) + clean_broken, breach, worst, unmet, by_twin)
