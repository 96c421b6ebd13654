"""`duplicates`: hearing a thing twice is hearing it once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.properties.metamorphic import same_when_told_differently
from indexlab.properties.property import Outcome, Property

if TYPE_CHECKING:
    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]


def check(run: Run) -> Outcome:
    """Compare with the run in which a third of the observations come twice in a row."""
    return same_when_told_differently(run, "duplicates", "delivering an observation twice changes nothing", "there was no observation to double")


PROPERTY = Property(
    id="duplicates",
    statement="delivering an observation twice, one right after the other, changes nothing",
    check=check,
    needs=("duplicates",),
    metamorphic=True,
    hurt="XRPLF/rippled #6583: the same source listed twice counted twice",
    premise="a run in which a third of the observations come twice in a row",
    measure="the largest relative distance between the index and that of the run told again",
    example="""a says 100, b 100.5, c 101, d 101.5, e 102; the target takes the mean of all messages of two seconds
12:00:01   index 101, duplicates 100.83333 (16.5 bp)
Delivering 80 of 300 observations twice changes the index in the clean run.
promised: delivering an observation twice changes nothing""",
)
