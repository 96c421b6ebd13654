"""What a position under force is worth, in fractions: the sentences of Contract, StateRules and LiquidationRule, one by one."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from indexlab.margin.exact import exact

if TYPE_CHECKING:
    from indexlab.margin.contract import Contract
    from indexlab.margin.rules import VenueRules

__all__ = [
    "bankruptcy_price",
    "fillable_loss",
    "is_safe",
    "lot_of",
    "maintenance_of",
    "notional_of",
    "profit_of",
    "rank",
    "tick_of",
    "tier_limit",
    "tier_number",
]

_FINEST = Fraction(1, 10**8)


def lot_of(contract: Contract) -> Fraction:
    """Return the lot, 1e-8 where there is none."""
    return exact(contract.lot) if contract.lot else _FINEST


def tick_of(contract: Contract) -> Fraction:
    """Return the tick, 1e-8 where there is none."""
    return exact(contract.tick) if contract.tick else _FINEST


def profit_of(contract: Contract, size: Fraction, entry: Fraction, price: Fraction) -> Fraction:
    """Return the profit of a signed size between two prices."""
    quantity = size * exact(contract.multiplier)
    return quantity * (1 / entry - 1 / price) if contract.kind == "inverse" else quantity * (price - entry)


def notional_of(contract: Contract, size: Fraction, price: Fraction) -> Fraction:
    """Return the notional of a signed size."""
    quantity = abs(size) * exact(contract.multiplier)
    return quantity / price if contract.kind == "inverse" else quantity * price


def tier_number(contract: Contract, size: Fraction, mark: Fraction) -> int:
    """Return the number of the tier, from 0; a border belongs to the lower one, what is beyond the last to the last."""
    measure = abs(size) if contract.tier_measure == "contracts" else notional_of(contract, size, mark)
    for number, tier in enumerate(contract.tiers):
        if tier.up_to_notional is None or measure <= exact(tier.up_to_notional):
            return number
    return len(contract.tiers) - 1


def tier_limit(contract: Contract, number: int, mark: Fraction) -> Fraction:
    """Return the size (contracts) at the upper border of a tier that has one."""
    border = contract.tiers[number].up_to_notional
    if border is None:
        raise AssertionError
    return exact(border) if contract.tier_measure == "contracts" else exact(border) / notional_of(contract, Fraction(1), mark)


def maintenance_of(rules: VenueRules, contract: Contract, size: Fraction, mark: Fraction) -> Fraction:
    """Return the maintenance margin of a size, with the liquidation fee where the venue adds it."""
    if size == 0:
        return Fraction(0)
    tier = contract.tiers[tier_number(contract, size, mark)]
    fee = exact(rules.fees.liquidation) if rules.states.liquidation_fee else Fraction(0)
    return notional_of(contract, size, mark) * (exact(tier.maintenance_rate) + fee) - exact(tier.maintenance_amount)


def is_safe(rules: VenueRules, balance: Fraction, maintenance: Fraction) -> bool:
    """Say whether an account is neither in liquidation nor bankrupt."""
    threshold, worse = exact(rules.states.liquidation), rules.states.at_border == "worse"
    if balance < 0 or (worse and balance == 0):
        return False
    one, other = (maintenance, threshold * balance) if rules.states.measure == "maintenance/balance" else (threshold * maintenance, balance)
    return one < other or (not worse and one == other)


def bankruptcy_price(contract: Contract, size: Fraction, entry: Fraction, collateral: Fraction, rate: Fraction) -> Fraction | None:
    """Return the price at which collateral + profit - rate * notional is 0, rounded to the tick in the account's favour; None where no positive one does."""
    quantity = size * exact(contract.multiplier)
    if contract.kind == "inverse":
        # collateral + quantity / entry = (quantity + rate * |quantity|) / price
        kept, gone = collateral + quantity / entry, quantity + rate * abs(quantity)
        price = gone / kept if kept else None
    else:
        # (quantity - rate * |quantity|) * price = quantity * entry - collateral
        price = (quantity * entry - collateral) / (quantity - rate * abs(quantity))
    if price is None or price <= 0:
        return None
    tick = tick_of(contract)
    return math.ceil(price / tick) * tick if size > 0 else max(math.floor(price / tick), 1) * tick


def fillable_loss(health: Fraction, maintenance: Fraction, adjustment: Fraction, spread: Fraction) -> Fraction:
    """Return what a position may lose to its fillable price: dYdX's ABR * SMMR * PMMR, ABR = clamp(BA * (1 - health), 0, 1); health: balance / maintenance."""
    rating = min(max(adjustment * (1 - health), Fraction(0)), Fraction(1))
    return rating * spread * maintenance


def rank(contract: Contract, size: Fraction, entry: Fraction, collateral: Fraction, mark: Fraction) -> Fraction | None:
    """Return a rival's place in the order of deleveraging, the larger the sooner; None where its balance is 0 or less."""
    profit = profit_of(contract, size, entry, mark)
    balance = collateral + profit
    if balance <= 0:
        return None
    ratio = profit / notional_of(contract, size, entry)
    leverage = notional_of(contract, size, mark) / balance
    return ratio * leverage if profit > 0 else ratio / leverage
