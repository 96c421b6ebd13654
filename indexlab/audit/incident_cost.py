"""What a forced reduction cost an account of an incident, against closing at the true price without a fee."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.margin.liquidation_cost import forced_cost, profit_at

if TYPE_CHECKING:
    from indexlab.audit.incident_plan import IncidentPlan
    from indexlab.margin.account import Account
    from indexlab.margin.rules import VenueRules

__all__ = ["cost_of"]


def cost_of(rules: VenueRules, plan: IncidentPlan, account: Account, index: float, true_price: float) -> tuple[float, float]:
    """Return (cost, fee of it) of a liquidation at `index` while the market is at `true_price`.

    Of a position that is taken over: what it had left at the true price, without a fee; of another: what margin's forced_cost says. Of collateral: the position
    closes at its own price, which is right, and pays taker and liquidation fee; what it owes by that is covered by selling collateral at the wrong index, and
    what was sold was worth more. At most all of it is gone.
    """
    contract = rules.contract(plan.contract)
    if plan.collateral is None and plan.takeover:
        return max(account.collateral + profit_at(contract, account.size, account.entry_price, true_price), 0.0), 0.0
    if plan.collateral is None:
        found = forced_cost(account, contract, rules, index, true_price)
        return found.cost, found.fee
    held = account.assets[0].amount
    fee = plan.notional * (rules.fees.taker + rules.fees.liquidation)
    return min(fee * true_price / index, held * true_price), fee
