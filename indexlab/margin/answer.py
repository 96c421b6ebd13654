"""The engine's answer to a margin case: states, ratios, liquidation price and initial margin of every account, and the case's other parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.margin import engine
from indexlab.margin.case import MarginAnswer

if TYPE_CHECKING:
    from indexlab.margin.case import MarginCase

__all__ = ["answer"]


def answer(case: MarginCase) -> MarginAnswer:
    """Answer a case with the engine; raises InputError for accounts that the rules cannot judge (checked_case)."""
    judged = engine.judge(case)
    funding = liquidation = None
    if case.funding is not None:
        from indexlab.margin.funding import settle

        funding = settle(case.rules, case.funding)
    if case.liquidation is not None:
        from indexlab.margin.liquidation import reduce_position

        liquidation = reduce_position(case)
    return MarginAnswer(judged.state, judged.margin_ratio, judged.liquidation_price, judged.initial_margin, funding, liquidation)
