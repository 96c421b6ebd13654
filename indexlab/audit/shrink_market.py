"""Shrinking, the first step: the few numbers of a drawn market, by Hypothesis; after it the quotes themselves are written out and shrunk one by one.

Each number is either what was drawn or something plain (a quiet market, a price of 50 000, faults up rather than down). Hypothesis looks for the plainest
combination that still breaks. What a market of plain numbers shows is read more easily, and its quotes shrink further.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.market.synthetic import Market
    from indexlab.scenarios.scenario import Scenario

__all__ = ["plainest_market"]

_PLAIN: Final[dict[str, object]] = {"regime": "calm", "price": 50_000.0, "leader": None, "instant": False, "book": False, "columns": (), "flat": False}
_MOST_TRIES: Final = 10


def plainest_market(scenario: Scenario, breaks: Callable[[Scenario], bool]) -> Scenario:
    """Return a scenario of plainer numbers that still breaks, or the same one; only the market's own numbers change, never its times.

    `breaks` is asked about each attempt. What it raises goes through, once Hypothesis has ended.
    """
    market = scenario.market
    if market is None:
        return scenario
    plain = _plainer(market)
    if not plain:
        return scenario
    raised: list[BaseException] = []
    known: dict[tuple[bool, ...], bool] = {(True,) * len(plain): False}

    def condition(kept: tuple[bool, ...]) -> bool:
        # Hypothesis asks again about what it found, and must be told the same
        if kept not in known:
            known[kept] = not raised and attempt(kept)
        return known[kept]

    def attempt(kept: tuple[bool, ...]) -> bool:
        try:
            return breaks(_with(scenario, market, plain, kept))
        except Exception as error:  # noqa: BLE001 - it is raised again below: within Hypothesis it would count as a flaky test
            raised.append(error)
            return False

    found = None
    limits = settings(
        max_examples=_MOST_TRIES,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    with suppress(NoSuchExample):
        found = find(st.tuples(*[st.booleans()] * len(plain)), condition, settings=limits)
    if raised:
        raise raised[0]
    return scenario if found is None else _with(scenario, market, plain, found)


def _plainer(market: Market) -> list[tuple[str, object]]:
    """Return which numbers of a market could be plainer, and what they would be; a move goes with its regime."""
    return [(name, value) for name, value in _PLAIN.items() if getattr(market, name) != value]


def _with(scenario: Scenario, market: Market, plain: list[tuple[str, object]], kept: tuple[bool, ...]) -> Scenario:
    changes = {name: value for (name, value), keep in zip(plain, kept, strict=True) if not keep}
    if "regime" in changes:
        changes |= {"move": 1.0, "move_at": 0, "move_over": 0}
    return msgspec.structs.replace(scenario, market=msgspec.structs.replace(market, **changes))
