"""What a target answers to `margin`, read strictly: the states and ratios of every account at every time, and what else it says of what it was asked.

An answer that does not fit raises TargetFailure `misfit` with the place, the rule and the value. What is well-formed and wrong is the properties' to find.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.margin.case import Fill, FundingAnswer, LiquidationAnswer, MarginAnswer
from indexlab.margin.ledger import COUNTERPARTIES, FEES, FUND
from indexlab.margin.states import STATES
from indexlab.targets.shape import JSONObject, as_list, as_object, misfit, numbers, shown, words

if TYPE_CHECKING:
    from indexlab.margin.case import FundingCase, LiquidationCase, MarginCase

__all__ = ["read_margin"]

_MOST_SLOTS: Final = 4_096
_MOST_FILLS: Final = 65_536
_MOST_PARTIES: Final = 4_096
_LARGEST_UNITS: Final = 2**63
_LARGEST_TIME: Final = 2**53
_BOOK: Final = "book"
_VAULT: Final = "vault"


def read_margin(result: object, case: MarginCase) -> MarginAnswer:
    """Read the result of `margin` for a case; raises TargetFailure. Only `state` and `margin_ratio` must be there."""
    told = as_object(result, "result")
    times, accounts = len(case.times), len(case.accounts)
    funding = told.get("funding") if case.funding is not None else None
    forced = told.get("liquidation") if case.liquidation is not None else None
    return MarginAnswer(
        state=tuple(_states(row, f"state[{i}]", accounts) for i, row in enumerate(as_list(told.get("state"), "state", times, "time"))),
        margin_ratio=tuple(
            _numbers(row, f"margin_ratio[{i}]", accounts) for i, row in enumerate(as_list(told.get("margin_ratio"), "margin_ratio", times, "time"))
        ),
        liquidation_price=_optional(told, "liquidation_price", accounts),
        initial_margin=_optional(told, "initial_margin", accounts),
        funding=None if funding is None or case.funding is None else _funding(as_object(funding, "funding"), case.funding),
        liquidation=None if forced is None or case.liquidation is None else _liquidation(as_object(forced, "liquidation"), case.liquidation),
    )


def _states(row: object, where: str, accounts: int) -> tuple[str, ...]:
    return tuple(STATES[code] for code in words(row, where, accounts, "account", STATES).tolist())


def _numbers(row: object, where: str, length: int, unit: str = "account") -> tuple[float | None, ...]:
    read = numbers(row, where, length, unit, nullable=True)
    beyond = np.flatnonzero(np.isinf(read))
    if len(beyond):
        raise misfit(f"{where}[{beyond[0]}]", "must be a finite number or null")
    return tuple(None if value != value else value for value in read.tolist())  # noqa: PLR0124 - NaN is the one value unequal to itself


def _optional(told: JSONObject, key: str, accounts: int) -> tuple[float | None, ...] | None:
    return None if told.get(key) is None else _numbers(told[key], key, accounts)


def _funding(told: JSONObject, asked: FundingCase) -> FundingAnswer:
    parties = frozenset({FUND, COUNTERPARTIES, *(holding.account for holding in asked.holdings)})
    slots = _listed(told.get("slots"), "funding.slots", _MOST_SLOTS)
    count = len(slots)
    rates = numbers(told.get("rates"), "funding.rates", count, "slot", nullable=False)
    payments = as_list(told.get("payments"), "funding.payments", count, "slot")
    capped = () if told.get("capped") is None else as_list(told["capped"], "funding.capped", count, "slot")
    for place, flag in enumerate(capped):
        if not isinstance(flag, bool):
            raise misfit(f"funding.capped[{place}]", f"must be true or false, was {shown(flag)}")
    return FundingAnswer(
        slots=tuple(_time(slot, f"funding.slots[{place}]") for place, slot in enumerate(slots)),
        rates=tuple(rates.tolist()),
        payments=tuple(_amounts(each, f"funding.payments[{place}]", parties) for place, each in enumerate(payments)),
        capped=tuple(bool(flag) for flag in capped),
    )


def _liquidation(told: JSONObject, asked: LiquidationCase) -> LiquidationAnswer:
    parties = frozenset({asked.account, FUND, FEES, COUNTERPARTIES, _VAULT, *(rival.account for rival in asked.rivals)})
    fills = _listed(told.get("fills"), "liquidation.fills", _MOST_FILLS)
    taken = [] if told.get("deleveraged") is None else _listed(told["deleveraged"], "liquidation.deleveraged", _MOST_PARTIES)
    bankruptcy, ended = told.get("bankruptcy_price"), told.get("ended")
    return LiquidationAnswer(
        fills=tuple(_fill(as_object(each, f"liquidation.fills[{place}]"), f"liquidation.fills[{place}]", parties) for place, each in enumerate(fills)),
        remaining=_number(told.get("remaining"), "liquidation.remaining"),
        cost=_units(told.get("cost"), "liquidation.cost"),
        fees=_units(told.get("fees"), "liquidation.fees"),
        from_fund=_units(told.get("from_fund"), "liquidation.from_fund"),
        balances=_amounts(told.get("balances"), "liquidation.balances", parties),
        bankruptcy_price=None if bankruptcy is None else _number(bankruptcy, "liquidation.bankruptcy_price"),
        deleveraged=tuple(_party(each, f"liquidation.deleveraged[{place}]", parties) for place, each in enumerate(taken)),
        ended=None if ended is None else _time(ended, "liquidation.ended"),
    )


def _fill(told: JSONObject, where: str, parties: frozenset[str]) -> Fill:
    return Fill(
        time=_time(told.get("time"), f"{where}.time"),
        size=_number(told.get("size"), f"{where}.size"),
        price=_number(told.get("price"), f"{where}.price"),
        fee=0 if told.get("fee") is None else _units(told["fee"], f"{where}.fee"),
        to=_BOOK if told.get("to") is None else _party(told["to"], f"{where}.to", parties | {_BOOK}),
    )


def _listed(given: object, where: str, most: int) -> list[object]:
    if not isinstance(given, list):
        raise misfit(where, f"must be a list, {'is missing' if given is None else f'was {shown(given)}'}")
    if len(given) > most:
        raise misfit(where, f"must not have more than {most} entries, has {len(given)}")
    return given


def _number(given: object, where: str) -> float:
    if type(given) is not int and type(given) is not float:
        raise misfit(where, f"must be a number, {'is missing' if given is None else f'was {shown(given)}'}")
    try:
        number = float(given)
    except OverflowError:
        raise misfit(where, "must fit a double-precision number, is too large") from None
    if not math.isfinite(number):
        raise misfit(where, "must be a finite number")
    return number


def _whole(given: object, where: str, rule: str, least: int, beyond: int) -> int:
    if type(given) is int and least <= given < beyond:
        return given
    if type(given) is float and given.is_integer() and least <= given < beyond:
        return int(given)  # of an engine whose numbers are all of one type
    raise misfit(where, f"must be {rule}, {'is missing' if given is None else f'was {shown(given)}'}")


def _units(given: object, where: str) -> int:
    return _whole(given, where, "a whole number of smallest units", -_LARGEST_UNITS, _LARGEST_UNITS)


def _time(given: object, where: str) -> int:
    return _whole(given, where, "microseconds since 1970, a whole number", 0, _LARGEST_TIME)


def _party(given: object, where: str, parties: frozenset[str]) -> str:
    if isinstance(given, str) and given in parties:
        return given
    raise misfit(where, f"must be one of {', '.join(sorted(parties)[:8])}{', …' if len(parties) > 8 else ''}, was {shown(given)}")


def _amounts(given: object, where: str, parties: frozenset[str]) -> dict[str, int]:
    told = as_object(given, where)
    return {_party(party, f"a party of {where}", parties): _units(amount, f"{where}.{party}") for party, amount in told.items()}
