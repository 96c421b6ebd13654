"""The textbook's liquidation prices: what an account is worth while some of its prices are multiplied by m, cut where a rule switches, solved in between.

The tiers' borders, the amounts of assets that change their sign, the floors of assets' prices and, in a matrix, the rows that take over from one another are
such places. Between two of them every figure is a cubic over m (reference_roots).
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from indexlab.margin import reference_rows
from indexlab.margin.exact import exact
from indexlab.margin.reference_moment import moment, notional, profit
from indexlab.margin.reference_path import Path
from indexlab.margin.reference_roots import between, fitted, inside, plus, refined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indexlab.margin.account import Account
    from indexlab.margin.case import MarginCase
    from indexlab.margin.contract import Contract
    from indexlab.margin.reference_roots import Cubic, Interval

__all__ = ["changes", "liquidation_prices"]


def changes(path: Path) -> list[Fraction]:
    """Return every m at which `liquidation` begins or ends, ascending."""
    points = refined(set(), lambda interval: (fitted(function, interval) for function in _borders(path)))
    if path.account.mode == "portfolio":
        points = reference_rows.refined_by_matrix(path, points)
    points = refined(points, partial(_conditions, path))
    intervals = between(points)
    begun = [path.is_liquidated(inside(interval, 1)[0]) for interval in intervals]
    return [there[0] for (before, after), there in zip(pairwise(begun), intervals[1:], strict=True) if before != after]


def _conditions(path: Path, interval: Interval) -> Iterator[Cubic]:
    balance = fitted(lambda m: path.sheet(m).balance, interval)
    maintenance = fitted(lambda m: path.sheet(m).maintenance, interval)
    threshold = exact(path.rules.states.liquidation)
    yield balance
    yield maintenance  # where it is none an account may be idle
    yield plus(maintenance, balance, -threshold) if path.rules.states.measure == "maintenance/balance" else plus(balance, maintenance, -threshold)


def _borders(path: Path) -> Iterator[Callable[[Fraction], Fraction]]:
    """Yield what is 0 where a tier, the sign of an asset's amount or a floor begins."""
    for place, position in enumerate(path.held):
        contract = path.rules.contract(position.contract)
        if contract.tier_measure == "notional" and path.moved[place]:
            for tier in contract.tiers:
                if tier.up_to_notional is not None:
                    yield partial(_into_tier, path, place, contract, exact(tier.up_to_notional))
    if path.account.mode == "isolated":
        return
    for rule in path.rules.collateral:
        yield partial(_amount, path, rule.asset)
        if rule.floor is not None and rule.asset in path.prices:
            yield partial(_over_floor, path, rule.asset, exact(rule.floor))


def _into_tier(path: Path, place: int, contract: Contract, end: Fraction, m: Fraction) -> Fraction:
    return notional(contract, exact(path.held[place].size), path.at(m).marks[place]) - end


def _over_floor(path: Path, name: str, floor: Fraction, m: Fraction) -> Fraction:
    return path.prices[name] * (m if name in path.moved_assets else 1) - floor


def _amount(path: Path, name: str, m: Fraction) -> Fraction:
    amount = sum((exact(asset.amount) for asset in path.account.assets if asset.asset == name), Fraction(0))
    for position, mark in zip(path.held, path.at(m).marks, strict=True):
        contract = path.rules.contract(position.contract)
        if contract.settlement == name:
            amount += profit(contract, exact(position.size), exact(position.entry_price), mark)
    return amount


def liquidation_prices(case: MarginCase) -> tuple[float | None, ...]:
    """Return for each account the mark of its first position at which `liquidation` begins, everything else as at the first time.

    The first position is the first that is not empty. The marks of all positions in its contract move with it, by the same ratio where shorts have a mark of
    their own; indices and the prices of assets stay. Of several prices it is the one nearest to the first mark by ratio, the lower of two; None where no
    positive price does it, or the account is frozen.
    """
    return tuple(_liquidation_price(case, account) for account in case.accounts)


def _liquidation_price(case: MarginCase, account: Account) -> float | None:
    now = moment(case, account, 0) if case.times else None
    held = [position for position in account.all_positions if position.size != 0]
    if now is None or not held:
        return None
    found = changes(Path(case.rules, account, now.marks, tuple(position.contract == held[0].contract for position in held), now.prices))
    return float(now.marks[0] * min(found, key=lambda m: (abs(m - 1), m))) if found else None
