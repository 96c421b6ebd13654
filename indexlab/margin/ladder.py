"""Accounts whose state is any function of one price: the prices at which it changes, sorted, and the states between them.

What a rack cannot hold stands here: whole-position tiers, hedged books that two sides of the market threaten, portfolio margin, collateral that is itself
priced by the index. The price is that of one underlying; every other index and mark stands at `OTHER_PRICE`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.margin.case_check import checked_accounts_of
from indexlab.margin.engine_book import place
from indexlab.margin.engine_path import Walk
from indexlab.margin.engine_walk import rungs
from indexlab.margin.kernel_ladder import climb, reach
from indexlab.margin.rack import priced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from indexlab.margin.account import Account
    from indexlab.margin.rules import VenueRules

__all__ = ["OTHER_PRICE", "Ladder", "joined", "ladder", "ladder_from_accounts", "walk_of"]

OTHER_PRICE: Final = 1.0
"""What every index and mark but those of the ladder's underlying stands at."""


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """Accounts with the prices at which their states change, ascending, an account's after the other's; it answers as a Rack does.

    Account a changes at price[start[a] : start[a + 1]]; below all of them it is in state code[start[a] + a], above the k-th in the k-th after that.
    """

    accounts: tuple[Account, ...]
    start: NDArray[np.int64]
    price: NDArray[np.float64]
    code: NDArray[np.int8]

    @property
    def ids(self) -> tuple[str, ...]:
        """The accounts' names."""
        return tuple(account.id for account in self.accounts)

    def __len__(self) -> int:
        """Return how many accounts there are."""
        return len(self.accounts)

    def rungs(self, position: int) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
        """Return an account's prices and the codes between them."""
        first, last = int(self.start[position]), int(self.start[position + 1])
        return self.price[first:last], self.code[first + position : last + position + 1]

    def take(self, positions: Sequence[int]) -> Ladder:
        """Return the accounts at these positions, in the order given."""
        chosen = [int(position) for position in positions]
        return ladder([self.accounts[position] for position in chosen], [self.rungs(position) for position in chosen])

    def states(self, mark: ArrayLike, missing: ArrayLike | None = None) -> NDArray[np.int8]:
        """Return state codes [..., accounts] at marks [...]; `frozen` where `missing` is true or the mark is NaN."""
        marks = priced(mark, missing)
        out = np.empty((marks.size, len(self)), dtype=np.int8)
        climb(marks.reshape(-1), self.start, self.price, self.code, out)
        return out.reshape(*marks.shape, len(self))

    def headroom(self, mark: ArrayLike, missing: ArrayLike | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how far each mark may move before the state changes, (to a worse one, to a better one), each [..., accounts].

        Ratios of the mark; inf where no move leads there, NaN where there is no price above 0.
        """
        marks = priced(mark, missing)
        worse, better = np.empty((marks.size, len(self))), np.empty((marks.size, len(self)))
        reach(marks.reshape(-1), self.start, self.price, self.code, worse, better)
        return worse.reshape(*marks.shape, len(self)), better.reshape(*marks.shape, len(self))


def ladder(accounts: Sequence[Account], rungs_of: Sequence[tuple[ArrayLike, ArrayLike]]) -> Ladder:
    """Return accounts with their (prices, codes between them) as a ladder."""
    counts = [len(np.atleast_1d(prices)) for prices, _ in rungs_of]
    start = np.concatenate(([0], np.cumsum(counts, dtype=np.int64))).astype(np.int64)
    price = np.concatenate([np.empty(0), *(np.asarray(prices, dtype=float) for prices, _ in rungs_of)])
    code = np.concatenate([np.empty(0, dtype=np.int8), *(np.asarray(codes, dtype=np.int8) for _, codes in rungs_of)])
    return Ladder(tuple(accounts), start, price, code)


def joined(ladders: Sequence[Ladder]) -> Ladder:
    """Return the accounts of several ladders as one."""
    return ladder([account for part in ladders for account in part.accounts], [part.rungs(k) for part in ladders for k in range(len(part))])


def walk_of(account: Account, rules: VenueRules, underlying: str, price: float) -> Walk:
    """Return an account along the price of one underlying, m = 1 being `price`: its marks and the assets it prices move, everything else stays."""
    book = place(account, rules, {})
    moved = tuple(leg.contract.underlying == underlying for leg in book.legs)
    priced = {rule.asset: rule.index for rule in rules.collateral if rule.index}
    moved_assets = frozenset(name for name in book.amounts if priced.get(name) == underlying)
    prices = {name: price if name in moved_assets else OTHER_PRICE for name in book.amounts}
    return Walk(book, tuple(price if is_moved else OTHER_PRICE for is_moved in moved), moved, prices, moved_assets)


def ladder_from_accounts(accounts: Sequence[Account], rules: VenueRules, underlying: str, price: float, *, file: object = None) -> Ladder:
    """Return accounts of any mode as a ladder over the price of `underlying`; `price` is about where it is looked for. Raises InputError."""
    checked = checked_accounts_of(accounts, rules, file=file)
    found = [rungs(walk_of(account, rules, underlying, price)) for account in checked]
    return ladder(checked, [(np.asarray(places) * price, codes) for places, codes in found])
