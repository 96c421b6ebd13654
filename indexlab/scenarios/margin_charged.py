"""Margin cases at the worst moment of funding: a slot falls into the window of a fault, at the cap, and accounts stand as its payment leaves them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.margin.case import Holding
from indexlab.margin.funding import price_at
from indexlab.margin.funding_pressure import payment_of
from indexlab.market.seeds import stream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexlab.margin.account import Account
    from indexlab.margin.case import FundingCase, MarginCase, Sample

__all__ = ["charged_in"]

_MOST: Final = 4
_CHARGED: Final = "after the payment"


def charged_in(window: tuple[int, int], case: MarginCase, seed: int) -> MarginCase:
    """Return the case with a slot in the middle of the window at which the rate stands at its cap, and with accounts as that payment leaves them.

    Beside up to four isolated accounts that pay it stands the same account with so much less collateral: what is one payment nearer to its border is what a
    fault in this window liquidates first. Everything else stays; a case without funding, a cap, a price at the slot or somebody who pays stays as it is.
    """
    rule, funding = case.rules.funding, case.funding
    if rule is None or funding is None or not rule.cap:
        return case
    slot = min(max((window[0] + window[1]) // 2, funding.start + 1), funding.end)
    price = price_at(funding.price, slot)
    side = 1 if stream("margin-charged", seed).random() < 0.5 else -1
    payers = [one for one in case.accounts if one.mode == "isolated" and one.contract == funding.contract and one.size * side > 0][:_MOST]
    if price is None or not payers:
        return case
    rules = msgspec.structs.replace(case.rules, funding=msgspec.structs.replace(rule, offset_us=slot % rule.interval_us))
    # twice what the cap lets through, whatever interest, clamp and a shorter interval make of it
    shortest = rule.shorter_interval_us or rule.interval_us
    premium = side * (2 * rule.cap * rule.base_interval_us / shortest + rule.clamp + abs(rule.interest))
    if premium <= -1:
        return case
    contract = rules.contract(funding.contract)
    paid = {one.id: payment_of(one, contract, rules, side * rule.cap, price) * contract.unit for one in payers}
    after = tuple(msgspec.structs.replace(one, id=f"{one.id} {_CHARGED}", collateral=float(f"{one.collateral - paid[one.id]:.12g}")) for one in payers)
    return msgspec.structs.replace(case, rules=rules, accounts=(*case.accounts, *after), funding=_at_the_cap(funding, payers, premium, slot))


def _at_the_cap(funding: FundingCase, payers: Iterable[Account], premium: float, slot: int) -> FundingCase:
    """Let the book stand so far from the index, the payers hold against one maker each, and the clock be read at the slot."""
    held = [Holding(name, size, funding.start) for one in payers for name, size in ((one.id, one.size), (f"against {one.id}", -one.size))]
    samples = tuple(_moved(sample, premium) for sample in funding.samples)
    return msgspec.structs.replace(funding, samples=samples, holdings=(*funding.holdings, *held), ticks=(*funding.ticks, slot))


def _moved(sample: Sample, premium: float) -> Sample:
    middle = float(f"{sample.index * (1 + premium):.8g}")
    return msgspec.structs.replace(sample, bid=middle, ask=middle)
