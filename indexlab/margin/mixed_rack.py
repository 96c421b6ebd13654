"""A rack that also holds what one contract alone cannot: cross, hedged and portfolio accounts, debts, and collateral that the tested index itself prices.

On 2025-10-10 it was the collateral that broke: positions whose marks stood well were liquidated because an index of what secured them fell.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from indexlab.margin.account import Account, Asset, Mode, Position
from indexlab.margin.account_rules import CollateralRule, FeeRules, MatrixRule, StateRules
from indexlab.margin.contract import BTCUSDT, Contract, Tier
from indexlab.margin.engine_money import money_at
from indexlab.margin.ladder import OTHER_PRICE, joined, ladder, ladder_from_accounts, walk_of
from indexlab.margin.rack import build_rack, rack_from_accounts
from indexlab.margin.rules import Venue, VenueRules
from indexlab.margin.thresholds import has_one_border
from indexlab.market.seeds import stream
from indexlab.market.units import format_ratio

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexlab.margin.ladder import Ladder
    from indexlab.margin.rack import Rack

__all__ = ["MIXED_RULES", "build_mixed_rack", "ladder_from_rack", "mixed_rack_from_accounts"]

_EDGE: Final = 1.1
"""How far above the promise's border every other account stands; the others stand at a drawn distance."""
_SMALLEST, _LARGEST = 0.002, 0.3
_NOTIONAL: Final = 100_000.0

MIXED_RULES: Final = VenueRules(
    venue=Venue("mixed-rack", "the mixed rack's own", summary="Binance's example tiers, multi-assets mode and a small scenario matrix."),
    contracts=(
        BTCUSDT,
        Contract("BTCUSD", "BTC", (Tier(None, 0.01, 0.005, 0.0),), "inverse", 100.0, quote="USD", settlement="BTC"),
        Contract("ALTUSDT", "ALT", (Tier(None, 0.05, 0.02, 0.0),)),
    ),
    states=StateRules(warning=0.8),
    collateral=(CollateralRule("BTC", 0.95, "BTC"),),
    matrix=MatrixRule((-0.16, -0.12, -0.08, -0.04, 0.0, 0.04, 0.08, 0.12, 0.16), hedge_rate=0.01, offset=0.25, stress=(-0.3, 0.3), stress_share=0.5),
    fees=FeeRules(taker=0.0005, maker=0.0002, liquidation=0.0125),
)
"""What the mixed rack is judged by unless a venue's rules are given. The matrix is like Deribit's (±16 %, 1 % of what offsets); the rest is an example, too."""


class _Kind(NamedTuple):
    """A kind of account before its collateral is known: `against` is the way of the tested index that hurts it, 1 up or -1 down."""

    name: str
    against: int
    positions: tuple[Position, ...]
    assets: tuple[Asset, ...] = ()
    mode: Mode = "cross"
    hedged: bool = False


def build_mixed_rack(price: float, margin_headroom: float, rules: VenueRules | None = None, seed: int = 0) -> Ladder:
    """Return the isolated rack, and accounts of other modes whose state hangs on the same index while every other one stands still.

    There is one account of each kind that the rules allow (a second underlying, an inverse contract, a collateral that the index prices, a matrix), in turn at
    1.1 times `margin_headroom` from its first border and at a distance that the seed draws. Without `rules` they are MIXED_RULES; the underlying of the first
    contract is the tested one. The isolated rack is that of the first contract whose tiers do not jump as the price moves, under the same rules; where there is
    none it is that of BTCUSDT by its own. Raises InputError.
    """
    rules = MIXED_RULES if rules is None else rules
    tested = rules.contracts[0]
    isolated = ladder_from_rack(_isolated(price, margin_headroom, rules))
    draws = stream("mixed-rack", seed)
    drawn = float(np.exp(draws.uniform(np.log(_SMALLEST), np.log(_LARGEST))))
    kinds = _kinds(rules, price, [float(share) for share in draws.choice((0.25, 0.5, 0.75), 2)])
    accounts = [_placed(kind, rules, price, drawn if (seed + turn) % 2 else _EDGE * margin_headroom) for turn, kind in enumerate(kinds)]
    return joined((isolated, ladder_from_accounts(accounts, rules, tested.underlying, price)))


def _isolated(price: float, margin_headroom: float, rules: VenueRules) -> Rack:
    for contract in rules.contracts:
        if has_one_border(contract):
            return build_rack(price, margin_headroom, contract, rules=rules)
    return build_rack(price, margin_headroom)


def mixed_rack_from_accounts(accounts: Sequence[Account], price: float, rules: VenueRules | None = None, *, file: object = None) -> Ladder:
    """Return stored accounts of any mode as a rack again; `price` is about where the index is. Raises InputError."""
    rules = MIXED_RULES if rules is None else rules
    known = {contract.id for contract in rules.contracts}
    alone = [place for place, account in enumerate(accounts) if account.mode == "isolated" and account.contract == BTCUSDT.id not in known]
    others = [place for place in range(len(accounts)) if place not in set(alone)]
    ours = ladder_from_accounts([accounts[place] for place in others], rules, rules.contracts[0].underlying, price, file=file)
    if not alone:
        return ours
    both = joined((ladder_from_rack(rack_from_accounts([accounts[place] for place in alone], file=file)), ours))
    return both.take(np.argsort([*alone, *others]).tolist())


def ladder_from_rack(rack: Rack) -> Ladder:
    """Return a rack's accounts as a ladder: the same states at every price."""
    steps: list[tuple[list[float], list[int]]] = []
    for side, borders in zip(rack.side.tolist(), rack.borders.T.tolist(), strict=True):
        places: list[float] = []
        codes = [0]
        for worse, border in enumerate(borders, start=1):
            if border > 0 and border not in places[-1:]:
                places.append(border)
                codes.append(worse)
            elif border > 0 or side < 0:
                codes[-1] = worse  # two begin together, or no positive price keeps a short out of it
        # a state holds at its price: for a long that belongs to the rung below, for a short its rung begins one double earlier
        steps.append((places[::-1], codes[::-1]) if side > 0 else ([math.nextafter(place, 0.0) for place in places], codes))
    return ladder(rack.accounts, steps)


def _kinds(rules: VenueRules, price: float, shares: Sequence[float]) -> Iterator[_Kind]:
    """Yield the kinds that the rules allow; a notional of 100 000 everywhere, `shares` of it where something offsets."""
    tested = rules.contracts[0]
    currency = rules.states.currency
    straight = next((one for one in rules.contracts if one.underlying == tested.underlying and one.kind == "linear" and one.settlement == currency), None)
    priced = {currency, *(rule.asset for rule in rules.collateral)}
    inverses = [one for one in rules.contracts if one.underlying == tested.underlying and one.is_inverse and one.settlement in priced]
    other = next((one for one in rules.contracts if one.underlying != tested.underlying and one.kind == "linear" and one.settlement == currency), None)
    asset = next((rule for rule in rules.collateral if rule.index == tested.underlying), None)

    def held(contract: Contract, share: float) -> Position:
        value, entry = (contract.multiplier * price, price) if contract.underlying == tested.underlying else (contract.multiplier * OTHER_PRICE, OTHER_PRICE)
        return Position(contract.id, float(f"{share * _NOTIONAL / (contract.multiplier if contract.is_inverse else value):.6g}"), entry)

    if straight is not None:
        for name, side in (("long", 1), ("short", -1)):
            yield _Kind(f"hedged {name}", -side, (held(straight, side), held(straight, -side * shares[0])), hedged=True)
            if other is not None:
                yield _Kind(f"cross {name}", -side, (held(straight, side), held(other, side)))
                yield _Kind(f"hedge {name}", -side, (held(other, -side), held(straight, side * shares[1])))
            if rules.matrix is not None and other is not None:
                yield _Kind(f"portfolio {name}", -side, (held(straight, side), held(other, -side * shares[1])), mode="portfolio")
    if inverses:
        yield _Kind("inverse long", -1, (held(inverses[0], 1),))
        yield _Kind("inverse short", 1, (held(inverses[0], -1),))
    hedging = [one for one in (straight, *inverses) if one is not None]
    if rules.matrix is not None and inverses and len(hedging) > 1:
        yield _Kind("portfolio basis", 1, (held(hedging[1], shares[0]), held(hedging[0], -1)), mode="portfolio")
    if asset is not None and other is not None:
        amount = float(f"{_NOTIONAL / price:.6g}")
        yield _Kind("collateral", -1, (held(other, 1),), (Asset(asset.asset, amount),))
        yield _Kind("debt", 1, (held(other, 1),), (Asset(asset.asset, -amount),))


def _placed(kind: _Kind, rules: VenueRules, price: float, step: float) -> Account:
    """Return an account whose first border lies a step from the price, in the direction that hurts it.

    What it has of the currency makes up for the rest: balance = maintenance / ratio there.
    """
    name = f"{kind.name} {format_ratio(float(f'{step:.3g}'))}"
    bare = Account(name, mode=kind.mode, positions=kind.positions, assets=kind.assets, hedged=kind.hedged)
    walk = walk_of(bare, rules, rules.contracts[0].underlying, price)
    m = 1 + kind.against * step
    money = money_at(walk.book, walk.marks_at(m), walk.prices_at(m))
    states = rules.states
    threshold = next(value for value in (states.warning, states.reduce_only, states.liquidation) if value is not None)
    wanted = money.maintenance / threshold if states.measure == "maintenance/balance" else money.maintenance * threshold
    return replace(bare, collateral=wanted - money.balance)
