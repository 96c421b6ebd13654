"""What can be wrong with an answer about funding: slots, rates, sums, who pays, and each amount against the textbook. Pure; for `funding-bounds`."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

from indexlab.margin import reference_funding
from indexlab.margin.funding import is_there, next_slot
from indexlab.margin.ledger import COUNTERPARTIES, FUND
from indexlab.market.times import time_text
from indexlab.market.units import format_duration, format_ratio

if TYPE_CHECKING:
    from indexlab.margin.case import FundingAnswer, FundingCase
    from indexlab.margin.contract import Contract
    from indexlab.margin.funding_rules import FundingRule
    from indexlab.margin.rules import VenueRules

__all__ = ["Slip", "clock_of", "money", "slip"]

_NEAR: Final = 1e-9
"""So much a rate may be off, as a share of it, before it is another."""
_LEAST: Final = 1e-12
_BINARY: Final = Fraction(1, 10**14)
"""By so much of the notional a rate that is not rounded differs where it is computed in floats."""
_HAIR: Final = Fraction(1, 10**6)
"""By so much of a unit an amount that is computed in floats may lie beyond a whole one."""


class Slip(NamedTuple):
    """The first thing that is wrong: `what` in one word, at which slot, what was wrong, what was promised, what was seen."""

    what: str
    slot: int
    sentence: str
    promised: str
    seen: str


def slip(rules: VenueRules, case: FundingCase, answer: FundingAnswer) -> Slip | None:
    """Return the first thing that is wrong with an answer, None where nothing is."""
    rule, contract = rules.funding, rules.contract(case.contract)
    if rule is None:
        return None
    by_itself = _slots(rule, case, answer) or _caps(rule, answer) or _sums(contract, answer) or _parties(rule, contract, case, answer)
    return by_itself or _textbook(rule, contract, case, answer)


def clock_of(slot: int) -> str:
    """Return a slot's time of day."""
    return time_text(slot)[11:19]


def money(contract: Contract, units: Fraction | int) -> str:
    """Return an amount of smallest units in the settlement currency."""
    return f"{float(units) * contract.unit:.10g} {contract.settlement}"


def _slots(rule: FundingRule, case: FundingCase, answer: FundingAnswer) -> Slip | None:
    promised = "one payment a slot, whatever the clock or a restart does"
    if not len(answer.slots) == len(answer.rates) == len(answer.payments) or len(answer.capped) not in {0, len(answer.slots)}:
        seen = f"{len(answer.slots)} slots, {len(answer.rates)} rates, {len(answer.payments)} payments"
        return Slip("ragged", case.start, "there is not a rate and a payment for each slot.", promised, seen)
    seen = f"slots {', '.join(clock_of(slot) for slot in answer.slots[:8])}{', …' if len(answer.slots) > 8 else ''}" if answer.slots else "no slot"
    for place, slot in enumerate(answer.slots):
        if slot in answer.slots[:place]:
            return Slip("twice", slot, f"the slot of {clock_of(slot)} is paid twice.", promised, seen)
    due = _due(rule, case, answer)
    read = max(case.ticks, default=case.start)
    for slot in due:
        if slot not in answer.slots:
            why = f"the clock was read at {clock_of(read)}"
            return Slip("skipped", slot, f"the slot of {clock_of(slot)} is never paid, though {why}.", f"{promised}; one that was skipped is paid late", seen)
    for slot in answer.slots:
        if slot not in due:
            why = "the clock was never read at or after it" if slot > read else f"with an interval of {format_duration(rule.interval_us)} it is no slot"
            return Slip("not-due", slot, f"{clock_of(slot)} is paid, and {why}.", promised, seen)
    return None


def _due(rule: FundingRule, case: FundingCase, answer: FundingAnswer) -> list[int]:
    """Return the slots that had to be paid; where the interval hangs on rates, by the rates of the answer itself."""
    until = min(case.end, max(case.ticks, default=case.start))
    rates = dict(zip(answer.slots, answer.rates, strict=True))
    due: list[int] = []
    interval, calm, slot = rule.interval_us, 0, next_slot(rule, case.start, rule.interval_us)
    while slot <= until:
        due.append(slot)
        size = abs(rates.get(slot, 0.0))
        if rule.shorter_interval_us and size >= rule.cap:
            interval, calm = rule.shorter_interval_us, 0
        elif interval != rule.interval_us:
            calm = calm + 1 if size <= rule.calm_rate else 0
            if calm == rule.calm_slots > 0:
                interval, calm = rule.interval_us, 0
        slot = next_slot(rule, slot, interval)
    return due


def _caps(rule: FundingRule, answer: FundingAnswer) -> Slip | None:
    for slot, rate in zip(answer.slots, answer.rates, strict=True):
        if not math.isfinite(rate) or (rule.cap and abs(rate) > rule.cap * (1 + _NEAR)):
            sentence = f"the rate of the slot of {clock_of(slot)} is beyond the cap."
            return Slip("beyond-cap", slot, sentence, f"rates within {_share(rule.cap)}", f"rate {_share(rate)}")
    return None


def _sums(contract: Contract, answer: FundingAnswer) -> Slip | None:
    for slot, paid in zip(answer.slots, answer.payments, strict=True):
        left = sum(paid.values())
        if left:
            lost = f"{money(contract, abs(left))} {'come from nowhere' if left > 0 else 'are lost'}"
            sentence = f"at the slot of {clock_of(slot)} payments do not net to zero: {lost}."
            return Slip("not-net", slot, sentence, "payments net to zero, to the smallest unit", f"{len(paid)} parties, sum {left} units")
    return None


def _parties(rule: FundingRule, contract: Contract, case: FundingCase, answer: FundingAnswer) -> Slip | None:
    for slot, paid in zip(answer.slots, answer.payments, strict=True):
        there = {holding.account for holding in case.holdings if holding.size and is_there(rule, holding, slot)}
        for party, amount in paid.items():
            if amount and party not in there and party not in {FUND, COUNTERPARTIES}:
                known = [holding for holding in case.holdings if holding.account == party]
                opened = [holding.opened for holding in known if holding.opened > slot]
                why = f"opened {format_duration(min(opened) - slot)} after it" if opened else "had closed before it" if known else "holds nothing at all"
                does = "receives" if amount > 0 else "pays"
                sentence = f"{party} {does} {money(contract, abs(amount))} for the slot of {clock_of(slot)}, and {why}."
                late = f", or opens less than {format_duration(rule.window_late_us)} after it," if rule.window_late_us else ""
                return Slip("not-held", slot, sentence, f"who holds at the slot{late} pays, and nobody else", f"rate {_share(_rate(answer, slot))}")
    return None


def _textbook(rule: FundingRule, contract: Contract, case: FundingCase, answer: FundingAnswer) -> Slip | None:
    known = {slot.time: slot for slot in reference_funding.slots(rule, case)}
    for place, (time, rate, paid) in enumerate(zip(answer.slots, answer.rates, answer.payments, strict=True)):
        slot = known.get(time)
        if slot is None:
            # the textbook's rates give another interval: a rate before this one was another
            return Slip("another-rate", time, f"by the rules {clock_of(time)} is no slot.", "the rates that the rules give", f"rate {_share(rate)}")
        if abs(rate - float(slot.rate)) > max(_LEAST, _NEAR * abs(float(slot.rate))):
            sentence = f"the rate of the slot of {clock_of(time)} is another than the one the rules give."
            return Slip("another-rate", time, sentence, f"rate {_share(float(slot.rate))}", f"rate {_share(rate)}")
        if answer.capped and answer.capped[place] != slot.capped:
            sentence = f"at the slot of {clock_of(time)} the cap {'cut' if slot.capped else 'did not cut'} the rate, and it is told otherwise."
            return Slip(
                "capped", time, sentence, "capped says whether the cap cut the rate", f"rate {_share(rate)}, capped {str(answer.capped[place]).lower()}"
            )
        wrong = _amounts(rule, contract, case, slot, paid)
        if wrong is not None:
            return wrong
    return None


def _amounts(rule: FundingRule, contract: Contract, case: FundingCase, slot: reference_funding.Slot, paid: dict[str, int]) -> Slip | None:
    """Hold each amount between what it is without rounding and a unit nearer to zero; who bears the remainder may have a unit a holding more or less."""
    low: dict[str, Fraction] = {}
    high: dict[str, Fraction] = {}
    dues = reference_funding.dues(rule, contract, case, slot)
    for due in dues:
        off = _HAIR + (due.notional * _BINARY if rule.rounding == "none" else abs(due.pays) * _BINARY)
        least, most = (due.pays - 1, due.pays) if due.pays > 0 else (due.pays, due.pays + 1)
        if due.pays == 0:
            least = most = Fraction(0)
        low[due.party] = low.get(due.party, Fraction(0)) - most - off
        high[due.party] = high.get(due.party, Fraction(0)) - least + off
    bearer = reference_funding.remainder_party(rule, case, slot.time) if dues else FUND
    low[bearer], high[bearer] = low.get(bearer, Fraction(0)) - len(dues), high.get(bearer, Fraction(0)) + len(dues)
    for party in (*low, *(party for party in paid if party not in low)):
        amount = paid.get(party, 0)
        least, most = low.get(party, Fraction(0)), high.get(party, Fraction(0))
        if not least <= amount <= most:
            wanted = sum((-due.pays for due in dues if due.party == party), Fraction(0))
            sentence = f"at the slot of {clock_of(slot.time)} {party} {_gets(contract, Fraction(amount))}; by the rules it {_gets(contract, wanted)}."
            promised = "notional times rate, rounded toward zero to the smallest unit; the remainder to whom the rules name"
            return Slip("another-amount", slot.time, sentence, promised, f"rate {_share(float(slot.rate))}, {party} {amount} units")
    return None


def _gets(contract: Contract, amount: Fraction) -> str:
    if not amount:
        return "pays nothing"
    return f"receives {money(contract, amount)}" if amount > 0 else f"pays {money(contract, -amount)}"


def _rate(answer: FundingAnswer, slot: int) -> float:
    return answer.rates[answer.slots.index(slot)]


def _share(rate: float) -> str:
    return format_ratio(float(f"{rate:.10g}")) if math.isfinite(rate) else str(rate)
