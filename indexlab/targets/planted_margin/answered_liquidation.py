"""Answers about forced reductions with one thing wrong: sizes, prices, order, and where the money goes. Pure, no numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.margin.exact import exact
from indexlab.margin.ledger import COUNTERPARTIES, FEES, FUND

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.margin.account import Account
    from indexlab.margin.case import Fill, LiquidationAnswer, LiquidationCase, MarginAnswer, MarginCase
    from indexlab.margin.contract import Contract
    from indexlab.targets.planted_margin.defect import Engine

__all__ = [
    "adl_for_equal_parts", "adl_reversed", "bankruptcy_price_mirrored", "bankruptcy_price_without_fees", "books_refill", "cost_without_fees",
    "double_booked", "fee_lost", "fee_not_booked", "fills_at_mark", "flips", "fund_charged_twice", "fund_named_for_book", "fund_owes_nothing",
    "leaves_a_lot", "money_made", "overshoots_by_a_lot", "rival_keeps_gain", "second_round_again", "vault_unrecorded",
]  # fmt: skip

VAULT: Final = "vault"


def _with(case: MarginCase, answer: MarginAnswer, change: Callable[[LiquidationAnswer, LiquidationCase, Account, Contract], LiquidationAnswer]) -> MarginAnswer:
    """Change what a forced reduction did; where nothing was traded there is nothing to get wrong."""
    found, asked = answer.liquidation, case.liquidation
    if found is None or asked is None or not found.fills:
        return answer
    account = next(one for one in case.accounts if one.id == asked.account)
    return msgspec.structs.replace(answer, liquidation=change(found, asked, account, case.rules.contract(account.contract)))


def _paid(found: LiquidationAnswer, party: str, amount: int) -> dict[str, int]:
    return {**found.balances, party: found.balances.get(party, 0) + amount}


def _resized(found: LiquidationAnswer, more: float) -> LiquidationAnswer:
    """The last fill is larger by `more` in its own direction (smaller where below 0), and the position left with it; nothing else changes."""
    last = found.fills[-1]
    sign = 1 if last.size > 0 else -1
    size = float(exact(last.size) + sign * exact(more))
    remaining = float(exact(found.remaining) + sign * exact(more))
    return msgspec.structs.replace(found, fills=(*found.fills[:-1], msgspec.structs.replace(last, size=size)), remaining=remaining)


def _step(contract: Contract) -> float:
    return contract.lot or 1e-8


def overshoots_by_a_lot(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """A reduction trades a lot more than is needed, or than there is."""
    return _with(case, answer, lambda found, _, __, contract: _resized(found, _step(contract)))


def leaves_a_lot(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """A reduction ends half a lot too early: what is left cannot be traded."""
    return _with(case, answer, lambda found, _, __, contract: _resized(found, -_step(contract) / 2))


def flips(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """The order is for the size at the start, whatever is left of it: the position turns over."""

    def turned(found: LiquidationAnswer, _: LiquidationCase, account: Account, __: Contract) -> LiquidationAnswer:
        last = found.fills[-1]
        whole = -account.size
        remaining = float(exact(found.remaining) + exact(whole) - exact(last.size))
        if remaining == found.remaining:
            # one fill closed it all: it is sent twice
            remaining, whole = whole, 2 * whole
        return msgspec.structs.replace(found, fills=(*found.fills[:-1], msgspec.structs.replace(last, size=whole)), remaining=remaining)

    return _with(case, answer, turned)


def second_round_again(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """The last trade is reported and booked once more, as after a restart."""

    def again(found: LiquidationAnswer, _: LiquidationCase, __: Account, ___: Contract) -> LiquidationAnswer:
        last = found.fills[-1]
        return msgspec.structs.replace(found, fills=(*found.fills, last), remaining=float(exact(found.remaining) + exact(last.size)))

    return _with(case, answer, again)


def double_booked(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """What the account lost is taken from it twice, and given to nobody."""

    def twice(found: LiquidationAnswer, asked: LiquidationCase, _: Account, __: Contract) -> LiquidationAnswer:
        return msgspec.structs.replace(found, balances=_paid(found, asked.account, -max(found.cost, 1)))

    return _with(case, answer, twice)


def money_made(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """Each trade makes a smallest unit for the counterparties: rounding is in favour of both sides."""
    return _with(case, answer, lambda found, _, __, ___: msgspec.structs.replace(found, balances=_paid(found, COUNTERPARTIES, len(found.fills))))


def fee_not_booked(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """Fees are taken from the account and are in nobody's books."""
    return _with(case, answer, lambda found, _, __, ___: msgspec.structs.replace(found, balances={**found.balances, FEES: 0} if found.fees else found.balances))


def fee_lost(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """Fills are reported without their fees."""
    return _with(
        case, answer, lambda found, _, __, ___: msgspec.structs.replace(found, fills=tuple(msgspec.structs.replace(fill, fee=0) for fill in found.fills))
    )


def cost_without_fees(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """What it cost is said without the fees."""
    return _with(case, answer, lambda found, _, __, ___: msgspec.structs.replace(found, cost=found.cost - found.fees))


def fund_charged_twice(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """What the fund pays is taken from it twice."""

    def twice(found: LiquidationAnswer, _: LiquidationCase, __: Account, ___: Contract) -> LiquidationAnswer:
        return msgspec.structs.replace(found, balances=_paid(found, FUND, -found.from_fund), from_fund=2 * found.from_fund)

    return _with(case, answer, twice)


def fund_owes_nothing(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """What the fund pays or takes is not told, and stays with the account."""

    def untold(found: LiquidationAnswer, asked: LiquidationCase, _: Account, __: Contract) -> LiquidationAnswer:
        balances = _paid(found, FUND, found.from_fund)
        balances[asked.account] = balances.get(asked.account, 0) - found.from_fund
        return msgspec.structs.replace(found, balances=balances, from_fund=0)

    return _with(case, answer, untold)


def fund_named_for_book(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """What the book filled is said to be taken over by the fund."""

    def renamed(found: LiquidationAnswer, _: LiquidationCase, __: Account, ___: Contract) -> LiquidationAnswer:
        return msgspec.structs.replace(found, fills=tuple(msgspec.structs.replace(fill, to=FUND) if fill.to == "book" else fill for fill in found.fills))

    return _with(case, answer, renamed)


def fills_at_mark(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """Trades are reported at the mark, whatever the book had."""

    def at_mark(found: LiquidationAnswer, asked: LiquidationCase, _: Account, __: Contract) -> LiquidationAnswer:
        def marked(fill: Fill) -> Fill:
            mark = max(((time, value) for time, value in asked.marks if time <= fill.time), default=(0, fill.price))[1]
            return msgspec.structs.replace(fill, price=mark)

        return msgspec.structs.replace(found, fills=tuple(marked(fill) for fill in found.fills))

    return _with(case, answer, at_mark)


def bankruptcy_price_without_fees(case: MarginCase, answer: MarginAnswer, engine: Engine) -> MarginAnswer:
    """The bankruptcy price leaves out the fees of the closing trade."""
    fees = msgspec.structs.replace(case.rules.fees, taker=0.0, liquidation=0.0)
    free = engine(msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, fees=fees))).liquidation
    if answer.liquidation is None or free is None:
        return answer
    return msgspec.structs.replace(answer, liquidation=msgspec.structs.replace(answer.liquidation, bankruptcy_price=free.bankruptcy_price))


def bankruptcy_price_mirrored(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """The bankruptcy price of the other side: as far from the entry price, on the wrong side of it."""

    def mirrored(found: LiquidationAnswer, _: LiquidationCase, account: Account, __: Contract) -> LiquidationAnswer:
        price = found.bankruptcy_price
        return found if price is None else msgspec.structs.replace(found, bankruptcy_price=2 * account.entry_price - price)

    return _with(case, answer, mirrored)


def adl_reversed(case: MarginCase, answer: MarginAnswer, engine: Engine) -> MarginAnswer:
    """Auto-deleveraging begins with the rival of the lowest rank: it takes them in the opposite order."""
    asked, found = case.liquidation, answer.liquidation
    if asked is None or found is None or not found.deleveraged:
        return answer
    first, *others = found.deleveraged
    # without the first of them the next is first: the last one that is left is the lowest
    gone = {first, *others[:-1]} if others else {first}
    lowest = [rival for rival in asked.rivals if rival.account not in gone]
    if not lowest:
        return msgspec.structs.replace(answer, liquidation=msgspec.structs.replace(found, deleveraged=found.deleveraged[::-1]))
    return msgspec.structs.replace(
        answer, liquidation=engine(msgspec.structs.replace(case, liquidation=msgspec.structs.replace(asked, rivals=tuple(lowest)))).liquidation
    )


def adl_for_equal_parts(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """Rivals are listed by name, not by rank."""

    def listed(found: LiquidationAnswer, asked: LiquidationCase, _: Account, __: Contract) -> LiquidationAnswer:
        if not found.deleveraged:
            return found
        named = tuple(sorted(rival.account for rival in asked.rivals))
        return msgspec.structs.replace(found, deleveraged=named[: len(found.deleveraged)])

    return _with(case, answer, listed)


def rival_keeps_gain(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """Who is auto-deleveraged gets what was gained twice."""

    def twice(found: LiquidationAnswer, _: LiquidationCase, __: Account, ___: Contract) -> LiquidationAnswer:
        if not found.deleveraged:
            return found
        first = found.deleveraged[0]
        return msgspec.structs.replace(found, balances=_paid(found, first, abs(found.balances.get(first, 0)) + 1))

    return _with(case, answer, twice)


def vault_unrecorded(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """What a vault takes over is in nobody's books."""

    def emptied(found: LiquidationAnswer, _: LiquidationCase, __: Account, ___: Contract) -> LiquidationAnswer:
        if not found.balances.get(VAULT):
            return found
        return msgspec.structs.replace(found, balances={party: amount for party, amount in found.balances.items() if party != VAULT})

    return _with(case, answer, emptied)


def books_refill(case: MarginCase, answer: MarginAnswer, engine: Engine) -> MarginAnswer:
    """Each round finds the book as if nothing had been taken from it."""
    asked = case.liquidation
    if asked is None:
        return answer
    pause = case.rules.liquidation.cool_down_us
    if not pause:
        return answer
    books = sorted(asked.books, key=lambda one: one[0])
    full = []
    for time in range(asked.start, asked.end + 1, pause):
        newest = [book for moment, book in books if moment <= time]
        if newest:
            full.append((time, newest[-1]))
        if len(full) > 100:
            break
    fresh = msgspec.structs.replace(asked, books=tuple(full) or asked.books)
    return msgspec.structs.replace(answer, liquidation=engine(msgspec.structs.replace(case, liquidation=fresh)).liquidation)
