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
)
