"""The smallest joint move: by what ratio everything must move together for an account to be liquidated, and which position it is that does it.

Cross margin is a correlated portfolio: what hedges in calm markets may be the leg that loses most when all underlyings move the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from indexlab.margin.case_check import checked_accounts_of
from indexlab.margin.engine_book import place
from indexlab.margin.engine_money import profit_and_notional
from indexlab.margin.engine_path import Walk
from indexlab.margin.engine_walk import nearest_change
from indexlab.market.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexlab.margin.account import Account, Position
    from indexlab.margin.engine_book import Book
    from indexlab.margin.rules import VenueRules

__all__ = ["JointMove", "joint_walk", "smallest_joint_move"]


class JointMove(NamedTuple):
    """A common relative move of all underlyings (below 0 downwards) at which `liquidation` begins.

    `trigger` is the position that loses most between now and there, in the venue's currency (an isolated account's settlement currency); `loss` is that. None
    where no position loses: then it is collateral that fell. A hedge can be the trigger. A move of 0: the account is in liquidation already.
    """

    move: float
    trigger: Position | None
    loss: float


def joint_walk(account: Account, rules: VenueRules, prices: Mapping[str, float]) -> Walk:
    """Return an account along a move of everything: marks stand at the prices of their underlyings, and those move with the assets that they price.

    `prices` are by underlying and by what prices collateral. An asset that is priced by no underlying of the account's positions stays where it is: a stable
    coin, say. Raises InputError.
    """
    checked_accounts_of([account], rules)
    book = place(account, rules, {})
    priced = {rule.asset: rule.index for rule in rules.collateral if rule.index}
    underlyings = {leg.contract.underlying for leg in book.legs}
    marks = tuple(_price(prices, leg.contract.underlying) for leg in book.legs)
    assets = {name: _price(prices, priced[name]) if name in priced else 1.0 for name in book.amounts}
    moved = frozenset(name for name in assets if priced.get(name) in underlyings)
    return Walk(book, marks, (True,) * len(marks), assets, moved)


def _price(prices: Mapping[str, float], name: str) -> float:
    price = prices.get(name)
    if price is None or not 0 < price < float("inf"):
        problem = f'must have a price above 0 for "{name}", had {"none" if price is None else price}'
        raise InputError(problem, key="prices", remedy=did_you_mean(name, [other for other in prices if other != name]))
    return price


def smallest_joint_move(account: Account, rules: VenueRules, prices: Mapping[str, float]) -> JointMove | None:
    """Return the smallest common move of all underlyings, up or down (down of two alike), that liquidates; None where none does. Raises InputError."""
    walk = joint_walk(account, rules, prices)
    if not walk.book.legs:
        return None
    m = 1.0 if walk.is_liquidated(1.0) else nearest_change(walk)
    if m is None:
        return None
    trigger, loss = _heaviest(walk.book, walk, m)
    return JointMove(m - 1, trigger, loss)


def _heaviest(book: Book, walk: Walk, m: float) -> tuple[Position | None, float]:
    """Return the position that loses most up to m, and what it loses."""
    held = [position for position in book.account.all_positions if position.size]
    before, after = (_worths(book, walk, at) for at in (1.0, m))
    losses = [then - now for then, now in zip(before, after, strict=True)]
    most = max(losses)
    return (held[losses.index(most)], most) if most > 0 else (None, 0.0)


def _worths(book: Book, walk: Walk, m: float) -> list[float]:
    """Return each position's profit at m, in the venue's currency."""
    prices, currency = walk.prices_at(m), book.rules.states.currency
    worths: list[float] = []
    for leg, mark in zip(book.legs, walk.marks_at(m), strict=True):
        own = book.isolated or leg.contract.settlement == currency
        worths.append(profit_and_notional(leg, mark)[0] * (1.0 if own else prices[leg.contract.settlement]))
    return worths
