"""Forced reductions made by hand: a long of 10 that must give up 4, and one whose fund is empty, so that rivals are taken from; answers changed at will."""

from dataclasses import replace

import msgspec

from indexlab.margin.account import Account
from indexlab.margin.account_rules import FeeRules
from indexlab.margin.case import Book, LiquidationCase, MarginAnswer, MarginCase, Rival
from indexlab.margin.contract import Contract, Tier
from indexlab.margin.liquidation import reduce_position
from indexlab.margin.liquidation_rules import LiquidationRule
from indexlab.margin.rules import Venue, VenueRules
from indexlab.market.units import SECOND
from indexlab.properties.run import CLEAN, MarginTalk
from tests.properties.recording import at, level, market, recorded

CONTRACT = Contract("PERP", "BTC", (Tier(None, 0.1, 0.05, 0.0),), tick=0.5, lot=1.0, unit=0.01)
RIVALS = (Rival("ann", -4.0, 100.0, 50.0), Rival("bob", -4.0, 120.0, 50.0), Rival("cid", 3.0, 90.0, 50.0))
RUN = recorded(level(1.02, 1), quotes=market(lambda *_: 100.0))


def case_with(*, collateral=80.0, mark=95.0, fund=100.0, bids=((95.0, 6.0), (94.0, 6.0)), rule=None, rivals=RIVALS, size=10.0):
    """Return a case: `size` bought at 100, at second 20."""
    rule = LiquidationRule(path="ioc-takeover") if rule is None else rule
    rules = VenueRules(Venue("some"), (CONTRACT,), fees=FeeRules(0.0005, 0.0, 0.001), liquidation=rule)
    book = Book(bids, ((105.0, 6.0), (106.0, 6.0)))
    asked = LiquidationCase("me", at(20), at(50), ((at(20), book),), ((at(20), mark),), fund, rivals)
    return MarginCase(rules, (Account("me", size, 100.0, collateral, "PERP"),), (), {}, {}, liquidation=asked)


STEPS = case_with(rule=LiquidationRule(path="incremental-fraction", fraction=0.2, cool_down_us=5 * SECOND))
"""Two rounds of 2."""
EMPTY = case_with(mark=91.0, collateral=80.0, fund=1.0, bids=((89.0, 20.0),))
"""Bankrupt below 92: bob and then ann are taken from."""


def talk(twin, case, change=None, *, ours=None, answered=True):
    """Return what our engine answers, changed by hand; a changed answer is another's."""
    answer = reduce_position(case) if answered else None
    if change is not None and answer is not None:
        answer = change(answer)
    return MarginTalk(twin, case, MarginAnswer((), (), liquidation=answer), ours=change is None if ours is None else ours)


def run_with(*talks):
    return replace(RUN, margin=talks)


def other(**fields):
    """Return a change of some fields, each by a function of the answer."""
    return lambda answer: msgspec.structs.replace(answer, **{name: change(answer) for name, change in fields.items()})


def first_fill(**fields):
    """Return a change of the first fill."""
    return other(fills=lambda answer: (msgspec.structs.replace(answer.fills[0], **fields), *answer.fills[1:]))


def moved(debtor, creditor, amount, **fields):
    """Return a change: money that went somewhere else."""

    def balances(answer):
        return {**answer.balances, debtor: answer.balances[debtor] - amount, creditor: answer.balances[creditor] + amount}

    return other(balances=balances, **fields)


def resized(size):
    """Return a change: the first fill is of another size, and so is what remains."""

    def change(answer):
        fill = msgspec.structs.replace(answer.fills[0], size=size)
        scaled = round(answer.fills[0].fee * size / answer.fills[0].size)
        fill = msgspec.structs.replace(fill, fee=scaled)
        fills = (fill, *answer.fills[1:])
        return msgspec.structs.replace(answer, fills=fills, remaining=10.0 + sum(one.size for one in fills), fees=sum(one.fee for one in fills))

    return change


SETTING = "a long of 10 that an order of 4 makes safe; the target closes 14"


def example():
    """Return the run of the property's example."""
    return run_with(talk(CLEAN, case_with(), resized(-14.0)))
