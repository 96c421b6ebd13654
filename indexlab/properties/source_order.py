"""`source-order`: the numbers of the sources mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.properties.metamorphic import same_when_told_differently
from indexlab.properties.property import Occasion, Outcome, Property

if TYPE_CHECKING:
    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]


def check(run: Run) -> Outcome:
    """Compare with the run whose sources are listed in another order."""
    return same_when_told_differently(run, "source-order", "renumbering the sources changes nothing", "there is only one source, or no run to renumber")


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    return occasion.too_few(2, "another order")


PROPERTY = Property(
    id="source-order",
    statement="renumbering the sources (and what belongs to them) changes nothing",
    check=check,
    needs=("source-order",),
    metamorphic=True,
    applies=applies,
    hurt="exchange-rate-canister pull 318: which of two venues won depended on the order of arrival",
    occasion="baskets of two sources or more",
    premise="a run told again with its sources in another order",
    measure="the largest relative distance between the index and that of the run told again",
    example="""a says 100, b 100.5, c 101, d 101.5, e 102; the target takes the mean of the first three listed
12:00:01   index 100.5, source-order 101.16667 (65.9 bp)
Listing the sources as a, d, e, c, … changes the index in the clean run.
promised: renumbering the sources changes nothing""",
)
