"""`silent-source`: who has fallen silent has no influence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.properties.absence import as_if_absent
from indexlab.properties.property import Occasion, Outcome, Property

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]


def check(run: Run, where: NDArray[np.bool_] | None = None) -> Outcome:
    """Compare with absence wherever every faulty source has been silent for longer than «max_age» and the margin; `where` [runs, times] limits it."""
    limit = run.expect.max_age + run.expect.age_margin

    def gone(rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        silent = np.asarray((run.broken.silence[rows] >= limit) & (run.broken.age[rows] >= limit))
        heard = np.asarray((run.broken.panels[int(rows[0])].latest >= 0).any(axis=0))
        somebody = np.asarray((run.faulty[rows] & heard[None, :]).any(axis=1))
        return np.asarray((silent | ~run.faulty[rows][:, None, :]).all(axis=2) & somebody[:, None])

    return as_if_absent(run, gone, "fell silent|fell silent", "no source was silent for long enough while «min_sources» unbroken ones were live", where)


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    return occasion.too_few(occasion.expect.min_sources + 1, "min_sources live ones beside a silent one")


PROPERTY = Property(
    id="silent-source",
    statement="sources that fell silent, however many, have no influence from «max_age» on, as long as «min_sources» live ones remain",
    check=check,
    needs=("absent",),
    applies=applies,
    hurt="Deribit 2019-10-31: Coinbase was silent for 75 minutes around the incident"
    " (https://insights.deribit.com/exchange-updates/deribit-flash-crash-a-letter-from-the-founders/); vega #10459: a median built from stale inputs",
    occasion="baskets of more than «min_sources» sources",
    premise="all faulty sources have been silent for «max_age» and the margin, while «min_sources» unbroken ones are live and no age is near the limit",
    measure="the largest relative distance from the run in which they are absent",
    example="""a says 100, b 100.5, c 101, d 101.5, e 102; a falls silent at 12:00:20, and the target takes the mean with no limit of age
12:00:37   index 101, with a absent 101.25 (24.7 bp)
18s after the newest observation of a, which fell silent, it still sways the index (price 100).
promised: no influence after max_age = 10s (the same from max_recovery = 5s later)""",
)
