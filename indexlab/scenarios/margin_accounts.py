"""Accounts of a drawn margin case: every mode, both sides, leverages up to 125, notionals at tier borders, hedged books, collateral of several kinds."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

from indexlab.margin.account import Account, Asset, Mode, Position
from indexlab.margin.exact import exact
from indexlab.scenarios.margin_borders import Border, account_at, borders_of, plain_near

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np

    from indexlab.margin.contract import Contract
    from indexlab.margin.rules import VenueRules

__all__ = ["Placed", "accounts_of", "lotted", "notional_of"]

_LEVERAGES: Final = (2, 5, 10, 20, 50, 75, 100, 125)
_HAIRS: Final = (Fraction(999_999, 1_000_000), Fraction(1), Fraction(1_000_001, 1_000_000))
"""Just below, at, and just above a tier's border."""
_HAIR_NAMES: Final = ("below", "at", "above")
_PLAIN_NOTIONAL: Final = 100_000.0
_PLAIN_COINS: Final = 2.0
_USUAL_RATE: Final = Fraction(1, 2_000)
_MOVES: Final = (0.9, 0.97, 0.99, 1.01, 1.03, 1.1)


class Placed(NamedTuple):
    """An account, and the mark at which something of it changes (its contract's; None: nowhere in particular)."""

    account: Account
    mark: float | None = None


def notional_of(contract: Contract, size: float, price: float) -> float:
    """Return the notional of a position, in the settlement currency."""
    units = abs(size) * contract.multiplier
    return units / price if contract.is_inverse else units * price


def lotted(contract: Contract, size: float) -> float:
    """Return a size above 0 with six digits, in whole lots where the contract has them; at least one of these."""
    plain = float(f"{size:.6g}")
    if contract.lot <= 0:
        return plain
    lots = max(round(plain / contract.lot), 1)
    return float(lots * exact(contract.lot))


def accounts_of(draw: np.random.Generator, rules: VenueRules, price: Mapping[str, float], index: Mapping[str, float]) -> Iterator[Placed]:
    """Draw accounts; `price` is by contract, `index` by what prices collateral."""
    for place, contract in enumerate(rules.contracts):
        yield from _at_borders(draw, rules, contract, price[contract.id], count=5 if place == 0 else 2)
        for number in range(2 if place == 0 else 1):
            yield _leveraged(draw, contract, price[contract.id], number)
    yield from _charged(draw, rules, rules.contracts[0], price[rules.contracts[0].id])
    yield from _shared(draw, rules, price, index, "cross")
    if rules.matrix is not None:
        yield from _shared(draw, rules, price, index, "portfolio")
    # no position, and something owed: whether such an account is bankrupt is the venue's to say
    yield Placed(Account("cross idle", collateral=-1.0, mode="cross"))


def _at_borders(draw: np.random.Generator, rules: VenueRules, contract: Contract, price: float, count: int) -> Iterator[Placed]:
    """Accounts exactly at a border of their states, with a notional just below, at and just above a tier's border."""
    borders = borders_of(rules)
    turn = int(draw.integers(0, len(borders)))
    for number in range(count):
        side = 1 if draw.random() < 0.5 else -1
        mark = plain_near(price * float(draw.choice(_MOVES)))
        entry = plain_near(mark * float(draw.choice((0.8, 1.0, 1.25)))) if contract.is_inverse else float(f"{mark * float(draw.choice(_MOVES)):.4g}")
        border: Border = borders[(turn + number) % len(borders)]
        hair = int(draw.integers(0, len(_HAIRS)))
        size = side * _sized(draw, contract, mark) * (_HAIRS[hair] if len(contract.tiers) > 1 else 1)
        name = f"{contract.id} {'long' if side > 0 else 'short'} {_HAIR_NAMES[hair]} {border.replace('_', '-')} {number}"
        account = account_at(name, rules, contract, size, entry, mark, border)
        if account is not None:
            yield Placed(account, mark)


def _sized(draw: np.random.Generator, contract: Contract, mark: float) -> Fraction:
    """Return the size, in contracts, whose notional at the mark is a tier's border."""
    ends = [tier.up_to_notional for tier in contract.tiers[:-1] if tier.up_to_notional is not None]
    if not ends:
        notional = exact(_PLAIN_COINS if contract.is_inverse else _PLAIN_NOTIONAL)
    else:
        # lower borders more often: there people are
        notional = exact(ends[min(int(draw.integers(0, len(ends))), int(draw.integers(0, len(ends))))])
        if contract.tier_measure == "contracts":
            return notional
    unit = exact(contract.multiplier)
    return notional * exact(mark) / unit if contract.is_inverse else notional / (exact(mark) * unit)


def _charged(draw: np.random.Generator, rules: VenueRules, contract: Contract, price: float) -> Iterator[Placed]:
    """An account right before and right after a funding payment at the worst moment: at the cap, and at the mark at which the payment alone liquidates it."""
    if rules.funding is None:
        return
    side, mark = 1 if draw.random() < 0.5 else -1, plain_near(price * float(draw.choice(_MOVES)))
    rate = exact(rules.funding.cap) or _USUAL_RATE
    # half of a border's notional: a plain number, and no border of its own
    size = side * _sized(draw, contract, mark) / 2
    after = account_at(f"{contract.id} after funding", rules, contract, size, mark, mark, "liquidation")
    if after is None:
        return
    paid = rate * exact(notional_of(contract, after.size, mark))
    before = Account(f"{contract.id} before funding", after.size, mark, float(exact(after.collateral) + paid), contract.id)
    yield from (Placed(after, mark), Placed(before, mark))


def _leveraged(draw: np.random.Generator, contract: Contract, price: float, number: int) -> Placed:
    side = 1 if draw.random() < 0.5 else -1
    leverage = int(draw.choice(_LEVERAGES))
    entry = float(f"{price * float(draw.uniform(0.98, 1.02)):.6g}")
    size = lotted(contract, float(_sized(draw, contract, plain_near(price))) * float(draw.uniform(0.3, 1.7)))
    collateral = float(f"{notional_of(contract, size, entry) / leverage:.6g}")
    return Placed(Account(f"{contract.id} {'long' if side > 0 else 'short'} {leverage}x {number}", side * size, entry, collateral, contract.id))


def _shared(draw: np.random.Generator, rules: VenueRules, price: Mapping[str, float], index: Mapping[str, float], mode: Mode) -> Iterator[Placed]:
    """Accounts whose positions share their collateral: several contracts, a hedged book, coins as collateral, a debt."""
    known = {rule.asset for rule in rules.collateral} | {rules.states.currency}
    contracts = [contract for contract in rules.contracts if contract.settlement in known]
    if not contracts:
        return
    for name, hedged, kinds in (("several", False, "cash"), ("hedged", True, "cash"), ("coins", False, "coins"), ("debt", False, "debt")):
        positions = _positions(draw, contracts, price, hedged=hedged and mode == "cross")
        needed = sum(_worth(rules, price, index, position) for position in positions) / float(draw.choice((3, 10, 25, 60)))
        collateral, assets = _backed(draw, rules, index, needed, kinds)
        yield Placed(Account(f"{mode} {name}", collateral=collateral, mode=mode, positions=positions, assets=assets, hedged=hedged and mode == "cross"))


def _positions(draw: np.random.Generator, contracts: list[Contract], price: Mapping[str, float], *, hedged: bool) -> tuple[Position, ...]:
    made = []
    for contract in contracts:
        side = 1 if draw.random() < 0.5 else -1
        entry = float(f"{price[contract.id] * float(draw.uniform(0.97, 1.03)):.6g}")
        size = lotted(contract, float(_sized(draw, contract, plain_near(price[contract.id]))) * float(draw.uniform(0.2, 1.2)))
        made.append(Position(contract.id, side * size, entry))
        if hedged:
            other = float(f"{price[contract.id] * float(draw.uniform(0.97, 1.03)):.6g}")
            made.append(Position(contract.id, -side * lotted(contract, size * float(draw.uniform(0.3, 1.0))), other))
    return tuple(made)


def _worth(rules: VenueRules, price: Mapping[str, float], index: Mapping[str, float], position: Position) -> float:
    """Return a position's notional in the venue's currency, about."""
    contract = rules.contract(position.contract)
    notional = notional_of(contract, position.size, price[contract.id])
    return notional * _rate(rules, index, contract.settlement)


def _rate(rules: VenueRules, index: Mapping[str, float], asset: str) -> float:
    rule = next((rule for rule in rules.collateral if rule.asset == asset), None)
    return 1.0 if rule is None or not rule.index else index[rule.index]


def _backed(draw: np.random.Generator, rules: VenueRules, index: Mapping[str, float], needed: float, kinds: str) -> tuple[float, tuple[Asset, ...]]:
    """Return collateral and assets that together are worth about `needed`, in the venue's currency."""
    rated = [rule for rule in rules.collateral if rule.asset != rules.states.currency]
    if kinds == "cash" or not rated:
        return float(f"{needed:.6g}"), ()
    first = rated[int(draw.integers(0, len(rated)))]
    if kinds == "coins":
        assets = [Asset(first.asset, float(f"{0.9 * needed / _rate(rules, index, first.asset) / max(first.ratio, 0.1):.6g}"))]
        return float(f"{0.1 * needed:.6g}"), tuple(assets)
    owed = Asset(first.asset, -float(f"{0.5 * needed / _rate(rules, index, first.asset):.6g}"))
    others = [rule for rule in rated if rule.asset != first.asset]
    more = [Asset(others[0].asset, float(f"{0.2 * needed / _rate(rules, index, others[0].asset):.6g}"))] if others else []
    return float(f"{1.4 * needed:.6g}"), (owed, *more)
