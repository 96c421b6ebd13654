"""Cases with one thing wrong in their contracts: tiers, kinds, multipliers. Pure, no numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.margin.contract import Contract, Tier, tier_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexlab.margin.account import Position
    from indexlab.margin.case import MarginCase, Series

__all__ = [
    "border_to_upper", "first_tier_only", "initial_for_maintenance", "initial_of_first_tier", "inverse_as_linear", "inverse_first_order",
    "limits_of_next_tier", "maintenance_at_entry", "multiplier_forgotten", "multiplier_squared", "open_interest_added_twice", "open_interest_everywhere",
    "open_interest_not_capped", "open_interest_not_floored", "others_need_nothing", "own_contracts", "quanto_in_quote", "smallest_tier_for_largest",
    "tier_at_entry", "tiers_without_multiplier", "whole_as_marginal", "with_contracts",
]  # fmt: skip


_HAIR: Final = 1e-12
"""More than rounding, and less than anybody's size is away from a border."""


def with_contracts(case: MarginCase, change: Callable[[Contract], Contract]) -> MarginCase:
    """Return the case with each contract changed."""
    return msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, contracts=tuple(change(contract) for contract in case.rules.contracts)))


def own_contracts(case: MarginCase, make: Callable[[Contract, Position, int], Contract]) -> MarginCase:
    """Return the case with a contract of its own for each position of isolated and cross accounts, made of (contract, position, place); marks stay."""
    made: list[Contract] = []
    copies: dict[str, str] = {}

    def mine(owner: str, position: Position, place: int) -> str:
        contract = case.rules.contract(position.contract)
        name = f"{contract.id}#{owner}#{place}"
        made.append(msgspec.structs.replace(make(contract, position, place), id=name))
        copies[name] = contract.id
        return name

    accounts = []
    for account in case.accounts:
        if account.mode == "isolated":
            accounts.append(msgspec.structs.replace(account, contract=mine(account.id, account.all_positions[0], 0)))
        elif account.mode == "cross":
            own = tuple(msgspec.structs.replace(one, contract=mine(account.id, one, place)) for place, one in enumerate(account.positions))
            accounts.append(msgspec.structs.replace(account, positions=own))
        else:
            accounts.append(account)

    def copied(series: Mapping[str, Series]) -> dict[str, Series]:
        return {**series, **{name: series[real] for name, real in copies.items() if real in series}}

    return msgspec.structs.replace(
        case,
        rules=msgspec.structs.replace(case.rules, contracts=(*case.rules.contracts, *made)),
        accounts=tuple(accounts),
        mark=copied(case.mark),
        last=copied(case.last),
        short_mark=copied(case.short_mark),
        open_interest={**case.open_interest, **{name: case.open_interest[real] for name, real in copies.items() if real in case.open_interest}},
    )


def _notional(contract: Contract, position: Position) -> float:
    worth = abs(position.size) * contract.multiplier
    return worth / position.entry_price if contract.is_inverse else worth * position.entry_price


def _measure(contract: Contract, position: Position) -> float:
    return abs(position.size) if contract.tier_measure == "contracts" else _notional(contract, position)


def tier_at_entry(case: MarginCase) -> MarginCase:
    """The tier is the one of the notional at entry."""

    def fixed(contract: Contract, position: Position, _: int) -> Contract:
        tier = tier_at(contract, _measure(contract, position))
        return msgspec.structs.replace(contract, tiers=(msgspec.structs.replace(tier, up_to_notional=None),))

    return own_contracts(case, fixed)


def maintenance_at_entry(case: MarginCase) -> MarginCase:
    """The maintenance margin is the one at entry, whatever the mark."""

    def fixed(contract: Contract, position: Position, _: int) -> Contract:
        tier = tier_at(contract, _measure(contract, position))
        amount = _notional(contract, position) * tier.maintenance_rate - tier.maintenance_amount
        return msgspec.structs.replace(contract, tier_rule="marginal", tiers=(Tier(None, tier.initial_rate, 0.0, -amount),))

    return own_contracts(case, fixed)


def others_need_nothing(case: MarginCase) -> MarginCase:
    """In a cross account the first position alone needs margin."""

    def free(contract: Contract, _: Position, place: int) -> Contract:
        return msgspec.structs.replace(contract, tiers=(Tier(None, 0.0, 0.0, 0.0),)) if place else contract

    return own_contracts(case, free)


def inverse_first_order(case: MarginCase) -> MarginCase:
    """Profit of an inverse contract is taken to the first order at its entry: quantity * (price - entry) / entry squared."""

    def straight(contract: Contract, position: Position, _: int) -> Contract:
        if not contract.is_inverse:
            return contract
        return msgspec.structs.replace(contract, kind="quanto", multiplier=contract.multiplier / position.entry_price**2)

    return own_contracts(case, straight)


def first_tier_only(case: MarginCase) -> MarginCase:
    """The first tier counts for every size."""
    return with_contracts(case, lambda one: msgspec.structs.replace(one, tiers=(msgspec.structs.replace(one.tiers[0], up_to_notional=None),)))


def smallest_tier_for_largest(case: MarginCase) -> MarginCase:
    """What no tier reaches falls into the first: there the list is read with its end at the start."""

    def turned(contract: Contract) -> Contract:
        *tiers, last = contract.tiers
        first = contract.tiers[0]
        return msgspec.structs.replace(contract, tiers=(*tiers, msgspec.structs.replace(first, up_to_notional=last.up_to_notional)))

    return with_contracts(case, turned)


def limits_of_next_tier(case: MarginCase) -> MarginCase:
    """Each tier reaches as far as the next one should."""

    def shifted(contract: Contract) -> Contract:
        ends = [tier.up_to_notional for tier in contract.tiers[1:]] + [None]
        tiers = tuple(msgspec.structs.replace(tier, up_to_notional=end) for tier, end in zip(contract.tiers, ends, strict=True))
        return msgspec.structs.replace(contract, tiers=tiers)

    return with_contracts(case, shifted)


def border_to_upper(case: MarginCase) -> MarginCase:
    """A border belongs to the upper tier."""

    def lower(tier: Tier) -> Tier:
        return tier if tier.up_to_notional is None else msgspec.structs.replace(tier, up_to_notional=tier.up_to_notional * (1 - _HAIR))

    return with_contracts(case, lambda one: msgspec.structs.replace(one, tiers=tuple(lower(tier) for tier in one.tiers)))


def initial_for_maintenance(case: MarginCase) -> MarginCase:
    """Initial rates are taken for maintenance rates."""

    def raised(contract: Contract) -> Contract:
        tiers = tuple(msgspec.structs.replace(tier, maintenance_rate=tier.initial_rate) for tier in contract.tiers)
        return msgspec.structs.replace(contract, tiers=tiers)

    return with_contracts(case, raised)


def initial_of_first_tier(case: MarginCase) -> MarginCase:
    """The initial rate of the first tier counts for every size."""

    def flat(contract: Contract) -> Contract:
        rate = contract.tiers[0].initial_rate
        return msgspec.structs.replace(contract, tiers=tuple(msgspec.structs.replace(tier, initial_rate=rate) for tier in contract.tiers))

    return with_contracts(case, flat)


def whole_as_marginal(case: MarginCase) -> MarginCase:
    """Tiers that count for the whole position are read as brackets, each rate for its part."""

    def bracketed(contract: Contract) -> Contract:
        if contract.tier_rule != "whole-position":
            return contract
        tiers: list[Tier] = []
        below = Tier(0.0, 0.0, 0.0, 0.0)
        for tier in contract.tiers:
            amount = (below.up_to_notional or 0.0) * (tier.maintenance_rate - below.maintenance_rate) + below.maintenance_amount
            below = msgspec.structs.replace(tier, maintenance_amount=amount)
            tiers.append(below)
        return msgspec.structs.replace(contract, tier_rule="marginal", tiers=tuple(tiers))

    return with_contracts(case, bracketed)


def tiers_without_multiplier(case: MarginCase) -> MarginCase:
    """The tier is looked up by size * price, without the multiplier."""

    def stretched(contract: Contract) -> Contract:
        if contract.tier_measure == "contracts":
            return contract
        tiers = tuple(
            tier if tier.up_to_notional is None else msgspec.structs.replace(tier, up_to_notional=tier.up_to_notional * contract.multiplier)
            for tier in contract.tiers
        )
        return msgspec.structs.replace(contract, tiers=tiers)

    return with_contracts(case, stretched)


def inverse_as_linear(case: MarginCase) -> MarginCase:
    """An inverse contract is computed as a linear one: profit and notional are size * price."""
    return with_contracts(case, lambda one: msgspec.structs.replace(one, kind="quanto") if one.is_inverse else one)


def multiplier_forgotten(case: MarginCase) -> MarginCase:
    """A contract is taken for one unit."""
    return with_contracts(case, lambda one: msgspec.structs.replace(one, multiplier=1.0))


def multiplier_squared(case: MarginCase) -> MarginCase:
    """The multiplier counts twice."""
    return with_contracts(case, lambda one: msgspec.structs.replace(one, multiplier=one.multiplier**2))


def quanto_in_quote(case: MarginCase) -> MarginCase:
    """Profit of a quanto contract stays in its quote currency: what it moves of the settlement currency is forgotten."""
    return with_contracts(case, lambda one: msgspec.structs.replace(one, multiplier=1.0) if one.kind == "quanto" else one)


def _scaled(case: MarginCase, rate: Callable[[float, float], float]) -> MarginCase:
    """Give contracts that scale with open interest initial rates by another rule: (base rate, share of the way from lower to upper)."""

    def scaled(contract: Contract) -> Contract:
        limits, interest = contract.open_interest, case.open_interest.get(contract.id)
        if limits is None or interest is None:
            return contract
        share = (interest - limits.lower) / (limits.upper - limits.lower)
        tiers = tuple(msgspec.structs.replace(tier, initial_rate=rate(tier.initial_rate, share)) for tier in contract.tiers)
        return msgspec.structs.replace(contract, tiers=tiers, open_interest=None)

    return with_contracts(case, scaled)


def open_interest_not_floored(case: MarginCase) -> MarginCase:
    """Below the lower limit of open interest the initial rate falls below its base."""
    return _scaled(case, lambda base, share: min(base + share * (1 - base), 1.0))


def open_interest_not_capped(case: MarginCase) -> MarginCase:
    """Above the upper limit of open interest the initial rate goes on beyond 1."""
    return _scaled(case, lambda base, share: base + max(share, 0.0) * (1 - base))


def open_interest_added_twice(case: MarginCase) -> MarginCase:
    """What open interest adds to the initial rate is added without taking the base off: base + share."""
    return _scaled(case, lambda base, share: min(base + max(share, 0.0), 1.0))


def open_interest_everywhere(case: MarginCase) -> MarginCase:
    """Open interest scales the maintenance rate, too."""

    def scaled(contract: Contract) -> Contract:
        limits, interest = contract.open_interest, case.open_interest.get(contract.id)
        if limits is None or interest is None:
            return contract
        share = min(max((interest - limits.lower) / (limits.upper - limits.lower), 0.0), 1.0)
        raised = (msgspec.structs.replace(tier, maintenance_rate=tier.maintenance_rate + share * (1 - tier.maintenance_rate)) for tier in contract.tiers)
        return msgspec.structs.replace(contract, tiers=tuple(raised))

    return with_contracts(case, scaled)
