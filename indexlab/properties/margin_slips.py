"""What can be wrong with a margin answer about accounts: states, ratios, liquidation prices, initial margins, the order of states. Pure; for `margin-rules`."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from indexlab.margin import engine, reference_account, reference_price
from indexlab.margin.states import FROZEN, STATES
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import price_text
from indexlab.scenarios.margin_borders import is_plainly_at_border, is_plainly_in_tier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexlab.margin.account import Account
    from indexlab.margin.case import MarginCase, Series
    from indexlab.properties.run import MarginTalk

__all__ = ["MarginSlip", "slip_of"]

_NEAR: Final = 1e-9
_CODE: Final = {name: code for code, name in enumerate(STATES)}


class MarginSlip(NamedTuple):
    """The first thing that is wrong: `what` in one word, in which row of the case, with which account, and how it is told."""

    what: str
    row: int
    account: Account
    sentence: str
    promised: str
    seen: str


def slip_of(talk: MarginTalk) -> MarginSlip | None:
    """Return the first thing that is wrong with an answer, None where nothing is."""
    return _of_states(talk) or _out_of_order(talk) or _of_prices(talk) or _of_initial(talk)


def _of_states(talk: MarginTalk) -> MarginSlip | None:
    """Hold every state and ratio against the textbook's."""
    case, answer = talk.case, talk.answer
    states, ratios = reference_account.states(case)
    for row, told in enumerate(answer.state):
        for place, state in enumerate(told):
            ratio, right = answer.margin_ratio[row][place], ratios[row][place]
            if state == states[row][place] and _same_ratio(ratio, right):
                continue
            account = case.accounts[place]
            states_too, ratios_too = _allowed(case, account, row)
            if state != states[row][place] and state not in states_too:
                sentence = f"{_who(account)} is {state}{_at(case, account, row)}; by the rules it is {states[row][place]}."
                seen = f"{state}, margin ratio {_number(ratio)}; by the rules {states[row][place]}, {_number(right)}"
                return MarginSlip("state", row, account, sentence, "every account in the state that the venue's rules give", seen)
            if not (_same_ratio(ratio, right) or any(_same_ratio(ratio, each) for each in ratios_too)):
                sentence = f"the margin ratio of {_who(account)} is {_number(ratio)}{_at(case, account, row)}; by the rules it is {_number(right)}."
                return MarginSlip("ratio", row, account, sentence, "margin ratios as the venue's rules give them, to a relative 1e-9", f"{_number(ratio)}")
    return None


def _allowed(case: MarginCase, account: Account, row: int) -> tuple[set[str], set[float | None]]:
    """Return the states and the ratios that an account may have besides the right ones: what the rules give a hair of 1e-9 away.

    None where its figures are so plain that they are exactly at the border in double precision, in whatever order they are worked out.
    """
    if account.mode == "isolated":
        contract = case.rules.contract(account.contract)
        series = case.short_mark.get(account.contract) if account.size < 0 else None
        mark = (case.mark.get(account.contract, ()) if series is None else series)[row]
        plain = mark is not None and is_plainly_in_tier(contract, account, mark)
        if mark is not None and plain and is_plainly_at_border(case.rules, contract, account, mark):
            return set(), set()
    states: set[str] = set()
    ratios: set[float | None] = set()
    for other in _hairs(msgspec.structs.replace(case, accounts=(account,), funding=None, liquidation=None)):
        told = reference_account.states(other)
        states.add(told[0][row][0])
        ratios.add(told[1][row][0])
    return states, ratios


def _hairs(case: MarginCase) -> Iterator[MarginCase]:
    """Yield the case with all marks, and with all indices, a hair higher and lower."""
    for marks in (1 - _NEAR, 1 + _NEAR):
        for indices in (1 - _NEAR, 1 + _NEAR):
            yield msgspec.structs.replace(
                case,
                mark={name: _scaled(series, marks) for name, series in case.mark.items()},
                short_mark={name: _scaled(series, marks) for name, series in case.short_mark.items()},
                index={name: _scaled(series, indices) for name, series in case.index.items()},
            )


def _scaled(series: Series, factor: float) -> Series:
    return tuple(None if value is None else value * factor for value in series)


def _same_ratio(one: float | None, other: float | None) -> bool:
    """Say whether two ratios are the same; where little is left of the balance, what rounding does to it grows with the ratio."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _NEAR * max(abs(other), 1e-12) * max(abs(other), 1.0)


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=_NEAR, abs_tol=1e-12)


def _out_of_order(talk: MarginTalk) -> MarginSlip | None:
    """Hold the states of each isolated account against one another where the rules are monotone: a worse price never gives a better state."""
    case = talk.case
    if case.rules.states.persistence > 1:
        return None
    for place, account in enumerate(case.accounts):
        contract = None if account.mode != "isolated" else case.rules.contract(account.contract)
        if contract is None or contract.tier_rule != "marginal" or contract.is_inverse or account.contract in case.short_mark:
            continue
        seen = [
            (mark if account.size > 0 else -mark, row, _CODE[talk.answer.state[row][place]])
            for row, mark in enumerate(case.mark.get(account.contract, ()))
            if mark is not None and talk.answer.state[row][place] != STATES[FROZEN]
        ]
        seen.sort(reverse=True)
        for (price, before, better), (worse, row, state) in pairwise(seen):
            if state < better and abs(worse - price) > _NEAR * abs(price):
                sentence = (
                    f"{_who(account)} is {STATES[better]}{_at(case, account, before)}, and {STATES[state]}{_at(case, account, row)}, which is worse for it."
                )
                seen_text = f"{STATES[better]} at {price_text(abs(price))}, {STATES[state]} at {price_text(abs(worse))}"
                return MarginSlip("order", row, account, sentence, "a worse price never gives a better state", seen_text)
    return None


def _of_prices(talk: MarginTalk) -> MarginSlip | None:
    """Hold liquidation prices against the engine's, and what is not the same against the textbook's; ours against the textbook's alone, an account a case."""
    case, told = talk.case, talk.answer.liquidation_price
    if told is None or not case.accounts or not case.times:
        return None
    if talk.ours:
        # at the first time both runs of a batch are alike, but for a fault that was there from the start
        suspects = [] if talk.twin != CLEAN else [case.times[0] // 1_000_000 % len(case.accounts)]
    else:
        right = engine.judge(_at_first(case)).liquidation_price
        suspects = [place for place, (one, other) in enumerate(zip(told, right, strict=True)) if not _same(one, other)]
    for place in suspects:
        account = case.accounts[place]
        (price,) = reference_price.liquidation_prices(msgspec.structs.replace(_at_first(case), accounts=(account,)))
        if not _same(told[place], price):
            sentence = f"the liquidation price of {_who(account)} is {_number(told[place])}; by the rules it is {_number(price)}."
            return MarginSlip("price", 0, account, sentence, "liquidation prices as the venue's rules give them, to a relative 1e-9", _number(told[place]))
    return None


def _of_initial(talk: MarginTalk) -> MarginSlip | None:
    case, told = talk.case, talk.answer.initial_margin
    if told is None or not case.accounts or not case.times:
        return None
    for account, one, right in zip(case.accounts, told, reference_account.initial_margins(_at_first(case)), strict=True):
        if not _same(one, right):
            sentence = f"the initial margin of {_who(account)} is {_number(one)}; by the rules it is {_number(right)}."
            return MarginSlip("initial", 0, account, sentence, "initial margins as the venue's rules give them, to a relative 1e-9", _number(one))
    return None


def _at_first(case: MarginCase) -> MarginCase:
    """Return the case at its first time alone."""
    first = {name: {key: series[:1] for key, series in getattr(case, name).items()} for name in ("index", "mark", "status", "last", "short_mark")}
    return msgspec.structs.replace(case, times=case.times[:1], funding=None, liquidation=None, **first)


def _who(account: Account) -> str:
    return f"the {account.mode} account {account.id}"


def _at(case: MarginCase, account: Account, row: int) -> str:
    """Return at which mark, or nothing for an account with several positions."""
    if account.mode != "isolated":
        return ""
    mark = case.mark.get(account.contract, ())[row]
    return " without a mark" if mark is None else f" at {price_text(mark)}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.12g}"
