"""The liquidation band of a position, in closed form: from where maintenance pressure begins, over forced reduction, to bankruptcy; and its time over a path.

With x the mark (of an inverse contract: one over the mark), q = |size| * multiplier and d = 1 where profit rises with x, else -1, all three kinds of contract
have the balance collateral + d * q * (x - x at entry) and the notional q * x. A state begins where a * maintenance = b * balance: (a, b) = (1, threshold) where
maintenance / balance is measured, (threshold, 1) where it is balance / maintenance, (0, 1) for bankruptcy. In a tier with `rate` (and the liquidation fee
where the venue adds it) and `amount` that is

    x = (a * amount + b * (collateral - d * q * x at entry)) / (q * (a * rate - b * d))

Tiers are looked at from the safe side; where the equation has no root but the next tier is beyond its threshold at once, the state begins with the jump at
the tier's border. Tiers with a rate beyond the threshold are left out: a long may come into the state there by a better price too. Where every mark above 0
gives a state, its border is where the safe side would be: at infinity for a long, at 0 for a short. A root within rounding of 0 is none. Imports no numpy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexlab.margin.account import Account
    from indexlab.margin.contract import Contract
    from indexlab.margin.rules import VenueRules

__all__ = ["BORDERS", "Border", "LiquidationBand", "Passage", "liquidation_band", "passage"]

BORDERS: Final = ("warning", "reduce-only", "liquidation", "bankrupt")
"""The states that have a border, from the safe side on."""


_ROUNDING: Final = 1e-12


class Border(NamedTuple):
    """The mark at which a state begins; `jump`: it does just beyond it, because the next tier's rate counts for the whole position, and not at it.

    Infinity for a long and 0 for a short where every mark above 0 gives the state (`always`).
    """

    price: float
    jump: bool = False

    @property
    def always(self) -> bool:
        """Whether the state holds at every mark above 0."""
        return not 0 < self.price < math.inf


@dataclass(frozen=True, slots=True)
class LiquidationBand:
    """The borders of an isolated position: the first mark, coming from the safe side, at which each state begins.

    None where no mark above 0 does it, or the venue has no such state; where every mark does, the border is `always`. `side` is 1 for a long and -1 for a
    short. Where tiers jump there may be better states again further on (`passage` judges every mark for itself).
    """

    side: Literal[1, -1]
    warning: Border | None
    reduce_only: Border | None
    liquidation: Border | None
    bankruptcy: Border | None

    def border(self, state: str) -> Border | None:
        """Return the border of a state of BORDERS."""
        return dict(zip(BORDERS, (self.warning, self.reduce_only, self.liquidation, self.bankruptcy), strict=True))[state]

    @property
    def begins(self) -> Border | None:
        """Where maintenance pressure begins: the first border that the venue has."""
        return self.warning or self.reduce_only or self.liquidation

    def move(self, state: str, mark: float) -> float | None:
        """Return the relative move of the mark that brings the state's border: below 0 a fall; None where there is none.

        It points in the account's favour where the state has begun already.
        """
        found = self.border(state)
        return None if found is None else found.price / mark - 1.0

    def width(self, mark: float) -> float | None:
        """Return the distance from where pressure begins to forced reduction, as a ratio of the mark; None where it has no such part."""
        if self.begins is None or self.liquidation is None or self.begins.always or self.liquidation.always:
            return None
        return abs(self.begins.price - self.liquidation.price) / mark


@dataclass(frozen=True, slots=True)
class Passage:
    """What became of a position over a path: the first time (microseconds) of each state, and how long it was in each.

    A state lasts until the next time; the last one has no length. `warned_for` is from the first pressure (warning or reduce-only) to the first forced
    reduction, None where that never came, 0 where nothing came before it.
    """

    states: tuple[str, ...]
    first: dict[str, int]
    time_in: dict[str, int]

    @property
    def liquidated(self) -> int | None:
        """When liquidation, or bankruptcy, first came."""
        return min((self.first[state] for state in ("liquidation", "bankrupt") if state in self.first), default=None)

    @property
    def warned_for(self) -> int | None:
        """How long there was from the first pressure to the forced reduction."""
        pressed = min((self.first[state] for state in ("warning", "reduce-only") if state in self.first), default=None)
        done = self.liquidated
        if done is None:
            return None
        return 0 if pressed is None or pressed > done else done - pressed


def liquidation_band(account: Account, rules: VenueRules) -> LiquidationBand:
    """Return the band of an isolated account. Raises InputError for other accounts, and for one without a position."""
    if account.mode != "isolated" or account.size == 0:
        problem = f'must be an isolated account with a position, was "{account.id}", {account.mode}'
        raise InputError(problem, key="accounts.mode", remedy="the band of several positions has as many dimensions: ask for the smallest joint move")
    states, contract = rules.states, rules.contract(account.contract)
    fee = rules.fees.liquidation if states.liquidation_fee else 0.0
    by_balance = states.measure == "balance/maintenance"

    def border(threshold: float | None) -> Border | None:
        if threshold is None:
            return None
        return _border(account, contract, fee, *((threshold, 1.0) if by_balance else (1.0, threshold)))

    return LiquidationBand(
        side=1 if account.size > 0 else -1,
        warning=border(states.warning),
        reduce_only=border(states.reduce_only),
        liquidation=border(states.liquidation),
        bankruptcy=_border(account, contract, fee, 0.0, 1.0),
    )


def _border(account: Account, contract: Contract, fee: float, a: float, b: float) -> Border | None:
    quantity = abs(account.size) * contract.multiplier
    at_entry = 1.0 / account.entry_price if contract.is_inverse else account.entry_price
    d = (1.0 if account.size > 0 else -1.0) * (-1.0 if contract.is_inverse else 1.0)
    free = b * (account.collateral - d * quantity * at_entry)
    always = True
    for start, end, rate, amount in _tiers_from_the_safe_side(contract, abs(account.size), quantity, rising=d > 0):
        slope = a * (rate + fee) - b * d
        if slope * d >= 0:
            # a rate beyond the threshold: a better price makes it worse there, so that no safe side begins in this tier
            always = always and a * amount + free <= quantity * slope * start
            continue
        root = (a * amount + free) / (quantity * slope)
        if d > 0 and root > start and root > _ROUNDING * at_entry:
            return _priced(contract, root, jump=False)
        if d < 0 and root <= end:
            return _always(account) if max(root, start) <= 0 else _priced(contract, max(root, start), jump=root < start and start > 0)
        always = False
    return _always(account) if always else None


def _always(account: Account) -> Border:
    return Border(math.inf if account.size > 0 else 0.0)


def _tiers_from_the_safe_side(contract: Contract, size: float, quantity: float, *, rising: bool) -> Iterator[tuple[float, float, float, float]]:
    """Give (start, end, rate, amount) of each tier in x; the one whose x is safest first. Tiers by contracts do not depend on x: there is one."""
    by_contracts = contract.tier_measure == "contracts"
    ends = [math.inf if tier.up_to_notional is None else tier.up_to_notional for tier in contract.tiers]
    ends[-1] = math.inf
    starts = [0.0, *ends[:-1]]
    rows = [
        (0.0, math.inf, tier.maintenance_rate, tier.maintenance_amount)
        if by_contracts
        else (start / quantity, end / quantity, tier.maintenance_rate, tier.maintenance_amount)
        for start, end, tier in zip(starts, ends, contract.tiers, strict=True)
        if not by_contracts or start < size <= end
    ]
    yield from (reversed(rows) if rising else rows)


def _priced(contract: Contract, x: float, *, jump: bool) -> Border | None:
    if not 0 < x < math.inf:
        return None
    return Border(1.0 / x if contract.is_inverse else x, jump)


def passage(account: Account, rules: VenueRules, times: Sequence[int], marks: Sequence[float | None]) -> Passage:
    """Return what becomes of an account over marks (None: no price) at `times` (microseconds). Raises InputError for what the rules cannot judge."""
    from indexlab.margin.answer import answer
    from indexlab.margin.case import MarginCase

    case = MarginCase(rules, (account,), tuple(times), index={}, mark={account.contract: tuple(marks)})
    states = tuple(row[0] for row in answer(case).state)
    first: dict[str, int] = {}
    time_in: dict[str, int] = {}
    for place, (moment, state) in enumerate(zip(times, states, strict=True)):
        first.setdefault(state, moment)
        until = times[place + 1] if place + 1 < len(times) else moment
        time_in[state] = time_in.get(state, 0) + until - moment
    return Passage(states, first, time_in)
