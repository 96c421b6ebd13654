"""`future-time`: a clock that runs ahead does not make old news fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.properties.absence import as_if_absent
from indexlab.properties.metamorphic import same_when_told_differently
from indexlab.properties.property import Occasion, Outcome, Property

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]

_UNMET = "no source whose event times lay ahead was silent for longer than «max_age» while «min_sources» unbroken ones were live"


def check(run: Run) -> Outcome:
    """Compare with absence from «max_age» after the receive time of the last observation; by the receive clock, with other event times."""
    if run.expect.clock == "receive":
        return same_when_told_differently(run, "restamped", "event times have no effect", "there was no observation to stamp otherwise")
    limit = run.expect.max_age + run.expect.age_margin

    def gone(rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        faulty = run.faulty[rows][:, None, :]
        silent = (run.broken.silence[rows] >= limit) | ~faulty
        return np.asarray(silent.all(axis=2) & (_ahead(run, int(rows[0])) & run.faulty[rows[0]]).any(axis=1)[None, :])

    return as_if_absent(run, gone, "has stamped ahead and fallen silent|have stamped ahead and fallen silent", _UNMET)


def _ahead(run: Run, twin: int) -> NDArray[np.bool_]:
    """Say of each source [times, sources] whether it has sent an observation whose event time lies ahead of its receive time."""
    quotes, times = run.broken_traces[twin].quotes, run.times
    ahead = quotes.event_time > quotes.receive_time
    first = np.full(len(run.basket), np.iinfo(np.int64).max)
    np.minimum.at(first, quotes.source[ahead], quotes.receive_time[ahead])
    return np.asarray(times[:, None] >= first[None, :])


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    if occasion.expect.clock == "receive":
        return ""
    return occasion.too_few(occasion.expect.min_sources + 1, "min_sources live ones beside one whose clock runs ahead")


PROPERTY = Property(
    id="future-time",
    statement="an event time ahead of the receive time buys no freshness: from «max_age» after the receive time of its last observation a source is as"
    " absent (by the receive clock, event times have no effect)",
    check=check,
    needs=("absent", "restamped"),
    applies=applies,
    hurt="ojo-network/price-feeder #91 and pull 96: candles from the future were averaged in; archimedes pull 987: a negative age counted as fresh for ever",
    premise="a source stamped an observation ahead of its receipt and was then silent for «max_age» and the margin, with «min_sources» others live",
    measure="the largest relative distance from the run in which the source is absent",
    example="""a says 110 and four others 100; from 12:00:20 on a stamps a minute ahead, at 12:00:30 it stops, and the target takes a negative age for fresh
12:00:42   index 102, with a absent 100 (200.0 bp)
23s after the newest observation of a, which has stamped ahead and fallen silent, it still sways the index (price 110).
promised: within max_displacement = 1% of their absence after max_age = 10s""",
)
