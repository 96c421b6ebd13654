"""What is traded on margin: a contract, and its tiers of maintenance margin. Imports nothing but the errors; no numpy."""

from __future__ import annotations

import math
from typing import Final, Literal, TypeAlias

import msgspec

from indexlab.market.errors import InputError

__all__ = ["BTCUSDT", "MAX_JUMP", "Contract", "Kind", "OpenInterest", "Tier", "TierMeasure", "TierRule", "checked_contract", "maintenance_margin", "tier_at"]

MAX_JUMP: Final = 0.01
"""How far, in the quote currency, the maintenance margin may jump at a border: what rounding published amounts to cents leaves."""

_LARGEST: Final = 1e100
"""Beyond this, and below its inverse, products of a size and a price leave the range of doubles."""

Kind: TypeAlias = Literal["linear", "inverse", "quanto"]
TierRule: TypeAlias = Literal["marginal", "whole-position"]
TierMeasure: TypeAlias = Literal["notional", "contracts"]


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to `up_to_notional` (which belongs to this tier; None: no upper limit) maintenance margin is notional * rate - amount.

    The limit is measured as the contract's `tier_measure` says, the amount is in the settlement currency. What lies beyond the last tier belongs to it. The
    initial margin is the whole notional * `initial_rate`, whatever the tier rule.
    """

    up_to_notional: float | None
    initial_rate: float
    maintenance_rate: float
    maintenance_amount: float


class OpenInterest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the initial margin grows with the open interest, in the quote currency: from none added at `lower` to a rate of 1 at `upper`.

    Effective initial rate = min(base + max((open interest - lower) / (upper - lower), 0) * (1 - base), 1); the maintenance rate is not scaled.
    Where a case does not say the open interest of a contract it is 0.
    Source: dYdX v4, protocol/x/perpetuals/types/liquidity_tier.go
    """

    lower: float
    upper: float


class Contract(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, cache_hash=True):
    """A perpetual contract.

    A position of `size` contracts (above 0 long), with q = size * multiplier, entered at e and marked at p:

    - `linear`: profit q * (p - e), notional |q| * p, in the quote currency, which is the settlement currency;
    - `quanto`: the same figures, but in the settlement currency, which is another one: the multiplier says how much of it one contract moves a quote unit;
    - `inverse`: a contract is worth `multiplier` of the quote currency: profit q * (1 / e - 1 / p), notional |q| / p, in the settlement currency.

    `tiers` ascend. `marginal`: maintenance margin is continuous at their borders (rate and amount); `whole-position`: the rate of the tier that the position
    falls into counts for all of it, without an amount, so that it jumps at a border. They are measured by `notional` in the settlement currency or by the
    number of `contracts`. `tick` and `lot` are the steps of prices and sizes (0: none); `unit` is the smallest amount of the settlement currency that is
    booked (1e-8 for bitcoin). `vega` is what one contract gains where implied volatility rises by 1 (a portfolio's volatility shocks; 0 for futures).
    """

    id: str
    underlying: str
    tiers: tuple[Tier, ...]
    kind: Kind = "linear"
    multiplier: float = 1.0
    tick: float = 0.0
    lot: float = 0.0
    quote: str = "USDT"
    settlement: str = "USDT"
    unit: float = 1e-8
    tier_rule: TierRule = "marginal"
    tier_measure: TierMeasure = "notional"
    open_interest: OpenInterest | None = None
    vega: float = 0.0

    @property
    def is_inverse(self) -> bool:
        """Whether profit and notional are in one over the price."""
        return self.kind == "inverse"


def tier_at(contract: Contract, measure: float) -> Tier:
    """Return the tier that a notional (or number of contracts, as the contract measures) falls into; a border belongs to the lower tier."""
    for tier in contract.tiers:
        if tier.up_to_notional is None or measure <= tier.up_to_notional:
            return tier
    return contract.tiers[-1]


def maintenance_margin(contract: Contract, notional: float) -> float:
    """Return notional * rate - amount of the tier the notional falls into (Binance's form: rate and cumulated amount), for tiers measured by notional.

    Source: https://www.binance.com/es/support/faq/ceccfcfb4e3a45e3b48b0b1bb1a8ae46
    """
    tier = tier_at(contract, notional)
    return notional * tier.maintenance_rate - tier.maintenance_amount


def checked_contract(contract: Contract, *, file: object = None) -> Contract:
    """Return the contract where its tiers ascend, rates do too and stay in [0, 1), and its figures fit its rules. Raises InputError.

    The maintenance margin of `marginal` tiers is continuous; `whole-position` tiers, and those measured by contracts, have no amounts.
    """
    _check_figures(contract, file)
    if not contract.tiers:
        problem = "must name at least one tier"
        raise InputError(problem, file=file, key=f"{contract.id}.tiers")
    below = Tier(0.0, 0.0, 0.0, 0.0)
    for position, tier in enumerate(contract.tiers):
        last = position == len(contract.tiers) - 1
        problem_of_tier = _problem(below, tier, last=last) or _amount_problem(contract, below, tier)
        if problem_of_tier is not None:
            field, problem = problem_of_tier
            raise InputError(problem, file=file, key=f"{contract.id}.tiers[{position}].{field}")
        below = tier
    return contract


def _check_figures(contract: Contract, file: object) -> None:
    for field, least in (("multiplier", None), ("unit", None), ("tick", 0.0), ("lot", 0.0)):
        value = getattr(contract, field)
        if not math.isfinite(value) or (value <= 0 if least is None else value < least):
            problem = f"must be a finite number {'above 0' if least is None else 'of at least 0'}, was {value}"
            raise InputError(problem, file=file, key=f"{contract.id}.{field}")
        if least is None and not 1 / _LARGEST <= value <= _LARGEST:
            problem = f"must be from {1 / _LARGEST:g} to {_LARGEST:g}, was {value:g}"
            raise InputError(problem, file=file, key=f"{contract.id}.{field}")
    if not math.isfinite(contract.vega):
        problem = f"must be a finite number, was {contract.vega}"
        raise InputError(problem, file=file, key=f"{contract.id}.vega")
    if contract.kind == "linear" and contract.settlement != contract.quote:
        problem = f'must be the quote currency "{contract.quote}" for a linear contract, was "{contract.settlement}"'
        raise InputError(problem, file=file, key=f"{contract.id}.settlement", remedy='where profit is in another currency, write kind = "quanto" or "inverse"')
    scaled = contract.open_interest
    if scaled is not None and not (0 <= scaled.lower < scaled.upper < math.inf):
        problem = f"must be from 0 up to a larger upper limit, was {scaled.lower} to {scaled.upper}"
        raise InputError(problem, file=file, key=f"{contract.id}.open_interest")


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
    return None


def _amount_problem(contract: Contract, below: Tier, tier: Tier) -> tuple[str, str] | None:
    if contract.tier_rule == "whole-position":
        return (
            None
            if tier.maintenance_amount == 0
            else ("maintenance_amount", f"must be 0 where a tier's rate counts for the whole position, was {tier.maintenance_amount:g}")
        )
    if contract.tier_measure == "contracts" and len(contract.tiers) > 1:
        return "maintenance_amount", 'cannot be continuous where tiers are measured by contracts: write tier_rule = "whole-position"'
    start = below.up_to_notional or 0.0
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
