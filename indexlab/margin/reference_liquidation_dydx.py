"""The textbook of dYdX v4's liquidations, in fractions, from the formulas that its code states."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from indexlab.margin.exact import exact
from indexlab.margin.liquidation_subaccount import no_maintenance, reduced_position
from indexlab.margin.reference_liquidation_money import fillable_loss

if TYPE_CHECKING:
    from indexlab.margin.liquidation_subaccount import Perpetual, Subaccount

__all__ = ["bankruptcy_quote", "block_limits", "fillable_price", "insurance_delta"]


def bankruptcy_quote(subaccount: Subaccount, place: int, delta: int) -> int:
    """Return -DNNV - TNC * |DMMR| / TMMR, rounded up: D is what `delta` changes, T the total. Raises InputError."""
    position = reduced_position(subaccount, place, delta)
    before, after = position.base_quantums, position.base_quantums + delta
    notional_change = _notional(position, after) - _notional(position, before)
    maintenance_change = _maintenance(position, after) - _maintenance(position, before)
    share = Fraction(abs(maintenance_change), _total_maintenance(subaccount))
    return math.ceil(-notional_change - _net_collateral(subaccount) * share)


def fillable_price(subaccount: Subaccount, place: int, delta: int, *, bankruptcy_ppm: int, spread_ppm: int) -> Fraction:
    """Return (PNNV - ABR * SMMR * PMMR) / PS, where ABR = clamp(BA * (1 - TNC / TMMR), 0, 1). Raises InputError."""
    position = reduced_position(subaccount, place, delta)
    health = _net_collateral(subaccount) / _total_maintenance(subaccount)
    own = Fraction(_maintenance(position, position.base_quantums))
    lost = fillable_loss(health, own, Fraction(bankruptcy_ppm, 10**6), Fraction(spread_ppm, 10**6))
    return (_notional(position, position.base_quantums) - lost) / position.base_quantums


def insurance_delta(subaccount: Subaccount, place: int, delta: int, fill_quote: int, max_fee_ppm: int) -> int:
    """Return what the fill brought above the bankruptcy price, at most the largest fee; below it what is missing. Raises InputError."""
    above = fill_quote - bankruptcy_quote(subaccount, place, delta)
    fee = math.floor(Fraction(max_fee_ppm, 10**6) * abs(fill_quote))
    return above if above <= 0 else min(above, fee)


def block_limits(position: Perpetual, least_notional: int, portion_ppm: int) -> tuple[int, int]:
    """Return the smallest and the largest notional that one block liquidates: the first no more than all of it, the second no less than the first."""
    notional = math.floor(abs(_notional(position, position.base_quantums)))
    least = min(least_notional, notional)
    return least, max(least, math.floor(notional * Fraction(portion_ppm, 10**6)))


def _notional(position: Perpetual, base_quantums: int) -> Fraction:
    quote = base_quantums * Fraction(10) ** position.atomic_resolution * exact(position.oracle_price) * 10**6
    return Fraction(math.floor(quote))


def _maintenance(position: Perpetual, base_quantums: int) -> int:
    rate = math.floor(Fraction(position.initial_margin_ppm * position.maintenance_fraction_ppm, 10**6))
    return math.ceil(abs(_notional(position, base_quantums)) * Fraction(rate, 10**6))


def _net_collateral(subaccount: Subaccount) -> Fraction:
    return subaccount.quote_quantums + sum((_notional(one, one.base_quantums) for one in subaccount.positions), Fraction(0))


def _total_maintenance(subaccount: Subaccount) -> int:
    total = sum(_maintenance(one, one.base_quantums) for one in subaccount.positions)
    if total == 0:
        raise no_maintenance()
    return total
