"""The course of a forced reduction: the position that is left, the book, and every party's money, moved trade by trade."""

from __future__ import annotations

from functools import cmp_to_key
from typing import TYPE_CHECKING, Final

from indexlab.margin.case import Fill
from indexlab.margin.ledger import COUNTERPARTIES, FEES, FUND, VAULT, Ledger
from indexlab.margin.liquidation_terms import fillable_loss, plus, ratio_of, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.account import Account
    from indexlab.margin.case import LiquidationCase, Rival
    from indexlab.margin.liquidation_terms import Ratio, Terms

__all__ = ["BOOK", "Course"]

BOOK: Final = "book"
"""Who takes the other side of what the book fills."""

_CURRENCY: Final = ""
"""There is one currency, the contract's settlement currency."""


class Course:
    """What is left of one account's position and who has what; sizes, prices and money as in `Terms`."""

    def __init__(self, terms: Terms, account: Account, case: LiquidationCase, unit: float, *, adl: bool) -> None:
        """Open the books with what each party has, rounded down to units."""
        self.terms, self.account = terms, account.id
        self.side = 1 if account.size > 0 else -1
        self.left = abs(whole(account.size, terms.size_digits))
        self.entry = whole(account.entry_price, terms.price_digits)
        self.rivals: tuple[Rival, ...] = case.rivals
        self.adl = adl
        held = [(account.id, account.collateral), (FUND, case.fund), *((rival.account, rival.collateral) for rival in case.rivals)]
        self.ledger = Ledger([(party, _CURRENCY, _units(amount, unit)) for party, amount in held])
        self.parties = [account.id, FUND, FEES, COUNTERPARTIES, VAULT, *(rival.account for rival in case.rivals)]
        self.fund_before = self.has(FUND)
        self.fills: list[Fill] = []
        self.deleveraged: list[str] = []
        self.cost = self.fees = 0
        self.now = self.mark = 0
        self.guard: int | None = None
        self._source: object = None
        self.levels: list[list[int]] = []

    def look(self, now: int, mark: int, number: int, levels: Sequence[tuple[float, float]]) -> None:
        """Begin a round: its time, its mark, and the side of the book that it trades with; `number` tells the books apart."""
        self.now, self.mark = now, mark
        if number != self._source:
            self._source = number
            digits = self.terms
            self.levels = [[whole(price, digits.price_digits), whole(size, digits.size_digits)] for price, size in levels]

    def has(self, party: str) -> int:
        """Return what a party has."""
        return self.ledger.balance(party, _CURRENCY)

    def pay(self, debtor: str, creditor: str, amount: int, why: str) -> None:
        """Move money."""
        self.ledger.move(debtor, creditor, _CURRENCY, amount, why)

    @property
    def cash(self) -> int:
        """The booked collateral."""
        return self.has(self.account)

    def balance(self) -> Ratio:
        """Return the margin balance at the round's mark."""
        return plus((self.cash, 1), self.terms.profit(self.side * self.left, self.entry, self.mark))

    def maintenance(self) -> Ratio:
        """Return the maintenance margin at the round's mark."""
        return self.terms.maintenance(self.left, self.mark)

    def is_safe(self) -> bool:
        """Say whether the account needs no reduction."""
        return self.left == 0 or self.terms.is_safe(self.balance(), self.maintenance())

    def limit(self, *, fees: bool = True) -> int | None:
        """Return the bankruptcy price of what is left."""
        return self.terms.bankruptcy_price(self.side * self.left, self.entry, self.cash, fees=fees)

    def fillable(self, spread: float, adjustment: float) -> int | None:
        """Return the fillable price of what is left, by LiquidationRule's two figures; None where it limits nothing."""
        if not spread:
            return None
        maintenance = self.maintenance()
        lost = fillable_loss(self.balance(), maintenance, maintenance, ratio_of(adjustment), ratio_of(spread))
        return self.terms.bankruptcy_price(self.side * self.left, self.mark, *lost, fees=False)

    def within(self, limit: int | None) -> list[tuple[int, int]]:
        """Return the book's levels that are not beyond a price."""
        return [(price, size) for price, size in self.levels if size and (limit is None or self.side * price >= self.side * limit)]

    def in_lots(self, size: int) -> int:
        """Return a reduction as a whole number of lots; the whole position where less than a lot would be left."""
        lot = self.terms.lot
        rounded = -(-size // lot) * lot
        return self.left if self.left - rounded < lot else rounded

    def sell(self, wanted: int, levels: Sequence[tuple[int, int]]) -> None:
        """Reduce by up to `wanted` at the levels' prices, and take from the book what was traded."""
        for price, room in levels:
            size = min(wanted, room)
            if size:
                self.trade(size, price, BOOK)
                self.consume(size, price)
                wanted -= size

    def consume(self, size: int, price: int | None = None) -> None:
        """Take a size out of the book, from the best level on, or from the levels of one price."""
        for level in self.levels:
            if price is None or level[0] == price:
                taken = min(size, level[1])
                level[1] -= taken
                size -= taken

    def trade(self, size: int, price: int, to: str, *, fees: bool = True) -> None:
        """Book one trade of the account; raises nothing, as no size is larger than what is left."""
        taker, extra = self.terms.booked_fees(size, price, self.guard, self.side) if fees else (0, 0)
        signed = self.side * size
        profit = self.terms.booked_profit(signed, self.entry, price)
        self.pay(COUNTERPARTIES, self.account, profit, "profit")
        self.pay(self.account, FEES, taker, "taker fee")
        self.pay(self.account, FUND, extra, "liquidation fee")
        self.cost += self.terms.booked_profit(signed, self.entry, self.mark) - profit + taker + extra
        self.fees += taker + extra
        self.left -= size
        self.fills.append(Fill(self.now, self.as_size(-signed), self.as_price(price), taker + extra, to))

    def pay_up(self) -> None:
        """Let the fund pay what the collateral is below 0."""
        if self.cash < 0:
            self.cost += self.cash
            self.pay(FUND, self.account, -self.cash, "shortfall")

    def take_over(self) -> None:
        """Hand what is left to the fund at its bankruptcy price, or to rivals where the fund cannot bear it."""
        if not self.left:
            return
        self.pay_up()
        limit = self.limit()
        price = self.mark if limit is None else limit
        self.guard = limit
        if self.adl and self.has(FUND) + self._result(price) < 0:
            self._deleverage(price)
        if self.left:
            size, result = self.left, self._result(price)
            self.trade(size, price, FUND)
            self.pay(COUNTERPARTIES, FUND, result, "takeover")
            self.consume(size)

    def to_vault(self) -> None:
        """Hand what is left to the vault, with the collateral."""
        limit = self.limit(fees=False)
        price, size = self.mark if limit is None else limit, self.left
        self.trade(size, price, VAULT, fees=False)
        self.pay(COUNTERPARTIES, VAULT, self.terms.booked_profit(self.side * size, price, self.mark), "takeover")
        self.cost += max(self.cash, 0)
        self.pay(self.account, VAULT, max(self.cash, 0), "collateral")

    def _result(self, price: int) -> int:
        """Return what the fund gains by closing what is left, which it has at this price, in the book, the rest at the mark."""
        left, gained = self.left, 0
        for at, room in [*self.within(None), (self.mark, self.left)]:
            size = min(left, room)
            if size:
                gained += self.terms.booked_profit(self.side * size, price, at)
                left -= size
        return gained

    def _deleverage(self, price: int) -> None:
        for rival in self._ranked():
            size = min(self.left, abs(whole(rival.size, self.terms.size_digits)))
            if not size:
                return
            self.trade(size, price, rival.account)
            profit = self.terms.booked_profit(-self.side * size, whole(rival.entry_price, self.terms.price_digits), price)
            self.pay(COUNTERPARTIES, rival.account, profit, "deleveraged")
            self.deleveraged.append(rival.account)

    def _ranked(self) -> list[Rival]:
        """Return the rivals that can be taken from, the first to be taken from first."""
        ranked: list[tuple[Ratio, Rival]] = []
        for rival in self.rivals:
            size, entry = whole(rival.size, self.terms.size_digits), whole(rival.entry_price, self.terms.price_digits)
            profit = self.terms.profit(size, entry, self.mark)
            balance = plus((self.has(rival.account), 1), profit)
            if size * self.side < 0 and balance[0] > 0:
                now, then = self.terms.notional(abs(size), self.mark), self.terms.notional(abs(size), entry)
                leverage = now[0] * balance[1], now[1] * balance[0]
                ratio = profit[0] * then[1], profit[1] * then[0]
                times = leverage if profit[0] > 0 else (leverage[1], leverage[0])
                ranked.append(((ratio[0] * times[0], ratio[1] * times[1]), rival))
        return [rival for _, rival in sorted(ranked, key=cmp_to_key(_larger_first))]

    def as_size(self, size: int) -> float:
        """Return a size in contracts."""
        return float(f"{size}e-{self.terms.size_digits}")

    def as_price(self, price: int) -> float:
        """Return a price in the quote currency."""
        return float(f"{price}e-{self.terms.price_digits}")


def _larger_first(one: tuple[Ratio, Rival], other: tuple[Ratio, Rival]) -> int:
    return other[0][0] * one[0][1] - one[0][0] * other[0][1]


def _units(amount: float, unit: float) -> int:
    over, under = ratio_of(amount, unit)
    return over // under
