"""A contract, its fees and its rules of states in whole numbers: sizes, prices and money as integers, so that a forced reduction is booked exactly."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexlab.margin.account_rules import StateRules
    from indexlab.margin.contract import Contract
    from indexlab.margin.rules import VenueRules

__all__ = ["FINEST", "Parts", "Ratio", "Terms", "common_digits", "fillable_loss", "parts", "plus", "ratio_of", "terms_of", "whole"]

Ratio: TypeAlias = tuple[int, int]
"""Numerator and denominator, the latter above 0; not reduced."""
Parts: TypeAlias = tuple[int, int]
"""Mantissa and exponent of a decimal: mantissa * 10 ** exponent."""
FINEST: Final = 1e-8
"""The lot or tick of a contract that states none."""


@lru_cache(maxsize=1 << 16)
def parts(number: float) -> Parts:
    """Return the shortest decimal that reads back as the number: 0.1 is (1, -1). Raises ValueError where it is not finite."""
    text = repr(float(number))
    if "e" in text:
        text = f"{Decimal(text):f}"
    before, _, after = text.partition(".")
    after = after.rstrip("0")
    return int(before + after), -len(after)


def common_digits(numbers: Iterable[float]) -> int:
    """Return how many decimals it takes to write all of them, at least 0."""
    return max([0, *(-parts(number)[1] for number in numbers)])


def whole(number: float, digits: int) -> int:
    """Return number * 10 ** digits, which must be whole."""
    mantissa, exponent = parts(number)
    return int(mantissa * 10 ** (exponent + digits))


def ratio_of(number: float, over: float = 1.0, shift: int = 0) -> Ratio:
    """Return number / over * 10 ** shift."""
    (upper, by), (lower, less) = parts(number), parts(over)
    power = by - less + shift
    return (upper * 10**power, lower) if power >= 0 else (upper, lower * 10**-power)


@dataclass(frozen=True)
class Terms:
    """What a position is worth: sizes in 10 ** -`size_digits` contracts, prices in 10 ** -`price_digits`, money in the contract's smallest units.

    `worth`: what a size of 1 is worth where a price of 1 makes it (over the price for an inverse contract). `borders`: of the tiers, in units or sizes.
    """

    inverse: bool
    size_digits: int
    price_digits: int
    lot: int
    tick: int
    worth: Ratio
    taker: Ratio
    extra: Ratio
    threshold: Ratio
    over_balance: bool
    worse_at_border: bool
    borders: tuple[Ratio | None, ...]
    by_contracts: bool
    rates: tuple[Ratio, ...]
    amounts: tuple[Ratio, ...]
    unit: float

    def profit(self, size: int, entry: int, price: int) -> Ratio:
        """Return the profit of a signed size between two prices."""
        upper, lower = self.worth
        return size * (price - entry) * upper, lower * entry * price if self.inverse else lower

    def notional(self, size: int, price: int) -> Ratio:
        """Return the notional of a size above 0."""
        upper, lower = self.worth
        return (size * upper, lower * price) if self.inverse else (size * price * upper, lower)

    def units(self, amount: float) -> Ratio:
        """Return an amount of the settlement currency in smallest units."""
        return ratio_of(amount, self.unit)

    def size_worth(self, amount: float, price: int) -> int:
        """Return the smallest size whose notional is at least this amount of the settlement currency."""
        (wanted, per), (upper, lower) = self.units(amount), self.worth
        return -(-wanted * lower * price // (per * upper)) if self.inverse else -(-wanted * lower // (per * price * upper))

    def booked_profit(self, size: int, entry: int, price: int) -> int:
        """Return the profit in units, rounded down."""
        upper, lower = self.profit(size, entry, price)
        return upper // lower

    def booked_fees(self, size: int, price: int, guard: int | None, side: int) -> tuple[int, int]:
        """Return the taker fee and the liquidation fee in units; the latter leaves what the fill would have left at `guard`, where that is a price."""
        upper, lower = self.notional(size, price)
        taker, extra = -(-upper * self.taker[0] // (lower * self.taker[1])), -(-upper * self.extra[0] // (lower * self.extra[1]))
        if guard is None or not extra:
            return taker, extra
        over, under = self.surplus(side * size, price, guard)
        return taker, min(extra, max(over // under, 0))

    def surplus(self, size: int, price: int, guard: int) -> Ratio:
        """Return what closing a signed size brings at a price, after the taker fee, above what it brings at another."""
        count, (rate, of) = abs(size), self.taker
        (now, per), (then, by) = self.notional(count, price), self.notional(count, guard)
        return plus(self.profit(size, guard, price), plus((-now * rate, per * of), (then * rate, by * of)))

    def exact_fees(self, size: int, price: int, guard: int | None, side: int) -> Ratio:
        """Return both fees together, not rounded."""
        (upper, lower), (taker, of), (extra, by) = self.notional(size, price), self.taker, self.extra
        whole_fee = upper * extra, lower * by
        if guard is not None and extra:
            rest = self.surplus(side * size, price, guard)
            if rest[0] * whole_fee[1] < whole_fee[0] * rest[1]:
                whole_fee = max(rest[0], 0), rest[1]
        return plus((upper * taker, lower * of), whole_fee)

    def size_limits(self, mark: int) -> tuple[int, ...]:
        """Return of each tier the largest size in it; -1 stands for no end, in the last one alone."""
        limits: list[int] = []
        upper, lower = self.worth
        for border in self.borders[:-1]:
            if border is None:  # a last tier only
                break
            over, under = border
            if self.by_contracts:
                limits.append(over // under)
            elif self.inverse:
                limits.append(over * mark * lower // (under * upper))
            else:
                limits.append(over * lower // (under * mark * upper))
        return tuple(limits)

    def tier(self, size: int, mark: int) -> int:
        """Return the number of the tier that a size above 0 is in."""
        return bisect_left(self.size_limits(mark), size)

    def maintenance(self, size: int, mark: int, tier: int | None = None) -> Ratio:
        """Return the maintenance margin of a size of at least 0."""
        if not size:
            return 0, 1
        place = self.tier(size, mark) if tier is None else tier
        (upper, lower), (rate, of), (amount, unit) = self.notional(size, mark), self.rates[place], self.amounts[place]
        return upper * rate * unit - amount * lower * of, lower * of * unit

    def is_safe(self, balance: Ratio, maintenance: Ratio) -> bool:
        """Say whether an account is neither in liquidation nor bankrupt."""
        least = balance[0] > 0 if self.worse_at_border else balance[0] >= 0
        distance = self.distance(balance, maintenance)
        return least and (distance > 0 if self.worse_at_border else distance >= 0)

    def distance(self, balance: Ratio, maintenance: Ratio) -> int:
        """Return how far the balance is above what the maintenance margin asks, times a positive number."""
        over, under = self.threshold
        mine, asked = balance[0] * maintenance[1], maintenance[0] * balance[1]
        return mine * over - asked * under if self.over_balance else mine * under - asked * over

    def bankruptcy_price(self, size: int, entry: int, collateral: int, of_units: int = 1, *, fees: bool = True) -> int | None:
        """Return the price at which a signed size and its collateral come to 0, to the tick in the account's favour; None where no positive one does.

        The collateral is `collateral` / `of_units`.
        """
        fee, of = self.taker if fees else (0, 1)
        side, count = (1, size) if size > 0 else (-1, -size)
        upper, lower = self.worth
        if self.inverse:
            # collateral + side * n * (1 / e - 1 / p) - fee * n / p = 0
            over = count * upper * entry * (side * of + fee) * of_units
            under = (collateral * lower * entry + side * count * upper * of_units) * of
        else:
            over = (side * count * entry * upper * of_units - collateral * lower) * of
            under = count * upper * (side * of - fee) * of_units
        if under < 0:
            over, under = -over, -under
        if under == 0 or over <= 0:
            return None
        return -(-over // (under * self.tick)) * self.tick if side > 0 else max(over // (under * self.tick), 1) * self.tick


def terms_of(rules: VenueRules, contract: Contract, sizes: Iterable[float], prices: Iterable[float]) -> Terms:
    """Return a contract's terms under a venue's rules, fine enough for these sizes and prices."""
    lot, tick = contract.lot or FINEST, contract.tick or FINEST
    size_digits, price_digits = common_digits([lot, *sizes]), common_digits([tick, *prices])
    contracts = contract.tier_measure == "contracts"
    shift = (price_digits if contract.is_inverse else -price_digits) - size_digits
    states: StateRules = rules.states
    rates = [(tier.maintenance_rate, rules.fees.liquidation if states.liquidation_fee else 0.0) for tier in contract.tiers]
    return Terms(
        inverse=contract.is_inverse,
        size_digits=size_digits,
        price_digits=price_digits,
        lot=whole(lot, size_digits),
        tick=whole(tick, price_digits),
        worth=ratio_of(contract.multiplier, contract.unit, shift),
        taker=ratio_of(rules.fees.taker),
        extra=ratio_of(rules.fees.liquidation),
        threshold=ratio_of(states.liquidation),
        over_balance=states.measure == "maintenance/balance",
        worse_at_border=states.at_border == "worse",
        borders=tuple(
            None if tier.up_to_notional is None else ratio_of(tier.up_to_notional, 1.0 if contracts else contract.unit, size_digits if contracts else 0)
            for tier in contract.tiers
        ),
        by_contracts=contracts,
        rates=tuple(plus(ratio_of(rate), ratio_of(fee)) for rate, fee in rates),
        amounts=tuple(ratio_of(tier.maintenance_amount, contract.unit) for tier in contract.tiers),
        unit=contract.unit,
    )


def fillable_loss(balance: Ratio, maintenance: Ratio, own: Ratio, adjustment: Ratio, spread: Ratio) -> Ratio:
    """Return what a position may lose to its fillable price (LiquidationRule): `maintenance`, above 0, is all of the account's, `own` the position's."""
    over = adjustment[0] * (maintenance[0] * balance[1] - balance[0] * maintenance[1])
    under = adjustment[1] * maintenance[0] * balance[1]
    return min(max(over, 0), under) * spread[0] * own[0], under * spread[1] * own[1]


def plus(one: Ratio, other: Ratio) -> Ratio:
    """Return the sum of two ratios."""
    return one[0] * other[1] + other[0] * one[1], one[1] * other[1]
