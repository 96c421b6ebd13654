"""The accounts of an incident: every whole leverage that the venue offers for the notional, and the highest, long and short."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from indexlab.margin.account import Account, Asset, Position
from indexlab.margin.opening import highest_leverage, opened
from indexlab.market.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from indexlab.audit.incident_plan import Collateral, IncidentPlan
    from indexlab.margin.account_rules import CollateralRule
    from indexlab.margin.opening import Side
    from indexlab.margin.rules import VenueRules

__all__ = ["Opened", "collateral_rule", "opened_accounts"]

_SIDES: Final[tuple[Side, ...]] = ("long", "short")
_MOST: Final = 125
_SAME: Final = 1e-9


class Opened(NamedTuple):
    """An account with what it was opened with; `collateral` is its worth in the currency of the account, before any haircut."""

    side: Side
    leverage: float
    collateral: float
    account: Account


def opened_accounts(rules: VenueRules, plan: IncidentPlan, start: float) -> tuple[Opened, ...]:
    """Return the accounts, opened at the index `start`. Raises InputError where the venue has no such contract or collateral."""
    contract = rules.contract(plan.contract)
    price = start if plan.collateral is None else plan.collateral.underlying_price
    highest = min(highest_leverage(contract, plan.notional, price), _MOST)
    whole = math.floor(highest + _SAME)
    leverages = [float(each) for each in range(1, whole + 1)]
    if highest - whole > _SAME:
        leverages.append(highest)
    return tuple(_opened(rules, plan, side, leverage, price, start) for side in _SIDES for leverage in leverages)


def _opened(rules: VenueRules, plan: IncidentPlan, side: Side, leverage: float, price: float, start: float) -> Opened:
    contract = rules.contract(plan.contract)
    account = opened(rules, contract, side, leverage, notional=plan.notional, price=price)
    if plan.collateral is None:
        return Opened(side, leverage, account.collateral, account)
    rule = collateral_rule(rules, plan.collateral)
    asset = Asset(rule.asset, account.collateral / (start * rule.ratio))
    shared = Account(account.id, mode="cross", positions=(Position(contract.id, account.size, price),), assets=(asset,))
    return Opened(side, leverage, asset.amount * start, shared)


def collateral_rule(rules: VenueRules, collateral: Collateral) -> CollateralRule:
    """Return what the venue says of the asset. Raises InputError with the nearest, or where no index prices it."""
    for rule in rules.collateral:
        if rule.asset == collateral.asset and rule.index:
            return rule
    problem = f'must be collateral that an index prices at {rules.venue.id}, was "{collateral.asset}"'
    raise InputError(problem, key="collateral.asset", remedy=did_you_mean(collateral.asset, [rule.asset for rule in rules.collateral if rule.index]))
