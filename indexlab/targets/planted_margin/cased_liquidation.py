"""Cases with one thing wrong in their forced reduction: fees, books, rounds, rivals. Pure, no numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.margin.case import Book, LiquidationCase, MarginCase

__all__ = [
    "auction_backwards",
    "best_level_endless",
    "books_swapped",
    "cool_down_ignored",
    "fund_endless",
    "lots_of_ten",
    "marks_ahead",
    "middle_for_book",
    "no_liquidation_fee",
    "no_taker_fee",
    "reduced_like_market",
    "rivals_of_own_side",
    "tiers_a_round_wrong",
    "with_liquidation",
    "worst_level_first",
]  # fmt: skip


def with_liquidation(case: MarginCase, change: Callable[[LiquidationCase], LiquidationCase]) -> MarginCase:
    """Return the case with its forced reduction changed, where it has one."""
    return case if case.liquidation is None else msgspec.structs.replace(case, liquidation=change(case.liquidation))


def _books(case: MarginCase, change: Callable[[Book], Book]) -> MarginCase:
    return with_liquidation(case, lambda one: msgspec.structs.replace(one, books=tuple((time, change(book)) for time, book in one.books)))


def _rules(case: MarginCase, **changes: object) -> MarginCase:
    rule = msgspec.structs.replace(case.rules.liquidation, **changes)
    return msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, liquidation=rule))


def _fees(case: MarginCase, **changes: float) -> MarginCase:
    return msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, fees=msgspec.structs.replace(case.rules.fees, **changes)))


def no_taker_fee(case: MarginCase) -> MarginCase:
    """A forced trade pays no taker fee."""
    return _fees(case, taker=0.0)


def no_liquidation_fee(case: MarginCase) -> MarginCase:
    """A forced trade pays no fee of liquidation."""
    return _fees(case, liquidation=0.0)


def cool_down_ignored(case: MarginCase) -> MarginCase:
    """A round follows at once, without the pause."""
    return _rules(case, cool_down_us=0)


def reduced_like_market(case: MarginCase) -> MarginCase:
    """Every reduction is one market order for all of the position."""
    return _rules(case, path="market")


def auction_backwards(case: MarginCase) -> MarginCase:
    """The auction begins where it should end."""
    rule = case.rules.liquidation
    return _rules(case, auction_start=rule.auction_end, auction_end=rule.auction_start)


def tiers_a_round_wrong(case: MarginCase) -> MarginCase:
    """A round goes down two tiers where it should go down one, and one where it should be two or more."""
    return _rules(case, tiers_a_round=2 if case.rules.liquidation.tiers_a_round == 1 else 1)


def best_level_endless(case: MarginCase) -> MarginCase:
    """The best price is there for any size: no slippage."""

    def endless(levels: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        return tuple((price, size if k else sum(each for _, each in levels) * 1000.0) for k, (price, size) in enumerate(levels))

    return _books(case, lambda book: msgspec.structs.replace(book, bids=endless(book.bids), asks=endless(book.asks)))


def worst_level_first(case: MarginCase) -> MarginCase:
    """The sizes of a book are read from its far end."""

    def turned(levels: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        return tuple((price, size) for (price, _), (_, size) in zip(levels, reversed(levels), strict=True))

    return _books(case, lambda book: msgspec.structs.replace(book, bids=turned(book.bids), asks=turned(book.asks)))


def books_swapped(case: MarginCase) -> MarginCase:
    """Longs are sold at the asks, shorts bought back at the bids."""
    return _books(case, lambda book: msgspec.structs.replace(book, bids=tuple(sorted(book.asks, reverse=True)), asks=tuple(sorted(book.bids))))


def middle_for_book(case: MarginCase) -> MarginCase:
    """Every level of a side stands at the middle of the book."""

    def flat(book: Book) -> Book:
        if not book.bids or not book.asks:
            return book
        middle = (book.bids[0][0] + book.asks[0][0]) / 2
        return msgspec.structs.replace(book, bids=tuple((middle, size) for _, size in book.bids), asks=tuple((middle, size) for _, size in book.asks))

    return _books(case, flat)


def marks_ahead(case: MarginCase) -> MarginCase:
    """A round is judged by the next mark, not by the newest."""

    def ahead(one: LiquidationCase) -> LiquidationCase:
        marks = sorted(one.marks)
        return msgspec.structs.replace(one, marks=tuple((time, after) for (time, _), (_, after) in zip(marks, (*marks[1:], *marks[-1:]), strict=True)))

    return with_liquidation(case, ahead)


def fund_endless(case: MarginCase) -> MarginCase:
    """The fund is never empty: nobody is auto-deleveraged."""
    return _rules(case, adl="none")


def lots_of_ten(case: MarginCase) -> MarginCase:
    """A reduction is a whole number of ten lots."""
    contracts = tuple(msgspec.structs.replace(contract, lot=10 * contract.lot) for contract in case.rules.contracts)
    return msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, contracts=contracts))


def rivals_of_own_side(case: MarginCase) -> MarginCase:
    """Auto-deleveraging looks for positions of the account's own side, and finds none."""
    return with_liquidation(
        case, lambda one: msgspec.structs.replace(one, rivals=tuple(msgspec.structs.replace(rival, size=-rival.size) for rival in one.rivals))
    )
