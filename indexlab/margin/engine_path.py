"""An account along a factor m that some of its prices are multiplied by: its prices, its state, and its values as powers of m."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from indexlab.margin.engine_money import money_at, state_code
from indexlab.margin.states import BANKRUPT, LIQUIDATION

if TYPE_CHECKING:
    from indexlab.margin.engine_book import Book, Leg

__all__ = ["Walk"]


class Walk(NamedTuple):
    """An account with the marks of its legs and the prices of its assets (before their floors), and which of them are multiplied by m."""

    book: Book
    marks: tuple[float, ...]
    moved: tuple[bool, ...]
    prices: dict[str, float]
    moved_assets: frozenset[str] = frozenset()

    def marks_at(self, m: float) -> list[float]:
        """Return the marks at m."""
        return [mark * m if moved else mark for mark, moved in zip(self.marks, self.moved, strict=True)]

    def prices_at(self, m: float) -> dict[str, float]:
        """Return the prices at m, above their floors."""
        floors = self.book.floors
        return {name: max(price * m if name in self.moved_assets else price, floors.get(name, 0.0)) for name, price in self.prices.items()}

    def code(self, m: float) -> int:
        """Return the state's code at m, without regard to persistence."""
        return state_code(self.book.rules.states, money_at(self.book, self.marks_at(m), self.prices_at(m)))

    def is_liquidated(self, m: float) -> bool:
        """Whether `liquidation` (or worse) has begun at m."""
        return self.code(m) in {LIQUIDATION, BANKRUPT}

    def price(self, name: str, m: float) -> tuple[float, int]:
        """Return an asset's price as (figure, power of m) around m."""
        figure, floor = self.prices[name], self.book.floors.get(name, 0.0)
        if name not in self.moved_assets:
            return max(figure, floor), 0
        return (figure, 1) if figure * m > floor else (floor, 0)

    def worth(self, leg: Leg, m: float) -> tuple[float, int]:
        """Return what a unit of a leg's settlement currency is worth."""
        own = self.book.isolated or leg.contract.settlement == self.book.rules.states.currency
        return (1.0, 0) if own else self.price(leg.contract.settlement, m)

    def value(self, place: int) -> tuple[float, float, int]:
        """Return a leg's entry value and its value in the settlement currency as (entry, value, power of m); its profit is value - entry, for inverse less."""
        leg = self.book.legs[place]
        quantity = leg.size * leg.contract.multiplier
        power = int(self.moved[place])
        if leg.contract.kind == "inverse":
            return quantity / leg.entry_price, quantity / self.marks[place], -power
        return quantity * leg.entry_price, quantity * self.marks[place], power
