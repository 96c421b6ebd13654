"""Asking both margin implementations for what a published case expects; what they do not agree about is a failure whatever was expected."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import pytest

from indexlab.margin import funding, liquidation, reference_funding, reference_liquidation
from indexlab.margin.account import Account, Position
from indexlab.margin.account_rules import FeeRules, StateRules
from indexlab.margin.answer import answer
from indexlab.margin.case import FundingCase, LiquidationCase, MarginCase
from indexlab.margin.contract import Contract, Tier, checked_contract
from indexlab.margin.rules import Venue, VenueRules
from indexlab.margin.rules_file import venue
from indexlab.margin.textbook import textbook
from tests.conformance.asking import DisagreementError

if TYPE_CHECKING:
    from fractions import Fraction

    from indexlab.margin.case import FundingAnswer, LiquidationAnswer, MarginAnswer

CLOSE = 1e-9
HOUR = 3_600_000_000


def close(expected, rel=CLOSE, abs_=0.0):
    """The published number, to a relative 1e-9 unless it says otherwise."""
    return pytest.approx(float(expected), rel=rel, abs=abs_)


def flat(rate, amount=0.0, initial=1.0, **fields) -> Contract:
    """A contract in which one tier counts; with an amount, a tier without margin below it makes both continuous."""
    steep = Tier(None, initial, rate, amount)
    tiers = (Tier(amount / rate, initial, 0.0, 0.0), steep) if amount else (steep,)
    return checked_contract(Contract(id="X", underlying="X", tiers=tiers, **fields))


def plain(*contracts, currency="USDT", fees=None, **sections) -> VenueRules:
    """Rules with these contracts and otherwise nothing of note: liquidation where the maintenance margin reaches the balance."""
    return VenueRules(Venue("case"), contracts, StateRules(currency=currency), fees=fees or FeeRules(), **sections)


def of_venue(name, *contracts, **sections) -> VenueRules:
    """A venue's rules with a case's own contracts (where it has any), and what else the case sets."""
    given = {"contracts": contracts} if contracts else {}
    return msgspec.structs.replace(venue(name), **given, **sections)


def isolated(size, entry, collateral, contract="X") -> Account:
    return Account("a", float(size), float(entry), float(collateral), contract)


def cross(collateral, *positions, assets=()) -> Account:
    """Positions as (contract, size, entry)."""
    return Account("a", collateral=float(collateral), mode="cross", positions=tuple(Position(*one) for one in positions), assets=assets)


def each(rules, account, marks, index=None, **more) -> tuple[MarginAnswer, MarginAnswer]:
    """What the engine and what the textbook says of one account at one time."""
    series = {name: (float(price),) for name, price in marks.items()}
    priced = {name: (float(price),) for name, price in (index or {}).items()}
    case = MarginCase(rules=rules, accounts=(account,), times=(0,), index=priced, mark=series, **more)
    ours, theirs = answer(case), textbook(case)
    for field in ("margin_ratio", "liquidation_price", "initial_margin"):
        mine, exact = _flat(getattr(ours, field)), _flat(getattr(theirs, field))
        if not all(_same(one, other) for one, other in zip(mine, exact, strict=True)):
            problem = f"{field}: {mine} and {exact}"
            raise DisagreementError(problem)
    if ours.state != theirs.state:
        problem = f"{ours.state} and {theirs.state}"
        raise DisagreementError(problem)
    return ours, theirs


def _flat(values):
    return [one for value in values or () for one in (value if isinstance(value, tuple) else (value,))]


def _same(mine, exact):
    if mine is None or exact is None:
        return mine is exact
    return mine == pytest.approx(exact, rel=CLOSE, abs=1e-12)


def maintenance(said: MarginAnswer, balance: float) -> float:
    """The maintenance margin that a ratio and the balance are of."""
    (ratio,) = said.margin_ratio[0]
    assert ratio is not None
    return ratio * balance


def balance(said: MarginAnswer, margin: float) -> float:
    """The balance that a ratio and the maintenance margin are of."""
    (ratio,) = said.margin_ratio[0]
    assert ratio is not None
    return margin / ratio


def margins(contract, notional, rules=None, **more):
    """(maintenance, initial) of a notional of a linear contract, by both."""
    size = float(notional)
    wealth = 2 * size + 1.0
    found = each(rules or plain(contract, currency=contract.settlement), isolated(size, 1.0, wealth, contract.id), {contract.id: 1.0}, **more)
    return [(maintenance(said, wealth), said.initial_margin[0]) for said in found]


def needs(contract, notionals) -> list[tuple[float, float]]:
    """The maintenance margins of notionals of a linear contract, (engine, textbook) each; without a first mark, so that nobody looks for prices."""
    accounts = tuple(Account(f"a{number}", float(notional), 1.0, 1.0 + 2 * notional, contract.id) for number, notional in enumerate(notionals))
    case = MarginCase(rules=plain(contract), accounts=accounts, times=(0, 1), index={}, mark={contract.id: (None, 1.0)})
    ratios = zip(answer(case).margin_ratio[1], textbook(case).margin_ratio[1], strict=True)
    return [(ours * (1.0 + 2 * notional), theirs * (1.0 + 2 * notional)) for notional, (ours, theirs) in zip(notionals, ratios, strict=True)]


def in_millionths(margin: float, notional: Fraction) -> int:
    """A margin as dYdX rounds it: the rate is cut off at a millionth, and the margin rounded up to one."""
    if notional == 0:
        return round(margin * 1e6)
    rate = math.floor(margin / float(notional) * 1e6 + 1e-6)
    return math.ceil(notional * rate)  # a rate in millionths of a notional in whole units


def settled(rules: VenueRules, **fields) -> FundingAnswer:
    """What is paid, where both say the same to the last unit."""
    case = FundingCase(**fields)
    ours, theirs = funding.settle(rules, case), reference_funding.settle(rules, case)
    if ours != theirs:
        problem = f"{ours} and {theirs}"
        raise DisagreementError(problem)
    return ours


def reduced(rules: VenueRules, account: Account, mark: float, book, **fields) -> LiquidationAnswer:
    """What a forced reduction does at one time, where both say the same to the last unit."""
    asked = LiquidationCase(account=account.id, start=0, end=0, books=((0, book),), marks=((0, float(mark)),), **fields)
    case = MarginCase(rules=rules, accounts=(account,), times=(0,), index={}, mark={account.contract: (float(mark),)}, liquidation=asked)
    ours, theirs = liquidation.reduce_position(case), reference_liquidation.reduce_position(case)
    if ours != theirs:
        problem = f"{ours} and {theirs}"
        raise DisagreementError(problem)
    return ours
