"""The plain baseline: how a good engineer tests in an afternoon, with Hypothesis, that one broken source moves an index by at most 1 %.

An index in Python, lists of quotes, one assertion. It stands here to be measured against; pytest benchmarks/plain_hypothesis.py runs it by itself.
"""

from __future__ import annotations

import math
from statistics import median
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

MAX_AGE, BAND, QUORUM, BOUND, LENGTH = 60, 0.05, 3, 0.01, 150
TIMES = range(30, LENGTH, 5)


class Quote(NamedTuple):
    received: int
    event: int
    source: int
    price: float | None


def index(quotes: list[Quote], times: range) -> list[float | None]:
    """The mean of the live sources' newest prices within 5 % of their median; None where fewer than three are left. `quotes` are in order of receipt."""
    newest: dict[int, Quote] = {}
    values, waiting = [], iter([*quotes, Quote(times[-1] + 1, 0, 0, None)])
    quote = next(waiting)
    for now in times:
        while quote.received <= now:
            valid = quote.price is not None and 0 < quote.price < math.inf and quote.event <= quote.received + 1
            if valid and (quote.source not in newest or quote.event >= newest[quote.source].event):
                newest[quote.source] = quote
            quote = next(waiting)
        live = [each.price for each in newest.values() if now - each.event <= MAX_AGE]
        middle = median(live) if len(live) >= QUORUM else math.nan
        inside = [price for price in live if abs(price - middle) <= BAND * middle]
        values.append(sum(inside) / len(inside) if inside else None)
    return values


@st.composite
def markets(draw: st.DrawFn, fewest: int = 7, most: int = 9, length: int = LENGTH, gaps: tuple[int, int] = (15, 40)) -> tuple[list[Quote], list[Quote], int]:
    """Quotes of sources that agree within 0.2 %; the same with another stream of quotes, of any price and age, from the first of them."""
    sources, level = draw(st.integers(fewest, most)), draw(st.sampled_from([0.0001, 1.0, 50_000.0]))
    honest = [
        Quote(second, second, source, level * draw(st.floats(0.999, 1.001)))
        for source in range(sources)
        for second in range(draw(st.integers(0, min(gaps[0] - 1, 9))), length, draw(st.integers(*gaps)))
    ]
    anything = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.floats(0.5, 2.0).map(level.__mul__) | st.floats(0.95, 1.05).map(level.__mul__)
    moments = st.tuples(st.integers(0, length - 1), st.sampled_from([0, 0, 0, 2, 59, 61, 3600, -1, -60]), anything)
    wrong = [Quote(second, second - lag, 0, price) for second, lag, price in draw(st.lists(moments, max_size=12))]
    others = [quote for quote in honest if quote.source != 0]
    return sorted(honest, key=lambda quote: quote.received), sorted(others + wrong, key=lambda quote: quote.received), sources


def holds(clean: list[float | None], broken: list[float | None]) -> bool:
    """Whether one broken source moved the index by at most 1 %, and neither took it away nor brought it."""
    return all(abs(one / other - 1) <= BOUND if one and other else one is other for one, other in zip(broken, clean, strict=True))


@settings(deadline=None)
@given(markets())
def test_one_broken_source_moves_the_index_by_at_most_one_percent(market):
    clean, broken, _ = market
    assert holds(index(clean, TIMES), index(broken, TIMES))
