"""What a forced close costs: an order book of a stated depth around a price, and an account that a wrong mark has liquidated in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.margin.case import Book, LiquidationCase, MarginCase
from indexlab.margin.liquidation import reduce_position
from indexlab.margin.liquidation_terms import common_digits, whole
from indexlab.margin.opening import usual_notional

if TYPE_CHECKING:
    from indexlab.margin.account import Account
    from indexlab.margin.contract import Contract
    from indexlab.margin.rules import VenueRules

__all__ = ["DEPTH", "ForcedCost", "book_around", "forced_cost", "level_bands", "notional_at", "profit_at", "size_for", "stepped", "usual_depth"]

DEPTH: Final = 55_000.0
"""Notional on each side for each basis point from the middle, in the quote currency.

The median within 1 bp of the middle over 600 snapshots of Coinbase's BTC-USD book, 2026-06-25 10:19 to 10:32 UTC, was 55 247 USD (convexpi/arena@1005f8d,
data/btcusd_book.jsonl); its 20 levels reach no further than 1.4 bp, and what is beyond is assumed to be as dense.
"""
_HALF_SPREAD: Final = 5e-5
_FIRST_WIDTH: Final = 1e-4
_GROWTH: Final = 1.5
_FARTHEST: Final = 0.9
_MOST_ROUNDS: Final = 200
_USUAL: Final = 10_000.0


@dataclass(frozen=True, slots=True)
class ForcedCost:
    """What an account lost by being closed by force, valued at the true price, in the settlement currency; `fee` is what of it were fees.

    `filled_at` is the average price of its fills, the true price where there were none.
    """

    cost: float
    fee: float
    filled_at: float


def usual_depth(contract: Contract) -> float:
    """Return DEPTH; for a quanto, whose notional is in the settlement currency, in proportion to the notionals that examples use."""
    return DEPTH * usual_notional(contract) / _USUAL if contract.kind == "quanto" else DEPTH


def book_around(price: float, contract: Contract, *, depth: float | None = None, half_spread: float = _HALF_SPREAD) -> Book:
    """Return a book around a price: `depth` of notional for each basis point on each side, in levels that are wider the farther away.

    A level stands in the middle of what it is for, down to a tenth of the price or up to twice it.

    The notional is in the quote currency, for a quanto contract in the settlement currency. Prices are on the contract's ticks, sizes on its lots, where it
    has these.
    """
    bids: list[tuple[float, float]] = []
    asks: list[tuple[float, float]] = []
    for away, width in level_bands(half_spread):
        notional = (usual_depth(contract) if depth is None else depth) * width * 1e4
        for side, level in ((bids, stepped(price * (1 - away), contract.tick)), (asks, stepped(price * (1 + away), contract.tick))):
            if level > 0:
                side.append((level, stepped(size_for(contract, notional, level), contract.lot)))
    return Book(tuple(level for level in bids if level[1] > 0), tuple(level for level in asks if level[1] > 0))


def level_bands(half_spread: float = _HALF_SPREAD) -> tuple[tuple[float, float], ...]:
    """Return of each level how far it is from the middle, and how wide the band is that it stands for, as shares of the price."""
    bands: list[tuple[float, float]] = []
    near, width = half_spread, _FIRST_WIDTH
    while near + width < _FARTHEST:
        bands.append((near + width / 2, width))
        near, width = near + width, width * _GROWTH
    return tuple(bands)


def size_for(contract: Contract, notional: float, price: float) -> float:
    """Return how many contracts a notional is, in the quote currency; of a quanto, in the settlement currency."""
    return notional / contract.multiplier if contract.is_inverse else notional / (price * contract.multiplier)


def forced_cost(
    account: Account, contract: Contract, rules: VenueRules, mark: float, true_price: float, *, book: Book | None = None, fund: float = 0.0
) -> ForcedCost:
    """Return what the forced close of an isolated account costs that a (wrong) mark liquidates while the market trades at another price.

    The mark is taken to stay as it is until the path of the venue is through; the book (by default one of DEPTH) is there again, full, in each round.
    """
    rule = rules.liquidation
    step = rule.cool_down_us or max(rule.auction_us // _MOST_ROUNDS, 1_000_000)
    full = book_around(true_price, contract) if book is None else book
    last = max(rule.auction_us, step * _MOST_ROUNDS)
    books = tuple((time, full) for time in range(0, last + 1, max(step, last // _MOST_ROUNDS)))
    asked = LiquidationCase(account.id, 0, last, books, ((0, mark),), fund)
    rules = msgspec.structs.replace(rules, contracts=(contract,))
    answer = reduce_position(MarginCase(rules, (account,), (), {}, {}, liquidation=asked))
    before = account.collateral + profit_at(contract, account.size, account.entry_price, true_price)
    after = answer.balances[account.id] * contract.unit + profit_at(contract, answer.remaining, account.entry_price, true_price)
    traded = sum(abs(fill.size) for fill in answer.fills)
    average = sum(abs(fill.size) * fill.price for fill in answer.fills) / traded if traded else true_price
    return ForcedCost(before - after, answer.fees * contract.unit, average)


def profit_at(contract: Contract, size: float, entry: float, price: float) -> float:
    """Return the profit of a position at a price, in the settlement currency."""
    count = size * contract.multiplier
    return count * (1 / entry - 1 / price) if contract.is_inverse else count * (price - entry)


def notional_at(contract: Contract, size: float, price: float) -> float:
    """Return the notional of a position at a price, in the settlement currency."""
    count = abs(size) * contract.multiplier
    return count / price if contract.is_inverse else count * price


def stepped(number: float, step: float) -> float:
    """Return a number of at least 0 rounded down to a step, as a decimal of that step's digits; to nine digits where there is none."""
    if not step:
        return float(f"{number:.9g}")
    digits = common_digits([number, step])
    each = whole(step, digits)
    return float(f"{whole(number, digits) // each * each}e-{digits}")
