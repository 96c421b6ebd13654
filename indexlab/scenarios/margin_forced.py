"""The forced reduction of a drawn margin case: an account at a mark beyond its liquidation, a thin book, a small fund, rivals on the other side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.margin.account import Account
from indexlab.margin.case import Book, LiquidationCase, Rival
from indexlab.margin.contract import tier_at
from indexlab.scenarios.margin_accounts import lotted, notional_of

if TYPE_CHECKING:
    import numpy as np

    from indexlab.margin.contract import Contract
    from indexlab.margin.rules import VenueRules

__all__ = ["forced_case", "victim"]

_LEVELS: Final = 6
_ROUNDS: Final = 6
_RIVALS: Final = 3


def victim(draw: np.random.Generator, rules: VenueRules, contract: Contract, price: float) -> Account:
    """Return an isolated account which at `price` is in liquidation, most by a little, some so deep that their collateral is all but gone."""
    side = 1 if draw.random() < 0.5 else -1
    ends = [tier.up_to_notional for tier in contract.tiers[:-1] if tier.up_to_notional is not None]
    usual = (ends[min(int(draw.integers(0, len(ends))), int(draw.integers(0, len(ends))))] if ends else 100_000.0) * float(draw.uniform(0.3, 2.5))
    one = notional_of(contract, 1.0, price)
    size = lotted(contract, usual if contract.tier_measure == "contracts" else usual / one)
    notional = size * one
    tier = tier_at(contract, size if contract.tier_measure == "contracts" else notional)
    fee = rules.fees.liquidation if rules.states.liquidation_fee else 0.0
    needed = notional * (tier.maintenance_rate + fee) - tier.maintenance_amount
    border = needed / rules.states.liquidation if rules.states.measure == "maintenance/balance" else needed * rules.states.liquidation
    entry = float(f"{price * (1 + side * float(draw.choice((0.004, 0.02, 0.1)))):.6g}")
    gained = notional * (entry / price - 1 if contract.is_inverse else 1 - entry / price) * side * (price / entry if contract.is_inverse else 1.0)
    collateral = border * float(draw.choice((0.999, 0.9, 0.5, 0.1))) - gained
    return Account("forced", side * size, entry, float(f"{max(collateral, notional * 1e-4):.8g}"), contract.id)


def forced_case(draw: np.random.Generator, rules: VenueRules, contract: Contract, account: Account, price: float, span: tuple[int, int]) -> LiquidationCase:
    """Draw what an account is reduced against from `price` on: two books of a few levels, a mark that wanders a little, who else is there."""
    start = span[0]
    pause = rules.liquidation.cool_down_us or max((span[1] - start) // _ROUNDS, 1)
    end = max(span[1], start + _ROUNDS * pause)
    side = 1 if account.size > 0 else -1
    marks = [(start, price)]
    for number in range(1, _ROUNDS):
        marks.append((start + number * pause, float(f"{marks[-1][1] * (1 + float(draw.choice((-0.004, -0.0005, 0.0, 0.0005, 0.004)))):.8g}")))
    books = tuple((start + number * 3 * pause, _book(draw, contract, marks[3 * number][1], abs(account.size))) for number in range(2))
    notional = notional_of(contract, account.size, price)
    fund = float(f"{notional * float(draw.choice((0.0, 0.001, 0.05))):.6g}")
    rivals = []
    for number in range(_RIVALS):
        size = lotted(contract, abs(account.size) * float(draw.uniform(0.2, 1.5)))
        entry = float(f"{price * (1 + side * float(draw.uniform(-0.01, 0.1))):.6g}")
        rivals.append(Rival(f"rival {number}", -side * size, entry, float(f"{notional_of(contract, size, entry) / float(draw.choice((3, 10, 50))):.6g}")))
    return LiquidationCase(account.id, start, end, books, tuple(marks), fund, tuple(rivals))


def _book(draw: np.random.Generator, contract: Contract, middle: float, size: float) -> Book:
    step = float(draw.choice((0.0002, 0.001, 0.005)))
    depth = float(draw.choice((0.1, 0.4, 1.5)))
    sides = []
    for side in (-1, 1):
        levels = []
        for number in range(_LEVELS):
            price = float(f"{middle * (1 + side * step * (number + float(draw.uniform(0.2, 1.0)))):.7g}")
            levels.append((price, lotted(contract, size * depth / _LEVELS * float(draw.uniform(0.5, 1.5)))))
        sides.append(tuple(levels))
    return Book(bids=sides[0], asks=sides[1])
