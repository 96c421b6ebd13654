"""`protocol`: every answer is an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.determination import HELD, STATUSES
from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import price_text, which

if TYPE_CHECKING:
    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]


def check(run: Run) -> Outcome:
    """Count the requests that failed, and the promises (ok, degraded) without a finite positive number."""
    found: Breach | None = None
    failed = {twin for twin, _ in run.all_failures}
    # a target that is asked no more says less than the failure that led there
    for twin, failure in sorted(run.all_failures, key=lambda failed: failed[1].kind == "not-started")[:1]:
        asked = "" if (twin, failure) in run.failures else ", asked for margin"
        sentence = f"the target failed in {which(twin)}{asked}: {failure.detail}"
        found = Breach(twin, 0, 1.0, sentence, "every answer fits the target protocol, in time", str(failure.kind), "clean twin", what=str(failure.kind))
    wrong = 0
    for twin in range(CLEAN, len(run.broken_traces)):
        trace = run.trace(twin)
        bad = (trace.status < HELD) & ~(np.isfinite(trace.value) & (trace.value > 0))
        if bad.any():
            wrong += 1
            at = int(np.argmax(bad))
            value = trace.nothing if np.isnan(trace.value[at]) else price_text(float(trace.value[at]))
            sentence = f"in {which(twin)} the status is {STATUSES[trace.status[at]]} with the value {value}."
            promise = "ok and degraded come with a finite positive number"
            found = found or Breach(twin, at, 1.0, sentence, promise, f"{STATUSES[trace.status[at]]} {value}", "clean twin", run.clean_trace, what="no-value")
    total = 1 + len(run.batch.twins)
    breached = min(len(failed) + wrong, total)
    worst = Extreme(float(breached), "count", f"{breached} runs of a batch" if breached else "every answer fitted", CLEAN)
    return Outcome(total, total, breached, found, worst, "no request was made")


PROPERTY = Property(
    id="protocol",
    statement="every answer fits the target protocol, in time, and ok or degraded never comes with a value that is no finite positive number",
    check=check,
    hurt="umee #1261: only expired candles, an empty price was used, and it crashed",
    premise="a request was made",
    measure="how many runs of a batch failed or broke the promise of a status",
    example="""five sources that say 100; the target publishes -1 once
12:00:31   ok -1
in the clean run the status is ok with the value -1.
promised: ok and degraded come with a finite positive number""",
)
