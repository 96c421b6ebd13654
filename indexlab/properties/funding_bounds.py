"""`funding-bounds`: funding is one payment a slot that nets to zero, and a broken source moves none of them beyond what the cap allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexlab.margin.funding import is_there, price_at
from indexlab.market.units import format_ratio
from indexlab.properties.funding_slips import Slip, clock_of, money, slip
from indexlab.properties.per_twin import PerTwin
from indexlab.properties.premise import single_source_premise
from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import names, which
from indexlab.properties.words import clean_range

if TYPE_CHECKING:
    from indexlab.margin.case import FundingAnswer, FundingCase
    from indexlab.margin.contract import Contract
    from indexlab.margin.funding_rules import FundingRule
    from indexlab.margin.rules import VenueRules
    from indexlab.properties.run import MarginTalk, Run

__all__ = ["PROPERTY"]

_UNMET = "no margin case with funding was asked"
_NO_OCCASION = "the target answers no funding"
_NO_FUNDING = "the venue's rules have no funding"


class _Told(NamedTuple):
    """A talk that has funding: which run, and what was asked and answered."""

    twin: int
    rules: VenueRules
    case: FundingCase
    answer: FundingAnswer


def check(run: Run) -> Outcome:
    """Hold each answer against the rules, and every payment of a broken run against what the cap makes of the clean price."""
    asked = [talk for talk in run.margin if talk.case.funding is not None and talk.case.rules.funding is not None]
    told = [one for one in map(_told, asked) if one is not None]
    clean = next((one for one in told if one.twin == CLEAN), None)
    by_twin = PerTwin(len(run.twins))
    first: Breach | None = None
    breached, worst = 0, (0.0, CLEAN)
    for one in told:
        moved, beyond = (0.0, None) if clean is None or one.twin == CLEAN else _moved(run, clean, one)
        found = slip(one.rules, one.case, one.answer) or beyond
        worst = max(worst, (moved, one.twin))
        by_twin.judged(one.twin, moved, "" if found is None else found.what)
        if found is not None:
            breached += 1
            first = first or _breach(run, one.twin, found, moved)
    extreme = Extreme(worst[0], "ratio", f"{format_ratio(float(f'{worst[0]:.3g}'))} of its notional by which a fault moved a payment", worst[1])
    no_occasion = _NO_OCCASION if asked and not told else ""
    if run.margin and all(talk.case.rules.funding is None for talk in run.margin):
        no_occasion = _NO_FUNDING
    return Outcome(len(asked), len(told), breached, first, extreme if told else None, no_occasion or _UNMET, by_twin.told(), no_occasion)


def _told(talk: MarginTalk) -> _Told | None:
    case, answer = talk.case.funding, talk.answer.funding
    return None if case is None or answer is None else _Told(talk.twin, talk.case.rules, case, answer)


def _breach(run: Run, twin: int, found: Slip, moved: float) -> Breach:
    at = max(int(np.searchsorted(run.times, found.slot, side="right")) - 1, 0)
    sentence = f"in {which(twin)} {found.sentence}" if twin == CLEAN or found.what != "moved" else found.sentence
    return Breach(twin, at, moved, sentence, found.promised, found.seen, "clean twin", run.clean_trace, what=found.what)


def _moved(run: Run, clean: _Told, one: _Told) -> tuple[float, Slip | None]:
    """Return the most by which a payment was moved, as a share of its notional at the clean price, and the first that is beyond what the cap allows.

    Rates stay within the cap in both runs, so no payment of the broken one is larger than the cap times the notional: at the clean price, where it is at its
    worst within the tracking lag, and as far displaced as an index may be.
    """
    rule, contract = one.rules.funding, one.rules.contract(one.case.contract)
    worst, first = 0.0, None
    if rule is None:
        return worst, first
    lowest, highest, always, _ = clean_range(run.times, run.clean.value[0], run.expect.max_tracking_lag)
    owed = single_source_premise(run)[one.twin] & always
    before = dict(zip(clean.answer.slots, clean.answer.payments, strict=False))
    for slot, paid in zip(one.answer.slots, one.answer.payments, strict=False):
        price, priced = price_at(clean.case.price, slot), _priced(clean.case, slot)
        row = int(np.searchsorted(run.times, priced, side="right")) - 1
        if price is None or row < 0 or slot not in before or not owed[row]:
            continue
        index, far = float(run.clean.value[0, row]), run.expect.max_displacement
        reach = lowest[row] / index * (1 - far) if contract.is_inverse else highest[row] / index * (1 + far)
        for party in sorted({holding.account for holding in one.case.holdings}):
            here = _units(rule, contract, one.case, party, slot, price)
            if here <= 0:
                continue
            amount, was = paid.get(party, 0), before[slot].get(party, 0)
            worst = max(worst, abs(amount - was) / here)
            most = rule.cap * (here / reach if contract.is_inverse else here * reach) + len(one.case.holdings) + 1
            if rule.cap and abs(amount) > most and abs(amount) > abs(was) and first is None:
                who = names(run, run.twins[one.twin].faulty)
                sentence = f"{who} alone moved {party}'s payment at the slot of {clock_of(slot)} beyond what the cap allows."
                promised = f"at most {money(contract, int(most))}: cap {format_ratio(rule.cap)}, max_displacement = {format_ratio(far)}"
                seen = f"{party} {money(contract, amount)}, clean twin {money(contract, was)}"
                first = Slip("moved", slot, sentence, promised, seen)
    return worst, first


def _priced(case: FundingCase, slot: int) -> int:
    """Return when the price of a slot was given."""
    return max((time for time, price in case.price if time <= slot and 0 < price < float("inf")), default=slot)


def _units(rule: FundingRule, contract: Contract, case: FundingCase, party: str, slot: int, price: float) -> float:
    """Return the notional of what a party holds at a slot, in smallest units."""
    size = sum(abs(holding.size) for holding in case.holdings if holding.account == party and is_there(rule, holding, slot))
    return size * contract.multiplier * (1 / price if contract.is_inverse else price) / contract.unit


PROPERTY = Property(
    id="funding-bounds",
    statement="funding is one payment a slot, whatever the clock or a restart does, and nets to zero to the smallest unit; rates stay within the cap, nobody"
    " pays for a slot before the position's open, and a broken source moves no payment beyond the cap times the notional",
    check=check,
    needs=("margin",),
    hurt="tracer perpetual-contracts pull 191: a rate of eight hours was charged in full every hour; percolator-prog pull 253: a step that left out an"
    " observation erased the funding that one side owed",
    occasion="margin cases with funding; the bound on a broken source as for `single-source`",
    premise="a margin case with funding was answered",
    measure="the most by which a fault moved a payment, as a share of the notional",
    example="""slots every 20 s, at which ann's 10 pay bob's 7 and cid's 3; after a restart the target pays the second one again
12:00:40   slots 12:00:20, 12:00:40, 12:00:40, 12:01:00
in the clean run the slot of 12:00:40 is paid twice.
promised: one payment a slot, whatever the clock or a restart does""",
)
