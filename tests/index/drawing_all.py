"""Hypothesis strategies for declarations with every rule there is, and for the quotes that trip them: books of levels, confidences, sizes, rates."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from hypothesis import strategies as st

from indexlab.index import rules as r
from indexlab.market.levels import Levels
from indexlab.market.quotes import Quotes
from indexlab.market.rates import Rate
from indexlab.market.source import Source
from tests.index import drawing
from tests.index.drawing import SECOND, START

NAMES = ("deribit-2019", "plain-median", "phemex")


def words(draw, key):
    return draw(st.sampled_from(r.CHOICES[key]))


def pick(draw, *options):
    return draw(st.sampled_from(options))


def limits(draw):
    return pick(draw, None, None, SECOND, 2 * SECOND, 5 * SECOND)


@st.composite
def outliers(draw):
    """Draw an outlier rule, with others for two sources and for one now and then."""

    def few():
        if draw(st.integers(0, 4)):
            return None
        return r.FewRule(words(draw, "outlier.rule"), words(draw, "outlier.reference"), pick(draw, 0.01, 0.05), words(draw, "outlier.comparison"))

    sigmas = pick(draw, 0.0, 0.0, 0.0, 1.0, 2.0)
    rule = pick(draw, "drop", "weight-0") if sigmas else words(draw, "outlier.rule")
    return r.Outlier(
        rule=rule,
        reference="mean" if sigmas else words(draw, "outlier.reference"),
        band=pick(draw, 0.0, 0.01, 0.05, 0.25),
        comparison=words(draw, "outlier.comparison"),
        several=words(draw, "outlier.several"),
        from_sources=pick(draw, 1, 2, 3),
        sigmas=sigmas,
        deviation=words(draw, "outlier.deviation"),
        several_from=pick(draw, 1, 2, 3),
        drop_beyond=pick(draw, 0.0, 0.1) if rule == "clamp" else 0.0,
        exempt_share=pick(draw, 1.0, 0.4),
        all_out=words(draw, "outlier.all_out"),
        by_quote=pick(draw, {}, {"USDT": 0.1}),
        by_asset=pick(draw, {}, {"BTC": 0.02}),
        two=few(),
        one=few(),
    )


def reinclusion(draw):
    return r.Reinclusion(
        band=pick(draw, None, 0.01, 1.0),
        comparison=words(draw, "reinclusion.comparison"),
        reference=words(draw, "reinclusion.reference"),
        held_for_us=pick(draw, 0, SECOND, 2 * SECOND),
        at_limit=words(draw, "reinclusion.at_limit"),
        alone=pick(draw, None, 0.1),
        out_for_us=pick(draw, 0, SECOND, 2 * SECOND),
        strikes=pick(draw, 0, 2),
        strikes_within_us=5 * SECOND,
        applies_to=words(draw, "reinclusion.applies_to"),
    )


def conversion(draw, rule):
    if rule in ("order-book", "partitions"):
        return r.Conversion()
    return r.Conversion(
        rate=words(draw, "conversion.rate"),
        peg=pick(draw, {}, {"USDT": 1.0}),
        inverted=() if rule == "votes" else pick(draw, (), ("s0",)),
        silence_us=limits(draw),
        missing=words(draw, "conversion.missing"),
        band=pick(draw, 0.0, 0.01),
        outside=words(draw, "conversion.outside"),
    )


def weights(draw, price, rule):
    if rule == "median":
        return r.Weights()
    kinds = ("equal", "fixed", "volume", "traded") if price in ("vwap", "tvwap", "cross") else ("equal", "fixed", "volume")
    return r.Weights(pick(draw, *kinds), window_us=3 * SECOND, refresh_us=pick(draw, 0, 2 * SECOND), cap=pick(draw, 1.0, 0.4, 0.2))


@st.composite
def declarations(draw):
    """Draw a declaration of any rules; each of the larger rules is left out now and then, so that the others are met."""
    price, rule = draw(inputs())
    ages = draw(st.booleans())
    return r.Declaration(
        r.Methodology("drawn", "drawn", asset=pick(draw, "", "BTC")),
        input=r.Input(price, pick(draw, SECOND, 2 * SECOND, 5 * SECOND), pick(draw, 0.0, 0.2, 1.0), pick(draw, 0.0, 1.0), pick(draw, 1.0, 0.01)),
        conversion=conversion(draw, rule) if draw(st.booleans()) else r.Conversion(),
        staleness=r.Staleness(limits(draw), words(draw, "staleness.clock"), words(draw, "staleness.at_limit"), words(draw, "staleness.action"), limits(draw))
        if ages
        else r.Staleness(clock=words(draw, "staleness.clock")),
        latency=r.Latency(limits(draw), words(draw, "latency.at_limit"), words(draw, "latency.action")) if ages else r.Latency(),
        unchanged=r.Unchanged(limits(draw), words(draw, "unchanged.at_limit"), words(draw, "unchanged.action")) if ages else r.Unchanged(),
        validity=r.Validity(words(draw, "validity.accept"), words(draw, "validity.invalid")),
        outlier=draw(outliers()),
        reinclusion=reinclusion(draw) if draw(st.booleans()) else None,
        weights=weights(draw, price, rule),
        aggregation=r.Aggregation(rule, words(draw, "aggregation.even"), 0.5, words(draw, "aggregation.tie"), pick(draw, 0.1, 0.34), 3, pick(draw, 2, 12)),
        book=r.Book(pick(draw, 1.0, 0.5), 0.05, pick(draw, 1, 50), pick(draw, 0.01, 0.3), 5.0, pick(draw, 0.005, 0.1), 0.3, 20),
        guard=draw(guards()),
        blend=r.Blend(pick(draw, *NAMES), START + 3 * SECOND, 5 * SECOND, pick(draw, 0, 2 * SECOND)) if draw(st.integers(0, 4)) == 0 else None,
        quorum=r.Quorum(
            draw(st.integers(1, 3)),
            words(draw, "quorum.below"),
            draw(st.integers(1, 2)),
            words(draw, "quorum.then"),
            words(draw, "quorum.counts"),
            pick(draw, 0.0, 0.5),
        ),
        own=r.Own(pick(draw, "", "", "s1")),
        rounding=r.Rounding(0.5, words(draw, "rounding.mode")) if draw(st.booleans()) else None,
    )


@st.composite
def inputs(draw):
    """Draw an input and an aggregation that it feeds."""
    price = words(draw, "input.price")
    own = {"book": "order-book", "trades": "partitions", "confidence": "votes"}
    plain = ("weighted-mean", "median", "weighted-median", "drop-highest-and-lowest", "trimmed-mean")
    return price, draw(st.sampled_from((own[price], own[price], "median") if price in own else plain))


@st.composite
def guards(draw):
    if draw(st.booleans()):
        return r.Guard()
    return r.Guard(pick(draw, 0, 3), pick(draw, 0.0, 0.01, 0.1), words(draw, "guard.action"), draw(st.booleans()), pick(draw, 0.0, 0.02))


SIDE = st.lists(st.tuples(st.sampled_from((99.0, 99.5, 100.0, 100.5, 101.0, 0.0)), st.sampled_from((0.0, 0.5, 1.0, 3.0, 100.0))), max_size=4)
BOOKS = st.one_of(st.none(), st.tuples(SIDE.map(lambda side: [(price - 1, size) for price, size in side]), SIDE))


@st.composite
def wild_quotes(draw, n):
    """Draw quotes of which many are no quotes, with every optional column."""
    quotes = draw(drawing.quotes(n, most=25))
    rows = len(quotes)

    def column(*options):
        return np.array([pick(draw, *options) for _ in range(rows)], dtype=float)

    return quotes.with_columns(
        confidence=column(math.nan, 0.1, 1.0, 50.0, 0.0),
        trade_size=column(math.nan, 0.0, 1.0, 2.0, 0.5),
        volume=column(math.nan, 0.0, 1.0, 7.0, -1.0),
        book=Levels.from_lists([draw(BOOKS) for _ in range(rows)]),
    )


FACTORS = (0.9, 0.95, 0.99, 1.0, 1.0, 1.0, 1.005, 1.01, 1.02, 1.05, 1.1, 2.0)


@st.composite
def tame_quotes(draw, n):
    """Draw quotes that are near one another for the most part, source after source, so that values are made and rules that remember are met."""
    rows = draw(st.integers(4, 24))
    received = START + np.sort(np.array([draw(st.integers(0, 20)) for _ in range(rows)])) * (SECOND // 2)
    prices = [100.0 * pick(draw, *FACTORS) for _ in range(rows)]

    def column(*options):
        return [pick(draw, *options) for _ in range(rows)]

    return Quotes.from_columns(
        receive_time=received,
        event_time=received - np.array(column(0, 0, 0, 0, SECOND)),
        source=[row % n for row in range(rows)],
        price=prices,
        bid=[price - 0.5 for price in prices],
        ask=[price + 0.5 for price in prices],
        volume=column(math.nan, 1.0, 7.0),
        confidence=column(math.nan, 0.1, 1.0, 5.0),
        trade_size=column(math.nan, 1.0, 2.0, 0.5),
        book=Levels.from_lists(
            [None if draw(st.booleans()) else ([(price - 1, 2.0), (price - 2, 1.0)], [(price + 1, 1.0), (price + 1.5, 30.0)]) for price in prices]
        ),
    )


@st.composite
def rates(draw):
    """Draw the rate of USDT, or none."""
    moments = sorted(draw(st.lists(st.integers(0, 15), max_size=4)))
    if not moments:
        return None
    return {"USDT": Rate.from_columns(receive_time=[START + m * SECOND for m in moments], price=[pick(draw, 1.0, 0.995, 1.02, 0.9, math.nan) for _ in moments])}


@st.composite
def cases(draw):
    """Draw (declaration, basket, quotes, times, rates)."""
    n = draw(st.integers(2, 5))
    tame = draw(st.integers(0, 4)) > 0
    basket = tuple(
        Source(
            f"s{i}",
            f"v{draw(st.integers(0, 2))}",
            pick(draw, "USD", "USDT"),
            pick(draw, 1.0, 2.0) if tame or i == 0 else pick(draw, 0.0, 1.0),
            upstream=pick(draw, None, "u"),
        )
        for i in range(n)
    )
    quotes = draw(tame_quotes(n) if tame else wild_quotes(n))
    times = np.arange(0, 24, pick(draw, 1, 2, 3)) * (SECOND // 2) + START if tame else draw(drawing.publications())
    return draw(declarations()), basket, quotes, times.astype(np.int64), draw(rates())


def without_blend(declaration):
    return msgspec.structs.replace(declaration, blend=None)
