"""The textbook's answer to a margin case, in exact arithmetic: slow, and written from the rules' sentences alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.margin import reference_account, reference_price
from indexlab.margin.case import MarginAnswer

if TYPE_CHECKING:
    from indexlab.margin.case import MarginCase

__all__ = ["textbook"]


def textbook(case: MarginCase) -> MarginAnswer:
    """Answer a case from the definitions; raises InputError for accounts that the rules cannot judge (checked_case)."""
    states, ratios = reference_account.states(case)
    prices = reference_price.liquidation_prices(case)
    initial = reference_account.initial_margins(case)
    funding = liquidation = None
    if case.funding is not None:
        from indexlab.margin.reference_funding import settle

        funding = settle(case.rules, case.funding)
    if case.liquidation is not None:
        from indexlab.margin.reference_liquidation import reduce_position

        liquidation = reduce_position(case)
    return MarginAnswer(states, ratios, prices, initial, funding, liquidation)
