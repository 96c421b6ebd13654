"""`weight-zero`: a source without weight is no source.

Whether a target uses the given weights is not declared anywhere in the target protocol, so its behaviour decides: where taking one source's weight away
changes no determination of a run at all, the run gives no occasion, and a target all of whose runs give none does not use them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from indexlab.properties.metamorphic import Pair, outcome_of_pairs
from indexlab.properties.property import Occasion, Outcome, Property
from indexlab.properties.tell import names

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run, Trace

__all__ = ["PROPERTY"]

_NO_OCCASION = "taking a source's weight away changes nothing: the target does not use the given weights"


def check(run: Run) -> Outcome:
    """Compare the run in which one source has weight 0 with the run in which it says nothing.

    Only where the weight makes a difference: elsewhere it may be that others than the given weights are at work, such as volumes.
    """
    silent = {variation.twin: variation.trace for variation in run.of_kind("weight-absent")}
    pairs, asked = [], 0
    for variation in run.of_kind("weight-zero"):
        if variation.twin not in silent:
            continue
        asked += 1
        where = _matters(variation.trace, run.trace(variation.twin))
        if where.any():
            pairs.append(Pair(variation, silent[variation.twin], "weight 0", where, f"{names(run, variation.sources)} absent"))
    unmet = _NO_OCCASION if asked else "no source's weight could be taken away"
    outcome = outcome_of_pairs(run, pairs, "weight 0 is absence", unmet)
    return outcome if pairs or not asked else replace(outcome, no_occasion=_NO_OCCASION)


def _matters(one: Trace, other: Trace) -> NDArray[np.bool_]:
    """Say where [times] the weight counts: where two runs differ."""
    same = (one.value == other.value) | (np.isnan(one.value) & np.isnan(other.value))
    return np.asarray(~same | (one.status != other.status))


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    return occasion.too_few(2, "a weight to take away")


PROPERTY = Property(
    id="weight-zero",
    statement="for a target that uses the given weights: weight 0 is absence",
    check=check,
    needs=("weight-zero", "weight-absent"),
    metamorphic=True,
    applies=applies,
    hurt="StatsBase.jl pull 121, weightedstats #2 and collapse #448: weighted medians that were wrong at the edges of what a weight may be",
    occasion="a target whose index changes when a given weight does",
    premise="a run in which taking one source's weight away changes a determination",
    measure="the largest relative distance between the index with weight 0 and that with the source absent",
    example="""a says 100, b 100.5, c 101, d 101.5, e 102; the target takes the weighted mean, and a weight of 0 for one that was not given, which is 1
12:00:01   b absent 101.1375, weight 0 101.01 (12.6 bp)
Giving b weight 0 where it could as well be absent changes the index in the clean run.
promised: weight 0 is absence""",
)
