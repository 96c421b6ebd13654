"""Funding made by hand: three slots in a minute, ann long against bob and cid, asked over the clean run and over one in which a source is wrong."""

from dataclasses import replace

import msgspec

from indexlab.margin.case import FundingCase, Holding, MarginAnswer, MarginCase, Sample
from indexlab.margin.contract import Contract, Tier
from indexlab.margin.funding import settle
from indexlab.margin.funding_rules import FundingRule
from indexlab.margin.rules import Venue, VenueRules
from indexlab.market.units import SECOND
from indexlab.properties.run import CLEAN, MarginTalk
from tests.properties.recording import START, at, level, market, recorded

CONTRACT = Contract("PERP", "BTC", (Tier(None, 0.01, 0.005, 0.0),), unit=1e-6)
# 12:00:00 is a multiple of 20 s
RULE = FundingRule(
    interval_us=20 * SECOND, base_interval_us=20 * SECOND, interest=0.0001, clamp=0.0005, cap=0.003, rounding="half-even", window_late_us=2 * SECOND
)
HOLDINGS = (Holding("ann", 10.0, START), Holding("bob", -7.0, START), Holding("cid", -3.0, START), Holding("dee", 1.0, at(41)), Holding("eve", -1.0, at(41)))
TICKS = (at(20), at(20), at(10), at(59.5), at(60))
RUN = recorded(level(1.02, 1), level(1.5, 0), quotes=market(lambda *_: 100.0))


def rules_with(rule=RULE, contract=CONTRACT):
    return VenueRules(Venue("some"), (contract,), funding=rule)


def funding(*, displaced=1.0, premium=0.001, holdings=HOLDINGS, ticks=TICKS):
    """Return a case over an index of 100 that is displaced at second 30 and later; the book stays where it is."""
    index = [(at(second), 100.0 * (displaced if second >= 30 else 1.0)) for second in range(5, 61, 5)]
    samples = tuple(Sample(time, value, 100.0 * (1 + premium), 100.0 * (1 + premium)) for time, value in index)
    return FundingCase("PERP", START, at(60), samples, holdings, tuple(index), ticks)


def talk(twin, case, *, rules=None, change=None, answered=True):
    """Return what our engine answers, changed by hand."""
    rules = rules_with() if rules is None else rules
    answer = settle(rules, case) if answered else None
    asked = MarginCase(rules, (), (), {}, {}, funding=case)
    return MarginTalk(twin, asked, MarginAnswer((), (), funding=answer if change is None else change(answer)), ours=change is None)


def run_with(*talks, run=RUN):
    return replace(run, margin=talks)


def paid(place, **amounts):
    """Return a change: what parties receive at one slot is so much more."""

    def change(answer):
        payments = list(answer.payments)
        payments[place] = {party: payments[place].get(party, 0) + amounts.get(party.replace(" ", "_"), 0) for party in {*payments[place], *amounts}}
        return msgspec.structs.replace(answer, payments=tuple(payments))

    return change


def paid_again(answer):
    """Pay the second slot again, as after a restart."""
    return msgspec.structs.replace(
        answer, **{field: (*getattr(answer, field)[:2], *getattr(answer, field)[1:]) for field in ("slots", "rates", "payments", "capped")}
    )


SETTING = "slots every 20 s, at which ann's 10 pay bob's 7 and cid's 3; after a restart the target pays the second one again"


def example():
    """Return the run of the property's example."""
    return run_with(talk(CLEAN, funding(), change=paid_again))
