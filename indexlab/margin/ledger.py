"""Money in whole smallest units, moved from one party to another and never made: what every payment is booked in."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["COUNTERPARTIES", "FEES", "FUND", "VAULT", "Entry", "Ledger"]

FUND: Final = "insurance fund"
FEES: Final = "fees"
VAULT: Final = "vault"
"""Who takes over positions in place of the book (LiquidationRule, `backstop`)."""
COUNTERPARTIES: Final = "counterparties"
"""Whoever takes the other side of what an account trades: the book's makers, those who are auto-deleveraged."""


class Entry(msgspec.Struct, frozen=True):
    """One payment: `amount` smallest units of a currency from one party to another, and why."""

    debtor: str
    creditor: str
    currency: str
    amount: int
    why: str


class Ledger:
    """What each party has of each currency, in whole smallest units, and every payment that made it so. The sum over all parties never changes."""

    def __init__(self, balances: Iterable[tuple[str, str, int]] = ()) -> None:
        """Open with (party, currency, amount)."""
        self._balances: Counter[tuple[str, str]] = Counter()
        self.entries: list[Entry] = []
        for party, currency, amount in balances:
            self._balances[party, currency] += amount

    def move(self, debtor: str, creditor: str, currency: str, amount: int, why: str) -> None:
        """Pay; an amount below 0 goes the other way, 0 is no payment."""
        if amount < 0:
            debtor, creditor, amount = creditor, debtor, -amount
        if amount and debtor != creditor:
            self._balances[debtor, currency] -= amount
            self._balances[creditor, currency] += amount
            self.entries.append(Entry(debtor, creditor, currency, amount, why))

    def balance(self, party: str, currency: str) -> int:
        """Return what a party has of a currency, below 0 where it owes."""
        return self._balances[party, currency]

    def total(self, currency: str) -> int:
        """Return what all parties have of a currency together."""
        return sum(amount for (_, held), amount in self._balances.items() if held == currency)
