"""Accounts exactly at a border, in decimals, so that equality is tested: whose figures are so plain that floating point has nothing to round."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from indexlab.margin.account import Account
from indexlab.margin.exact import exact

if TYPE_CHECKING:
    from indexlab.margin.contract import Contract, Tier
    from indexlab.margin.rules import VenueRules

__all__ = ["Border", "account_at", "borders_of", "is_plainly_at_border", "is_plainly_in_tier", "plain_near"]

Border: TypeAlias = Literal["warning", "reduce_only", "liquidation", "bankrupt"]
_BORDERS: Final[tuple[Border, ...]] = ("warning", "reduce_only", "liquidation", "bankrupt")
_PLAIN: Final = (1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.25, 8.0, 10.0)
"""Made of twos and fives alone: what is divided by them stays a short decimal."""
_MOST_DIGITS: Final = 15
_HAIR: Final = 1e-9


def plain_near(price: float) -> float:
    """Return the plain number nearest to a price above 0, at most an eighth away."""
    scale = 10.0 ** math.floor(math.log10(price))
    nearest = min(_PLAIN, key=lambda digit: abs(digit - price / scale))
    return float(f"{nearest * scale:.6g}")


def borders_of(rules: VenueRules) -> tuple[Border, ...]:
    """Return the borders that a venue has."""
    return tuple(border for border in _BORDERS if border == "bankrupt" or getattr(rules.states, border) is not None)


def account_at(name: str, rules: VenueRules, contract: Contract, size: Fraction, entry: float, mark: float, border: Border) -> Account | None:
    """Return the isolated account of this position that at `mark` is exactly at a border; None where no short decimal says its figures."""
    units, price = abs(size) * exact(contract.multiplier), exact(mark)
    notional = units / price if contract.is_inverse else units * price
    maintenance = _maintenance(rules, contract, notional, abs(size))
    gained = (1 / exact(entry) - 1 / price) if contract.is_inverse else price - exact(entry)
    profit = (1 if size > 0 else -1) * units * gained
    if border == "bankrupt":
        balance = Fraction(0)
    else:
        threshold = exact(getattr(rules.states, border))
        balance = maintenance / threshold if rules.states.measure == "maintenance/balance" else maintenance * threshold
    collateral = balance - profit
    if collateral <= 0 or not (_is_short(size) and _is_short(collateral)):
        return None
    return Account(name, float(size), entry, float(collateral), contract.id)


def _maintenance(rules: VenueRules, contract: Contract, notional: Fraction, contracts: Fraction) -> Fraction:
    measure = contracts if contract.tier_measure == "contracts" else notional
    tier = next((tier for tier in contract.tiers if tier.up_to_notional is None or measure <= exact(tier.up_to_notional)), contract.tiers[-1])
    fee = exact(rules.fees.liquidation) if rules.states.liquidation_fee else Fraction(0)
    return notional * (exact(tier.maintenance_rate) + fee) - exact(tier.maintenance_amount)


def _is_short(number: Fraction) -> bool:
    text = repr(float(number))
    return exact(float(number)) == number and sum(letter.isdigit() for letter in text.partition("e")[0]) <= _MOST_DIGITS


def is_plainly_at_border(rules: VenueRules, contract: Contract, account: Account, mark: float) -> bool:
    """Say whether an isolated account is at a border in double precision, in whatever order its figures are worked out: then rounding is no excuse."""
    balances, margins = _balances(contract, account, mark), _margins(rules, contract, account, mark)
    if len(balances) > 1 or len(margins) > 1:
        return False
    (balance,), (margin,) = balances, margins
    if balance == 0:
        return True
    for border in borders_of(rules):
        if border == "bankrupt":
            continue
        threshold = float(getattr(rules.states, border))
        one, other = (margin, balance) if rules.states.measure == "maintenance/balance" else (balance, margin)
        if other != 0 and one == threshold * other and one / other == threshold:
            return True
    return False


def is_plainly_in_tier(contract: Contract, account: Account, mark: float) -> bool:
    """Say whether double precision leaves no doubt in which tier a position is: it is not within 1e-9 of a border, or in plain figures exactly at it."""
    measures = _measures(contract, account, mark)
    if len(measures) == 1 and any(tier.up_to_notional in measures for tier in contract.tiers):
        return True
    hairs = (1 - _HAIR, 1.0, 1 + _HAIR)
    return len({id(_tier(contract, measure * hair)) for measure in measures for hair in hairs}) == 1


def _tier(contract: Contract, measure: float) -> Tier:
    return next((tier for tier in contract.tiers if tier.up_to_notional is None or measure <= tier.up_to_notional), contract.tiers[-1])


def _notionals(contract: Contract, account: Account, mark: float) -> set[float]:
    size, multiplier = abs(account.size), contract.multiplier
    if contract.is_inverse:
        return {size * multiplier / mark, size * (multiplier / mark), multiplier * (size / mark), size * multiplier * (1 / mark)}
    return {size * multiplier * mark, size * (multiplier * mark), multiplier * (size * mark)}


def _measures(contract: Contract, account: Account, mark: float) -> set[float]:
    return {abs(account.size)} if contract.tier_measure == "contracts" else _notionals(contract, account, mark)


def _balances(contract: Contract, account: Account, mark: float) -> set[float]:
    size, multiplier, entry = account.size, contract.multiplier, account.entry_price
    if contract.is_inverse:
        units = size * multiplier
        profits = {units * (1 / entry - 1 / mark), units / entry - units / mark, size * (multiplier / entry - multiplier / mark)}
    else:
        profits = {size * multiplier * (mark - entry), size * (mark - entry) * multiplier, size * multiplier * mark - size * multiplier * entry}
    return {account.collateral + profit for profit in profits}


def _margins(rules: VenueRules, contract: Contract, account: Account, mark: float) -> set[float]:
    fee = rules.fees.liquidation if rules.states.liquidation_fee else 0.0
    measures = _measures(contract, account, mark)
    tiers = {id(tier): tier for tier in (_tier(contract, measure) for measure in measures)}.values()
    found: set[float] = set()
    for tier in tiers:
        rate, amount = tier.maintenance_rate, tier.maintenance_amount
        for notional in _notionals(contract, account, mark):
            found |= {notional * rate - amount + fee * notional, notional * (rate + fee) - amount}
    return found
