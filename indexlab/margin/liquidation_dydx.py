"""dYdX v4's bankruptcy price, fillable price, insurance fund delta and block limits, in whole quote quantums. `reference_liquidation_dydx` is its textbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.margin.liquidation_subaccount import no_maintenance, reduced_position
from indexlab.margin.liquidation_terms import fillable_loss, parts

if TYPE_CHECKING:
    from indexlab.margin.liquidation_subaccount import Perpetual, Subaccount
    from indexlab.margin.liquidation_terms import Ratio

__all__ = ["bankruptcy_quote", "block_limits", "fillable_price", "insurance_delta"]

_MILLION = 1_000_000
_QUOTE_DIGITS = 6


def bankruptcy_quote(subaccount: Subaccount, place: int, delta: int) -> int:
    """Return what closing `delta` base quantums at the bankruptcy price pays, in quote quantums (below 0: costs), rounded up. Raises InputError."""
    position = reduced_position(subaccount, place, delta)
    left = position.base_quantums + delta
    moved = _notional(position, left) - _notional(position, position.base_quantums)
    freed = _maintenance(position, position.base_quantums) - _maintenance(position, left)
    collateral, maintenance = _collateral(subaccount), _all_maintenance(subaccount)
    return -moved + -(collateral * freed // maintenance)


def fillable_price(subaccount: Subaccount, place: int, delta: int, *, bankruptcy_ppm: int, spread_ppm: int) -> Ratio:
    """Return the price that a liquidation order of the position is placed at, in quote quantums for a base quantum. Raises InputError."""
    position = reduced_position(subaccount, place, delta)
    collateral, maintenance = _collateral(subaccount), _all_maintenance(subaccount)
    notional, own = _notional(position, position.base_quantums), _maintenance(position, position.base_quantums)
    lost, of = fillable_loss((collateral, 1), (maintenance, 1), (own, 1), (bankruptcy_ppm, _MILLION), (spread_ppm, _MILLION))
    over, under = notional * of - lost, position.base_quantums * of
    return (over, under) if under > 0 else (-over, -under)


def insurance_delta(subaccount: Subaccount, place: int, delta: int, fill_quote: int, max_fee_ppm: int) -> int:
    """Return what the insurance fund gets (below 0: pays) where closing `delta` brought `fill_quote` quote quantums. Raises InputError."""
    above = fill_quote - bankruptcy_quote(subaccount, place, delta)
    return min(above, abs(fill_quote) * max_fee_ppm // _MILLION) if above > 0 else above


def block_limits(position: Perpetual, least_notional: int, portion_ppm: int) -> tuple[int, int]:
    """Return the smallest and the largest notional that one block liquidates of a position, in quote quantums."""
    notional = abs(_notional(position, position.base_quantums))
    least = min(least_notional, notional)
    return least, max(notional * portion_ppm // _MILLION, least)


def _notional(position: Perpetual, base: int) -> int:
    mantissa, exponent = parts(position.oracle_price)
    power = exponent + position.atomic_resolution + _QUOTE_DIGITS
    return int(base * mantissa * 10**power if power >= 0 else base * mantissa // 10**-power)


def _maintenance(position: Perpetual, base: int) -> int:
    rate = position.initial_margin_ppm * position.maintenance_fraction_ppm // _MILLION
    return -(-abs(_notional(position, base)) * rate // _MILLION)


def _collateral(subaccount: Subaccount) -> int:
    return subaccount.quote_quantums + sum(_notional(one, one.base_quantums) for one in subaccount.positions)


def _all_maintenance(subaccount: Subaccount) -> int:
    total = sum(_maintenance(one, one.base_quantums) for one in subaccount.positions)
    if not total:
        raise no_maintenance()
    return total
