"""Answers about accounts with one thing wrong: states, ratios, liquidation prices, and margins that follow a price they should not. Pure, no numpy."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from indexlab.margin.states import FROZEN, STATES
from indexlab.targets.planted_margin.cased_market import never_frozen
from indexlab.targets.planted_margin.slices import rows_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.margin.case import MarginAnswer, MarginCase
    from indexlab.margin.contract import Contract
    from indexlab.targets.planted_margin.defect import Engine

__all__ = [
    "bankrupt_as_liquidation", "breaches_need_not_be_in_a_row", "equality_warns", "freeze_latches", "frozen_as_healthy", "frozen_as_liquidation",
    "haircut_follows_price", "initial_while_frozen", "latched", "liquidation_as_bankrupt", "liquidation_price_of_last_trade", "margin_doubles_after_jump",
    "negative_price_for_none", "never_better", "one_freezes_all", "rates_follow_untrusted", "ratio_in_percent", "ratio_inverted",
    "ratio_zero_when_bankrupt", "states_of_next_account",
]  # fmt: skip


def _states(answer: MarginAnswer, new: dict[str, str]) -> MarginAnswer:
    return msgspec.structs.replace(answer, state=tuple(tuple(new.get(state, state) for state in row) for row in answer.state))


def bankrupt_as_liquidation(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """A balance of 0 or less is only a liquidation."""
    return _states(answer, {"bankrupt": "liquidation"})


def liquidation_as_bankrupt(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """Whoever is to be liquidated is called bankrupt."""
    return _states(answer, {"liquidation": "bankrupt"})


def frozen_as_healthy(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """Without a price everybody is well."""
    return _states(answer, {"frozen": "healthy"})


def frozen_as_liquidation(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """Without a price everybody is liquidated, as with a price of 0."""
    return _states(answer, {"frozen": "liquidation"})


def _columns(answer: MarginAnswer, change: Callable[[list[str]], list[str]]) -> MarginAnswer:
    columns = [change(list(column)) for column in zip(*answer.state, strict=True)]
    return msgspec.structs.replace(answer, state=tuple(zip(*columns, strict=True)) if columns else answer.state)


def latched(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """Once in liquidation an account stays there, whatever its ratio becomes."""

    def kept(column: list[str]) -> list[str]:
        fell = next((k for k, state in enumerate(column) if state == "liquidation"), len(column))
        return column[:fell] + ["liquidation"] * (len(column) - fell)

    return _columns(answer, kept)


def never_better(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """A state is never better than the worst one before it."""

    def worst(column: list[str]) -> list[str]:
        found, least = [], 0
        for state in column:
            if state != STATES[FROZEN]:
                least = max(least, STATES.index(state))
            found.append(state if state == STATES[FROZEN] else STATES[least])
        return found

    return _columns(answer, worst)


def freeze_latches(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """An account stays frozen for one publication more than it should."""

    def longer(column: list[str]) -> list[str]:
        return column[:1] + ["frozen" if before == "frozen" else state for before, state in pairwise(column)]

    return _columns(answer, longer)


def one_freezes_all(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """Where one account is frozen all of them are, also those who do not hang on that price."""
    rows = tuple(("frozen",) * len(row) if "frozen" in row else row for row in answer.state)
    return msgspec.structs.replace(answer, state=rows)


def states_of_next_account(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """States are given for the next account of the list."""
    return msgspec.structs.replace(answer, state=tuple((*row[1:], *row[:1]) for row in answer.state))


def _ratios(answer: MarginAnswer, change: Callable[[float | None, str], float | None]) -> MarginAnswer:
    rows = (tuple(change(ratio, state) for ratio, state in zip(*both, strict=True)) for both in zip(answer.margin_ratio, answer.state, strict=True))
    return msgspec.structs.replace(answer, margin_ratio=tuple(rows))


def ratio_inverted(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """The ratio is balance over maintenance margin."""
    return _ratios(answer, lambda ratio, _: ratio if not ratio else 1 / ratio)


def ratio_in_percent(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """The ratio is given in percent."""
    return _ratios(answer, lambda ratio, _: ratio if ratio is None else 100 * ratio)


def ratio_zero_when_bankrupt(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """Where there is no balance left the ratio is 0, which looks like the best there is."""
    return _ratios(answer, lambda ratio, state: 0.0 if state == "bankrupt" else ratio)


def equality_warns(case: MarginCase, answer: MarginAnswer, engine: Engine) -> MarginAnswer:
    """Exactly at the threshold of liquidation an account is only warned."""
    other = engine(_with_states(case, at_border="better"))
    before = _before(case)
    rows = []
    for mine, theirs in zip(answer.state, other.state, strict=True):
        rows.append(tuple(before if state == "liquidation" != better else state for state, better in zip(mine, theirs, strict=True)))
    return msgspec.structs.replace(answer, state=tuple(rows))


def _before(case: MarginCase) -> str:
    rules = case.rules.states
    return "reduce-only" if rules.reduce_only is not None else "warning" if rules.warning is not None else "healthy"


def _with_states(case: MarginCase, **changes: object) -> MarginCase:
    states = msgspec.structs.replace(case.rules.states, **changes)
    return msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, states=states))


def breaches_need_not_be_in_a_row(case: MarginCase, answer: MarginAnswer, engine: Engine) -> MarginAnswer:
    """The publications that a breach must last are counted together, not in a row: a good one between them does not begin anew."""
    at_once, before, most = engine(_with_states(case, persistence=1)), _before(case), case.rules.states.persistence

    def counted(column: list[str]) -> list[str]:
        found, bad = [], 0
        for state in column:
            breach = state in {"liquidation", "bankrupt"}
            bad += breach
            found.append(before if breach and bad < most else state)
        return found

    return msgspec.structs.replace(answer, state=_columns(at_once, counted).state)


def _jumps(case: MarginCase, share: float) -> list[bool]:
    """At which times an index moved by more than a share since the publication before."""
    found = [False] * len(case.times)
    for series in case.index.values():
        for k, (before, price) in enumerate(pairwise(series), 1):
            if before is not None and price is not None and abs(price - before) > share * before:
                found[k] = True
    return found


def _dearer(case: MarginCase, factor: float) -> MarginCase:
    def raised(contract: Contract) -> Contract:
        tiers = tuple(
            msgspec.structs.replace(tier, maintenance_rate=tier.maintenance_rate * factor, maintenance_amount=tier.maintenance_amount * factor)
            for tier in contract.tiers
        )
        return msgspec.structs.replace(contract, tiers=tiers)

    rules = case.rules
    return msgspec.structs.replace(case, rules=msgspec.structs.replace(rules, contracts=tuple(raised(contract) for contract in rules.contracts)))


def margin_doubles_after_jump(case: MarginCase, answer: MarginAnswer, engine: Engine) -> MarginAnswer:
    """Where an index moves by more than 0.5 % in one publication maintenance margins are doubled from the next one on: a broken price changes parameters."""
    jumps = _jumps(case, 0.005)
    first = jumps.index(True) if True in jumps else len(jumps)
    return rows_from(answer, engine(_dearer(case, 2.0)), [k > first for k in range(len(jumps))])


def rates_follow_untrusted(case: MarginCase, answer: MarginAnswer, engine: Engine) -> MarginAnswer:
    """After a publication with a held or halted index maintenance margins are a half higher: parameters are changed by a price that nobody may trust."""
    bad = [any(given[k] in {"held", "halted"} for given in case.status.values()) for k in range(len(case.times))]
    first = bad.index(True) if True in bad else len(bad)
    return rows_from(answer, engine(_dearer(case, 1.5)), [k > first for k in range(len(bad))])


def haircut_follows_price(case: MarginCase, answer: MarginAnswer, engine: Engine) -> MarginAnswer:
    """Collateral counts for a tenth less as soon as any index is below its first value by 1 %."""
    rules = tuple(msgspec.structs.replace(rule, ratio=0.9 * rule.ratio) for rule in case.rules.collateral)
    harder = engine(msgspec.structs.replace(case, rules=msgspec.structs.replace(case.rules, collateral=rules)))
    low = [False] * len(case.times)
    for series in case.index.values():
        first = next((price for price in series if price is not None), None)
        for k, price in enumerate(series):
            low[k] = low[k] or (first is not None and price is not None and price < 0.99 * first)
    return rows_from(answer, harder, low)


def negative_price_for_none(_: MarginCase, answer: MarginAnswer, __: Engine) -> MarginAnswer:
    """Where no positive price liquidates a price of 0 is given."""
    if answer.liquidation_price is None:
        return answer
    return msgspec.structs.replace(answer, liquidation_price=tuple(0.0 if price is None else price for price in answer.liquidation_price))


def liquidation_price_of_last_trade(case: MarginCase, answer: MarginAnswer, _: Engine) -> MarginAnswer:
    """The liquidation price is shown for the last trade: moved by its first distance from the mark."""
    if answer.liquidation_price is None:
        return answer
    found = []
    for account, price in zip(case.accounts, answer.liquidation_price, strict=True):
        name = account.all_positions[0].contract if account.all_positions else ""
        mark, last = (series[0] if series else None for series in (case.mark.get(name), case.last.get(name)))
        found.append(price if price is None or not mark or not last else price * last / mark)
    return msgspec.structs.replace(answer, liquidation_price=tuple(found))


def initial_while_frozen(case: MarginCase, answer: MarginAnswer, engine: Engine) -> MarginAnswer:
    """Initial margin is asked of a price that is not trusted."""
    return msgspec.structs.replace(answer, initial_margin=engine(never_frozen(case)).initial_margin)
