"""`late-data`: old news is no news."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.properties.metamorphic import same_when_told_differently
from indexlab.properties.property import Occasion, Outcome, Property

if TYPE_CHECKING:
    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]


def check(run: Run) -> Outcome:
    """Compare with the run in which older observations arrive late."""
    return same_when_told_differently(
        run, "late-data", "an observation older than the newest one of its source changes nothing", "no late observation could be placed"
    )


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    return 'clock = "receive": the last received counts' if occasion.expect.clock == "receive" else ""


PROPERTY = Property(
    id="late-data",
    statement="an observation older than the newest one of its source changes nothing",
    check=check,
    needs=("late-data",),
    metamorphic=True,
    applies=applies,
    hurt="rippled #7167: the time limit was anchored on the surviving samples, so stale prices stayed",
    occasion="«clock» = `event`",
    premise="a run into which older observations than the newest of their source could be put",
    measure="the largest relative distance between the index and that of the run told again",
    example="""five sources that say 100; the target takes the last received of each source
12:00:01   index 100, late-data 98.254804 (177.6 bp)
Adding 57 observations older than the newest of their source changes the index in the clean run.
promised: an observation older than the newest one of its source changes nothing""",
)
