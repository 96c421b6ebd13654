"""The average prices at which a notional can be sold and bought in an order book: what a wall of one contract at the best price cannot move. No numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.margin.contract import BTCUSDT, Contract
from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from indexlab.margin.case import Book

__all__ = ["impact_prices"]


def impact_prices(book: Book, notional: float, contract: Contract = BTCUSDT) -> tuple[float | None, float | None]:
    """Return (bid, ask): the average price at which `notional` can be sold into the bids, and bought from the asks; None where the levels do not reach.

    `notional` is in the quote currency. It takes a level after the other, the best first, the last one in part. The average is notional over what was traded in
    base units: a level of `size` contracts is worth size * multiplier * price in the quote currency and size * multiplier in base units; of an `inverse`
    contract size * multiplier, and size * multiplier / price. A notional of 0: the best prices. Levels whose price or size is not above 0 do not count.
    Raises InputError for a notional that is no finite number of at least 0. Source: BitMEX, https://www.bitmex.com/app/fairPriceMarking
    """
    if not 0 <= notional < float("inf"):
        problem = f"must be a finite number of at least 0, was {notional}"
        raise InputError(problem, key="notional")
    return _average(book.bids, notional, contract), _average(book.asks, notional, contract)


def _average(levels: tuple[tuple[float, float], ...], notional: float, contract: Contract) -> float | None:
    left, base = notional, 0.0
    for price, size in levels:
        if not (price > 0 and size > 0):
            continue
        if notional == 0:
            return price
        worth = size * contract.multiplier * (1.0 if contract.is_inverse else price)
        taken = min(left, worth)
        base += taken / price
        left -= taken
        if left <= 0:
            return notional / base
    return None
