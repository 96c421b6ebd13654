"""Hypothesis strategies for declarations and for the quotes that trip them: ties, prices at the threshold, equal and late event times, nulls."""

from __future__ import annotations

import json
import math

import numpy as np
from hypothesis import strategies as st

from indexlab.index.declaration import parse_declaration
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source

SECOND = 1_000_000
START = 1_000 * SECOND


def as_toml(tables):
    """Write tables of scalars as TOML."""
    lines = []
    for name, content in tables.items():
        lines.append(f"[{name}]")
        lines.extend(f"{key} = {json.dumps(value)}" for key, value in content.items())
    return "\n".join(lines)


@st.composite
def tables(draw, *, accept=("positive", "finite")):
    """Draw the tables of a consistent declaration."""
    clock = draw(st.sampled_from(("event", "receive")))
    staleness = {"clock": clock}
    if draw(st.booleans()):
        staleness |= {"silence": draw(st.sampled_from(("1s", "2s", "5s"))), "at_limit": draw(st.sampled_from(("live", "stale")))}
    outlier = {"rule": draw(st.sampled_from(("none", "drop", "clamp")))}
    if outlier["rule"] != "none":
        outlier |= {
            "band": draw(st.sampled_from(("0", "50bp", "1%", "3%", "5%", "25%", "100%"))),
            "comparison": draw(st.sampled_from((">", ">="))),
            "several": draw(st.sampled_from(("each", "median"))),
            "from_sources": draw(st.integers(1, 4)),
        }
    rule = draw(st.sampled_from(("weighted-mean", "median", "weighted-median", "drop-highest-and-lowest")))
    aggregation = {"rule": rule}
    if rule == "median":
        aggregation["even"] = draw(st.sampled_from(("mean", "floor", "away-from-zero", "lower", "upper")))
        if aggregation["even"] in ("floor", "away-from-zero"):
            aggregation["unit"] = draw(st.sampled_from((1, 0.5, 0.01, 3)))
    if rule == "weighted-median":
        aggregation["tie"] = draw(st.sampled_from(("lower", "upper", "mean")))
    found = {
        "input": {"price": draw(st.sampled_from(("last", "mid")))},
        "staleness": staleness,
        "validity": {
            "accept": draw(st.sampled_from(accept)),
            "invalid": draw(st.sampled_from(("ignore", "exclude"))),
            "max_ahead": draw(st.sampled_from(("0s", "1s", "3s"))),
        },
        "outlier": outlier,
        "weights": {"kind": "equal" if rule == "median" else draw(st.sampled_from(("equal", "fixed")))},
        "aggregation": aggregation,
        "quorum": {"ok_from": draw(st.integers(1, 5)), "below": draw(st.sampled_from(("halt", "hold", "degrade")))},
    }
    if draw(st.booleans()):
        found["rounding"] = {
            "tick": draw(st.sampled_from((0.01, 0.1, 0.25, 0.5, 1, 5))),
            "mode": draw(st.sampled_from(("half-even", "half-up", "down", "up"))),
        }
    return found


def declarations(**choices):
    """Draw a declaration."""
    return tables(**choices).map(lambda content: parse_declaration(as_toml(content)))


@st.composite
def baskets(draw, *, most=12):
    """Draw a basket of 1 to `most` sources, some of weight 0, with weights that tie at the half."""
    n = draw(st.integers(1, most))
    weights = draw(st.lists(st.sampled_from((0.0, 0.1, 0.2, 0.25, 0.3, 1.0, 2.0, 3.0, 1e-9, 1e6)), min_size=n, max_size=n))
    if not any(weights):
        weights[0] = 1.0
    return tuple(Source(f"s{i}", f"v{i}", weight=weight) for i, weight in enumerate(weights))


AROUND = (0.5, 0.75, 0.95, 0.97, 0.99, 0.995, 1.0, 1.005, 1.01, 1.03, 1.05, 1.25, 2.0, 1e-3, 1e4)
LEVELS = (100.0, 100.0, 100.0, 0.3, 64123.45, 1e-9, 1e15)


@st.composite
def prices(draw, level):
    """Draw a price: at a round distance from the level, where thresholds and ties are; anything near it; or what is no price."""
    kind = draw(st.integers(0, 9))
    if kind < 6:
        return float(f"{level * draw(st.sampled_from(AROUND)):.12g}")
    if kind < 8:
        return level * draw(st.floats(0.9, 1.1))
    return draw(st.sampled_from((0.0, -level, level * -1.05, math.nan)))


@st.composite
def quotes(draw, n_sources, *, most=40):
    """Draw quotes over about ten seconds; books that are there, half there, crossed or missing."""
    level = draw(st.sampled_from(LEVELS))
    rows = draw(st.integers(0, most))
    steps = st.sampled_from((0, 0, 1, 2, 4))
    received = np.cumsum([draw(steps) for _ in range(rows)]) * (SECOND // 2)
    columns = {name: [] for name in ("event_time", "source", "price", "bid", "ask")}
    for moment in received:
        columns["event_time"].append(START + int(moment) + draw(st.sampled_from((0, 0, 0, -1, -SECOND, -4 * SECOND, SECOND, SECOND + 1, 9 * SECOND))))
        columns["source"].append(draw(st.integers(0, n_sources - 1)))
        columns["price"].append(draw(prices(level)))
        bid, ask = draw(books(level))
        columns["bid"].append(bid)
        columns["ask"].append(ask)
    return Quotes.from_columns(receive_time=[START + int(moment) for moment in received], **columns)


@st.composite
def books(draw, level):
    """Draw bid and ask: none, a good one (of any width, ties among them), or a bad one."""
    kind = draw(st.integers(0, 7))
    if kind < 3:
        return math.nan, math.nan
    bid = draw(prices(level))
    if kind < 6:
        return bid, bid if math.isnan(bid) else float(f"{bid + level * draw(st.sampled_from((0, 0.0002, 0.01, 0.1))):.12g}")
    return draw(st.permutations((bid, draw(prices(level)))))


@st.composite
def publications(draw):
    """Draw publication times, some twice, some before the first quote."""
    moments = draw(st.lists(st.integers(-2, 30), min_size=0, max_size=8))
    return np.array([START + moment * (SECOND // 2) for moment in sorted(moments)], dtype=np.int64)


@st.composite
def cases(draw, **choices):
    """Draw (declaration, basket, quotes, times)."""
    basket = draw(baskets())
    return draw(declarations(**choices)), basket, draw(quotes(len(basket))), draw(publications())
