"""The textbook: margin states in exact arithmetic (fractions), one account and one price at a time, to hold the compiled rack to.

Slow on purpose and written from the definitions alone: a state is what the inequalities say, the prices where it changes are found by
trying every tier and looking at both sides. It shares nothing with the closed forms of thresholds.py.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from indexlab.margin.states import STATES

if TYPE_CHECKING:
    from indexlab.margin.account import Account
    from indexlab.margin.contract import Contract

__all__ = ["change_prices", "headrooms", "maintenance", "state"]


def maintenance(contract: Contract, notional: Fraction) -> Fraction:
    """Return the maintenance margin of a notional; a border belongs to the lower tier."""
    for tier in contract.tiers[:-1]:
        if tier.up_to_notional is not None and notional <= Fraction(tier.up_to_notional):
            break
    else:
        tier = contract.tiers[-1]
    return notional * Fraction(tier.maintenance_rate) - Fraction(tier.maintenance_amount)


def _balance(account: Account, contract: Contract, mark: Fraction) -> Fraction:
    units = Fraction(account.size) * Fraction(contract.multiplier)
    return Fraction(account.collateral) + units * (mark - Fraction(account.entry_price))


def state(account: Account, contract: Contract, mark: Fraction | None, warning_ratio: Fraction) -> str:
    """Return the state's name; None is no price."""
    if mark is None:
        return "frozen"
    balance = _balance(account, contract, mark)
    if balance <= 0:
        return "bankrupt"
    ratio = maintenance(contract, abs(Fraction(account.size)) * Fraction(contract.multiplier) * mark) / balance
    if ratio >= 1:
        return "liquidation"
    return "warning" if ratio >= warning_ratio else "healthy"


def _candidates(account: Account, contract: Contract, warning_ratio: Fraction) -> list[Fraction]:
    """Return every positive price at which the state could change: the roots of each tier's line, and the tiers' borders."""
    units, base = Fraction(account.size) * Fraction(contract.multiplier), abs(Fraction(account.size)) * Fraction(contract.multiplier)
    free = _balance(account, contract, Fraction(0))
    found = {-free / units}
    for tier in contract.tiers:
        if tier.up_to_notional is not None:
            found.add(Fraction(tier.up_to_notional) / base)
        for ratio in (warning_ratio, Fraction(1)):
            slope = base * Fraction(tier.maintenance_rate) - ratio * units
            if slope != 0:
                found.add((Fraction(tier.maintenance_amount) + ratio * free) / slope)
    return sorted(price for price in found if price > 0)


def change_prices(account: Account, contract: Contract, warning_ratio: Fraction) -> list[tuple[Fraction, str, str]]:
    """Return (price, state below it, state above it) wherever they differ, in ascending order."""
    prices = _candidates(account, contract, warning_ratio)
    edges = [Fraction(0), *prices, (prices[-1] if prices else Fraction(1)) * 2]
    between = [state(account, contract, (low + high) / 2, warning_ratio) for low, high in pairwise(edges)]
    return [(price, below, above) for price, below, above in zip(prices, between[:-1], between[1:], strict=True) if below != above]


def headrooms(account: Account, contract: Contract, mark: Fraction, warning_ratio: Fraction) -> tuple[Fraction | None, Fraction | None]:
    """Return the relative distance to the nearest change to a worse and to a better state; None where there is none."""
    here = STATES.index(state(account, contract, mark, warning_ratio))
    worse: list[Fraction] = []
    better: list[Fraction] = []
    for price, below, above in change_prices(account, contract, warning_ratio):
        there = STATES.index(below if price <= mark else above)
        distance = abs(price / mark - 1)
        if there > here:
            worse.append(distance)
        elif there < here:
            better.append(distance)
    return min(worse, default=None), min(better, default=None)
