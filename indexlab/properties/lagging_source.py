"""`lagging-source`: who is heard, but late by more than the age limit, has no influence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.properties.absence import as_if_absent
from indexlab.properties.property import Occasion, Outcome, Property

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]


def check(run: Run) -> Outcome:
    """Compare with absence wherever every faulty source's event times lag beyond the limit, of which at least one has been heard meanwhile."""
    limit = run.expect.max_age + run.expect.age_margin

    def gone(rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        faulty = run.faulty[rows][:, None, :]
        stale = (run.broken.age[rows] >= limit) | ~faulty
        # silence alone belongs to `silent-source`; what is invalid to `invalid-values`; here somebody still talks, of old things
        heard = ((run.broken.silence[rows] < run.expect.max_age) & ~run.broken.invalid_now[rows] & faulty).any(axis=2)
        ever = np.logical_or.accumulate(heard & stale.all(axis=2), axis=1)
        return np.asarray(stale.all(axis=2) & ever)

    return as_if_absent(run, gone, "is stamped late|are stamped late", "no source lagged by more than «max_age» while it was still heard")


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    if occasion.expect.clock == "receive":
        return 'clock = "receive": event times have no effect'
    return occasion.too_few(occasion.expect.min_sources + 1, "min_sources live ones beside a lagging one")


PROPERTY = Property(
    id="lagging-source",
    statement="sources whose event times lag by more than «max_age», whatever their messages' arrival, have no influence",
    check=check,
    needs=("absent",),
    applies=applies,
    hurt="umee #792: a venue always four to six minutes late against a window of three; exchange-rate-canister pull 317: a dead venue that"
    " repeats its last answer counted as a success",
    occasion="«clock» = `event`; baskets of more than «min_sources» sources",
    premise="the newest observations of all faulty sources, of which one is still heard, are older than «max_age» and the margin, while"
    " «min_sources» unbroken ones are live",
    measure="the largest relative distance from the run in which they are absent",
    example="""a says 100, b 100.5, c 101, d 101.5, e 102; from 12:00:20 on a comes 15 s late, and the target's limit of 10 s counts from the receipt
12:00:41   index 101, with a absent 101.25 (24.7 bp)
16s after the newest observation of a, which is stamped late, it still sways the index (price 100).
promised: no influence after max_age = 10s (the same from max_recovery = 5s later)""",
)
