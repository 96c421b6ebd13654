"""The prices at which an account's state changes, in closed form, and the headroom to them.

With tiers the equation maintenance(p) = ratio * balance(p) is piecewise linear. Rates below the ratio make a long's excess fall and a
short's rise throughout (checked_contract and checked_ratio see to that), so there is one root at most: its tier is found from the sign at
the tiers' ends, then the tier's own line is solved. The single-tier form is Binance's:
(collateral + amount - side * size * entry) / (size * rate - side * size); where the bracket at the liquidation price is not the bracket at
entry it is solved again in that one. Source: https://www.binance.com/en/support/faq/b3c689c1f50a44cabb3a84e663b81d93
An inverse contract is a linear one of the other side in u = 1 / p: balance = (collateral + side * base / entry) - side * base * u, notional = base * u.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexlab.margin.contract import BTCUSDT, checked_contract
from indexlab.margin.states import BANKRUPT, DEFAULT_WARNING_RATIO, FROZEN, HEALTHY
from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.margin.account import Account
    from indexlab.margin.contract import Contract
    from indexlab.margin.rules import VenueRules

__all__ = [
    "BorderRule",
    "Positions",
    "Thresholds",
    "TierColumns",
    "border_prices",
    "border_rule",
    "checked_border_rule",
    "checked_ratio",
    "has_one_border",
    "headroom",
    "headrooms",
    "plain_rule",
    "thresholds",
    "tier_columns",
]


class Thresholds(NamedTuple):
    """The mark prices at which `warning`, `liquidation` and `bankrupt` begin; None where no positive price does it."""

    warning: float | None
    liquidation: float | None
    bankruptcy: float | None


class BorderRule(NamedTuple):
    """Where states begin, as ratios of maintenance margin to balance: of `warning`, `reduce-only` and `liquidation`, a missing one like the next.

    `exclusive`: a state begins beyond its border and not at it. `fee` is a rate of the notional that counts as maintenance margin.
    """

    ratios: tuple[float, float, float]
    exclusive: bool = False
    fee: float = 0.0


def plain_rule(warning_ratio: float) -> BorderRule:
    """Return the rule of a venue with nothing but a warning ratio: Binance's."""
    return BorderRule((warning_ratio, 1.0, 1.0))


def border_rule(rules: VenueRules) -> BorderRule:
    """Return a venue's rule. Persistence is no part of it: that is judged over publications."""
    states = rules.states

    def ratio(threshold: float) -> float:
        return threshold if states.measure == "maintenance/balance" else 1 / threshold

    liquidation = ratio(states.liquidation)
    reduce_only = liquidation if states.reduce_only is None else ratio(states.reduce_only)
    warning = reduce_only if states.warning is None else ratio(states.warning)
    return BorderRule((warning, reduce_only, liquidation), states.at_border == "better", rules.fees.liquidation if states.liquidation_fee else 0.0)


class Positions(NamedTuple):
    """Positions as columns [accounts]: `side` is 1 or -1, `base` = |size| * multiplier."""

    side: NDArray[np.float64]
    base: NDArray[np.float64]
    entry_price: NDArray[np.float64]
    collateral: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TierColumns:
    """A contract's tiers as columns [tiers]: notional from `start` (outside) to `end` (inside; the last may be inf), rate, amount."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    rate: NDArray[np.float64]
    amount: NDArray[np.float64]

    def maintenance(self, notional: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the maintenance margin of each notional."""
        tier = np.searchsorted(self.end[:-1], notional, side="left")
        return notional * self.rate[tier] - self.amount[tier]


@lru_cache(maxsize=64)
def tier_columns(contract: Contract) -> TierColumns:
    """Return the tiers of a checked contract as columns."""
    tiers = checked_contract(contract).tiers
    end = np.array([np.inf if tier.up_to_notional is None else tier.up_to_notional for tier in tiers])
    end[-1] = np.inf  # a position beyond the last published tier stays in it
    rate = np.array([tier.maintenance_rate for tier in tiers])
    return TierColumns(np.concatenate(([0.0], end[:-1])), end, rate, np.array([tier.maintenance_amount for tier in tiers]))


def checked_ratio(warning_ratio: float, contract: Contract) -> float:
    """Return the warning ratio where it lies above every maintenance rate and not above 1.

    So a worse price never gives a better state. Raises InputError.
    """
    highest = max(tier.maintenance_rate for tier in contract.tiers)
    if not highest < warning_ratio <= 1:
        problem = f"must be above the highest maintenance rate ({highest:g}) and at most 1, was {warning_ratio:g}"
        raise InputError(problem, key="warning_ratio")
    return warning_ratio


def has_one_border(contract: Contract) -> bool:
    """Whether margin does not jump as the price moves, so that each state has one price at which it begins."""
    return contract.tier_rule == "marginal" or contract.tier_measure == "contracts" or len(contract.tiers) == 1


def checked_border_rule(rule: BorderRule, contract: Contract) -> BorderRule:
    """Return the rule where a worse price never gives a better state under this contract, so that a state has one border. Raises InputError.

    Where the rate of a tier counts for the whole position and the tier hangs on the notional, margin jumps as the price crosses a border: for a short a better
    price is then always better, but a long that falls out of a tier may need less than before.
    """
    remedy = "judge such accounts by margin.ladder"
    if not has_one_border(contract):
        problem = f'must not jump as the price moves, does for "{contract.id}" (whole-position tiers by notional)'
        raise InputError(problem, key="contract.tier_rule", remedy=remedy)
    highest = max(tier.maintenance_rate for tier in contract.tiers) + rule.fee
    lowest = min(rule.ratios)
    if not highest < lowest:
        problem = f"must be above the highest maintenance rate ({highest:g}) everywhere, was {lowest:g} of the balance"
        raise InputError(problem, key="states", remedy=remedy)
    return rule


def border_prices(positions: Positions, contract: Contract, rule: BorderRule | float) -> NDArray[np.float64]:
    """Return the prices [4, accounts] at which warning, reduce-only, liquidation, bankrupt begin; -inf where no positive price is one.

    `rule` is a BorderRule or a warning ratio. A state holds at and below its price for a long, at and above it for a short. Without a rule for it reduce-only
    begins where liquidation does: nobody is in it.
    """
    if isinstance(rule, float | int):
        rule = plain_rule(rule)
    tiers = tier_columns(contract)
    side, base, entry, collateral = positions
    if contract.is_inverse:
        flipped = Positions(-side, base, 1 / entry, collateral)
        with np.errstate(divide="ignore"):
            prices = 1 / _ladder_of_roots(flipped, contract, rule, tiers)
    else:
        prices = _ladder_of_roots(positions, contract, rule, tiers)
    prices[~((prices > 0) & (prices < np.inf))] = -np.inf
    # the states are nested; rounding must not let a worse one begin before a better one ends
    signed = side * prices
    for border in (BANKRUPT - 2, BANKRUPT - 3, BANKRUPT - 4):
        signed[border] = np.maximum(signed[border], signed[border + 1])
    if rule.exclusive:
        signed = np.nextafter(signed, -np.inf)
    return np.multiply(side, signed)


def _ladder_of_roots(positions: Positions, contract: Contract, rule: BorderRule, tiers: TierColumns) -> NDArray[np.float64]:
    """Return where each state begins in a linear contract's terms, [4, accounts]."""
    side, base, entry, collateral = positions
    free = collateral - side * base * entry  # the balance if the price were 0
    if rule.fee:
        tiers = TierColumns(tiers.start, tiers.end, tiers.rate + rule.fee, tiers.amount)
    fixed = np.searchsorted(tiers.end[:-1] * contract.multiplier, base, side="left") if contract.tier_measure == "contracts" else None
    warning, reduce_only, liquidation = (_root(ratio, side, base, free, tiers, fixed) for ratio in rule.ratios)
    return np.stack((warning, reduce_only, liquidation, entry - side * collateral / base))


def _root(
    ratio: float, side: NDArray[np.float64], base: NDArray[np.float64], free: NDArray[np.float64], tiers: TierColumns, fixed: NDArray[np.intp] | None
) -> NDArray[np.float64]:
    tier = fixed
    if tier is None:
        end = tiers.end[:-1]
        excess = end * tiers.rate[:-1] - tiers.amount[:-1] - ratio * (free[:, None] + side[:, None] * end)
        tier = np.count_nonzero(side[:, None] * excess > 0, axis=1)
    price: NDArray[np.float64] = (tiers.amount[tier] + ratio * free) / (base * (tiers.rate[tier] - ratio * side))
    return price


def _borders(account: Account, contract: Contract, warning_ratio: float) -> NDArray[np.float64]:
    checked_ratio(warning_ratio, contract)
    side = 1.0 if account.size > 0 else -1.0
    values = (side, abs(account.size) * contract.multiplier, account.entry_price, account.collateral)
    return border_prices(Positions(*(np.array([value]) for value in values)), contract, warning_ratio).reshape(-1)


def thresholds(account: Account, contract: Contract = BTCUSDT, warning_ratio: float = DEFAULT_WARNING_RATIO) -> Thresholds:
    """Return the prices at which the account's state changes."""
    warning, _, liquidation, bankruptcy = (float(price) if np.isfinite(price) else None for price in _borders(account, contract, warning_ratio))
    return Thresholds(warning, liquidation, bankruptcy)


def headrooms(account: Account, mark: float, contract: Contract = BTCUSDT, warning_ratio: float = DEFAULT_WARNING_RATIO) -> tuple[float, float]:
    """Return how far the mark may move, as a ratio of it, before the state changes: (to a worse one, to a better one); inf where it never does.

    NaN for both where there is no price or none above 0.
    """
    if not mark > 0 or np.isinf(mark):
        return np.nan, np.nan
    side = 1.0 if account.size > 0 else -1.0
    signed = side * _borders(account, contract, warning_ratio)
    state = int(np.count_nonzero(side * mark <= signed))
    distance = np.abs(side * signed / mark - 1.0)
    against = np.inf if state == BANKRUPT else float(distance[state])
    in_favour = np.inf if state == HEALTHY else float(distance[state - 1])
    return against, in_favour


def headroom(account: Account, mark: float, contract: Contract = BTCUSDT, warning_ratio: float = DEFAULT_WARNING_RATIO) -> float:
    """Return |mark'/mark - 1| of the nearest mark' at which the state changes; inf where none does, NaN without a price."""
    return min(headrooms(account, mark, contract, warning_ratio))


if FROZEN != BANKRUPT + 1:  # pragma: no cover - the codes count the borders passed
    message = "the states' codes must count from best to worst"
    raise AssertionError(message)
