"""What can be wrong with an answer about a forced reduction: sizes, times, fees, sums, the order of deleveraging, and all of it against the textbook.

Pure; for `liquidation-rules`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from indexlab.margin import reference_liquidation
from indexlab.margin import reference_liquidation_money as exactly
from indexlab.margin.exact import exact
from indexlab.margin.ledger import FUND, VAULT
from indexlab.margin.liquidation_check import checked_liquidation
from indexlab.market.times import clock_text
from indexlab.market.units import format_duration
from indexlab.properties.tell import price_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from fractions import Fraction

    from indexlab.margin.account import Account
    from indexlab.margin.case import Fill, LiquidationAnswer, LiquidationCase, MarginCase
    from indexlab.margin.contract import Contract

__all__ = ["Slip", "slip"]

_HAIR: Final = 1e-9
"""So much of a number may be off, as a share of it, before it is another."""
_MOST_UNITS: Final = 10**300
"""A trade that is worth more has fees that no double-precision number holds."""
_ROUNDING: Final = 3
"""Units by which one fill may be booked otherwise: its profit and both fees."""


class Slip(NamedTuple):
    """The first thing that is wrong: `what` in one word, when, what was wrong, what was promised, what was seen; `size` in lots, a count or a ratio."""

    what: str
    at: int
    sentence: str
    promised: str
    seen: str


class _Asked(NamedTuple):
    """A case that asks for a forced reduction, taken apart."""

    whole: MarginCase
    case: LiquidationCase
    account: Account
    contract: Contract
    lot: float


def slip(case: MarginCase, answer: LiquidationAnswer, *, ours: bool) -> Slip | None:
    """Return the first thing that is wrong with an answer, None where nothing is.

    Another's engine may be a lot and the rounding of each fill away from the textbook, and on either side of a threshold that is met to 1e-9; ours may not.
    """
    asked_for, account = checked_liquidation(case)
    contract = case.rules.contract(account.contract)
    asked = _Asked(case, asked_for, account, contract, float(exactly.lot_of(contract)))
    for wrong in (_sizes, _times, _fees, _sums, _order):
        found = wrong(asked, answer)
        if found is not None:
            return found
    found = _against(asked, answer, reference_liquidation.reduce_position(case), ours=ours)
    if found is None or ours:
        return found
    return None if any(_against(asked, answer, other, ours=False) is None for other in _beside_the_threshold(case)) else found


def _beside_the_threshold(case: MarginCase) -> Iterator[LiquidationAnswer]:
    for share in (1 - _HAIR, 1 + _HAIR):
        states = msgspec.structs.replace(case.rules.states, liquidation=case.rules.states.liquidation * share)
        rules = msgspec.structs.replace(case.rules, states=states)
        yield reference_liquidation.reduce_position(msgspec.structs.replace(case, rules=rules))


def _sizes(asked: _Asked, answer: LiquidationAnswer) -> Slip | None:
    size = left = asked.account.size
    promised = "a forced reduction makes a position smaller, and never turns it"
    for fill in answer.fills:
        before, left = left, left + fill.size
        if not math.isfinite(fill.size) or not (math.isfinite(fill.price) and fill.price > 0):
            return Slip("no-trade", fill.time, f"the trade at {_clock(fill.time)} has no size or no price.", promised, _seen(fill))
        if fill.size * size > 0:
            return Slip("increased", fill.time, f"the trade at {_clock(fill.time)} makes the position larger.", promised, _seen(fill))
        if left * size < 0 and abs(left) > _HAIR * abs(size):
            return Slip(
                "flipped", fill.time, f"at {_clock(fill.time)} more is traded than is left, and the position turns.", promised, f"{before:g} → {left:g}"
            )
    if abs(answer.remaining - left) > _HAIR * abs(size):
        seen = f"{answer.remaining:g} said to remain, {left:g} after {len(answer.fills)} trades"
        return Slip("remaining", asked.case.start, "what remains is not the position less what was traded.", "what remains is what was not traded", seen)
    return None


def _times(asked: _Asked, answer: LiquidationAnswer) -> Slip | None:
    case, rule = asked.case, asked.whole.rules.liquidation
    for fill in answer.fills:
        if not case.start <= fill.time <= case.end:
            promised = f"trades from {_clock(case.start)} to {_clock(case.end)}"
            return Slip("out-of-time", fill.time, f"a trade at {_clock(fill.time)} is outside the time of the reduction.", promised, _seen(fill))
    for one, other in pairwise(answer.fills):
        if other.time < one.time or 0 < other.time - one.time < rule.cool_down_us:
            promised = f"a round each {format_duration(rule.cool_down_us)}" if rule.cool_down_us else "trades in the order of their times"
            apart = f"{format_duration(abs(other.time - one.time))} {'after' if other.time > one.time else 'before'} the one in front of it"
            return Slip("cool-down", other.time, f"the trade at {_clock(other.time)} is {apart}.", promised, _seen(other))
    return None


def _fees(asked: _Asked, answer: LiquidationAnswer) -> Slip | None:
    rates = asked.whole.rules.fees
    for fill in answer.fills:
        notional = _notional(asked, fill)
        if notional > _MOST_UNITS:
            promised = "trades that can be booked in whole units"
            return Slip("no-trade", fill.time, f"the trade at {_clock(fill.time)} is worth more than can be booked.", promised, _seen(fill))
        least, most = float(notional) * rates.taker, float(notional) * (rates.taker + rates.liquidation)
        if fill.to == VAULT:
            least = most = 0.0
        if not least * (1 - _HAIR) - 1 <= fill.fee <= most * (1 + _HAIR) + 2:
            promised = f"the taker fee, and at most the liquidation fee besides: {_money(asked, least)} to {_money(asked, most)}"
            return Slip("fee", fill.time, f"the fee of the trade at {_clock(fill.time)} is not what is declared.", promised, _money(asked, fill.fee))
    if answer.fees != sum(fill.fee for fill in answer.fills):
        seen = f"{_money(asked, answer.fees)} in all, {_money(asked, sum(fill.fee for fill in answer.fills))} by trade"
        return Slip("fee", asked.case.start, "the fees are not the sum of the trades' fees.", "each fee is counted once", seen)
    return None


def _notional(asked: _Asked, fill: Fill) -> Fraction:
    """Return what a trade is worth in smallest units, exactly: a size and a price that are numbers may make none together."""
    return exactly.notional_of(asked.contract, exact(fill.size), exact(fill.price)) / exact(asked.contract.unit)


def _sums(asked: _Asked, answer: LiquidationAnswer) -> Slip | None:
    held = {asked.account.id: asked.account.collateral, FUND: asked.case.fund}
    held |= {rival.account: rival.collateral for rival in asked.case.rivals}
    exact_units = {party: exact(amount) / exact(asked.contract.unit) for party, amount in held.items()}
    before = {party: math.floor(units) for party, units in exact_units.items()}
    loose = sum(units.denominator > 1 for units in exact_units.values())
    start, total = asked.case.start, sum(answer.balances.values())
    if abs(total - sum(before.values())) > loose:
        seen = f"{_money(asked, sum(before.values()))} before, {_money(asked, total)} after"
        return Slip("money", start, "money was made or lost.", "what all parties have together stays the same to the smallest unit", seen)
    if answer.balances.get(asked.account.id, 0) < 0:
        seen = f"{asked.account.id} {_money(asked, answer.balances[asked.account.id])}"
        promised = "nobody loses more than the collateral: beyond the bankruptcy price the fund pays"
        if answer.remaining == 0:
            return Slip("debt", start, "the account is left with a debt.", promised, seen)
    if abs(before[FUND] - answer.balances.get(FUND, 0) - answer.from_fund) > 1:
        seen = f"{_money(asked, answer.from_fund)} said, {_money(asked, before[FUND])} before and {_money(asked, answer.balances.get(FUND, 0))} after"
        return Slip("fund", start, "what the fund is said to have paid is not what it lost.", "what the fund paid is what it lost", seen)
    return None


def _order(asked: _Asked, answer: LiquidationAnswer) -> Slip | None:
    taken = tuple(dict.fromkeys(fill.to for fill in answer.fills if fill.to in {rival.account for rival in asked.case.rivals}))
    promised = "the largest profit ratio times effective leverage first, on the other side alone"
    start = asked.case.start
    if taken != tuple(answer.deleveraged):
        seen = f"{', '.join(answer.deleveraged) or 'nobody'} named, {', '.join(taken) or 'nobody'} traded with"
        return Slip("adl-order", start, "those who are named as deleveraged are not those who were traded with.", promised, seen)
    if not taken:
        return None
    at = next(fill.time for fill in answer.fills if fill.to == taken[0])
    mark = _mark_at(asked.case, at)
    ranks = {
        rival.account: exactly.rank(asked.contract, exact(rival.size), exact(rival.entry_price), _whole_units(asked.contract, rival.collateral), exact(mark))
        for rival in asked.case.rivals
        if rival.size * asked.account.size < 0
    }
    best: list[float] = []
    for name in taken:
        rank = ranks.get(name)
        if rank is None:
            return Slip("adl-order", at, f"{name} is deleveraged, who has nothing to be taken.", promised, ", ".join(taken))
        best.append(float(rank))
    spared = [float(rank) for name, rank in ranks.items() if rank is not None and name not in taken]
    if any(later > sooner + _HAIR * abs(sooner) for sooner, later in pairwise(best)) or any(rank > best[-1] + _HAIR * abs(best[-1]) for rank in spared):
        return Slip("adl-order", at, f"{', '.join(taken)} {'is' if len(taken) == 1 else 'are'} deleveraged out of order.", promised, _ranks(ranks))
    return None


def _against(asked: _Asked, answer: LiquidationAnswer, right: LiquidationAnswer, *, ours: bool) -> Slip | None:
    """Hold an answer against the textbook's."""
    if ours and answer == right:
        return None
    for wrong in (_price, _amounts, _parties):
        found = wrong(asked, answer, right)
        if found is not None:
            return found
    if not ours:
        return None
    return Slip("another-answer", asked.case.start, "the answer is not the textbook's.", _short(right), _short(answer))


def _price(asked: _Asked, answer: LiquidationAnswer, right: LiquidationAnswer) -> Slip | None:
    mine, other = answer.bankruptcy_price, right.bankruptcy_price
    if mine is None and other is None:
        return None
    tick = asked.contract.tick
    if mine is None or other is None or abs(mine - other) > max(_HAIR * other, tick * (1 + _HAIR)):
        sentence = "the bankruptcy price is not where the collateral ends, the fee of closing paid."
        return Slip("bankruptcy-price", asked.case.start, sentence, _maybe(other), _maybe(mine))
    return None


def _amounts(asked: _Asked, answer: LiquidationAnswer, right: LiquidationAnswer) -> Slip | None:
    lot = asked.lot * (1 + _HAIR)
    mine, other = (sum(abs(fill.size) for fill in one.fills) for one in (answer, right))
    first = answer.fills[0].time if answer.fills else asked.case.start
    if answer.fills and not right.fills:
        return Slip("traded-safe", first, "it trades though nothing had to be reduced.", "no trade while the account is safe", _seen(answer.fills[0]))
    promised = f"{other:g} of {abs(asked.account.size):g}, to a lot of {asked.lot:g}"
    if mine > other + lot:
        return Slip("overshoot", first, "more is reduced than is needed.", promised, f"{mine:g} reduced")
    if mine < other - lot or (right.fills and not answer.fills):
        return Slip("too-little", first, "less is reduced than is needed.", promised, f"{mine:g} reduced")
    if answer.remaining and not right.remaining and abs(answer.remaining) < asked.lot * (1 - _HAIR):
        return Slip(
            "crumbs",
            first,
            "less than a lot is left, which nobody can trade.",
            "the whole position where less than a lot would be left",
            f"{answer.remaining:g} left",
        )
    by_time, wanted = _by_place(answer, _time_and_party), _by_place(right, _time_and_party)
    for place in sorted({*by_time, *wanted}):
        have, due = by_time.get(place, 0.0), wanted.get(place, 0.0)
        if abs(have - due) > lot:
            time, to = place
            sentence = f"at {_clock(time)} {'the book' if to == 'book' else to} takes another size than the rules give."
            return Slip("another-trade", time, sentence, f"{due:g} to {to}", f"{have:g}")
    return None


def _parties(asked: _Asked, answer: LiquidationAnswer, right: LiquidationAnswer) -> Slip | None:
    mine, other = (sum(abs(fill.size) for fill in one.fills) for one in (answer, right))
    to, due = _by_place(answer, _party), _by_place(right, _party)
    apart = abs(mine - other) + sum(abs(to.get(place, 0.0) - due.get(place, 0.0)) for place in {*to, *due})
    prices = [asked.account.entry_price, *(fill.price for fill in (*answer.fills, *right.fills))]
    worth = 0.0
    if apart > _HAIR * abs(asked.account.size):
        worth = 2 * apart * asked.contract.multiplier * (1 / min(prices) if asked.contract.is_inverse else max(prices)) / asked.contract.unit
    most = worth + _ROUNDING * (1 + max(len(answer.fills), len(right.fills))) + _HAIR * max(map(abs, right.balances.values()))
    for party in sorted({*answer.balances, *right.balances}):
        have, wanted = answer.balances.get(party, 0), right.balances.get(party, 0)
        if abs(have - wanted) > most:
            sentence = f"{party} ends with another balance than the rules give."
            return Slip("balance", asked.case.start, sentence, f"{party} {_money(asked, wanted)}", f"{party} {_money(asked, have)}")
    if abs(answer.cost - right.cost) > most:
        return Slip("cost", asked.case.start, "the cost is not what the account lost.", _money(asked, right.cost), _money(asked, answer.cost))
    return None


def _time_and_party(fill: Fill) -> tuple[int, str]:
    return fill.time, fill.to


def _party(fill: Fill) -> tuple[int, str]:
    return 0, fill.to


def _by_place(answer: LiquidationAnswer, place: Callable[[Fill], tuple[int, str]]) -> dict[tuple[int, str], float]:
    sizes: dict[tuple[int, str], float] = defaultdict(float)
    for fill in answer.fills:
        sizes[place(fill)] += abs(fill.size)
    return sizes


def _mark_at(case: LiquidationCase, at: int) -> float:
    known = [(time, mark) for time, mark in sorted(case.marks, key=lambda one: one[0]) if time <= at and math.isfinite(mark) and mark > 0]
    return known[-1][1] if known else case.marks[0][1]


def _whole_units(contract: Contract, amount: float) -> Fraction:
    unit = exact(contract.unit)
    return math.floor(exact(amount) / unit) * unit


def _clock(time: int) -> str:
    return clock_text(time)


def _money(asked: _Asked, units: float) -> str:
    return f"{units * asked.contract.unit:.10g} {asked.contract.settlement}"


def _seen(fill: Fill) -> str:
    return f"{_clock(fill.time)} {fill.size:+g} at {price_text(fill.price)}, to {'the book' if fill.to == 'book' else fill.to}"


def _maybe(price: float | None) -> str:
    return "none" if price is None else price_text(price)


def _ranks(ranks: dict[str, Fraction | None]) -> str:
    return ", ".join(f"{name} {float(rank):.4g}" for name, rank in ranks.items() if rank is not None)


def _short(answer: LiquidationAnswer) -> str:
    ended = "never over" if answer.ended is None else f"over at {_clock(answer.ended)}"
    return f"{len(answer.fills)} trades, {answer.remaining:g} left, {ended}"
