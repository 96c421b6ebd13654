"""The funding of a drawn margin case: two to five slots, holdings that open and close around them, a clock that repeats, steps back and leaves slots out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from indexlab.margin.case import FundingCase, Holding, Sample
from indexlab.scenarios.margin_accounts import lotted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from indexlab.margin.contract import Contract
    from indexlab.margin.funding_rules import FundingRule
    from indexlab.margin.rules import VenueRules

__all__ = ["LEAST_SPAN_US", "compressed", "funding_case", "slots_of"]

LEAST_SPAN_US: Final = 240_000
"""A run that is shorter than this has no room for slots."""
_GRAIN: Final = 24
_SAMPLES: Final = 24
_GROUPS: Final = 4


def compressed(draw: np.random.Generator, rule: FundingRule, start: int, end: int) -> FundingRule:
    """Return the rule with its interval made so short that two to five slots fall into (start, end]; all its other spans shrink alike."""
    wanted = int(draw.integers(2, 6))
    parts = max(rule.interval_us // rule.shorter_interval_us, 1) if rule.shorter_interval_us else 1
    grain = parts * _GRAIN
    interval = max((end - start) // wanted // grain, 1) * grain

    def shrunk(span: int) -> int:
        return max(span * interval // rule.interval_us, 1) if span else 0

    return msgspec.structs.replace(
        rule,
        interval_us=interval,
        # the first slot lies a third of an interval after the start
        offset_us=(start + interval // 3) % interval,
        base_interval_us=shrunk(rule.base_interval_us),
        window_us=shrunk(rule.window_us),
        window_late_us=shrunk(rule.window_late_us),
        shorter_interval_us=interval // parts if rule.shorter_interval_us else 0,
    )


def slots_of(rule: FundingRule, start: int, end: int) -> list[int]:
    """Return the slots in (start, end] as long as the interval stays what it is."""
    first = start - (start - rule.offset_us) % rule.interval_us + rule.interval_us
    return list(range(first, end + 1, rule.interval_us))


def funding_case(
    draw: np.random.Generator, rules: VenueRules, contract: Contract, span: tuple[int, int], index: Sequence[tuple[int, float]], size: float
) -> FundingCase | None:
    """Draw the funding of a contract; `index` are (time, index) in order, `size` a usual position in contracts. None where there is nothing to fund."""
    start, end = span
    if rules.funding is None or end - start < LEAST_SPAN_US or not index:
        return None
    slots = slots_of(rules.funding, start, end)
    premium = float(draw.choice((0.0, 0.0001, 0.0004, 0.002, 0.02))) * (1 if draw.random() < 0.5 else -1)
    samples = []
    # some at the very slots; in a third of the cases the market calms down soon
    calm = start + (end - start) * 2 // 5 if draw.random() < 1 / 3 else end
    for time in sorted({*(start + (end - start) * (number + 1) // _SAMPLES for number in range(_SAMPLES)), *slots}):
        seen = _newest(index, time)
        middle = seen * (1 + (premium if time <= calm else 0.0) * float(draw.uniform(0.5, 1.5)))
        half = float(draw.choice((0.0, 0.0001, 0.0005)))
        samples.append(Sample(time, seen, float(f"{middle * (1 - half):.8g}"), float(f"{middle * (1 + half):.8g}")))
    price = tuple((time, float(f"{value:.8g}")) for time, value in index)
    holdings = tuple(_holdings(draw, rules.funding, contract, slots, span, size))
    return FundingCase(contract.id, start, end, tuple(samples), holdings, price, tuple(_ticks(draw, rules.funding.interval_us, slots, end)))


def _newest(series: Sequence[tuple[int, float]], time: int) -> float:
    return next((value for moment, value in reversed(series) if moment <= time), series[0][1])


def _holdings(draw: np.random.Generator, rule: FundingRule, contract: Contract, slots: Sequence[int], span: tuple[int, int], size: float) -> list[Holding]:
    """Groups of one against two, who open and close together, around the slots and through them: at every slot the sizes add up to nothing."""
    late, interval = rule.window_late_us, rule.interval_us
    held = []
    for number in range(_GROUPS):
        slot = slots[int(draw.integers(0, len(slots)))] if slots else span[0]
        opened = slot + int(draw.choice((-interval // 4, -1, 0, 1, late // 2, max(late - 1, 1), late, late + 1, 2 * late + interval // 8)))
        if number == 0:
            opened = span[0]
        ending = slots[int(draw.integers(0, len(slots)))] if slots else span[1]
        closed = ending + int(draw.choice((-1, 0, 1, interval // 3)))
        closes = closed if number and closed > opened and draw.random() < 0.6 else None
        side = 1 if draw.random() < 0.5 else -1
        one = lotted(contract, size * float(draw.uniform(0.05, 1.0)))
        other = lotted(contract, size * float(draw.uniform(0.05, 1.0)))
        # the same account may come in again
        names = (f"holder {int(draw.integers(0, 3))}", f"maker {number}a", f"maker {number}b")
        for name, signed in zip(names, (side * (one + other), -side * one, -side * other), strict=True):
            held.append(Holding(name, signed, opened, closes))
    return held


def _ticks(draw: np.random.Generator, interval: int, slots: Sequence[int], end: int) -> list[int]:
    ticks: list[int] = []
    for slot in slots:
        after = slot + int(draw.choice((0, 1, interval // 16)))
        how = str(draw.choice(("once", "again", "back", "left out")))
        ticks += {"once": [after], "again": [after, after], "back": [after, slot - interval // 8, after + 1], "left out": []}[how]
    if ticks and draw.random() < 0.5:
        # a restart: the clock is read from an earlier time on once more
        ticks += [ticks[0], ticks[-1]]
    return [*ticks, *([end] if draw.random() < 0.8 or not ticks else [])]
