"""The textbook's path of an account: some of its prices are multiplied by m, in exact arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexlab.margin.exact import exact
from indexlab.margin.reference_account import raw_state, sheet
from indexlab.margin.reference_moment import Moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from indexlab.margin.account import Account, Position
    from indexlab.margin.reference_account import Sheet
    from indexlab.margin.rules import VenueRules

__all__ = ["Path"]


@dataclass(frozen=True, slots=True)
class Path:
    """An account while some prices are multiplied by m: of `marks` (its positions') those that are `moved`, of `prices` (its assets') the `moved_assets`.

    The floor of an asset's price holds along the path; `prices` are those before it.
    """

    rules: VenueRules
    account: Account
    marks: tuple[Fraction, ...]
    moved: tuple[bool, ...]
    prices: Mapping[str, Fraction]
    moved_assets: frozenset[str] = frozenset()

    @property
    def held(self) -> tuple[Position, ...]:
        """The positions that are not empty."""
        return tuple(position for position in self.account.all_positions if position.size != 0)

    def at(self, m: Fraction) -> Moment:
        """Return the moment at m."""
        marks = tuple(mark * m if moved else mark for mark, moved in zip(self.marks, self.moved, strict=True))
        prices = {name: price * m if name in self.moved_assets else price for name, price in self.prices.items()}
        floors = {rule.asset: exact(rule.floor) for rule in self.rules.collateral if rule.floor is not None}
        return Moment(marks, {name: max(price, floors.get(name, price)) for name, price in prices.items()})

    def sheet(self, m: Fraction) -> Sheet:
        """Return the account's money at m."""
        return sheet(self.rules, self.account, self.at(m), {})

    def is_liquidated(self, m: Fraction) -> bool:
        """Whether `liquidation` (or worse) has begun at m."""
        return raw_state(self.rules.states, self.sheet(m)) in {"liquidation", "bankrupt"}
