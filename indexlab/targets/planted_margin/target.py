"""A planted defect of the margin side as a target: our own index, and our margin engine under a venue's rules with one thing wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, Self

from indexlab.index.catalogue import preset
from indexlab.margin.answer import answer
from indexlab.margin.rules_file import venue_names
from indexlab.market.errors import InputError
from indexlab.targets.methodology import MethodologyTarget
from indexlab.targets.planted_margin.applied import applied
from indexlab.targets.planted_margin.catalogue import find_defect, find_venue, label_of, venues_of
from indexlab.targets.planted_margin.defect import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from indexlab.margin.case import MarginAnswer, MarginCase
    from indexlab.margin.rules import VenueRules
    from indexlab.market.errors import TargetFailure
    from indexlab.targets.planted_margin.defect import MarginDefect
    from indexlab.targets.target import Description, Outcome, Request

__all__ = ["INDEX", "PlantedMarginTarget", "open_planted_margin"]

INDEX: Final = "plain-median"
"""The preset whose index is published beside the margin engine: what is wrong is not the index."""


def open_planted_margin(rest: str) -> PlantedMarginTarget:
    """Return the target of `DEFECT@VENUE`; raises InputError for an unknown name, and for a defect that changes nothing under the venue's rules."""
    name, at, venue = rest.partition("@")
    if not at:
        problem, remedy = f'must name a defect and a venue, was "{rest}"', f'write "{label_of("haircut-on-debts", "okx")}"'
        raise InputError(problem, key=f"target planted-margin:{rest}", remedy=remedy)
    defect = find_defect(name)
    find_venue(venue)
    if venue not in venues_of(name):
        problem, remedy = f"changes nothing at {venue}", f"it is planted in {', '.join(venues_of(name))}"
        raise InputError(problem, key=f"target planted-margin:{rest}", remedy=remedy)
    return PlantedMarginTarget(defect, venue)


class PlantedMarginTarget:
    """An index that is right, beside a margin engine with one thing wrong, or none. It says under which venue's rules it wants to be asked."""

    kind: Literal["in-process"] = "in-process"

    def __init__(self, defect: MarginDefect | None, venue: str) -> None:
        """Take the defect (None: none) and the name of the venue."""
        self.defect = defect
        self.venue = venue
        self.margin_rules: VenueRules = find_venue(venue)
        self.label = label_of(NONE if defect is None else defect.id, venue)
        self._index = MethodologyTarget(self.label, preset(INDEX))

    def describe(self) -> Description:
        """Return what the index says of itself, and that there is a margin engine: nobody tells of a defect."""
        return replace(self._index.describe(), provides=("index", "margin"), venue=self.venue if self.venue in venue_names() else "")

    def index(self, requests: Sequence[Request]) -> list[Outcome]:
        """Determine every request, as the methodology does."""
        return self._index.index(requests)

    def margin(self, cases: Sequence[MarginCase]) -> list[MarginAnswer | TargetFailure]:
        """Answer every case, with the defect; an exception here is a failure of ours, not of the target, and goes through."""
        how = None if self.defect is None else self.defect.how
        return [applied(how, case, answer) for case in cases]

    def close(self) -> None:
        """Do nothing: there is nothing running."""

    def __enter__(self) -> Self:
        """Return the target itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it."""
        self.close()
