"""Money is conserved, to the smallest unit: through deposits, trades, funding, price faults, and forced reductions by every path."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from tests.margin import histories
from tests.margin.histories import PATHS, lived_through

STEPS = 16


def seen_in(count: int) -> Counter[str]:
    """Return what happened in so many histories, each of which conserved money at each step."""
    seen: Counter[str] = Counter()
    for seed in range(count):
        seen += lived_through(seed, STEPS).seen
    return seen


def test_money_is_conserved_in_three_hundred_histories():
    seen = seen_in(300)
    for what in ("deposit", "trade", "paid slots", "fault", "taken over", "vault", "deleveraged", "fund owes", *PATHS):
        assert seen[what] >= 5, (what, seen)


@pytest.mark.long
def test_money_is_conserved_in_ten_thousand_histories():
    seen = seen_in(10_000)
    assert min(seen[path] for path in PATHS) >= 1500, seen


@pytest.mark.parametrize("party", ["fees", "insurance fund", "counterparties"])
def test_a_unit_that_an_answer_loses_is_found(monkeypatch: pytest.MonkeyPatch, party: str):
    right = histories.reduce_position

    def wrong(case):
        answer = right(case)
        lost = {**answer.balances, party: answer.balances[party] - 1}
        return msgspec.structs.replace(answer, balances=lost) if answer.fills else answer

    monkeypatch.setattr(histories, "reduce_position", wrong)
    with pytest.raises(AssertionError, match="units appeared"):
        seen_in(20)
