"""A defect put to work: a margin case in, our engine's answer with one thing wrong out. Pure: the engine is handed in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

import msgspec

from indexlab.targets.planted_margin.defect import Answered, Ruled, Stepped
from indexlab.targets.planted_margin.slices import at_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.margin.case import MarginAnswer, MarginCase
    from indexlab.margin.rules import VenueRules
    from indexlab.targets.planted_margin.defect import Engine, How

__all__ = ["applied", "ruled"]


def applied(how: How | None, case: MarginCase, engine: Engine) -> MarginAnswer:
    """Return what an engine with this thing wrong answers; None: nothing is wrong."""
    if how is None:
        return engine(case)
    if isinstance(how, Answered):
        return how.change(case, engine(case), engine)
    if isinstance(how, Stepped):
        return _stepped(how, case, engine)
    changed = msgspec.structs.replace(case, rules=ruled(case.rules, how)) if isinstance(how, Ruled) else how.change(case)
    answer = engine(changed)
    if not how.parts:
        return answer
    return msgspec.structs.replace(engine(case), **{part: getattr(answer, part) for part in how.parts})


def _stepped(how: Stepped, case: MarginCase, engine: Engine) -> MarginAnswer:
    """Ask for each time on its own, with what is remembered of earlier times in the change alone; funding and liquidation are asked once, as they are."""
    whole = engine(case)
    steps = [at_time(case, k) for k in range(len(case.times))]
    answers = [engine(how.change(step, steps[k - 1] if k else None)) for k, step in enumerate(steps)]
    return msgspec.structs.replace(
        whole,
        state=tuple(answer.state[0] for answer in answers),
        margin_ratio=tuple(answer.margin_ratio[0] for answer in answers),
    )


def ruled(rules: VenueRules, how: Ruled) -> VenueRules:
    """Return rules with some keys changed; a section that the venue does not have is left alone."""
    found = rules
    for key, factor in how.factors.items():
        found = _with(found, key, partial(_times, factor))
    for key, value in how.values.items():
        found = _with(found, key, partial(_instead, value))
    return found


def _times(factor: float, before: object) -> object:
    if isinstance(before, tuple):
        return tuple(_times(factor, one) for one in before)
    return type(before)(before * factor) if isinstance(before, int | float) else before


def _instead(value: object, _: object) -> object:
    return value


def _with(rules: VenueRules, key: str, change: Callable[[object], object]) -> VenueRules:
    section, _, name = key.partition(".")
    if section == "tiers":
        contracts = tuple(
            msgspec.structs.replace(contract, tiers=tuple(_changed(tier, name, change) for tier in contract.tiers)) for contract in rules.contracts
        )
        return msgspec.structs.replace(rules, contracts=contracts)
    part = getattr(rules, section)
    if part is None:
        return rules
    new = tuple(_changed(one, name, change) for one in part) if isinstance(part, tuple) else _changed(part, name, change)
    return msgspec.structs.replace(rules, **{section: new})


_Part = TypeVar("_Part", bound=msgspec.Struct)


def _changed(part: _Part, name: str, change: Callable[[object], object]) -> _Part:
    return msgspec.structs.replace(part, **{name: change(getattr(part, name))})
