"""A dYdX v4 subaccount as its liquidation code sees it: positions in base quantums, all sharing quote quantums. No arithmetic.

Source: https://github.com/dydxprotocol/v4-chain/blob/84d4664bae71e3a077adaac67fb77ad19cd28d30/protocol/x/clob/keeper/liquidations.go
"""

from __future__ import annotations

import msgspec

from indexlab.market.errors import InputError

__all__ = ["Perpetual", "Subaccount", "no_maintenance", "reduced_position"]


class Perpetual(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A position: `base_quantums` (below 0 short) of 10 ** `atomic_resolution` each, at an oracle price in US dollars, with its tier's rates in millionths."""

    base_quantums: int
    atomic_resolution: int
    oracle_price: float
    initial_margin_ppm: int
    maintenance_fraction_ppm: int


class Subaccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`quote_quantums` (a millionth of a dollar each, below 0 owed) and positions."""

    quote_quantums: int
    positions: tuple[Perpetual, ...]


def reduced_position(subaccount: Subaccount, place: int, delta: int) -> Perpetual:
    """Return the position at this place, where `delta` base quantums make it smaller and do not turn it. Raises InputError."""
    position = subaccount.positions[place] if 0 <= place < len(subaccount.positions) else None
    size = 0 if position is None else position.base_quantums
    if position is None or delta == 0 or delta * size > 0 or abs(delta) > abs(size):
        problem = f"must reduce a position of {size} base quantums without turning it, was {delta}"
        raise InputError(problem, key="delta")
    return position


def no_maintenance() -> InputError:
    """Return the error for positions that need no margin at all: nothing says what share of the equity is whose."""
    return InputError("must need a maintenance margin above 0 together, need none", key="positions")
