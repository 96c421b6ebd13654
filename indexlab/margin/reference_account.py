"""The textbook of accounts: balances, margins and states in exact arithmetic, one account at one time, from the sentences of the rules' docstrings.

Slow on purpose. It shares no arithmetic with the engine; borders are met exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from indexlab.margin import reference_matrix
from indexlab.margin.case_check import checked_case
from indexlab.margin.exact import exact
from indexlab.margin.reference_moment import moment, notional, profit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexlab.margin.account import Account
    from indexlab.margin.account_rules import StateRules
    from indexlab.margin.case import MarginCase
    from indexlab.margin.contract import Contract, Tier
    from indexlab.margin.reference_moment import Moment
    from indexlab.margin.rules import VenueRules

__all__ = ["Sheet", "initial_margins", "raw_state", "sheet", "states"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """An account's money at one moment: balance, maintenance margin (with the liquidation fee where the venue adds it), initial margin."""

    balance: Fraction
    maintenance: Fraction
    initial: Fraction


def _tier(contract: Contract, size: Fraction, mark: Fraction) -> Tier:
    """Return the tier of a position; a border belongs to the lower tier, and what lies beyond the last to the last."""
    measure = abs(size) if contract.tier_measure == "contracts" else notional(contract, size, mark)
    fitting = [tier for tier in contract.tiers if tier.up_to_notional is None or measure <= exact(tier.up_to_notional)]
    return fitting[0] if fitting else contract.tiers[-1]


def _initial_rate(contract: Contract, tier: Tier, open_interest: Fraction) -> Fraction:
    base, scale = exact(tier.initial_rate), contract.open_interest
    if scale is None:
        return base
    grown = (open_interest - exact(scale.lower)) / (exact(scale.upper) - exact(scale.lower))
    return min(base + max(grown, Fraction(0)) * (1 - base), Fraction(1))


def sheet(rules: VenueRules, account: Account, now: Moment, open_interest: Mapping[str, float]) -> Sheet:
    """Return the account's balance and margins at a moment; `open_interest` by contract."""
    held = [position for position in account.all_positions if position.size != 0]
    isolated = account.mode == "isolated"
    won: dict[str, Fraction] = {}
    maintenance = initial = fee = Fraction(0)
    for position, mark in zip(held, now.marks, strict=True):
        contract, size = rules.contract(position.contract), exact(position.size)
        worth = Fraction(1) if isolated or contract.settlement == rules.states.currency else now.prices[contract.settlement]
        won[contract.settlement] = won.get(contract.settlement, Fraction(0)) + profit(contract, size, exact(position.entry_price), mark)
        value, tier = notional(contract, size, mark), _tier(contract, size, mark)
        maintenance += worth * (value * exact(tier.maintenance_rate) - exact(tier.maintenance_amount))
        initial += worth * value * _initial_rate(contract, tier, exact(open_interest.get(contract.id, 0.0)))
        fee += worth * value * exact(rules.fees.liquidation)
    if account.mode == "portfolio":
        maintenance, initial = reference_matrix.margins(rules, held, now)
    if rules.states.liquidation_fee:
        maintenance += fee
    if isolated:
        return Sheet(exact(account.collateral) + sum(won.values(), Fraction(0)), maintenance, initial)
    return Sheet(_credited(rules, account, now, won), maintenance, initial)


def _credited(rules: VenueRules, account: Account, now: Moment, won: dict[str, Fraction]) -> Fraction:
    """Return the balance of an account that shares its collateral, in the venue's currency."""
    currency = rules.states.currency
    balance = exact(account.collateral) + won.get(currency, Fraction(0))
    amounts = {name: amount for name, amount in won.items() if name != currency}
    for asset in account.assets:
        amounts[asset.asset] = amounts.get(asset.asset, Fraction(0)) + exact(asset.amount)
    for name, amount in amounts.items():
        if amount == 0:
            continue
        value = amount * now.prices[name]
        ratio = next((exact(rule.ratio) for rule in rules.collateral if rule.asset == name), Fraction(1))
        balance += value * ratio if value > 0 else value
    return balance


def raw_state(rules: StateRules, money: Sheet) -> str:
    """Return the state of a balance and a maintenance margin, without regard to persistence."""
    balance, maintenance = money.balance, money.maintenance
    if rules.idle_is_healthy and maintenance == 0:
        return "healthy"
    worse = rules.at_border == "worse"
    if balance < 0 or (worse and balance == 0):
        return "bankrupt"
    for name, threshold in (("liquidation", rules.liquidation), ("reduce-only", rules.reduce_only), ("warning", rules.warning)):
        if threshold is None:
            continue
        larger, smaller = (maintenance, balance) if rules.measure == "maintenance/balance" else (-balance, -maintenance)
        beyond = larger - exact(threshold) * smaller
        if beyond > 0 or (worse and beyond == 0):
            return name
    return "healthy"


def _state_before(rules: StateRules) -> str:
    if rules.reduce_only is not None:
        return "reduce-only"
    return "warning" if rules.warning is not None else "healthy"


def states(case: MarginCase) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[float | None, ...], ...]]:
    """Return states and margin ratios, a row a time, an entry an account."""
    checked_case(case)
    rules = case.rules.states
    columns: list[list[tuple[str, float | None]]] = []
    for account in case.accounts:
        column: list[tuple[str, float | None]] = []
        in_a_row = 0
        for n in range(len(case.times)):
            now = moment(case, account, n)
            if now is None:
                in_a_row = 0
                column.append(("frozen", None))
                continue
            money = sheet(case.rules, account, now, case.open_interest)
            state = raw_state(rules, money)
            in_a_row = in_a_row + 1 if state in {"liquidation", "bankrupt"} else 0
            if 0 < in_a_row < rules.persistence:
                state = _state_before(rules)
            column.append((state, float(money.maintenance / money.balance) if money.balance > 0 else None))
        columns.append(column)
    rows = list(zip(*columns, strict=True)) if columns else [()] * len(case.times)
    return tuple(tuple(entry[0] for entry in row) for row in rows), tuple(tuple(entry[1] for entry in row) for row in rows)


def initial_margins(case: MarginCase) -> tuple[float | None, ...]:
    """Return what each account's positions need at the first time, None where it is frozen; an isolated account's in its settlement currency."""
    if not case.times:
        return (None,) * len(case.accounts)
    moments = [moment(case, account, 0) for account in case.accounts]
    return tuple(
        None if now is None else float(sheet(case.rules, account, now, case.open_interest).initial) for account, now in zip(case.accounts, moments, strict=True)
    )
