"""How much of an account's maintenance margin a little more cost on a forced execution eats, by leverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.margin.account_rules import FeeRules
from indexlab.margin.case import LiquidationCase, MarginCase
from indexlab.margin.contract import tier_at
from indexlab.margin.ledger import FEES
from indexlab.margin.liquidation import reduce_position
from indexlab.margin.liquidation_cost import book_around, notional_at, profit_at
from indexlab.margin.liquidation_paths import first_unsafe_mark
from indexlab.margin.liquidation_rules import LiquidationRule
from indexlab.margin.opening import opened, usual_notional

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.contract import Contract
    from indexlab.margin.opening import Side
    from indexlab.margin.rules import VenueRules

__all__ = ["EXTRA", "LEVERAGES", "StepRow", "eaten_steps"]

EXTRA: Final = 0.0005
"""0.05 % of the notional that is traded by force."""
_SAME: Final = 1e-9
LEVERAGES: Final = (3.0, 5.0, 10.0, 20.0, 25.0, 50.0, 75.0, 100.0, 125.0)


@dataclass(frozen=True, slots=True)
class StepRow:
    """One leverage, and the largest `notional` that it is offered for (as `opened` has it).

    `rate` is that of the tier at liquidation, `room` the move from entry to there (a ratio), `kept` the balance there over the notional there.

    `extra` is what the dearer execution costs more, over the notional there; `steps` the same in hundredths of that balance, `of_rate` in units of the tier's
    rate, `of_room` in shares of the room. `covered`: whether the balance pays for it.
    """

    leverage: float
    notional: float
    rate: float
    room: float
    kept: float
    extra: float
    steps: float
    of_rate: float
    of_room: float
    covered: bool


def eaten_steps(rules: VenueRules, contract: Contract, side: Side, *, price: float, leverages: Sequence[float] = LEVERAGES) -> list[StepRow]:
    """Return a row a leverage that the venue offers: one market order at the mark of liquidation, with and without EXTRA as a fee more.

    Both are executed by the engine, in a book that holds all of it at the mark. The liquidation fee is not counted: it takes of what is left whatever the
    cost.
    """
    offered = [(leverage, _largest(contract, leverage, price)) for leverage in leverages]
    return [_row(rules, contract, side, leverage, notional, price) for leverage, notional in offered if notional]


def _largest(contract: Contract, leverage: float, price: float) -> float:
    """Return the largest notional that a leverage is offered for; the usual one where there is no limit, 0 where it is not offered."""
    tiers = [tier for tier in contract.tiers if tier.initial_rate * leverage <= 1 + _SAME]
    if not tiers:
        return 0.0
    border = tiers[-1].up_to_notional
    if border is None:
        return max(usual_notional(contract), 2 * _in_quote(contract, tiers[-2].up_to_notional or 0.0, price) if len(tiers) > 1 else 0.0)
    return _in_quote(contract, border * (1 - _SAME), price)


def _in_quote(contract: Contract, measure: float, price: float) -> float:
    if contract.tier_measure == "contracts":
        return measure * contract.multiplier * (1.0 if contract.is_inverse else price)
    return measure * price if contract.is_inverse else measure


def _row(rules: VenueRules, contract: Contract, side: Side, leverage: float, notional: float, price: float) -> StepRow:
    account = opened(rules, contract, side, leverage, notional=notional, price=price)
    mark = first_unsafe_mark(rules, contract, account)
    level = ((mark, 2 * abs(account.size)),)
    book = msgspec.structs.replace(book_around(mark, contract), bids=level, asks=level)
    asked = LiquidationCase(account.id, 0, 0, ((0, book),), ((0, mark),), fund=notional)
    costs = []
    for more in (0.0, EXTRA):
        fees = FeeRules(rules.fees.taker + more, 0.0, rules.fees.liquidation)
        under = msgspec.structs.replace(rules, contracts=(contract,), fees=fees, liquidation=LiquidationRule(path="market"))
        answer = reduce_position(MarginCase(under, (account,), (), {}, {}, liquidation=asked))
        costs.append((answer.balances[FEES] * contract.unit, answer.from_fund))
    worth = notional_at(contract, account.size, mark)
    kept = (account.collateral + profit_at(contract, account.size, account.entry_price, mark)) / worth
    extra, room = (costs[1][0] - costs[0][0]) / worth, abs(mark / price - 1)
    rate = tier_at(contract, abs(account.size) if contract.tier_measure == "contracts" else worth).maintenance_rate
    return StepRow(leverage, notional, rate, room, kept, extra, 100 * extra / kept, extra / rate, extra / room, costs[1][1] <= 0)
