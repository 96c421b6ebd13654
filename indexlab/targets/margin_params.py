"""What a target is asked by the method `margin`, written: a margin case as the params of one request (docs/target-protocol.md says what each key means)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from indexlab.margin.account import Account
    from indexlab.margin.account_rules import StateRules
    from indexlab.margin.case import FundingCase, LiquidationCase, MarginCase
    from indexlab.margin.contract import Contract
    from indexlab.margin.rules import VenueRules
    from indexlab.targets.shape import JSONObject

__all__ = ["MARGIN", "margin_object", "margin_params"]

MARGIN: Final = "margin"
"""What a target `provides` that has a margin engine."""


def margin_params(case: MarginCase) -> bytes:
    """Return the params of a case as a JSON object."""
    return msgspec.json.encode(margin_object(case))


def margin_object(case: MarginCase) -> JSONObject:
    """Return the params of a case as plain objects. What a case does not have is left out; the keys of the protocol's first page always stand."""
    rules = case.rules
    told: JSONObject = {
        "contracts": [_contract(contract) for contract in rules.contracts],
        "accounts": [_account(account) for account in case.accounts],
        "warning_ratio": _warning_ratio(rules.states),
        "states": _states(rules.states),
        "fees": {name: getattr(rules.fees, name) for name in ("taker", "maker", "liquidation")},
        "times": list(case.times),
        "index": _series(case.index),
        "mark": _series(case.mark),
    }
    if rules.collateral:
        told["collateral"] = [{"asset": rule.asset, "ratio": rule.ratio, "index": rule.index, "floor": rule.floor} for rule in rules.collateral]
    if rules.matrix is not None:
        told["matrix"] = {name: getattr(rules.matrix, name) for name in rules.matrix.__struct_fields__}
    if case.status:
        told["status"] = {name: list(words) for name, words in case.status.items()}
    for key in ("last", "short_mark"):
        if getattr(case, key):
            told[key] = _series(getattr(case, key))
    if case.open_interest:
        told["open_interest"] = case.open_interest
    if case.funding is not None:
        told["funding"] = _funding(case.funding, rules)
    if case.liquidation is not None:
        told["liquidation"] = _liquidation(case.liquidation, rules)
    return told


def _series(given: dict[str, tuple[float | None, ...]]) -> JSONObject:
    return {name: list(series) for name, series in given.items()}


def _contract(contract: Contract) -> JSONObject:
    told: JSONObject = {name: getattr(contract, name) for name in contract.__struct_fields__ if name not in ("tiers", "open_interest")}
    told["tiers"] = [{name: getattr(tier, name) for name in tier.__struct_fields__} for tier in contract.tiers]
    if contract.open_interest is not None:
        told["open_interest"] = {"lower": contract.open_interest.lower, "upper": contract.open_interest.upper}
    return told


def _account(account: Account) -> JSONObject:
    told: JSONObject = {
        "id": account.id,
        "mode": account.mode,
        "collateral": account.collateral,
        "positions": [{"contract": each.contract, "size": each.size, "entry_price": each.entry_price} for each in account.all_positions],
    }
    if account.mode != "isolated":
        told |= {"assets": [{"asset": each.asset, "amount": each.amount} for each in account.assets], "hedged": account.hedged}
    return told


def _warning_ratio(states: StateRules) -> float | None:
    """Return where `warning` begins as maintenance over balance; None where there is no such state."""
    if states.warning is None:
        return None
    return states.warning if states.measure == "maintenance/balance" else 1 / states.warning


def _states(states: StateRules) -> JSONObject:
    return {name: getattr(states, name) for name in states.__struct_fields__}


def _funding(funding: FundingCase, rules: VenueRules) -> JSONObject:
    told: JSONObject = {name: getattr(funding, name) for name in ("contract", "start", "end", "price", "ticks")}
    told["rule"] = None if rules.funding is None else {name: getattr(rules.funding, name) for name in rules.funding.__struct_fields__}
    told["samples"] = [{name: getattr(each, name) for name in each.__struct_fields__} for each in funding.samples]
    return told | {"holdings": [{name: getattr(each, name) for name in each.__struct_fields__} for each in funding.holdings]}


def _liquidation(forced: LiquidationCase, rules: VenueRules) -> JSONObject:
    told: JSONObject = {name: getattr(forced, name) for name in ("account", "start", "end", "marks", "fund")}
    told["rule"] = {name: getattr(rules.liquidation, name) for name in rules.liquidation.__struct_fields__}
    told["books"] = [{"time": time, "bids": book.bids, "asks": book.asks} for time, book in forced.books]
    return told | {"rivals": [{name: getattr(each, name) for name in each.__struct_fields__} for each in forced.rivals]}
