"""An account made ready for the engine: its positions with their contracts, its assets with their rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexlab.margin.account import Account
    from indexlab.margin.contract import Contract
    from indexlab.margin.rules import VenueRules

__all__ = ["Book", "Leg", "place"]


class Leg(NamedTuple):
    """A position with its contract."""

    contract: Contract
    size: float
    entry_price: float


class Book(NamedTuple):
    """An account made ready: its legs, what it has of each asset that it needs a price of, and the rules it stands under."""

    account: Account
    legs: tuple[Leg, ...]
    amounts: dict[str, float]
    rules: VenueRules
    open_interest: Mapping[str, float]
    ratios: dict[str, float]
    floors: dict[str, float]

    @property
    def isolated(self) -> bool:
        """Whether it is judged in its contract's settlement currency."""
        return self.account.mode == "isolated"


def place(account: Account, rules: VenueRules, open_interest: Mapping[str, float]) -> Book:
    """Make an account ready to be judged."""
    legs = tuple(Leg(rules.contract(one.contract), one.size, one.entry_price) for one in account.all_positions if one.size)
    amounts: dict[str, float] = {}
    if account.mode != "isolated":
        for asset in account.assets:
            if asset.amount:
                amounts[asset.asset] = amounts.get(asset.asset, 0.0) + asset.amount
        for leg in legs:
            if leg.contract.settlement != rules.states.currency:
                amounts.setdefault(leg.contract.settlement, 0.0)
    ratios = {rule.asset: rule.ratio for rule in rules.collateral}
    floors = {rule.asset: rule.floor for rule in rules.collateral if rule.floor is not None}
    return Book(account, legs, amounts, rules, open_interest, ratios, floors)
