"""Payments of a slot in whole smallest units, which net to zero. For `funding`: whole numbers alone, no float is computed with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from indexlab.margin.funding_rate import ratio_of
from indexlab.margin.ledger import COUNTERPARTIES, FUND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.case import Holding
    from indexlab.margin.contract import Contract
    from indexlab.margin.funding_rate import Rate, Ratio
    from indexlab.margin.funding_rules import FundingRule

__all__ = ["payments", "units_paid"]


def payments(rule: FundingRule, contract: Contract, holdings: Sequence[Holding], price: float | None, rate: Rate) -> dict[str, int]:
    """Return what each party of a slot receives (below 0: pays) in smallest units; `holdings` are those that are there."""
    held = [(holding.account, *ratio_of(holding.size)) for holding in holdings if holding.size]
    per_contract = _per_contract(contract, price, rate)
    received: dict[str, int] = {}
    rest, scale = 0, 1
    for account, above, below in held:
        received[account] = received.get(account, 0) - units_paid((above, below), per_contract)
        common = math.lcm(scale, below)
        rest, scale = rest * (common // scale) + above * (common // below), common
    if rest:
        received[COUNTERPARTIES] = received.get(COUNTERPARTIES, 0) - units_paid((-rest, scale), per_contract)
    left = -sum(received.values())
    if left:
        party = FUND if rule.remainder == "fund" else _largest(holdings)
        received[party] = received.get(party, 0) + left
    return received


def units_paid(size: Ratio, per_contract: Ratio) -> int:
    """Return what a position pays, in whole units rounded toward zero, where a long contract pays `per_contract` units."""
    above, below = size[0] * per_contract[0], size[1] * per_contract[1]
    return above // below if above >= 0 else -(-above // below)


def _per_contract(contract: Contract, price: float | None, rate: Rate) -> Ratio:
    if price is None:
        return 0, 1
    worth, unit, multiplier = ratio_of(price), ratio_of(contract.unit), ratio_of(contract.multiplier)
    if contract.kind == "inverse":
        worth = worth[1], worth[0]
    return multiplier[0] * worth[0] * rate.ratio[0] * unit[1], multiplier[1] * worth[1] * rate.ratio[1] * unit[0]


def _largest(holdings: Sequence[Holding]) -> str:
    # a float's order is that of the decimals that it stands for
    return min((-abs(holding.size), holding.account) for holding in holdings)[1]
