"""Forced reductions: a position against order books, by the path of its venue (LiquidationRule), in whole numbers.

The engine; `reference_liquidation` is the textbook that it is held to.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from indexlab.margin.case import LiquidationAnswer
from indexlab.margin.ledger import FUND
from indexlab.margin.liquidation_check import checked_liquidation
from indexlab.margin.liquidation_course import BOOK, Course
from indexlab.margin.liquidation_need import needed_reduction
from indexlab.margin.liquidation_terms import common_digits, ratio_of, terms_of, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indexlab.margin.case import Book, LiquidationCase, MarginCase
    from indexlab.margin.liquidation_rules import LiquidationRule

__all__ = ["reduce_position"]

Levels: TypeAlias = "tuple[tuple[float, float], ...]"


def reduce_position(case: MarginCase) -> LiquidationAnswer:
    """Return what the forced reduction of a case's `liquidation` does. Raises InputError where the case has none, or none that can be told."""
    asked, account = checked_liquidation(case)
    contract = case.rules.contract(account.contract)
    inside = [(time, _side(book, long=account.size > 0)) for time, book in sorted(asked.books, key=_time) if time <= asked.end]
    marks = tuple((time, mark) for time, mark in sorted(asked.marks, key=_time) if time <= asked.end and _counts(mark))
    sizes = [account.size, *(rival.size for rival in asked.rivals), *{side.size_step for _, side in inside}]
    prices = [account.entry_price, *(rival.entry_price for rival in asked.rivals), *{side.price_step for _, side in inside}]
    terms = terms_of(case.rules, contract, sizes, [*prices, *(mark for _, mark in marks)])
    course = Course(terms, account, asked, contract.unit, adl=case.rules.liquidation.adl != "none")
    first = course.limit()
    ended = _Rounds(course, case.rules.liquidation, asked, marks, [(time, side.levels) for time, side in inside]).run()
    return LiquidationAnswer(
        fills=tuple(course.fills),
        remaining=course.as_size(course.side * course.left),
        cost=course.cost,
        fees=course.fees,
        from_fund=course.fund_before - course.has(FUND),
        balances={party: course.has(party) for party in course.parties},
        bankruptcy_price=None if first is None else course.as_price(first),
        deleveraged=tuple(course.deleveraged),
        ended=ended,
    )


class _Side(NamedTuple):
    """The levels of a book that count, and numbers with as many decimals as its finest size and price."""

    levels: Levels
    size_step: float
    price_step: float


@lru_cache(maxsize=4096)
def _side(book: Book, *, long: bool) -> _Side:
    """Return the side of a book that a position is reduced at; the same book is asked about many times where paths are compared."""
    levels = tuple((price, size) for price, size in (book.bids if long else book.asks) if _counts(price) and _counts(size))
    return _Side(levels, *(float(f"1e-{common_digits(level[place] for level in levels)}") for place in (1, 0)))


def _time(timed: tuple[int, object]) -> int:
    return timed[0]


def _counts(number: float) -> bool:
    return math.isfinite(number) and number > 0


class _Rounds:
    """The rounds of one case."""

    def __init__(
        self,
        course: Course,
        rule: LiquidationRule,
        case: LiquidationCase,
        marks: Sequence[tuple[int, float]],
        books: Sequence[tuple[int, Levels]],
    ) -> None:
        self.course, self.terms, self.rule, self.case = course, course.terms, rule, case
        self.marks, self.books = marks, books
        self.mark_times, self.book_times = [time for time, _ in marks], [time for time, _ in books]
        self.number = 0

    def run(self) -> int | None:
        """Go through the rounds; return when it was over, None where it was not."""
        now: int | None = self.case.start
        act = self._path()
        while now is not None:
            mark = bisect_right(self.mark_times, now) - 1
            book = bisect_right(self.book_times, now) - 1
            before = len(self.course.fills)
            if mark >= 0:
                price = whole(self.marks[mark][1], self.terms.price_digits)
                self.course.look(now, price, book, self.books[book][1] if book >= 0 else ())
                if self.course.is_safe():
                    return now
                self.course.pay_up()
                self.course.guard = self.course.limit()
                act()
                self.number += 1
                if self.course.left == 0:
                    self.course.pay_up()
                if self.course.is_safe():
                    return now
            now = self._next(now, traded=len(self.course.fills) > before)
        return None

    def _next(self, now: int, *, traded: bool) -> int | None:
        if self.rule.cool_down_us > 0:
            following = now + self.rule.cool_down_us
            return following if following <= self.case.end else None
        if traded:
            return now
        return min((time for time in (*self.mark_times, *self.book_times) if time > now), default=None)

    def _path(self) -> Callable[[], None]:
        match self.rule.path:
            case "market":
                return self._market
            case "ioc-takeover":
                return self._ioc
            case "incremental-tier":
                return self._tier
            case "incremental-fraction":
                return self._fraction
            case "dutch-auction":
                return self._auction
            case "backstop":
                return self._backstop

    def _market(self) -> None:
        course = self.course
        everywhere = course.within(None)
        owed, left = -course.cash, course.left
        for price, room in everywhere:
            size = min(left, room)
            if size:
                fees = sum(self.terms.booked_fees(size, price, course.guard, course.side))
                owed += fees - self.terms.booked_profit(course.side * size, course.entry, price)
                left -= size
        bearable = owed <= max(course.has(FUND), 0)
        course.sell(course.left, everywhere if bearable else course.within(course.limit()))
        course.take_over()

    def _ioc(self) -> None:
        levels = self.course.within(self.course.limit())
        self.course.sell(self._needed(levels), levels)
        if not self.course.is_safe():
            self.course.take_over()

    def _tier(self) -> None:
        course = self.course
        tier = self.terms.tier(course.left, course.mark)
        if tier == 0 or course.balance()[0] <= 0:
            self._market()
            return
        border = self.terms.size_limits(course.mark)[max(tier - self.rule.tiers_a_round, 0)]
        self._step(course.in_lots(course.left - border))

    def _fraction(self) -> None:
        if self.course.balance()[0] <= 0:
            self._market()
            return
        self._step(self._part(), self.course.fillable(self.rule.fillable_spread, self.rule.fillable_adjustment))

    def _part(self) -> int:
        """Return the reduction that a round of `incremental-fraction` is for."""
        course, rule, terms = self.course, self.rule, self.terms
        notional, above = terms.notional(course.left, course.mark), terms.units(rule.fraction_above)
        if notional[0] * above[1] <= above[0] * notional[1] or 0 < rule.fraction_rounds <= self.number:
            return course.left
        part, of = ratio_of(rule.fraction)
        size = max(-(-course.left * part // of), terms.size_worth(rule.least_notional, course.mark))
        return course.in_lots(min(size, terms.size_worth(rule.most_notional, course.mark)) if rule.most_notional else size)

    def _backstop(self) -> None:
        course = self.course
        balance, maintenance, (share, of) = course.balance(), course.maintenance(), ratio_of(self.rule.backstop_below)
        if balance[0] > 0 and balance[0] * maintenance[1] * of < maintenance[0] * balance[1] * share:
            course.to_vault()
        else:
            self._fraction()

    def _auction(self) -> None:
        course = self.course
        if course.balance()[0] <= 0:
            self._market()
            return
        elapsed = course.now - self.case.start
        price, limit = self._auction_price(min(elapsed, self.rule.auction_us)), course.limit()
        if limit is None or course.side * price >= course.side * limit:
            held = sum(size for _, size in course.within(price))
            size = min(held, self._needed([(price, held)]))
            if size:
                course.trade(size, price, BOOK)
                course.consume(size)
            if elapsed < self.rule.auction_us or course.is_safe():
                return
        course.take_over()

    def _auction_price(self, elapsed: int) -> int:
        rule, side, tick = self.rule, self.course.side, self.terms.tick
        (start, by), (end, per) = ratio_of(rule.auction_start), ratio_of(rule.auction_end)
        span, gone = (rule.auction_us, elapsed) if rule.auction_us else (1, 1)
        over, under = start * per * (span - gone) + end * by * gone, by * per * span
        over = over if side > 0 else 2 * under - over
        ticks = self.course.mark * over // (under * tick) if side > 0 else -(-self.course.mark * over // (under * tick))
        return max(ticks, 1) * tick

    def _step(self, wanted: int, most: int | None = None) -> None:
        levels = [level for level in self.course.within(self.course.limit()) if most is None or self.course.side * (level[0] - most) >= 0]
        self.course.sell(min(wanted, self._needed(levels)), levels)

    def _needed(self, levels: Sequence[tuple[int, int]]) -> int:
        course = self.course
        return needed_reduction(self.terms, course.side * course.left, course.entry, course.cash, course.mark, levels, course.guard)
