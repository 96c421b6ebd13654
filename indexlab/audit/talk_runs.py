"""The small runs of a first conversation with a target: who says what at which beat, and what an index must make of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from indexlab.index.determination import DEGRADED, HALTED, HELD, OK, STATUSES
from indexlab.market.quotes import Quotes
from indexlab.market.source import Basket, Source
from indexlab.properties.tell import price_text
from indexlab.targets.target import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.index.determination import Determinations
    from indexlab.scenarios.expect import Expect

__all__ = ["NULL", "PRICE", "Say", "Stage", "has_value", "not_ok", "same_answer", "value_text"]

PRICE: Final = 50_000.0
NULL: Final = float("nan")
_NAMES: Final = ("coinbase", "kraken", "bitstamp", "gemini")
_START: Final = 1_700_000_040_000_000
_HAND: Final = 1_000
"""Sources speak a millisecond after one another."""
_SAME: Final = 1e-9


class Say(NamedTuple):
    """What a source says at a beat; the book only where the target prices from it."""

    beat: int
    source: int
    price: float
    bid: float | None = None
    ask: float | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """Who takes part, and how fast the time goes by: the sources of the plan, or one more than the target needs."""

    expect: Expect
    basket: Basket
    uses_book: bool

    @classmethod
    def of(cls, expect: Expect, given: Basket | None, *, uses_book: bool) -> Stage:
        """Set the stage for a target's promise."""
        names = [*_NAMES, *(f"venue{number}" for number in range(len(_NAMES) + 1, expect.min_sources + 2))]
        return cls(expect, given or tuple(Source(id=name, venue=name) for name in names), uses_book)

    @property
    def count(self) -> int:
        """How many sources there are."""
        return len(self.basket)

    def name(self, source: int) -> str:
        """Return the id of a source."""
        return self.basket[source].id

    def all(self, beats: int, price: float = PRICE, *, but: int | None = None) -> list[Say]:
        """Let all sources, or all but one, say a price at each of so many beats."""
        return [Say(beat, source, price) for beat in range(beats) for source in range(self.count) if source != but]

    def run(self, says: Sequence[Say], beats: int, *, beat: int | None = None, every: int = 1) -> Request:
        """Return a run: at the end of each beat (or of each `every`th) the index is published. A beat is an interval, or as long as is said."""
        length = beat or self.expect.interval
        said = sorted(says, key=lambda say: (say.beat, say.source))
        times = np.array([_START + say.beat * length + min((say.source + 1) * _HAND, length - 1) for say in said], dtype=np.int64)
        columns = {"source": [say.source for say in said], "price": [say.price for say in said]}
        if self.uses_book:
            columns |= {"bid": [say.price if say.bid is None else say.bid for say in said], "ask": [say.price if say.ask is None else say.ask for say in said]}
        quotes = Quotes.from_columns(receive_time=np.sort(times, kind="stable"), sources=self.count, **columns)  # type: ignore[arg-type]
        return Request(self.basket, quotes, _START + length * np.arange(every, beats + 1, every, dtype=np.int64), explain=True)


def has_value(answer: Determinations, expected: float, within: float, *, start: int = 0, silent: bool = False) -> int | None:
    """Return the first publication from `start` on that is not `ok` or `degraded` and within a ratio of what is expected; None where there is none.

    `silent`: a publication that is `held` or `halted` is as good.
    """
    promised = (answer.status == OK) | (answer.status == DEGRADED)
    fit = promised & (np.abs(answer.value / expected - 1) <= within)
    return _first(~(fit | ~promised) if silent else ~fit, start)


def not_ok(answer: Determinations, *, start: int = 0, degraded: bool = True) -> int | None:
    """Return the first publication from `start` on that is `ok`, or `degraded` where that is not allowed either; None where there is none."""
    bad = (answer.status == OK) if degraded else ((answer.status != HELD) & (answer.status != HALTED)) | ~np.isnan(answer.value)
    return _first(bad, start)


def same_answer(one: Determinations, other: Determinations) -> int | None:
    """Return the first publication at which two answers differ, or None."""
    close = np.isclose(one.value, other.value, rtol=_SAME, atol=0.0, equal_nan=True) & (one.status == other.status)
    return _first(~close, 0)


def value_text(answer: Determinations, at: int) -> str:
    """Return what was published: `index[3] is 50 000, status[3] is ok`."""
    value = float(answer.value[at])
    return f"index[{at}] is {'null' if np.isnan(value) else price_text(value)}, status[{at}] is {STATUSES[answer.status[at]]}"


def _first(bad: np.typing.NDArray[np.bool_], start: int) -> int | None:
    found = np.flatnonzero(bad[start:])
    return int(found[0]) + start if len(found) else None
