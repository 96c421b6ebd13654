"""The textbook of forced reductions: LiquidationRule's sentences in fractions, slow and plain. Shares no arithmetic with the engine (`liquidation`)."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from indexlab.margin import reference_liquidation_money as money
from indexlab.margin.case import Fill, LiquidationAnswer
from indexlab.margin.exact import exact
from indexlab.margin.liquidation_check import checked_liquidation

if TYPE_CHECKING:
    from indexlab.margin.case import Book, LiquidationCase, MarginCase

__all__ = ["reduce_position"]

_ROUNDING = 3
Levels = list[tuple[Fraction, Fraction]]
"""(price, size), the best first."""


def reduce_position(case: MarginCase) -> LiquidationAnswer:
    """Return what the forced reduction of a case's `liquidation` does, exactly. Raises InputError as the engine does."""
    return _Reduction(case).answer()


class _Reduction:
    def __init__(self, case: MarginCase) -> None:
        self.asked, account = checked_liquidation(case)
        self.rules, self.rule = case.rules, case.rules.liquidation
        self.contract = case.rules.contract(account.contract)
        self.me, self.left = account.id, exact(account.size)
        self.entry, self.lot = exact(account.entry_price), money.lot_of(self.contract)
        self.unit = exact(self.contract.unit)
        self.has: dict[str, int] = {account.id: self.units(exact(account.collateral)), "insurance fund": self.units(exact(self.asked.fund))}
        self.has |= dict.fromkeys(("fees", "counterparties", "vault"), 0)
        self.has |= {rival.account: self.units(exact(rival.collateral)) for rival in self.asked.rivals}
        self.fund_before = self.has["insurance fund"]
        self.fills: list[Fill] = []
        self.deleveraged: list[str] = []
        self.cost, self.fees, self.rounds = 0, 0, 0
        self.now, self.mark = self.asked.start, Fraction(0)
        self.guard: Fraction | None = None
        self.book: Levels = []
        self.book_number = -1

    # --- money

    def units(self, amount: Fraction) -> int:
        return math.floor(amount / self.unit)

    def units_up(self, amount: Fraction) -> int:
        return math.ceil(amount / self.unit)

    def profit(self, size: Fraction, entry: Fraction, price: Fraction) -> int:
        return self.units(money.profit_of(self.contract, size, entry, price))

    def fee(self, size: Fraction, price: Fraction) -> tuple[int, int]:
        """Return the taker fee and the liquidation fee of closing a size (above 0), as they are booked."""
        notional = money.notional_of(self.contract, size, price)
        taker, extra = self.units_up(notional * exact(self.rules.fees.taker)), self.units_up(notional * exact(self.rules.fees.liquidation))
        return taker, extra if self.guard is None else min(extra, max(self.units(self.above_guard(size, price, self.guard)), 0))

    def exact_fee(self, size: Fraction, price: Fraction) -> Fraction:
        """Return both fees together, not rounded."""
        notional = money.notional_of(self.contract, size, price)
        taker, extra = notional * exact(self.rules.fees.taker), notional * exact(self.rules.fees.liquidation)
        return taker + (extra if self.guard is None else min(extra, max(self.above_guard(size, price, self.guard), Fraction(0))))

    def above_guard(self, size: Fraction, price: Fraction, guard: Fraction) -> Fraction:
        """Return what closing a size brings, after the taker fee, above what it brings at the bankruptcy price."""
        gained = money.profit_of(self.contract, size if self.left > 0 else -size, guard, price)
        saved = money.notional_of(self.contract, size, price) - money.notional_of(self.contract, size, guard)
        return gained - saved * exact(self.rules.fees.taker)

    def pay(self, debtor: str, creditor: str, amount: int) -> None:
        self.has[debtor] -= amount
        self.has[creditor] += amount

    def collateral(self) -> Fraction:
        return self.has[self.me] * self.unit

    def balance(self) -> Fraction:
        return self.collateral() + money.profit_of(self.contract, self.left, self.entry, self.mark)

    def maintenance(self) -> Fraction:
        return money.maintenance_of(self.rules, self.contract, self.left, self.mark)

    def safe(self) -> bool:
        return self.left == 0 or money.is_safe(self.rules, self.balance(), self.maintenance())

    def bankruptcy(self, *, fees: bool = True) -> Fraction | None:
        rate = exact(self.rules.fees.taker) if fees else Fraction(0)
        return money.bankruptcy_price(self.contract, self.left, self.entry, self.collateral(), rate)

    # --- trades

    def close(self, size: Fraction, price: Fraction, to: str, *, fees: bool = True) -> None:
        """Trade a part (above 0) of what is left."""
        taken = size if self.left > 0 else -size
        gained = self.profit(taken, self.entry, price)
        taker, extra = self.fee(size, price) if fees else (0, 0)
        self.pay("counterparties", self.me, gained)
        self.pay(self.me, "fees", taker)
        self.pay(self.me, "insurance fund", extra)
        self.cost += self.profit(taken, self.entry, self.mark) - gained + taker + extra
        self.fees += taker + extra
        self.left -= taken
        self.fills.append(Fill(self.now, float(-taken), float(price), taker + extra, to))

    def pay_up(self) -> None:
        owed = max(-self.has[self.me], 0)
        self.pay("insurance fund", self.me, owed)
        self.cost -= owed

    def worse(self, price: Fraction, limit: Fraction | None) -> bool:
        """Say whether a price is beyond a limit."""
        return limit is not None and (price < limit if self.left > 0 else price > limit)

    def to_book(self, wanted: Fraction, limit: Fraction | None) -> None:
        kept: Levels = []
        for price, size in self.book:
            taken = Fraction(0) if self.worse(price, limit) else min(size, wanted)
            if taken:
                self.close(taken, price, "book")
                wanted -= taken
            kept.append((price, size - taken))
        self.book = [level for level in kept if level[1]]

    def take_over(self) -> None:
        if self.left == 0:
            return
        self.pay_up()
        limit = self.bankruptcy()
        price = self.mark if limit is None else limit
        self.guard = limit
        if self.has["insurance fund"] + self.closing(price) < 0 and self.rule.adl != "none":
            self.deleverage(price)
        if self.left:
            gained = self.closing(price)
            self.close(abs(self.left), price, "insurance fund")
            self.pay("counterparties", "insurance fund", gained)

    def closing(self, price: Fraction) -> int:
        """Return what the fund gains by closing what it took over at a price: in the book, the rest at the mark."""
        rest, gained = abs(self.left), 0
        for at, size in [*self.book, (self.mark, rest)]:
            taken = min(size, rest)
            if taken:
                gained += self.profit(taken if self.left > 0 else -taken, price, at)
                rest -= taken
        return gained

    def deleverage(self, price: Fraction) -> None:
        queue = []
        for rival in self.asked.rivals:
            size, entry, own = exact(rival.size), exact(rival.entry_price), self.has[rival.account] * self.unit
            place = money.rank(self.contract, size, entry, own, self.mark) if size * self.left < 0 else None
            if place is not None:
                queue.append((place, rival))
        for _, rival in sorted(queue, key=lambda one: one[0], reverse=True):
            if self.left:
                taken = min(abs(self.left), abs(exact(rival.size)))
                signed = -taken if self.left > 0 else taken
                self.close(taken, price, rival.account)
                self.pay("counterparties", rival.account, self.profit(signed, exact(rival.entry_price), price))
                self.deleveraged.append(rival.account)

    # --- amounts

    def lots(self, size: Fraction) -> Fraction:
        """Round up to lots; the whole where less than a lot would be left."""
        rounded = math.ceil(size / self.lot) * self.lot
        return abs(self.left) if abs(self.left) - rounded < self.lot else rounded

    def needed(self, levels: Levels) -> Fraction:
        """Return the smallest number of lots that makes the account safe."""
        whole, done, booked = abs(self.left), Fraction(0), self.has[self.me]
        most = math.floor(whole / self.lot) - 1
        for price, size in levels:
            first, last = math.floor(done / self.lot) + 1, min(math.floor((done + size) / self.lot), most)
            while first <= last:
                end = self.same_tier_until(first, last)
                if self.suffices(end, done, booked, price) or self.suffices(first, done, booked, price):
                    return self.smallest(first, end, done, booked, price) * self.lot
                first = end + 1
            taken = min(size, whole - done)
            booked += self.profit(taken if self.left > 0 else -taken, self.entry, price) - sum(self.fee(taken, price))
            done += taken
        return whole

    def same_tier_until(self, first: int, last: int) -> int:
        """Return the last number of lots, up to `last`, after which what is left is in the same tier as after `first`."""

        def tier(lots: int) -> int:
            return money.tier_number(self.contract, abs(self.left) - lots * self.lot, self.mark)

        low, high = first, last
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if tier(middle) == tier(first) else (low, middle - 1)
        return low

    def smallest(self, first: int, last: int, done: Fraction, booked: int, price: Fraction) -> int:
        """Return the smallest number of lots that suffices, where one of the two ends does and all between them goes in a straight line."""
        if self.suffices(first, done, booked, price):
            return first
        while first + 1 < last:
            middle = (first + last) // 2
            first, last = (first, middle) if self.suffices(middle, done, booked, price) else (middle, last)
        return last

    def suffices(self, lots: int, done: Fraction, booked: int, price: Fraction) -> bool:
        """Say whether the account were safe after so many lots, of which `done` are booked already and the rest is traded at this price."""
        traded = lots * self.lot - done
        side = 1 if self.left > 0 else -1
        left = self.left - side * lots * self.lot
        gained = money.profit_of(self.contract, side * traded, self.entry, price)
        balance = (booked - _ROUNDING) * self.unit + gained - self.exact_fee(traded, price) + money.profit_of(self.contract, left, self.entry, self.mark)
        return money.is_safe(self.rules, balance, money.maintenance_of(self.rules, self.contract, left, self.mark))

    # --- paths

    def market(self) -> None:
        rest, gained = abs(self.left), self.has[self.me]
        for price, size in self.book:
            taken = min(size, rest)
            if taken:
                gained += self.profit(taken if self.left > 0 else -taken, self.entry, price) - sum(self.fee(taken, price))
                rest -= taken
        self.to_book(abs(self.left), None if -gained <= max(self.has["insurance fund"], 0) else self.bankruptcy())
        self.take_over()

    def limited(self, wanted: Fraction, fillable: Fraction | None = None) -> None:
        """Trade what is wanted, but not beyond the bankruptcy price (nor the fillable price) and not more than is needed."""
        limits = [price for price in (self.bankruptcy(), fillable) if price is not None]
        limit = (max(limits) if self.left > 0 else min(limits)) if limits else None
        self.to_book(min(wanted, self.needed([level for level in self.book if not self.worse(level[0], limit)])), limit)

    def ioc(self) -> None:
        self.limited(abs(self.left))
        if not self.safe():
            self.take_over()

    def tier(self) -> None:
        number = money.tier_number(self.contract, self.left, self.mark)
        if number == 0 or self.balance() <= 0:
            self.market()
        else:
            border = money.tier_limit(self.contract, max(number - self.rule.tiers_a_round, 0), self.mark)
            self.limited(self.lots(abs(self.left) - border))

    def fraction(self) -> None:
        if self.balance() <= 0:
            self.market()
            return
        rule, notional = self.rule, money.notional_of(self.contract, self.left, self.mark)
        if notional <= exact(rule.fraction_above) or (rule.fraction_rounds and self.rounds >= rule.fraction_rounds):
            self.limited(abs(self.left), self.fillable())
            return
        worth = max(notional * exact(rule.fraction), exact(rule.least_notional))
        if rule.most_notional:
            worth = min(worth, exact(rule.most_notional))
        self.limited(self.lots(abs(self.left) * worth / notional), self.fillable())

    def fillable(self) -> Fraction | None:
        needed = self.maintenance()
        if not self.rule.fillable_spread:
            return None
        lost = money.fillable_loss(self.balance() / needed, needed, exact(self.rule.fillable_adjustment), exact(self.rule.fillable_spread))
        return money.bankruptcy_price(self.contract, self.left, self.mark, lost, Fraction(0))

    def backstop(self) -> None:
        if 0 < self.balance() < exact(self.rule.backstop_below) * self.maintenance():
            limit = self.bankruptcy(fees=False)
            taken, price = self.left, self.mark if limit is None else limit
            self.close(abs(taken), price, "vault", fees=False)
            self.pay("counterparties", "vault", self.profit(taken, price, self.mark))
            rest = max(self.has[self.me], 0)
            self.pay(self.me, "vault", rest)
            self.cost += rest
        else:
            self.fraction()

    def auction(self) -> None:
        if self.balance() <= 0:
            self.market()
            return
        elapsed = self.now - self.asked.start
        price = self.auction_price(elapsed)
        if not self.worse(price, self.bankruptcy()):
            held = sum((size for at, size in self.book if not self.worse(at, price)), Fraction(0))
            taken = min(held, self.needed([(price, held)]))
            if taken:
                self.close(taken, price, "book")
                self.remove(taken)
            if elapsed < self.rule.auction_us or self.safe():
                return
        self.take_over()

    def auction_price(self, elapsed: int) -> Fraction:
        start, end = exact(self.rule.auction_start), exact(self.rule.auction_end)
        share = min(Fraction(elapsed, self.rule.auction_us), Fraction(1)) if self.rule.auction_us else Fraction(1)
        times = start + (end - start) * share
        tick = money.tick_of(self.contract)
        ticks = math.floor(self.mark * times / tick) if self.left > 0 else math.ceil(self.mark * (2 - times) / tick)
        return max(ticks, 1) * tick

    def remove(self, size: Fraction) -> None:
        kept: Levels = []
        for price, held in self.book:
            taken = min(size, held)
            size -= taken
            if held > taken:
                kept.append((price, held - taken))
        self.book = kept

    # --- rounds

    def answer(self) -> LiquidationAnswer:
        first, ended = self.bankruptcy(), self.run(self.asked)
        return LiquidationAnswer(
            fills=tuple(self.fills),
            remaining=float(self.left),
            cost=self.cost,
            fees=self.fees,
            from_fund=self.fund_before - self.has["insurance fund"],
            balances=self.has,
            bankruptcy_price=None if first is None else float(first),
            deleveraged=tuple(self.deleveraged),
            ended=ended,
        )

    def run(self, asked: LiquidationCase) -> int | None:
        paths = {
            "market": self.market,
            "ioc-takeover": self.ioc,
            "incremental-tier": self.tier,
            "incremental-fraction": self.fraction,
            "dutch-auction": self.auction,
            "backstop": self.backstop,
        }
        seen = [(time, mark) for time, mark in asked.marks if math.isfinite(mark) and mark > 0]
        moments = sorted({time for time, _ in (*asked.books, *seen) if time <= asked.end})
        while self.now <= asked.end:
            marks = [(time, mark) for time, mark in seen if time <= self.now]
            before = len(self.fills)
            if marks:
                self.mark = exact(max(reversed(marks), key=lambda one: one[0])[1])
                self.read_book(asked.books)
                if self.safe():
                    return self.now
                self.pay_up()
                self.guard = self.bankruptcy()
                paths[self.rule.path]()
                self.rounds += 1
                if self.left == 0:
                    self.pay_up()
                if self.safe():
                    return self.now
            if self.rule.cool_down_us:
                self.now += self.rule.cool_down_us
            elif len(self.fills) == before:
                later = [time for time in moments if time > self.now]
                if not later:
                    return None
                self.now = later[0]
        return None

    def read_book(self, books: tuple[tuple[int, Book], ...]) -> None:
        """Take the newest book where it is another one than before."""
        known = [(time, number) for number, (time, _) in enumerate(books) if time <= self.now]
        if known and max(known)[1] != self.book_number:
            self.book_number = max(known)[1]
            book = books[self.book_number][1]
            side = book.bids if self.left > 0 else book.asks
            there = [(price, size) for price, size in side if all(math.isfinite(one) and one > 0 for one in (price, size))]
            self.book = [(exact(price), exact(size)) for price, size in there]
