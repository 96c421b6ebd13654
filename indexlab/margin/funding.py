"""The engine of funding: slots, rates and payments of a case. Its textbook is `reference_funding`; the rule's sentences are those of `FundingRule`.

A payment is a whole number of smallest units, and a double has too few digits to say on which side of a whole number 0.01 % of a large position falls. So
money is whole numbers throughout (`funding_money`), and so is the rate that it is computed from; floats shorten the one thing that takes time, averaging the
premium, and only where their error cannot change a digit of the rounded rate. Where it could, or where the rule does not round, the average is taken in whole
numbers too.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from indexlab.margin.case import FundingAnswer
from indexlab.margin.funding_check import checked_funding, funding_of
from indexlab.margin.funding_money import payments
from indexlab.margin.funding_rate import Premiums, Rate, rate_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexlab.margin.case import FundingCase, Holding
    from indexlab.margin.funding_rules import FundingRule
    from indexlab.margin.rules import VenueRules

__all__ = ["Slot", "average_premium", "is_there", "next_slot", "price_at", "settle", "slots"]


class Slot(NamedTuple):
    """A slot, when the one before it was, the interval in force at it, and its rate."""

    time: int
    before: int
    interval_us: int
    rate: Rate


def settle(rules: VenueRules, case: FundingCase) -> FundingAnswer:
    """Return what was paid at which slot. Raises InputError for what the rules cannot judge (checked_funding)."""
    case = checked_funding(rules, case)
    rule, contract = funding_of(rules), rules.contract(case.contract)
    # readings pay whatever is due in the order of the slots: together, every slot up to the latest reading, once
    due = max(case.ticks, default=case.start)
    paid = list(slots(rule, case, due))
    usable = _usable(case.price)
    booked = []
    for slot in paid:
        there = [holding for holding in case.holdings if is_there(rule, holding, slot.time)]
        booked.append(payments(rule, contract, there, _newest(usable, slot.time), slot.rate))
    return FundingAnswer(
        slots=tuple(slot.time for slot in paid),
        rates=tuple(slot.rate.value for slot in paid),
        payments=tuple(booked),
        capped=tuple(slot.rate.capped for slot in paid),
    )


def average_premium(rule: FundingRule, premiums: Premiums, slot: Slot) -> float:
    """Return the average premium that a slot's rate was made of."""
    after = slot.time - rule.window_us if rule.averaging == "trailing" else slot.before
    places, linear = premiums.places(after, slot.time), rule.averaging == "linear"
    average, error = premiums.average(*places, linear=linear)
    if error < math.inf:
        return average
    above, below = premiums.exact_average(*places, linear=linear)
    return above / below


def next_slot(rule: FundingRule, after: int, interval_us: int) -> int:
    """Return the first slot after a moment, for the interval in force."""
    return after + interval_us - (after - rule.offset_us) % interval_us


def slots(rule: FundingRule, case: FundingCase, until: int | None = None) -> Iterator[Slot]:
    """Give the slots of a case in order with their rates, paid or not; those up to `until` where it is given."""
    premiums = Premiums(case.samples)
    end = case.end if until is None else min(case.end, until)
    interval, calm, before = rule.interval_us, 0, None
    time = next_slot(rule, case.start, interval)
    while time <= end:
        since = time - interval if before is None else before
        rate = rate_of(rule, premiums, time - rule.window_us if rule.averaging == "trailing" else since, time, interval)
        yield Slot(time, since, interval, rate)
        if rule.shorter_interval_us and rate.at_cap:
            interval, calm = rule.shorter_interval_us, 0
        elif interval != rule.interval_us:
            calm = calm + 1 if rate.at_most(rule.calm_rate) else 0
            if calm == rule.calm_slots > 0:
                interval, calm = rule.interval_us, 0
        before, time = time, next_slot(rule, time, interval)


def is_there(rule: FundingRule, holding: Holding, slot: int) -> bool:
    """Say whether a holding pays at a slot."""
    opened = holding.opened <= slot or holding.opened - slot < rule.window_late_us
    return opened and (holding.closed is None or holding.closed > max(slot, holding.opened))


def price_at(price: tuple[tuple[int, float], ...], slot: int) -> float | None:
    """Return the newest usable price at or before a slot, None where there is none."""
    return _newest(_usable(price), slot)


def _usable(price: tuple[tuple[int, float], ...]) -> list[tuple[int, float]]:
    """Return the prices that are some, by their time; of one time the last stays last."""
    return sorted((one for one in price if 0 < one[1] < math.inf), key=lambda one: one[0])


def _newest(usable: list[tuple[int, float]], slot: int) -> float | None:
    found = bisect_right(usable, slot, key=lambda one: one[0])
    return usable[found - 1][1] if found else None
