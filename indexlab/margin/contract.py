"""What is traded on margin: a contract, and its tiers of maintenance margin. Imports nothing but the errors; no numpy."""

from __future__ import annotations

import math
from typing import Final, Literal

import msgspec

from indexlab.market.errors import InputError

__all__ = ["BTCUSDT", "MAX_JUMP", "Contract", "Tier", "checked_contract", "maintenance_margin", "tier_at"]

MAX_JUMP: Final = 0.01
"""How far, in the quote currency, the maintenance margin may jump at a border: what rounding published amounts to cents leaves."""


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to `up_to_notional` (which belongs to this tier; None: no upper limit) maintenance margin is notional * rate - amount."""

    up_to_notional: float | None
    initial_rate: float
    maintenance_rate: float
    maintenance_amount: float


class Contract(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, cache_hash=True):
    """A linear perpetual contract: notional = |size| * multiplier * mark, in the quote currency. Tiers ascend."""

    id: str
    underlying: str
    tiers: tuple[Tier, ...]
    kind: Literal["linear"] = "linear"
    multiplier: float = 1.0


def tier_at(contract: Contract, notional: float) -> Tier:
    """Return the tier that a notional falls into; a border belongs to the lower tier."""
    for tier in contract.tiers:
        if tier.up_to_notional is None or notional <= tier.up_to_notional:
            return tier
    return contract.tiers[-1]


def maintenance_margin(contract: Contract, notional: float) -> float:
    """Return notional * rate - amount of the tier the notional falls into (Binance's form: rate and cumulated amount).

    Source: https://www.binance.com/es/support/faq/ceccfcfb4e3a45e3b48b0b1bb1a8ae46
    """
    tier = tier_at(contract, notional)
    return notional * tier.maintenance_rate - tier.maintenance_amount


def checked_contract(contract: Contract, *, file: object = None) -> Contract:
    """Return the contract where its tiers ascend, rates do too and stay in [0, 1), and the maintenance margin is continuous. Raises InputError."""
    if not (math.isfinite(contract.multiplier) and contract.multiplier > 0):
        problem = f"must be a finite number above 0, was {contract.multiplier}"
        raise InputError(problem, file=file, key=f"{contract.id}.multiplier")
    if not contract.tiers:
        problem = "must name at least one tier"
        raise InputError(problem, file=file, key=f"{contract.id}.tiers")
    below = Tier(0.0, 0.0, 0.0, 0.0)
    for position, tier in enumerate(contract.tiers):
        problem_of_tier = _problem(below, tier, last=position == len(contract.tiers) - 1)
        if problem_of_tier is not None:
            field, problem = problem_of_tier
            raise InputError(problem, file=file, key=f"{contract.id}.tiers[{position}].{field}")
        below = tier
    return contract


def _problem(below: Tier, tier: Tier, *, last: bool) -> tuple[str, str] | None:
    start = below.up_to_notional
    end = tier.up_to_notional
    if start is None or (end is None and not last):
        return "up_to_notional", "must be a number in every tier but the last, was null"
    if end is not None and not (math.isfinite(end) and end > start):
        return "up_to_notional", f"must ascend from tier to tier (above {start:g}), was {end:g}"
    if not below.maintenance_rate <= tier.maintenance_rate < 1:
        return "maintenance_rate", f"must be at least the lower tier's {below.maintenance_rate:g} and below 1, was {tier.maintenance_rate:g}"
    if not (math.isfinite(tier.initial_rate) and tier.initial_rate >= tier.maintenance_rate):
        return "initial_rate", f"must be at least the maintenance rate {tier.maintenance_rate:g}, was {tier.initial_rate:g}"
    wanted = start * (tier.maintenance_rate - below.maintenance_rate) + below.maintenance_amount
    if not abs(tier.maintenance_amount - wanted) <= MAX_JUMP:
        return "maintenance_amount", f"must be {wanted:g}, so that the maintenance margin does not jump at {start:g}, was {tier.maintenance_amount:g}"
    return None


BTCUSDT: Final = checked_contract(
    Contract(
        id="BTCUSDT",
        underlying="BTC",
        tiers=(
            Tier(50e3, 1 / 125, 0.004, 0.0),
            Tier(600e3, 1 / 100, 0.005, 50.0),
            Tier(3e6, 1 / 75, 0.0065, 950.0),
            Tier(12e6, 1 / 50, 0.01, 11_450.0),
            Tier(70e6, 1 / 25, 0.02, 131_450.0),
            Tier(100e6, 1 / 20, 0.025, 481_450.0),
            Tier(230e6, 1 / 10, 0.05, 2_981_450.0),
            Tier(480e6, 1 / 5, 0.1, 14_481_450.0),
            Tier(600e6, 1 / 4, 0.125, 26_481_450.0),
            Tier(800e6, 1 / 3, 0.15, 41_481_450.0),
            Tier(1.2e9, 1 / 2, 0.25, 121_481_450.0),
            Tier(None, 1.0, 0.5, 421_481_450.0),
        ),
    )
)
"""The example contract: Binance's tiers of October 2024, as an example and not as live values. The last one is published up to 1.8e9, the largest position
that may be opened; here it has no end, since a price may carry an open position beyond it.

Source: https://github.com/freqtrade/freqtrade/blob/c9ae5e1e9ff25bb55dd61f5e5519f7c479291edb/freqtrade/exchange/binance_leverage_tiers.json
"""
