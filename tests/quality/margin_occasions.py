"""What planted defects of the margin side are tried on: drawn margin cases over a made-up index that is now and then held, halted, degraded or late."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexlab.index.determination import DEGRADED, HALTED, HELD
from indexlab.margin.answer import answer
from indexlab.properties import funding_slips, liquidation_slips, margin_slips
from indexlab.properties.run import CLEAN, MarginTalk
from indexlab.scenarios.margin_cases import margin_case
from indexlab.targets.planted_margin.applied import applied
from indexlab.targets.planted_margin.catalogue import find_defect, find_venue

if TYPE_CHECKING:
    from indexlab.margin.case import MarginAnswer, MarginCase

SECOND = 1_000_000
START = 1_700_000_000 * SECOND
PUBLICATIONS = 60
SEEDS = 60
TIMES = 8
LEVEL = 20_000.0


class Killed(NamedTuple):
    """By which property, in words, in the case of which seed."""

    by: str
    sentence: str
    seed: int


def published(seed):
    """Return times, values, where they are missing, and status codes of a run that wanders; most seeds have something wrong with it for a while."""
    draw = np.random.Generator(np.random.Philox(key=seed))
    times = START + np.arange(PUBLICATIONS) * SECOND
    value = LEVEL * np.exp(np.cumsum(draw.normal(0, 0.002, PUBLICATIONS)))
    missing, status = np.zeros(PUBLICATIONS, dtype=bool), np.zeros(PUBLICATIONS, dtype=np.int8)
    if seed % 3 == 0:
        status[:20] = DEGRADED
    if seed % 2:
        first = int(draw.integers(5, 50))
        status[first : first + 6] = HELD if seed % 4 == 1 else HALTED
        missing[first : first + 6] = True
    if seed % 5 == 0:
        status[:3], missing[:3] = HALTED, True
    return times, value, missing, status


@cache
def occasion(venue: str, seed: int) -> tuple[MarginCase, MarginAnswer]:
    """Return a margin case under a venue's rules, and what our engine answers."""
    case = margin_case(seed, find_venue(venue), *published(seed), most_times=TIMES)
    return case, answer(case)


def wrong(case: MarginCase, given: MarginAnswer, right: MarginAnswer | None = None) -> tuple[str, str] | None:
    """Return the property that an answer breaks and its sentence; parts that are to the letter the `right` answer's are not looked at again."""
    if given.liquidation is not None and (right is None or given.liquidation != right.liquidation):
        slip = liquidation_slips.slip(case, given.liquidation, ours=False)
        if slip is not None:
            return "liquidation-rules", slip.sentence
    if given.funding is not None and (right is None or given.funding != right.funding):
        slip = funding_slips.slip(case.rules, case.funding, given.funding)
        if slip is not None:
            return "funding-bounds", slip.sentence
    accounts = ("state", "margin_ratio", "liquidation_price", "initial_margin")
    if right is None or any(getattr(given, part) != getattr(right, part) for part in accounts):
        slip = margin_slips.slip_of(MarginTalk(CLEAN, case, given, ours=False))
        if slip is not None:
            return "margin-rules", slip.sentence
    return None


@cache
def killed(defect: str, venue: str, seeds: int = SEEDS) -> Killed | None:
    """Return what tells a planted defect from the rules in the first case that does, None where none of so many does."""
    how = find_defect(defect).how
    for seed in range(seeds):
        case, right = occasion(venue, seed)
        given = applied(how, case, answer)
        found = None if given == right else wrong(case, given, right)
        if found is not None:
            return Killed(*found, seed)
    return None
