"""Feeds of mark prices, drawn small: gaps, ties, equal times, prices that are none, wild ones."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from hypothesis import strategies as st

from indexlab.margin.mark_feed import MarkFeed, mark_feed
from indexlab.margin.mark_rules import MarkRule
from indexlab.market.units import MINUTE, SECOND

START = 1_700_000_000 * SECOND
STEPS = (0, 0, SECOND // 4, SECOND, SECOND, SECOND, 3 * SECOND, 40 * SECOND, 10 * MINUTE)
NO_PRICES = (math.nan, 0.0, -1.0, math.inf)

near = st.one_of(st.sampled_from((1.0, 1.0, 0.999, 1.001, 1.02)), st.integers(900, 1100).map(lambda n: n / 1000))
wild = st.one_of(near, near, near, st.sampled_from((0.001, 0.5, 2.0, 1000.0, *NO_PRICES)))


def columns(n: int, one: st.SearchStrategy[float]) -> st.SearchStrategy[list[float]]:
    """A column of n numbers."""
    return st.lists(one, min_size=n, max_size=n)


@st.composite
def feeds(draw: st.DrawFn, longest: int = 10, price: st.SearchStrategy[float] = wild) -> MarkFeed:
    """Draw a feed of a few publications, with up to four other venues."""
    n, base = draw(st.integers(1, longest)), draw(st.sampled_from((0.0123, 100.0, 64321.5)))
    times = [START + draw(st.integers(0, 10)) * SECOND // 2]
    for _ in range(n - 1):
        times.append(times[-1] + draw(st.sampled_from(STEPS)))
    index, bid, last = ([base * one for one in draw(columns(n, price))] for _ in range(3))
    ask = [b * draw(st.sampled_from((1.0, 1.0005, 1.01, 1.01, 0.99, 3.0))) for b in bid]
    weights = draw(st.lists(st.sampled_from((0.0, 1.0, 1.0, 2.0, 3.0)), max_size=4))
    mids = [[base * one for one in draw(columns(n, price))] for _ in weights]
    rates = draw(columns(n, st.sampled_from((0.0, 1e-4, -3.75e-3, 0.02, math.nan, -2.0))))
    following = [at + draw(st.sampled_from((-SECOND, 0, MINUTE, 240 * MINUTE, 1000 * MINUTE))) for at in times]
    return mark_feed(
        times,
        index,
        trusted=[draw(st.sampled_from((True, True, True, False))) for _ in range(n)],
        book=(bid, ask),
        last=last,
        funding=(rates, following),
        funding_interval=draw(st.sampled_from((60, 480))) * MINUTE,
        others=(mids, weights),
    )


@st.composite
def rules(draw: st.DrawFn, kinds: tuple[str, ...] = ("index", "funding-basis", "average-basis", "median-of-three", "hyperliquid")) -> MarkRule:
    """Draw a rule of one of these kinds, with or without all that may follow it."""
    return MarkRule(
        rule=draw(st.sampled_from(kinds)),
        average=draw(st.sampled_from(("plain", "decaying"))),
        window_us=draw(st.sampled_from((1, SECOND, 2 * SECOND, 30 * SECOND, 150 * SECOND))),
        sample_us=draw(st.sampled_from((0, 0, SECOND, 5 * SECOND))),
        two_inputs_window_us=draw(st.sampled_from((SECOND, 30 * SECOND))),
        band=draw(st.sampled_from((0.0, 0.0, 0.005, 0.03))),
        max_step=draw(st.sampled_from((0.0, 0.0, 0.0001, 0.01))),
        strict=draw(st.sampled_from(("none", "worse-of-twap", "stable-price"))),
        twap_window_us=draw(st.sampled_from((1, 2 * SECOND, 5 * MINUTE))),
        stable_growth=draw(st.sampled_from((0.0003, 0.01))),
        stable_every_us=draw(st.sampled_from((0, SECOND, 3 * SECOND, 10 * SECOND))),
        stable_longest_us=draw(st.sampled_from((0, 5 * SECOND, 600 * SECOND))),
    )


def scaled(feed: MarkFeed, factor: float) -> MarkFeed:
    """The same feed with all prices times a factor."""
    return dataclasses.replace(feed, **{name: getattr(feed, name) * factor for name in ("index", "bid", "ask", "last", "others")})


def shifted(feed: MarkFeed, by: int) -> MarkFeed:
    """The same feed, later."""
    return dataclasses.replace(feed, times=feed.times + by, next_funding=feed.next_funding + by)


def cut(feed: MarkFeed, n: int) -> MarkFeed:
    """The first n publications."""
    return MarkFeed(**{field.name: getattr(feed, field.name)[: None if field.name == "weights" else n] for field in dataclasses.fields(feed)})


def has_index(feed: MarkFeed) -> np.ndarray:
    """Where the index may be used."""
    return feed.trusted & np.isfinite(feed.index) & (feed.index > 0)
