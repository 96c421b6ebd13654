"""The engine of accounts: balance, margins and state at one moment, in plain floats. What rounding leaves between two equal figures does not tell them apart.

A figure is as large as what it was summed from, the `gross`; two figures that differ by less than a few last places of that are the same, so that an account
exactly at a border is where the venue's rule says, whatever the rounding of its sum.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from indexlab.margin import engine_matrix
from indexlab.margin.engine_terms import SAME
from indexlab.margin.states import BANKRUPT, HEALTHY, LIQUIDATION, REDUCE_ONLY, WARNING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indexlab.margin.account_rules import StateRules
    from indexlab.margin.contract import Contract, Tier
    from indexlab.margin.engine_book import Book, Leg

__all__ = ["Money", "money_at", "state_code", "tier_index"]


class Money(NamedTuple):
    """Balance, maintenance and initial margin of an account, and the gross that the first two were summed from."""

    balance: float
    maintenance: float
    initial: float
    gross: float


def profit_and_notional(leg: Leg, mark: float) -> tuple[float, float, float]:
    """Return profit, notional and their gross in the settlement currency."""
    quantity = leg.size * leg.contract.multiplier
    if leg.contract.kind == "inverse":
        then, now = quantity / leg.entry_price, quantity / mark
        return then - now, abs(now), abs(then) + abs(now)
    then, now = quantity * leg.entry_price, quantity * mark
    return now - then, abs(now), abs(then) + abs(now)


def tier_index(contract: Contract, size: float, notional: float) -> int:
    """Return the place of a position's tier."""
    measure = abs(size) if contract.tier_measure == "contracts" else notional
    return bisect_left(contract.tiers, measure, 0, len(contract.tiers) - 1, key=_end)


def _end(tier: Tier) -> float:
    return math.inf if tier.up_to_notional is None else tier.up_to_notional * (1 + SAME)


def _initial_rate(contract: Contract, tier: Tier, open_interest: float) -> float:
    scale = contract.open_interest
    if scale is None:
        return tier.initial_rate
    grown = max(0.0, (open_interest - scale.lower) / (scale.upper - scale.lower))
    return min(1.0, tier.initial_rate + grown * (1 - tier.initial_rate))


def money_at(book: Book, marks: Sequence[float], prices: dict[str, float]) -> Money:
    """Return an account's money at the marks of its legs and the prices of its assets."""
    rules, currency = book.rules, book.rules.states.currency
    balance = book.account.collateral
    gross = abs(balance)
    maintenance = initial = fee = 0.0
    won = dict.fromkeys(book.amounts, 0.0)
    gross_won = dict.fromkeys(book.amounts, 0.0)
    for leg, mark in zip(book.legs, marks, strict=True):
        contract = leg.contract
        profit, notional, of_both = profit_and_notional(leg, mark)
        own = book.isolated or contract.settlement == currency
        price = 1.0 if own else prices[contract.settlement]
        if own:
            balance += profit
            gross += of_both
        else:
            won[contract.settlement] += profit
            gross_won[contract.settlement] += of_both
        tier = contract.tiers[tier_index(contract, leg.size, notional)]
        maintenance += price * (notional * tier.maintenance_rate - tier.maintenance_amount)
        initial += price * notional * _initial_rate(contract, tier, book.open_interest.get(contract.id, 0.0))
        fee += price * notional * rules.fees.liquidation
    for name, held in book.amounts.items():
        amount = held + won[name]
        value = amount * prices[name]
        balance += value * book.ratios.get(name, 1.0) if value > 0 else value
        gross += (abs(held) + gross_won[name]) * prices[name]
    if book.account.mode == "portfolio":
        maintenance, initial = engine_matrix.margins(rules, book.legs, marks, prices)
    return Money(balance, maintenance + fee if rules.states.liquidation_fee else maintenance, initial, gross)


def state_code(rules: StateRules, money: Money) -> int:
    """Return the state's code, without regard to persistence."""
    balance, maintenance, _, gross = money
    if rules.idle_is_healthy and maintenance <= 0:
        return HEALTHY
    reached: Callable[[float, float], bool] = _at_or_above if rules.at_border == "worse" else _above
    if reached(-balance, SAME * gross):
        return BANKRUPT
    for code, threshold in ((LIQUIDATION, rules.liquidation), (REDUCE_ONLY, rules.reduce_only), (WARNING, rules.warning)):
        if threshold is None:
            continue
        if rules.measure == "maintenance/balance":
            beyond, size = maintenance - threshold * balance, maintenance + threshold * gross
        else:
            beyond, size = threshold * maintenance - balance, threshold * maintenance + gross
        if reached(beyond, SAME * size):
            return code
    return HEALTHY


def _at_or_above(figure: float, rounding: float) -> bool:
    return figure >= -rounding


def _above(figure: float, rounding: float) -> bool:
    return figure > rounding
