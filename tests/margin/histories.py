"""Random histories of a market of a few accounts: deposits, trades, funding, price faults, forced reductions by every path, an exhausted fund, deleveraging.

Everybody's money is in one place, `Market.has`, in smallest units. What an answer says that parties have is taken over as it is said, so that a unit that an
answer makes or loses is a unit that the market makes or loses.
"""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from math import ceil, floor

from indexlab.margin.account import Account
from indexlab.margin.account_rules import FeeRules
from indexlab.margin.case import Book, FundingCase, Holding, LiquidationCase, MarginCase, Rival, Sample
from indexlab.margin.contract import Contract, Tier
from indexlab.margin.exact import exact
from indexlab.margin.funding import settle
from indexlab.margin.funding_rules import FundingRule
from indexlab.margin.ledger import COUNTERPARTIES, FEES, FUND, VAULT
from indexlab.margin.liquidation import reduce_position
from indexlab.margin.liquidation_rules import CHOICES, LiquidationRule
from indexlab.margin.rules import Venue, VenueRules
from indexlab.market.units import SECOND

PATHS = CHOICES["liquidation.path"]
HOUR = 3600 * SECOND
TIERS = (Tier(20_000.0, 0.05, 0.01, 0.0), Tier(100_000.0, 0.1, 0.02, 200.0), Tier(None, 0.2, 0.05, 3_200.0))
LINEAR = Contract("LINEAR", "X", TIERS, tick=0.01, lot=0.1, quote="USD", settlement="USD", unit=0.01)
INVERSE = Contract(
    "INVERSE",
    "X",
    (Tier(200.0, 0.05, 0.01, 0.0), Tier(None, 0.1, 0.02, 2.0)),
    kind="inverse",
    multiplier=10.0,
    tick=0.05,
    lot=1.0,
    quote="USD",
    settlement="X",
    unit=1e-8,
)
QUANTO = Contract("QUANTO", "X", (Tier(None, 0.05, 0.02, 0.0),), kind="quanto", multiplier=1e-4, tick=0.01, lot=0.3, quote="USD", settlement="BTC", unit=1e-8)
OUTSIDE = "outside"
"""Where deposits come from."""


class Market:
    """One contract, six accounts, and what they live through; `seen` counts what happened."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)  # noqa: S311 - histories, not secrets
        self.contract = self.draw.choice([LINEAR, INVERSE, QUANTO])
        rule = FundingRule(interval_us=HOUR, base_interval_us=HOUR, interest=1e-5, clamp=5e-4, cap=0.01)
        self.rules = VenueRules(
            Venue("history"),
            (self.contract,),
            fees=self.draw.choice([FeeRules(), FeeRules(5e-4, 0.0, 0.0), FeeRules(5e-4, 0.0, 0.0125)]),
            funding=rule,
            liquidation=LiquidationRule(),
        )
        self.scale = {"LINEAR": 3_000.0, "INVERSE": 30.0, "QUANTO": 0.3}[self.contract.id]
        self.has: Counter[str] = Counter({OUTSIDE: 0, FUND: 0, FEES: 0, COUNTERPARTIES: 0, VAULT: 0})
        self.positions: dict[str, tuple[float, float]] = {}
        self.price, self.hour = 100.0, 0
        self.seen: Counter[str] = Counter()
        for number in range(6):
            self.has[f"account {number}"] = 0
            self.deposit(f"account {number}")
        self.pay(OUTSIDE, FUND, self.draw.choice([0, 0, self.units(0.05 * self.scale), self.units(5 * self.scale)]))

    def units(self, amount: float) -> int:
        return floor(exact(amount) / exact(self.contract.unit))

    def money(self, units: int) -> float:
        return float(units * exact(self.contract.unit))

    def pay(self, debtor: str, creditor: str, amount: int) -> None:
        self.has[debtor] -= amount
        self.has[creditor] += amount

    def accounts(self) -> list[str]:
        return [party for party in self.has if party.startswith("account")]

    def step(self) -> None:
        """Let one thing happen, then reduce whoever must be, at the price or at a wrong mark."""
        self.draw.choice([self.some_deposit, self.some_trade, self.some_trade, self.some_trade, self.funding, self.move, self.move, self.fault])()

    def some_deposit(self) -> None:
        self.deposit(self.draw.choice(self.accounts()))

    def deposit(self, party: str) -> None:
        self.seen["deposit"] += 1
        self.pay(OUTSIDE, party, self.units(round(self.draw.uniform(0.2, 1.0) * self.scale, 2)) + self.draw.randrange(100))

    def profit(self, size: float, entry: float, price: float) -> int:
        quantity = exact(size) * exact(self.contract.multiplier)
        gained = quantity * (1 / exact(entry) - 1 / exact(price)) if self.contract.is_inverse else quantity * (exact(price) - exact(entry))
        return floor(gained / exact(self.contract.unit))

    def notional(self, size: float, price: float) -> Fraction:
        quantity = abs(exact(size)) * exact(self.contract.multiplier)
        return quantity / exact(price) if self.contract.is_inverse else quantity * exact(price)

    def some_trade(self) -> None:
        """Open where there is nothing, otherwise close, at the price, for the taker's fee."""
        party = self.draw.choice(self.accounts())
        self.seen["trade"] += 1
        if party in self.positions:
            size, entry = self.positions.pop(party)
            self.pay(COUNTERPARTIES, party, self.profit(size, entry, self.price))
        elif self.has[party] > 0:
            lots = self.has[party] * self.contract.unit * self.draw.choice([4, 9, 18]) / float(self.notional(self.contract.lot, self.price))
            size = float(max(int(lots), 1) * exact(self.contract.lot)) * self.draw.choice([-1, 1])
            self.positions[party] = (size, self.price)
        else:
            return
        fee = self.notional(size, self.price) * exact(self.rules.fees.taker) / exact(self.contract.unit)
        self.pay(party, FEES, ceil(fee))

    def funding(self) -> None:
        """Pay one slot of funding between all positions; whoever holds the other sides of them takes part."""
        if not self.positions:
            return
        self.seen["funding"] += 1
        start, end = self.hour * HOUR, (self.hour + 1) * HOUR
        self.hour += 1
        rest = -sum((exact(size) for size, _ in self.positions.values()), Fraction(0))
        holdings = [Holding(party, size, start) for party, (size, _) in self.positions.items()]
        holdings += [Holding(COUNTERPARTIES, float(rest), start)] if rest else []
        premium = self.draw.choice([-0.02, -0.0003, 0.0002, 0.005])
        samples = tuple(Sample(start + k * HOUR // 4, self.price, self.price * (1 + premium), self.price * (1 + premium)) for k in range(1, 5))
        asked = FundingCase(self.contract.id, start, end, samples, tuple(holdings), ((start, self.price),), (end,))
        for payments in settle(self.rules, asked).payments:
            self.seen["paid slots"] += 1
            self.has.update(payments)

    def move(self) -> None:
        self.set_price(self.price * self.draw.choice([0.9, 0.96, 0.98, 0.99, 1.01, 1.02, 1.04, 1.1]))
        self.reduce_all(self.price)

    def fault(self) -> None:
        """Show a wrong mark for a moment: the books stay where the price is."""
        self.seen["fault"] += 1
        self.reduce_all(self.on_tick(self.price * self.draw.choice([0.5, 0.9, 0.96, 1.04, 1.1, 2.0])))

    def set_price(self, price: float) -> None:
        self.price = self.on_tick(min(max(price, 20.0), 500.0))

    def on_tick(self, price: float) -> float:
        return float(round(price / self.contract.tick) * exact(self.contract.tick))

    def reduce_all(self, mark: float) -> None:
        for party in list(self.positions):
            if party in self.positions:
                self.reduce(party, mark)

    def reduce(self, party: str, mark: float) -> None:
        """Reduce one account by force by any path, and take over what the answer says that everybody has."""
        size, entry = self.positions[party]
        others = {name: held for name, held in self.positions.items() if name != party and held[0] * size < 0}
        rivals = tuple(Rival(name, held[0], held[1], self.money(self.has[name])) for name, held in others.items())
        rule = LiquidationRule(
            path=self.draw.choice(PATHS),
            fraction=self.draw.choice([0.1, 0.25]),
            cool_down_us=self.draw.choice([0, SECOND, 30 * SECOND]),
            auction_end=0.9,
            auction_us=60 * SECOND,
            backstop_below=self.draw.choice([0.0, 2 / 3, 0.9]),
            adl=self.draw.choice(["profit-times-leverage", "profit-times-leverage", "none"]),
        )
        rules = VenueRules(self.rules.venue, self.rules.contracts, fees=self.rules.fees, liquidation=rule)
        asked = LiquidationCase(party, 0, 120 * SECOND, ((0, self.book()), (60 * SECOND, self.book())), ((0, mark),), self.money(self.has[FUND]), rivals)
        account = Account(party, size, entry, self.money(self.has[party]), self.contract.id)
        answer = reduce_position(MarginCase(rules, (account,), (), {}, {}, liquidation=asked))
        before = {name: self.has[name] for name in (party, FUND, *others)}
        for name, balance in answer.balances.items():
            # the answer begins with nothing in the fees, with the counterparties and in the vault
            self.has[name] = balance if name in before else self.has[name] + balance
        if answer.fills:
            self.note(rule, answer)
        for name, signed in self.traded(party, answer).items():
            held, paid = self.positions[name]
            left = float(exact(held) + signed)
            if left:
                self.positions[name] = (left, paid)
            else:
                del self.positions[name]
        assert exact(answer.remaining) == exact(self.positions[party][0] if party in self.positions else 0.0)

    def traded(self, party: str, answer) -> dict[str, Fraction]:
        signed: dict[str, Fraction] = {}
        for fill in answer.fills:
            signed[party] = signed.get(party, Fraction(0)) + exact(fill.size)
            if fill.to in answer.deleveraged:
                signed[fill.to] = signed.get(fill.to, Fraction(0)) - exact(fill.size)
        return signed

    def note(self, rule: LiquidationRule, answer) -> None:
        self.seen[rule.path] += 1
        self.seen["taken over"] += any(fill.to == FUND for fill in answer.fills)
        self.seen["vault"] += any(fill.to == VAULT for fill in answer.fills)
        self.seen["deleveraged"] += bool(answer.deleveraged)
        self.seen["fund owes"] += answer.balances[FUND] < 0

    def book(self) -> Book:
        """Draw a book around the price, of no depth at all to plenty."""
        depth = self.draw.choice([0.0, 0.02, 0.3, 5.0]) * 20 * self.scale
        if not depth:
            return Book((), ())
        lots = max(int(depth / 10 / float(self.notional(self.contract.lot, self.price))), 1)
        size = float(lots * exact(self.contract.lot))
        sides = [tuple((self.on_tick(self.price * (1 + side * (0.0005 + 0.002 * k * k))), size) for k in range(10)) for side in (-1, 1)]
        return Book(*sides)


def lived_through(seed: int, steps: int) -> Market:
    """Return a market after so many steps; raises AssertionError at the first one after which money is not where it was put."""
    market = Market(seed)
    for _ in range(steps):
        before = sum(market.has.values())
        market.step()
        assert sum(market.has.values()) == before == 0, f"seed {seed}: {sum(market.has.values())} units appeared"
    return market
