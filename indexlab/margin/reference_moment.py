"""The textbook's account at one moment: what it is judged by, and what a position has won and weighs, in exact arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from indexlab.margin.exact import exact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexlab.margin.account import Account
    from indexlab.margin.case import MarginCase, Series
    from indexlab.margin.contract import Contract

__all__ = ["Moment", "moment", "notional", "profit"]


@dataclass(frozen=True, slots=True)
class Moment:
    """What an account is judged by at one time: the mark of each of its positions, and the price of each asset, in the venue's currency."""

    marks: tuple[Fraction, ...]
    prices: Mapping[str, Fraction]


def _at(series: Series, n: int) -> Fraction | None:
    value = series[n]
    return exact(value) if value is not None and math.isfinite(value) and value > 0 else None


def moment(case: MarginCase, account: Account, n: int) -> Moment | None:
    """Return what the account is judged by at the case's time `n`; None where it is frozen."""
    rules, marks, prices = case.rules, [], {}
    indices: list[str] = []
    held = [position for position in account.all_positions if position.size != 0]
    for position in held:
        contract = rules.contract(position.contract)
        own = position.size < 0 and contract.id in case.short_mark
        mark = _at((case.short_mark if own else case.mark).get(contract.id, (None,) * len(case.times)), n)
        if mark is None:
            return None
        marks.append(mark)
        indices.append(contract.underlying)
    if account.mode != "isolated":
        settled = [rules.contract(position.contract).settlement for position in held]
        needed = [name for name in settled if name != rules.states.currency] + [asset.asset for asset in account.assets if asset.amount != 0]
        for name in needed:
            rule = next((rule for rule in rules.collateral if rule.asset == name), None)
            price: Fraction | None = Fraction(1)
            if rule is not None and rule.index:
                indices.append(rule.index)
                price = _at(case.index.get(rule.index, (None,) * len(case.times)), n)
            if price is None:
                return None
            prices[name] = max(price, exact(rule.floor)) if rule is not None and rule.floor is not None else price
    for name in indices:
        gone = name in case.index and _at(case.index[name], n) is None
        if gone or (name in case.status and case.status[name][n] in {"held", "halted"}):
            return None
    return Moment(tuple(marks), prices)


def profit(contract: Contract, size: Fraction, entry: Fraction, mark: Fraction) -> Fraction:
    """Return a position's profit in the settlement currency."""
    quantity = size * exact(contract.multiplier)
    if contract.kind == "inverse":
        return quantity * (1 / entry - 1 / mark)
    return quantity * (mark - entry)


def notional(contract: Contract, size: Fraction, mark: Fraction) -> Fraction:
    """Return a position's notional in the settlement currency."""
    quantity = abs(size * exact(contract.multiplier))
    return quantity / mark if contract.kind == "inverse" else quantity * mark
