"""The server's side of `margin`: params read strictly into a margin case, an answer written.

Whatever a client gets wrong is an InputError of one line that names the place, the rule and the value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from indexlab.margin.account import Account, Asset, Position
from indexlab.margin.account_rules import CollateralRule, FeeRules, MatrixRule, StateRules
from indexlab.margin.case import Book, FundingCase, Holding, LiquidationCase, MarginCase, Rival, Sample, Series, Status
from indexlab.margin.contract import Contract, OpenInterest, Tier, checked_contract
from indexlab.margin.funding_rules import FundingRule
from indexlab.margin.liquidation_rules import LiquidationRule
from indexlab.margin.rules import Venue, VenueRules
from indexlab.market.errors import InputError, TargetFailure
from indexlab.targets.shape import JSONObject, as_object

if TYPE_CHECKING:
    from indexlab.margin.case import MarginAnswer

__all__ = ["MOST_MARGIN_CELLS", "encode_margin", "read_margin_case"]

Struct = TypeVar("Struct", bound=msgspec.Struct)
Made = TypeVar("Made")
MOST_MARGIN_CELLS: Final = 1 << 20
"""So many publication times, times accounts."""
_PLACE: Final = re.compile(r"^(?P<rule>.*) - at `\$(?P<place>.*)`$", re.DOTALL)


def read_margin_case(params: object) -> MarginCase:
    """Read the params of `margin`; unknown keys are ignored. Raises InputError."""
    try:
        given = as_object(params, "params")
    except TargetFailure as failure:
        raise InputError(failure.detail) from None
    rules = _rules(given)
    case = MarginCase(
        rules=rules,
        accounts=tuple(_account(entry, f"accounts[{i}]") for i, entry in enumerate(_list(given.get("accounts"), "accounts"))),
        times=_as(given.get("times"), tuple[int, ...], "times"),
        index=_as(given.get("index", {}), dict[str, Series], "index"),
        mark=_as(given.get("mark"), dict[str, Series], "mark"),
        status=_as(given.get("status") or {}, dict[str, tuple[Status, ...]], "status"),
        last=_as(given.get("last") or {}, dict[str, Series], "last"),
        short_mark=_as(given.get("short_mark") or {}, dict[str, Series], "short_mark"),
        open_interest=_as(given.get("open_interest") or {}, dict[str, float], "open_interest"),
        funding=None if given.get("funding") is None else _funding(given["funding"]),
        liquidation=None if given.get("liquidation") is None else _liquidation(given["liquidation"]),
    )
    _check(case)
    return case


def encode_margin(answer: MarginAnswer) -> object:
    """Return the result of `margin`; what was not answered is left out."""
    told = msgspec.to_builtins(answer)
    return {key: value for key, value in told.items() if value is not None}


def _rules(given: JSONObject) -> VenueRules:
    contracts = tuple(_contract(entry, f"contracts[{i}]") for i, entry in enumerate(_list(given.get("contracts"), "contracts")))
    if not contracts:
        raise InputError("must name at least one contract", key="contracts")
    states = _struct(given["states"], StateRules, "states") if given.get("states") is not None else _plain_states(given.get("warning_ratio"))
    funding, forced = (given.get(key) for key in ("funding", "liquidation"))
    rule = _object(funding, "funding").get("rule") if funding is not None else None
    path = _object(forced, "liquidation").get("rule") if forced is not None else None
    return VenueRules(
        venue=Venue("asked"),
        contracts=contracts,
        states=states,
        collateral=tuple(_struct(entry, CollateralRule, f"collateral[{i}]") for i, entry in enumerate(_list(given.get("collateral") or [], "collateral"))),
        matrix=None if given.get("matrix") is None else _struct(given["matrix"], MatrixRule, "matrix"),
        fees=FeeRules() if given.get("fees") is None else _struct(given["fees"], FeeRules, "fees"),
        funding=None if rule is None else _struct(rule, FundingRule, "funding.rule"),
        liquidation=LiquidationRule() if path is None else _struct(path, LiquidationRule, "liquidation.rule"),
    )


def _plain_states(warning_ratio: object) -> StateRules:
    return StateRules(warning=None if warning_ratio is None else _as(warning_ratio, float, "warning_ratio"))


def _contract(given: object, where: str) -> Contract:
    told = _object(given, where)
    tiers = tuple(_struct(entry, Tier, f"{where}.tiers[{i}]") for i, entry in enumerate(_list(told.get("tiers"), f"{where}.tiers")))
    scaled = told.get("open_interest")
    made: JSONObject = dict(told) | {"tiers": tiers}
    made["open_interest"] = None if scaled is None else _struct(scaled, OpenInterest, f"{where}.open_interest")
    return checked_contract(_struct(made, Contract, where))


def _account(given: object, where: str) -> Account:
    told = dict(_object(given, where))
    positions = [_struct(entry, Position, f"{where}.positions[{i}]") for i, entry in enumerate(_list(told.pop("positions", []), f"{where}.positions"))]
    assets = tuple(_struct(entry, Asset, f"{where}.assets[{i}]") for i, entry in enumerate(_list(told.pop("assets", None) or [], f"{where}.assets")))
    if told.get("mode", "isolated") != "isolated":
        return msgspec.structs.replace(_struct(told, Account, where), positions=tuple(positions), assets=assets)
    if len(positions) != 1:
        raise InputError(f"must have one position in an isolated account, has {len(positions)}", key=f"{where}.positions")
    (only,) = positions
    return msgspec.structs.replace(_struct(told, Account, where), size=only.size, entry_price=only.entry_price, contract=only.contract)


def _funding(given: object) -> FundingCase:
    told = _object(given, "funding")
    return FundingCase(
        contract=_as(told.get("contract"), str, "funding.contract"),
        start=_as(told.get("start"), int, "funding.start"),
        end=_as(told.get("end"), int, "funding.end"),
        samples=tuple(_struct(entry, Sample, f"funding.samples[{i}]") for i, entry in enumerate(_list(told.get("samples"), "funding.samples"))),
        holdings=tuple(_struct(entry, Holding, f"funding.holdings[{i}]") for i, entry in enumerate(_list(told.get("holdings"), "funding.holdings"))),
        price=_as(told.get("price"), tuple[tuple[int, float], ...], "funding.price"),
        ticks=_as(told.get("ticks"), tuple[int, ...], "funding.ticks"),
    )


def _liquidation(given: object) -> LiquidationCase:
    told = _object(given, "liquidation")
    books = []
    for i, entry in enumerate(_list(told.get("books"), "liquidation.books")):
        book = _object(entry, f"liquidation.books[{i}]")
        books.append((_as(book.get("time"), int, f"liquidation.books[{i}].time"), _struct(book, Book, f"liquidation.books[{i}]")))
    return LiquidationCase(
        account=_as(told.get("account"), str, "liquidation.account"),
        start=_as(told.get("start"), int, "liquidation.start"),
        end=_as(told.get("end"), int, "liquidation.end"),
        books=tuple(books),
        marks=_as(told.get("marks"), tuple[tuple[int, float], ...], "liquidation.marks"),
        fund=_as(told.get("fund", 0.0), float, "liquidation.fund"),
        rivals=tuple(_struct(entry, Rival, f"liquidation.rivals[{i}]") for i, entry in enumerate(_list(told.get("rivals") or [], "liquidation.rivals"))),
    )


def _check(case: MarginCase) -> None:
    """Hold the parts of a case against one another."""
    count = len(case.times)
    if count * len(case.accounts) > MOST_MARGIN_CELLS:
        raise InputError(f"must not make more than {MOST_MARGIN_CELLS} entries with the accounts, {count} times for {len(case.accounts)} do", key="times")
    if any(later < earlier for earlier, later in zip(case.times, case.times[1:], strict=False)):
        raise InputError("must not go back", key="times")
    for key in ("index", "mark", "status", "last", "short_mark"):
        for name, series in getattr(case, key).items():
            if len(series) != count:
                raise InputError(f"must have {count} entries, one for each time, has {len(series)}", key=f"{key}.{name[:60]}")
    known = {contract.id for contract in case.rules.contracts}
    for i, account in enumerate(case.accounts):
        for position in account.all_positions:
            if position.contract not in known:
                raise InputError(f'must be of a contract that is given, was "{position.contract[:60]}"', key=f"accounts[{i}].positions")
    if len({account.id for account in case.accounts}) < len(case.accounts):
        raise InputError("must have unique ids", key="accounts")
    forced, funding = case.liquidation, case.funding
    if forced is not None and forced.account not in {account.id for account in case.accounts}:
        raise InputError(f'must name an account that is given, was "{forced.account[:60]}"', key="liquidation.account")
    if funding is not None and (funding.contract not in known or case.rules.funding is None):
        raise InputError("must have a rule, and a contract that is given", key="funding")


def _list(given: object, where: str) -> list[object]:
    if isinstance(given, list) and len(given) <= MOST_MARGIN_CELLS:
        return given
    raise InputError(f"must be a list{' that is not so long' if isinstance(given, list) else ', is missing' if given is None else ''}", key=where)


def _object(given: object, where: str) -> JSONObject:
    try:
        return as_object(given, where)
    except TargetFailure as failure:
        raise InputError(failure.detail) from None


def _struct(given: object, kind: type[Struct], where: str) -> Struct:
    """Read an object as a record; keys that the record does not have are ignored, null stands for its default."""
    told = _object(given, where)
    known = {field.name: field for field in msgspec.structs.fields(kind)}
    plain: dict[str, Any] = {key: value for key, value in told.items() if key in known and (value is not None or known[key].required)}
    return _as(plain, kind, where)


def _as(given: object, kind: type[Made], where: str) -> Made:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        said = _PLACE.match(str(error))
        place, rule = (said["place"], said["rule"]) if said else ("", str(error))
        raise InputError(f"does not fit: {rule[:1].lower()}{rule[1:]}", key=f"{where}{place}") from None
