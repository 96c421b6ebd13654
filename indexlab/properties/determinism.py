"""`determinism`: the same again is the same, to the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.tell import say, which

if TYPE_CHECKING:
    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]


def check(run: Run) -> Outcome:
    """Compare a run with the same run asked for again after the broken ones."""
    met = breached = 0
    first = None
    for variation in run.of_kind("repeat"):
        met += 1
        trace, again = run.trace(variation.twin), variation.trace
        same = (trace.value == again.value) | (np.isnan(trace.value) & np.isnan(again.value))
        differ = ~same | (trace.status != again.status)
        if differ.any():
            breached += 1
            at = int(np.argmax(differ))
            sentence = f"asked again after other runs, the same request gives another answer in {which(variation.twin)}."
            first = first or Breach(variation.twin, at, 1.0, sentence, "the same determinations to the bit", say(trace, again, at, "again"), "again", again)
    worst = Extreme(float(breached), "count", f"{breached} of {met} answers differed" if breached else "every answer was the same again", -1) if met else None
    return Outcome(met, met, breached, first, worst, "no run was asked for twice")


PROPERTY = Property(
    id="determinism",
    statement="the same scenario twice gives the same determinations to the bit; a run knows nothing of the run before it",
    check=check,
    needs=("repeat",),
    hurt="exchange-rate-canister pull 358: the minimum of sources held on one path and was skipped on the cached one",
    premise="a run was asked for twice, with others in between",
    measure="how many answers differed",
    example="""five sources that say 100; the target begins a run with the last index of the run before
12:00:01   index 100, again 100.5 (49.8 bp)
asked again after other runs, the same request gives another answer in the clean run.
promised: the same determinations to the bit""",
)
