"""An isolated account as somebody opens it: side, leverage, notional and price, checked against what the tier of that size allows. No numpy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias

from indexlab.margin.account import Account
from indexlab.margin.contract import tier_at
from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from indexlab.margin.contract import Contract, Tier
    from indexlab.margin.rules import VenueRules

__all__ = ["Side", "checked_figure", "highest_leverage", "opened", "size_of", "usual_notional"]

Side: TypeAlias = Literal["long", "short"]
_SAME = 1e-9
_LEAST, _MOST = 1e-100, 1e100
"""Beyond these, products of a size and a price leave the range of doubles."""
_MOST_TIERS = 6


def checked_figure(key: str, value: float) -> float:
    """Return a size, price, notional or leverage that is above 0 and within 1e-100 to 1e100. Raises InputError, NaN and infinity included."""
    if not (math.isfinite(value) and value > 0):
        problem = f"must be a finite number above 0, was {value:g}"
        raise InputError(problem, key=key)
    if not _LEAST <= value <= _MOST:
        problem = f"must be from {_LEAST:g} to {_MOST:g}, was {value:g}"
        raise InputError(problem, key=key)
    return value


def usual_notional(contract: Contract) -> float:
    """Return the notional that examples use: 10,000 of the quote currency, 1 of the settlement currency of a quanto."""
    return 1.0 if contract.kind == "quanto" else 10_000.0


def size_of(contract: Contract, notional: float, price: float) -> float:
    """Return how many contracts a notional at a price is, not rounded to lots.

    The notional is in the quote currency; of a quanto, in the settlement currency.
    """
    return notional / contract.multiplier if contract.is_inverse else notional / (contract.multiplier * price)


def highest_leverage(contract: Contract, notional: float, price: float) -> float:
    """Return the highest leverage that the tier of this notional allows; a scaled initial rate (open interest) counts at its base.

    Infinite where the tier asks for no initial margin.
    """
    rate = _tier(contract, notional, price).initial_rate
    return 1.0 / rate if rate > 0 else math.inf


def opened(
    rules: VenueRules,
    contract: Contract,
    side: Side,
    leverage: float,
    *,
    notional: float,
    price: float,
    id: str = "",  # noqa: A002 - the account's own word
) -> Account:
    """Return the isolated account: margin is notional / leverage and nothing besides. Raises InputError with what each tier allows."""
    for key, value in (("leverage", leverage), ("notional", notional), ("price", price)):
        checked_figure(key, value)
    tier = _tier(contract, notional, price)
    if leverage * tier.initial_rate > 1.0 + _SAME:
        problem = f"must be at most {1 / tier.initial_rate:.4g} for a notional of {_grouped(notional)} at {rules.venue.id} {contract.id}, was {leverage:g}"
        raise InputError(problem, key="leverage", remedy=_offers(contract))
    size = size_of(contract, notional, price)
    settled = notional / price if contract.is_inverse else notional
    return Account(id or f"{side} {leverage:g}x", size if side == "long" else -size, price, settled / leverage, contract.id)


def _tier(contract: Contract, notional: float, price: float) -> Tier:
    if contract.tier_measure == "contracts":
        return tier_at(contract, size_of(contract, notional, price))
    return tier_at(contract, notional / price if contract.is_inverse else notional)


def _offers(contract: Contract) -> str:
    unit = "contracts" if contract.tier_measure == "contracts" else contract.settlement
    said = [
        (f"up to {_grouped(tier.up_to_notional)} {unit}: {_allowed(tier)}" if tier.up_to_notional is not None else f"beyond: {_allowed(tier)}")
        for tier in contract.tiers
    ]
    left = f"; and {len(said) - _MOST_TIERS} tiers more" if len(said) > _MOST_TIERS else ""
    return f"its tiers allow {', '.join(said[:_MOST_TIERS])}{left}"


def _allowed(tier: Tier) -> str:
    return f"{1 / tier.initial_rate:.4g}x" if tier.initial_rate > 0 else "any"


def _grouped(number: float) -> str:
    return f"{number:,.10g}".replace(",", " ")
