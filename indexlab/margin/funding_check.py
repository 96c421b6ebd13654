"""Whether a funding case can be judged: there is funding, the rule fits together, figures are finite. No arithmetic; both implementations begin with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from indexlab.margin.funding_rules import problem_of
from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from indexlab.margin.case import FundingCase
    from indexlab.margin.funding_rules import FundingRule
    from indexlab.margin.rules import VenueRules

__all__ = ["MOST_SLOTS", "checked_funding", "funding_of"]

MOST_SLOTS: Final = 100_000
"""So many slots a case may have at most."""


def funding_of(rules: VenueRules) -> FundingRule:
    """Return the venue's rule of funding. Raises InputError where it has none, or one that does not fit together."""
    if rules.funding is None:
        problem = f"{rules.venue.id} has no funding"
        raise InputError(problem, key="funding", remedy="add a section [funding] to the venue's file")
    wrong = problem_of(rules.funding)
    if wrong is not None:
        key, problem, remedy = wrong
        raise InputError(problem, key=f"funding.{key}", remedy=remedy)
    return rules.funding


def checked_funding(rules: VenueRules, case: FundingCase) -> FundingCase:
    """Return the case where the venue has funding and the contract, sizes are finite, and there are not too many slots. Raises InputError by key."""
    rule = funding_of(rules)
    rules.contract(case.contract)
    shortest = rule.shorter_interval_us or rule.interval_us
    if (case.end - case.start) // shortest > MOST_SLOTS:
        problem = f"must hold at most {MOST_SLOTS} slots from start to end, held {(case.end - case.start) // shortest}"
        raise InputError(problem, key="funding.end")
    for holding in case.holdings:
        if not math.isfinite(holding.size):
            problem = f'must be a finite number, was {holding.size} for "{holding.account}"'
            raise InputError(problem, key="funding.holdings.size")
    return case
