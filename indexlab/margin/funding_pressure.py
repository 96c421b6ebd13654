"""What funding does to equity: how near to liquidation a payment brings an account, and whom it liquidates by itself. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from indexlab.margin.answer import answer
from indexlab.margin.case import Holding, MarginCase
from indexlab.margin.funding_check import funding_of
from indexlab.margin.funding_money import payments
from indexlab.margin.funding_rate import fixed_rate
from indexlab.margin.opening import highest_leverage, opened
from indexlab.margin.states import BANKRUPT, LIQUIDATION, STATES
from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from indexlab.margin.account import Account
    from indexlab.margin.contract import Contract
    from indexlab.margin.opening import Side
    from indexlab.margin.rules import VenueRules

__all__ = ["Charged", "Moment", "accounts_charged", "least_leverage_charged", "payment_of", "worst_moment"]

_HIGHEST: Final = 1_000_000
"""No higher leverage is looked at where a tier asks for no initial margin."""


class Moment(NamedTuple):
    """An isolated account right after a slot's payment: `slot` counts from 0, `paid` is all that it has paid by then (below 0: received).

    `distance` is how far the mark may still move against it, as a ratio of the mark, until `liquidation` begins: 0 where it has begun, inf where no mark does
    it. `before` is the same at that mark if nothing had been paid at this slot.
    """

    slot: int
    mark: float
    paid: float
    before: float
    distance: float

    @property
    def liquidated(self) -> bool:
        """Whether the account is in `liquidation`, or bankrupt."""
        return self.distance == 0.0

    @property
    def by_funding(self) -> bool:
        """Whether this payment alone made it so: without it the account would stand."""
        return self.distance == 0.0 < self.before


class Charged(NamedTuple):
    """An account that was opened at the mark with all the leverage of `leverage`, and what one payment does to it."""

    leverage: float
    side: Side
    moment: Moment


def worst_moment(account: Account, rules: VenueRules, rates: Sequence[float], marks: Sequence[float]) -> Moment:
    """Return the moment of the smallest distance, the first among equals, over slots in a row: at each a rate and the mark that it is paid at.

    Payments add up, so that the last is the worst where the mark stands still; a mark that dips between is worse earlier. Once liquidated an account pays no
    more. Raises InputError for an account that is not isolated, and where there is no slot.
    """
    if account.mode != "isolated":
        problem = f'must be isolated, was "{account.mode}" for "{account.id}"'
        raise InputError(problem, key="accounts.mode")
    if not rates or len(rates) != len(marks):
        problem = f"must be as many as marks and at least one, were {len(rates)} and {len(marks)}"
        raise InputError(problem, key="rates")
    contract = rules.contract(account.contract)
    paid, worst = 0, Moment(0, marks[0], 0.0, math.inf, math.inf)
    for slot, (rate, mark) in enumerate(zip(rates, marks, strict=True)):
        earlier = paid
        paid += payment_of(account, contract, rules, rate, mark)
        before, after = (_distance(_after(account, contract, units), rules, mark) for units in (earlier, paid))
        moment = Moment(slot, mark, paid * contract.unit, before, after)
        if slot == 0 or moment.distance < worst.distance:
            worst = moment
        if moment.liquidated:
            break
    return worst


def payment_of(account: Account, contract: Contract, rules: VenueRules, rate: float, mark: float) -> int:
    """Return what an isolated account pays at a slot, in the contract's smallest units (below 0: it receives)."""
    rule = funding_of(rules)
    return -payments(rule, contract, (Holding(account.id, account.size, 0),), mark, fixed_rate(rate)).get(account.id, 0)


def accounts_charged(rules: VenueRules, contract: Contract, rate: float, mark: float, leverages: Iterable[float], *, notional: float) -> tuple[Charged, ...]:
    """Return what one payment does to a long and a short of this notional (`opening.opened`), each opened at the mark. Raises InputError where none may be."""
    found = []
    sides: tuple[Side, Side] = ("long", "short")
    for leverage in leverages:
        for side in sides:
            account = opened(rules, contract, side, leverage, notional=notional, price=mark)
            found.append(Charged(leverage, side, worst_moment(account, rules, (rate,), (mark,))))
    return tuple(found)


def least_leverage_charged(rules: VenueRules, contract: Contract, side: Side, rate: float, mark: float, *, notional: float) -> float | None:
    """Return the least whole leverage at which one payment alone liquidates a position opened at the mark; None where none that may be opened is."""
    low, high = 0, math.floor(min(highest_leverage(contract, notional, mark), _HIGHEST) * (1 + 1e-9))

    def falls(leverage: int) -> bool:
        account = opened(rules, contract, side, leverage, notional=notional, price=mark)
        return worst_moment(account, rules, (rate,), (mark,)).by_funding

    if high < 1 or not falls(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if falls(middle) else (middle, high)
    return float(high)


def _after(account: Account, contract: Contract, paid: int) -> Account:
    return msgspec.structs.replace(account, collateral=account.collateral - paid * contract.unit)


def _distance(account: Account, rules: VenueRules, mark: float) -> float:
    # how long a breach must last is another matter: here it is the border that counts
    rules = msgspec.structs.replace(rules, states=msgspec.structs.replace(rules.states, persistence=1))
    judged = answer(MarginCase(rules, (account,), (0,), {}, {account.contract: (mark,)}))
    if judged.state[0][0] in {STATES[LIQUIDATION], STATES[BANKRUPT]}:
        return 0.0
    price = None if judged.liquidation_price is None else judged.liquidation_price[0]
    return math.inf if price is None else abs(price / mark - 1.0)
