"""The prices at which an account's state changes, in closed form, and the headroom to them.

With tiers the equation maintenance(p) = ratio * balance(p) is piecewise linear. Rates below the ratio make a long's excess fall and a
short's rise throughout (checked_contract and checked_ratio see to that), so there is one root at most: its tier is found from the sign at
the tiers' ends, then the tier's own line is solved. The single-tier form is Binance's:
(collateral + amount - side * size * entry) / (size * rate - side * size); where the bracket at the liquidation price is not the bracket at
entry it is solved again in that one. Source: https://www.binance.com/en/support/faq/b3c689c1f50a44cabb3a84e663b81d93
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

__all__ = ["Positions", "Thresholds", "TierColumns", "border_prices", "checked_ratio", "headroom", "headrooms", "thresholds", "tier_columns"]


class Thresholds(NamedTuple):
    """The mark prices at which `warning`, `liquidation` and `bankrupt` begin; None where no positive price does it."""

    warning: float | None
    liquidation: float | None
    bankruptcy: float | None


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


def border_prices(positions: Positions, contract: Contract, warning_ratio: float) -> NDArray[np.float64]:
    """Return the prices [4, accounts] at which warning, reduce-only, liquidation, bankrupt begin; -inf where no positive price is one.

    A state holds at and below its price for a long, at and above it for a short. Without a rule for it reduce-only begins where liquidation does: nobody is
    in it.
    """
    tiers = tier_columns(contract)
    side, base, entry, collateral = positions
    free = collateral - side * base * entry  # the balance if the price were 0
    liquidation = _root(1.0, side, base, free, tiers)
    prices = np.stack((_root(warning_ratio, side, base, free, tiers), liquidation, liquidation, entry - side * collateral / base))
    prices[~(prices > 0)] = -np.inf
    # the states are nested; rounding must not let a worse one begin before a better one ends
    signed = side * prices
    for border in (BANKRUPT - 2, BANKRUPT - 3, BANKRUPT - 4):
        signed[border] = np.maximum(signed[border], signed[border + 1])
    return np.multiply(side, signed)


def _root(ratio: float, side: NDArray[np.float64], base: NDArray[np.float64], free: NDArray[np.float64], tiers: TierColumns) -> NDArray[np.float64]:
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
