"""A walk along a factor m that some of an account's prices are multiplied by, from one switch of a rule to the next, to where `liquidation` begins or ends.

Between two switches balance and maintenance margin are sums of a few powers of m (engine_terms): a root in closed form is the next place where anything
changes. Plain floats.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from indexlab.margin import engine_walk_matrix
from indexlab.margin.engine_money import tier_index
from indexlab.margin.engine_terms import Terms, next_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexlab.margin.engine_path import Walk

__all__ = ["nearest_change", "rungs"]

_STEP: Final = 1e-10
"""How far, as a ratio, beyond a switch the next stretch is looked at."""
_MOST_SWITCHES: Final = 10_000


def _profit(walk: Walk, place: int) -> Terms:
    entry, value, power = walk.value(place)
    sign = -1.0 if walk.book.legs[place].contract.kind == "inverse" else 1.0
    terms = Terms.of(-sign * entry)
    terms.add(sign * value, power)
    return terms


def _figures(walk: Walk, m: float) -> tuple[Terms, Terms, list[Terms]]:
    """Return balance and maintenance margin around m, and what is 0 where they are put together otherwise."""
    book, rules = walk.book, walk.book.rules
    balance, maintenance, fee = Terms.of(book.account.collateral), Terms(), Terms()
    switches: list[Terms] = []
    amounts = {name: Terms.of(amount) for name, amount in book.amounts.items()}
    for place, leg in enumerate(book.legs):
        worth, power = walk.worth(leg, m)
        if book.isolated or leg.contract.settlement == rules.states.currency:
            balance = balance.plus(_profit(walk, place))
        else:
            amounts[leg.contract.settlement] = amounts[leg.contract.settlement].plus(_profit(walk, place))
        _, value, of_value = walk.value(place)
        notional = Terms.of(abs(value), of_value)
        tier = tier_index(leg.contract, leg.size, notional.at(m))
        maintenance = maintenance.plus(notional, worth * leg.contract.tiers[tier].maintenance_rate, power)
        maintenance.add(-worth * leg.contract.tiers[tier].maintenance_amount, power)
        fee = fee.plus(notional, worth * rules.fees.liquidation, power)
        if leg.contract.tier_measure == "notional":
            ends = [one.up_to_notional for one in leg.contract.tiers[max(0, tier - 1) : tier + 1] if one.up_to_notional is not None]
            switches += [notional.plus(Terms.of(-end)) for end in ends]
    for name, amount in amounts.items():
        price, power = walk.price(name, m)
        balance = balance.plus(amount, price * (book.ratios.get(name, 1.0) if amount.at(m) > 0 else 1.0), power)
        switches.append(amount)
        if name in walk.moved_assets and name in book.floors:
            switches.append(Terms.of(walk.prices[name], 1).plus(Terms.of(-book.floors[name])))
    if book.account.mode == "portfolio":
        maintenance, more = engine_walk_matrix.maintenance(walk, m)
        switches += more
    return balance, maintenance.plus(fee) if rules.states.liquidation_fee else maintenance, switches


def _stretches(walk: Walk, thresholds: Sequence[float], *, up: bool) -> Iterator[tuple[float, float]]:
    """Yield the stretches between two places where anything changes, from m = 1 outwards, as (where it begins, a place inside it)."""
    by_balance, here = walk.book.rules.states.measure == "maintenance/balance", 1.0
    for _ in range(_MOST_SWITCHES):
        start = here * (1 + _STEP if up else 1 - _STEP)
        balance, maintenance, switches = _figures(walk, start)
        larger, smaller = (maintenance, balance) if by_balance else (balance, maintenance)
        beyond = [larger.plus(smaller, -threshold) for threshold in thresholds]
        reached = [next_root(terms, start, up=up) for terms in (balance, maintenance, *beyond, *switches)]
        end = min(reached) if up else max(reached)
        if up:
            yield here, 2 * start if end == math.inf else math.sqrt(start * end)
        else:
            yield here, start / 2 if end == 0 else math.sqrt(start * end)
        if end in {0.0, math.inf}:
            return
        here = end


def nearest_change(walk: Walk) -> float | None:
    """Return the m nearest to 1 at which `liquidation` begins or ends, the lower of two; None where none does."""
    first: list[float] = []
    started: list[bool] = []
    for up in (False, True):
        stretches = _stretches(walk, (walk.book.rules.states.liquidation,), up=up)
        started.append(walk.is_liquidated(next(stretches)[1]))
        first.append(next((begins for begins, inside in stretches if walk.is_liquidated(inside) != started[-1]), math.nan))
    if started[0] != started[1]:
        return 1.0
    below, above = first
    if math.isnan(below) or math.isnan(above):
        return None if math.isnan(below) and math.isnan(above) else above if math.isnan(below) else below
    return below if 1 - below <= above - 1 else above


def rungs(walk: Walk) -> tuple[list[float], list[int]]:
    """Return the places at which the state changes, ascending, and the state codes between them: the first below all, the last above all.

    A state holds above its place; where the place itself is in it already, the place is the next smaller double.
    """
    states = walk.book.rules.states
    thresholds = [threshold for threshold in (states.warning, states.reduce_only, states.liquidation) if threshold is not None]
    below, above = (list(_stretches(walk, thresholds, up=up)) for up in (False, True))
    edges = [begins for begins, _ in reversed(below)] + [begins for begins, _ in above[1:]]
    codes = [walk.code(inside) for _, inside in reversed(below)] + [walk.code(inside) for _, inside in above]
    kept: list[float] = []
    states_between = codes[:1]
    for edge, code in zip(edges, codes[1:], strict=True):
        if code != states_between[-1]:
            kept.append(math.nextafter(edge, 0.0) if walk.code(edge) == code else edge)
            states_between.append(code)
    return kept, states_between
