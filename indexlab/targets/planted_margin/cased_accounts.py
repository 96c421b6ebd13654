"""Cases with one thing wrong in their accounts: signs, other positions, hedges, collateral, groups. Pure, no numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from indexlab.margin.account import Asset, Position
from indexlab.targets.planted_margin.cased_contracts import own_contracts

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.margin.account import Account
    from indexlab.margin.case import MarginCase

__all__ = [
    "assets_forgotten", "collateral_at_par", "collateral_forgotten", "debts_forgotten", "debts_in_favour", "first_leg_alone", "first_position_alone",
    "gains_ignored", "groups_by_contract", "haircut_forgotten", "haircut_on_debts", "haircut_twice", "hedges_netted", "largest_shock_forgotten",
    "losses_ignored", "others_without_profit", "others_without_sign", "positions_as_cross", "shorts_as_longs", "upward_shocks_alone",
]  # fmt: skip


def _accounts(case: MarginCase, change: Callable[[Account], Account]) -> MarginCase:
    return msgspec.structs.replace(case, accounts=tuple(change(account) for account in case.accounts))


def _positions(case: MarginCase, change: Callable[[tuple[Position, ...]], tuple[Position, ...]], *, mode: str = "") -> MarginCase:
    """Change the positions of accounts that have a list of them."""

    def changed(account: Account) -> Account:
        if account.mode == "isolated" or (mode and account.mode != mode):
            return account
        return msgspec.structs.replace(account, positions=change(account.positions))

    return _accounts(case, changed)


def _assets(case: MarginCase, change: Callable[[Asset], float]) -> MarginCase:
    def changed(account: Account) -> Account:
        return msgspec.structs.replace(account, assets=tuple(msgspec.structs.replace(one, amount=change(one)) for one in account.assets))

    return _accounts(case, changed)


def shorts_as_longs(case: MarginCase) -> MarginCase:
    """An isolated short gains where the price rises."""
    return _accounts(case, lambda one: msgspec.structs.replace(one, size=abs(one.size)) if one.mode == "isolated" else one)


def others_without_sign(case: MarginCase) -> MarginCase:
    """Profit of a cross account's other positions is |size| * (mark - entry)."""

    def unsigned(positions: tuple[Position, ...]) -> tuple[Position, ...]:
        return (*positions[:1], *(msgspec.structs.replace(one, size=abs(one.size)) for one in positions[1:]))

    # with contracts of their own, since two longs of one contract are none that an account can have
    return _positions(own_contracts(case, lambda contract, _, __: contract), unsigned, mode="cross")


def _marked(case: MarginCase, position: Position) -> float | None:
    short = case.short_mark.get(position.contract) if position.size < 0 else None
    series = short or case.mark.get(position.contract)
    return series[0] if series else None


def _profit(case: MarginCase, position: Position) -> float:
    mark = _marked(case, position)
    return 0.0 if mark is None else position.size * (mark - position.entry_price)


def _entered_at_mark(case: MarginCase, position: Position) -> Position:
    mark = _marked(case, position)
    return position if not mark else msgspec.structs.replace(position, entry_price=mark)


def others_without_profit(case: MarginCase, _: MarginCase | None) -> MarginCase:
    """In a cross account the profit of the first position alone counts."""
    return _positions(case, lambda positions: (*positions[:1], *(_entered_at_mark(case, one) for one in positions[1:])))


def _where(case: MarginCase, chosen: Callable[[Position], bool]) -> MarginCase:
    """Take the profit out of the positions chosen, in every account."""

    def changed(account: Account) -> Account:
        if account.mode != "isolated":
            return msgspec.structs.replace(account, positions=tuple(_entered_at_mark(case, one) if chosen(one) else one for one in account.positions))
        one = account.all_positions[0]
        return msgspec.structs.replace(account, entry_price=_entered_at_mark(case, one).entry_price) if chosen(one) else account

    return _accounts(case, changed)


def gains_ignored(case: MarginCase, _: MarginCase | None) -> MarginCase:
    """What is gained and not yet realised does not count."""
    return _where(case, lambda one: _profit(case, one) > 0)


def losses_ignored(case: MarginCase, _: MarginCase | None) -> MarginCase:
    """What is lost and not yet realised does not count."""
    return _where(case, lambda one: _profit(case, one) < 0)


def first_position_alone(case: MarginCase) -> MarginCase:
    """Of several positions the first one alone is looked at."""
    return _positions(case, lambda positions: positions[:1])


def first_leg_alone(case: MarginCase) -> MarginCase:
    """Of the legs of a hedged contract the first one alone is looked at."""

    def firsts(positions: tuple[Position, ...]) -> tuple[Position, ...]:
        return tuple({one.contract: one for one in reversed(positions)}.values())[::-1]

    return _positions(case, firsts)


def hedges_netted(case: MarginCase) -> MarginCase:
    """Legs of one contract are netted into one position: of what offsets no margin is asked."""
    return _accounts(case, lambda account: _netted(case, account) if account.mode == "cross" and account.hedged else account)


def _netted(case: MarginCase, account: Account) -> Account:
    legs: dict[str, list[Position]] = {}
    for one in account.positions:
        legs.setdefault(one.contract, []).append(one)
    positions, assets, collateral = [], list(account.assets), account.collateral
    for name, held in legs.items():
        contract, size = case.rules.contract(name), sum(one.size for one in held)
        worth = sum(one.size / one.entry_price if contract.is_inverse else one.size * one.entry_price for one in held)
        if size:
            positions.append(Position(name, size, abs(size / worth if contract.is_inverse else worth / size)))
            continue
        # nothing is left but what they have gained together, whatever the price
        gained = contract.multiplier * (worth if contract.is_inverse else -worth)
        if contract.settlement == case.rules.states.currency:
            collateral += gained
        else:
            assets.append(Asset(contract.settlement, gained))
    return msgspec.structs.replace(account, positions=tuple(positions), assets=tuple(assets), collateral=collateral)


def assets_forgotten(case: MarginCase) -> MarginCase:
    """Collateral in other assets is not counted."""
    return _accounts(case, lambda one: msgspec.structs.replace(one, assets=()))


def collateral_forgotten(case: MarginCase) -> MarginCase:
    """Where there are other assets, what lies there in the venue's own currency is not counted."""
    return _accounts(case, lambda one: msgspec.structs.replace(one, collateral=0.0) if one.assets else one)


def _ratios(case: MarginCase) -> dict[str, float]:
    return {rule.asset: rule.ratio for rule in case.rules.collateral}


def haircut_on_debts(case: MarginCase) -> MarginCase:
    """A debt is worth less after the haircut, as if it were collateral."""
    ratios = _ratios(case)
    return _assets(case, lambda one: one.amount * ratios.get(one.asset, 1.0) if one.amount < 0 else one.amount)


def debts_forgotten(case: MarginCase) -> MarginCase:
    """An asset that is owed counts for nothing."""
    return _assets(case, lambda one: max(one.amount, 0.0))


def debts_in_favour(case: MarginCase) -> MarginCase:
    """An asset that is owed loses its sign."""
    return _assets(case, lambda one: abs(one.amount))


def haircut_forgotten(case: MarginCase) -> MarginCase:
    """Collateral counts in full."""
    return _collateral(case, ratio=lambda _: 1.0)


def haircut_twice(case: MarginCase) -> MarginCase:
    """The haircut is taken twice."""
    return _collateral(case, ratio=lambda ratio: ratio * ratio)


def collateral_at_par(case: MarginCase) -> MarginCase:
    """A unit of any collateral is a unit of the currency, whatever its index says."""
    rules = tuple(msgspec.structs.replace(rule, index="") for rule in case.rules.collateral)
    return msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, collateral=rules))


def _collateral(case: MarginCase, ratio: Callable[[float], float]) -> MarginCase:
    rules = tuple(msgspec.structs.replace(rule, ratio=ratio(rule.ratio)) for rule in case.rules.collateral)
    return msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, collateral=rules))


def groups_by_contract(case: MarginCase) -> MarginCase:
    """In a portfolio each contract is a group of its own: two contracts of one underlying do not offset each other."""
    contracts = tuple(msgspec.structs.replace(one, underlying=f"{one.underlying}:{one.id}") for one in case.rules.contracts)
    index, status = dict(case.index), dict(case.status)
    for old, new in zip(case.rules.contracts, contracts, strict=True):
        if old.underlying in index:
            index[new.underlying] = index[old.underlying]
        if old.underlying in status:
            status[new.underlying] = status[old.underlying]
    return msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, contracts=contracts), index=index, status=status)


def positions_as_cross(case: MarginCase) -> MarginCase:
    """A portfolio is margined by the tiers of its contracts, without the matrix."""
    return _accounts(case, lambda one: msgspec.structs.replace(one, mode="cross") if one.mode == "portfolio" else one)


def _shocks(case: MarginCase, keep: Callable[[tuple[float, ...]], tuple[float, ...]]) -> MarginCase:
    matrix = case.rules.matrix
    if matrix is None:
        return case
    changed = msgspec.structs.replace(matrix, price_shocks=keep(matrix.price_shocks), stress=keep(matrix.stress))
    return msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, matrix=changed))


def upward_shocks_alone(case: MarginCase) -> MarginCase:
    """The matrix has no falling prices."""
    return _shocks(case, lambda shocks: tuple(shock for shock in shocks if shock >= 0))


def largest_shock_forgotten(case: MarginCase) -> MarginCase:
    """The matrix ends one step too early on either side."""

    def inner(shocks: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(shock for shock in shocks if min(shocks) < shock < max(shocks))

    return _shocks(case, inner)
