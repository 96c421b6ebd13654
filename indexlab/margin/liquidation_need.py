"""How much must be reduced: the smallest number of lots after which an account is safe, at a book's prices."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from indexlab.margin.liquidation_terms import plus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexlab.margin.liquidation_terms import Ratio, Terms

__all__ = ["needed_reduction"]

_SPARE: Final = 3
"""Units that rounding costs at most where a level is traded in part: the profit and both fees."""


def needed_reduction(terms: Terms, size: int, entry: int, cash: int, mark: int, levels: Iterable[tuple[int, int]], guard: int | None) -> int:
    """Return the needed reduction of a signed size (as LiquidationRule says), at levels of (price, size) in the order in which they are traded.

    `guard` is the bankruptcy price of the round.
    """
    side, whole = (1, size) if size > 0 else (-1, -size)
    limits = terms.size_limits(mark)
    most = (whole - terms.lot) // terms.lot
    done = 0
    for price, room in levels:
        first, last = done // terms.lot + 1, min((done + room) // terms.lot, most)
        while first <= last:
            tier = bisect_left(limits, whole - first * terms.lot)
            end = last if tier == 0 else min(last, (whole - limits[tier - 1] - 1) // terms.lot)

            def above(lots: int, *, now: int = tier, before: int = done, have: int = cash, at: int = price) -> int:
                traded = lots * terms.lot
                balance = _balance_after(terms, side * (traded - before), side * (whole - traded), (entry, at, mark), have, guard)
                return terms.distance(balance, terms.maintenance(whole - traded, mark, now))

            # within a level and a tier everything is linear in the lots, and `above` keeps its scale
            here, slope = above(first), above(first + 1) - above(first)
            if here > 0 or (here == 0 and not terms.worse_at_border):
                return first * terms.lot
            if slope > 0:
                more = -here // slope + 1 if terms.worse_at_border else -(here // slope)
                if first + more <= end:
                    return (first + more) * terms.lot
            first = end + 1
        taken = min(room, whole - done)
        cash += terms.booked_profit(side * taken, entry, price) - sum(terms.booked_fees(taken, price, guard, side))
        done += taken
        if done == whole:
            break
    return whole


def _balance_after(terms: Terms, traded: int, left: int, prices: tuple[int, int, int], cash: int, guard: int | None) -> Ratio:
    """Return the exact balance after trading `traded` (signed as the position) at the middle one of entry, price and mark, less what rounding may cost."""
    entry, price, mark = prices
    fees = terms.exact_fees(abs(traded), price, guard, 1 if traded > 0 else -1)
    kept = plus(terms.profit(traded, entry, price), (-fees[0], fees[1]))
    return plus(plus(kept, terms.profit(left, entry, mark)), (cash - _SPARE, 1))
