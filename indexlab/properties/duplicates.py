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
)
