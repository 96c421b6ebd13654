"""The textbook of the smallest joint move, in exact arithmetic: of all places at which `liquidation` begins or ends, the nearest."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from indexlab.margin.exact import exact
from indexlab.margin.reference_moment import profit
from indexlab.margin.reference_path import Path
from indexlab.margin.reference_price import changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexlab.margin.account import Account
    from indexlab.margin.rules import VenueRules

__all__ = ["joint_path", "smallest_joint_move"]


def joint_path(account: Account, rules: VenueRules, prices: Mapping[str, float]) -> Path:
    """Return the account along a move of all its underlyings and of what they price."""
    held = [position for position in account.all_positions if position.size != 0]
    contracts = [rules.contract(position.contract) for position in held]
    needed = {contract.settlement for contract in contracts} | {asset.asset for asset in account.assets}
    assets, moved = {}, set()
    for name in needed if account.mode != "isolated" else ():
        index = next((rule.index for rule in rules.collateral if rule.asset == name), "")
        assets[name] = exact(prices[index]) if index else Fraction(1)
        if index in {contract.underlying for contract in contracts}:
            moved.add(name)
    return Path(rules, account, tuple(exact(prices[contract.underlying]) for contract in contracts), (True,) * len(held), assets, frozenset(moved))


def smallest_joint_move(account: Account, rules: VenueRules, prices: Mapping[str, float]) -> tuple[Fraction, tuple[Fraction, ...]] | None:
    """Return the move, and what each position that is not empty loses up to there in the venue's currency; None where no move liquidates."""
    path = joint_path(account, rules, prices)
    if not path.held:
        return None
    found = [Fraction(1)] if path.is_liquidated(Fraction(1)) else changes(path)
    if not found:
        return None
    m = min(found, key=lambda place: (abs(place - 1), place))
    losses = []
    for place, position in enumerate(path.held):
        contract = rules.contract(position.contract)
        worth = []
        for at in (path.at(Fraction(1)), path.at(m)):
            price = Fraction(1) if account.mode == "isolated" or contract.settlement == rules.states.currency else at.prices[contract.settlement]
            worth.append(price * profit(contract, exact(position.size), exact(position.entry_price), at.marks[place]))
        losses.append(worth[0] - worth[1])
    return m - 1, tuple(losses)
