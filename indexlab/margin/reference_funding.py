"""The textbook of funding: slots, rates and payments in fractions, sentence by sentence as `FundingRule` says. Slow; no arithmetic of the engine's."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from indexlab.margin.case import FundingAnswer
from indexlab.margin.exact import exact
from indexlab.margin.funding_check import checked_funding, funding_of
from indexlab.margin.ledger import COUNTERPARTIES, FUND

if TYPE_CHECKING:
    from indexlab.margin.case import FundingCase, Holding, Sample
    from indexlab.margin.contract import Contract
    from indexlab.margin.funding_rules import FundingRule
    from indexlab.margin.rules import VenueRules

__all__ = ["Due", "Slot", "dues", "remainder_party", "settle", "slots"]


class Slot(NamedTuple):
    """A slot, the interval in force at it, the average premium, its rate, and whether the cap cut that."""

    time: int
    interval_us: int
    premium: Fraction
    rate: Fraction
    capped: bool


class Due(NamedTuple):
    """What a party's holding pays at a slot (below 0: receives), and its notional, in the smallest unit and not rounded."""

    party: str
    notional: Fraction
    pays: Fraction


def settle(rules: VenueRules, case: FundingCase) -> FundingAnswer:
    """Return what was paid at which slot. Raises InputError for what the rules cannot judge (checked_funding)."""
    case = checked_funding(rules, case)
    rule, contract = funding_of(rules), rules.contract(case.contract)
    known = slots(rule, case)
    paid: list[Slot] = []
    for clock in case.ticks:
        paid.extend(slot for slot in known if slot.time <= clock and slot not in paid)
    return FundingAnswer(
        slots=tuple(slot.time for slot in paid),
        rates=tuple(float(slot.rate) for slot in paid),
        payments=tuple(_payments(rule, contract, case, slot) for slot in paid),
        capped=tuple(slot.capped for slot in paid),
    )


def slots(rule: FundingRule, case: FundingCase) -> list[Slot]:
    """Return every slot of the case, paid or not, in order."""
    found: list[Slot] = []
    interval, calm = rule.interval_us, 0
    before: int | None = None
    while True:
        time = _next_slot(rule, case.start if before is None else before, interval)
        if time > case.end:
            return found
        premium = _average(rule, case.samples, time - interval if before is None else before, time)
        rate, capped = _rate(rule, premium, interval)
        found.append(Slot(time, interval, premium, rate, capped))
        at_cap = rule.cap > 0 and abs(rate) == exact(rule.cap)
        if rule.shorter_interval_us and at_cap:
            interval, calm = rule.shorter_interval_us, 0
        elif interval != rule.interval_us:
            calm = calm + 1 if abs(rate) <= exact(rule.calm_rate) else 0
            if rule.calm_slots and calm >= rule.calm_slots:
                interval, calm = rule.interval_us, 0
        before = time


def _next_slot(rule: FundingRule, after: int, interval: int) -> int:
    count = math.floor(Fraction(after - rule.offset_us, interval)) + 1
    return rule.offset_us + count * interval


def _average(rule: FundingRule, samples: tuple[Sample, ...], before: int, slot: int) -> Fraction:
    first = slot - rule.window_us if rule.averaging == "trailing" else before
    taken = [sample for sample in sorted(samples, key=lambda sample: sample.time) if first < sample.time <= slot and _is_taken(sample)]
    weights = [place if rule.averaging == "linear" else 1 for place in range(1, len(taken) + 1)]
    if not taken:
        return Fraction(0)
    return sum((weight * _premium(sample) for weight, sample in zip(weights, taken, strict=True)), Fraction(0)) / sum(weights)


def _is_taken(sample: Sample) -> bool:
    return all(math.isfinite(figure) for figure in (sample.index, sample.bid, sample.ask)) and sample.index > 0


def _premium(sample: Sample) -> Fraction:
    index, bid, ask = exact(sample.index), exact(sample.bid), exact(sample.ask)
    return (max(Fraction(0), bid - index) - max(Fraction(0), index - ask)) / index


def _rate(rule: FundingRule, premium: Fraction, interval: int) -> tuple[Fraction, bool]:
    clamp, cap = exact(rule.clamp), exact(rule.cap)
    rate = premium + min(max(exact(rule.interest) - premium, -clamp), clamp)
    rate *= Fraction(interval, rule.base_interval_us)
    if rule.rounding != "none":
        step = Fraction(1, 10**rule.rate_decimals)
        # round() of a fraction goes to the even neighbour, trunc() toward zero
        rate = step * (round(rate / step) if rule.rounding == "half-even" else math.trunc(rate / step))
    if cap == 0:
        return rate, False
    return min(max(rate, -cap), cap), abs(rate) > cap


def _payments(rule: FundingRule, contract: Contract, case: FundingCase, slot: Slot) -> dict[str, int]:
    received: dict[str, int] = {}
    for one in dues(rule, contract, case, slot):
        received[one.party] = received.get(one.party, 0) - math.trunc(one.pays)
    left = -sum(received.values())
    if left:
        party = remainder_party(rule, case, slot.time)
        received[party] = received.get(party, 0) + left
    return received


def dues(rule: FundingRule, contract: Contract, case: FundingCase, slot: Slot) -> list[Due]:
    """Return what each holding that is there pays at a slot before it is rounded, and the counterparties'."""
    price = _price(case, slot.time)
    sizes = [(holding.account, exact(holding.size)) for holding in _holders(rule, case, slot.time)]
    rest = -sum((size for _, size in sizes), Fraction(0))
    if rest:
        sizes.append((COUNTERPARTIES, rest))
    found = []
    for party, size in sizes:
        notional = _notional(contract, size, price) / exact(contract.unit)
        found.append(Due(party, notional, notional * slot.rate * (1 if size > 0 else -1)))
    return found


def remainder_party(rule: FundingRule, case: FundingCase, slot: int) -> str:
    """Return who bears what rounding leaves over."""
    if rule.remainder == "fund":
        return FUND
    return min(_holders(rule, case, slot), key=lambda holding: (-abs(exact(holding.size)), holding.account)).account


def _holders(rule: FundingRule, case: FundingCase, slot: int) -> list[Holding]:
    return [holding for holding in case.holdings if exact(holding.size) != 0 and _is_there(rule, holding, slot)]


def _is_there(rule: FundingRule, holding: Holding, slot: int) -> bool:
    if holding.closed is not None and not (slot < holding.closed and holding.opened < holding.closed):
        return False
    return holding.opened <= slot or holding.opened < slot + rule.window_late_us


def _price(case: FundingCase, slot: int) -> Fraction | None:
    usable = [(time, place, price) for place, (time, price) in enumerate(case.price) if time <= slot and math.isfinite(price) and price > 0]
    return exact(max(usable)[2]) if usable else None


def _notional(contract: Contract, size: Fraction, price: Fraction | None) -> Fraction:
    if price is None:
        return Fraction(0)
    base = abs(size) * exact(contract.multiplier)
    return base / price if contract.kind == "inverse" else base * price
