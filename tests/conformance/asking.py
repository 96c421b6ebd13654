"""Asking both implementations for what a published case expects; what they do not agree about to a relative 1e-12 is a failure whatever was expected."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from indexlab.index import engine, reference
from indexlab.index.catalogue import preset
from indexlab.index.determination import REASONS, STATUSES
from indexlab.market.quotes import Quotes
from indexlab.market.rates import Rate
from indexlab.market.source import Source

if TYPE_CHECKING:
    from indexlab.index.determination import Determinations
    from indexlab.index.rules import Declaration

SECOND = 1_000_000
NOW = 1_600_000_000 * SECOND
CLOSE = 1e-12


class DisagreementError(Exception):
    """The engine and the textbook say two things: whatever a case expects, and excepted or not, one of them is wrong."""


def ruled(name: str, **sections: dict[str, object] | None) -> Declaration:
    """A preset with what its source says is set for each market: section = {key: value}; None takes a section away."""
    declaration = preset(name)
    for section, keys in sections.items():
        before = getattr(declaration, section)
        declaration = msgspec.structs.replace(declaration, **{section: None if keys is None else msgspec.structs.replace(before, **keys)})
    return declaration


def asked(declaration, prices, *, names=None, weights=None, currencies=None, heard=NOW, stamps=None, times=None, rates=None, **columns) -> Determinations:
    """Determine from one observation a source, `heard` at one time or each at its own, and stamped so; by default once, when all were heard."""
    n = len(prices)
    names = names or [f"s{i}" for i in range(n)]
    received = [heard] * n if isinstance(heard, int) else heard
    basket = sources(names, weights=weights, currencies=currencies)
    order = sorted(range(n), key=received.__getitem__)
    given = {"receive_time": received, "event_time": stamps or received, "source": range(n), "price": prices, **columns}
    book = given.pop("book", None)
    quotes = Quotes.from_columns(**{name: [column[i] for i in order] for name, column in given.items()})
    times = times or [max(received, default=NOW)]
    return both(declaration, basket, quotes if book is None else replace(quotes, book=book), times, rates)


def sources(names, *, weights=None, currencies=None):
    """A basket; without anybody, of one source that never says anything."""
    if not names:
        return (Source("nobody", "nobody"),)
    weights, currencies = weights or [1.0] * len(names), currencies or ["USD"] * len(names)
    return tuple(Source(name, name, currency, weight) for name, weight, currency in zip(names, weights, currencies, strict=True))


def both(declaration, basket, quotes, times, rates=None) -> Determinations:
    """The engine's answer, where the textbook's is the same."""
    found, expected = (room.determine(declaration, basket, quotes, np.array(times), rates) for room in (engine, reference))
    try:
        assert_same(found, expected)
        quick = engine.determine(declaration, basket, quotes, np.array(times), rates, detail=False)
        assert quick.value.tobytes() == found.value.tobytes(), "without detail"
        assert quick.status.tolist() == found.status.tolist(), "without detail"
    except AssertionError as problem:
        raise DisagreementError(str(problem)) from problem
    return found


def assert_same(found, expected):
    assert statuses(found) == statuses(expected)
    assert found.reason.tolist() == expected.reason.tolist()
    for name in ("value", "used", "weight", "confidence"):
        mine, theirs = getattr(found, name), getattr(expected, name)
        assert (mine is None) == (theirs is None), name
        if mine is not None:
            np.testing.assert_allclose(mine, theirs, rtol=CLOSE, atol=CLOSE if name == "weight" else 0, equal_nan=True, err_msg=name)


def statuses(found: Determinations) -> list[str]:
    """The status of each publication."""
    return [STATUSES[code] for code in found.status]


def reasons(found: Determinations, at: int = -1) -> list[str]:
    """The reason of each source at one publication."""
    return [REASONS[code] for code in found.reason[at]]


def value(found: Determinations, at: int = -1) -> float | None:
    """What was newly published; None: nothing, or an earlier value again."""
    return float(found.value[at]) if statuses(found)[at] in {"ok", "degraded"} else None


def close(expected, rel=CLOSE, **tolerance):
    """The published number, as near as the arithmetic allows; None stays None."""
    return None if expected is None else pytest.approx(float(expected), rel=rel, **({"abs": 0} | tolerance))


def rates_of(indexes, currencies):
    """For each currency the index that was there a second before now; without one, a series in which nothing came."""
    said = {name.partition("/")[0]: float(price) for name, price in (indexes or {}).items()}
    heard = {name: ([NOW - SECOND], [said[name]]) if name in said else ([], []) for name in currencies}
    return {name: Rate.from_columns(receive_time=np.array(when, dtype=np.int64), price=np.array(price, dtype=float)) for name, (when, price) in heard.items()}


def assert_deviation(prices, deviation, kind):
    """No determination says how wide the prices are spread, but its outlier rule by deviations does: the furthest is out below its distance, in above."""
    middle = sum(prices) / len(prices)
    furthest = max(prices, key=lambda price: abs(price - middle))
    if deviation == 0:
        assert furthest == middle
        return
    distance = abs(furthest - middle) / deviation
    for share, reason in ((1 - 1e-8, "outlier"), (1 + 1e-8, "used")):
        rules = ruled("ojo", input={"price": "last"}, weights={"kind": "equal"}, outlier={"sigmas": distance * share, "deviation": kind})
        assert reasons(asked(rules, prices))[prices.index(furthest)] == reason
