"""A rough market for planted defects: everything that trips an index, in one run that ends on a leap day and crosses midnight."""

from __future__ import annotations

import numpy as np

from indexlab.market.quotes import Quotes
from indexlab.market.rates import Rate
from indexlab.market.source import Source

SECOND = 1_000_000
DAY = 86_400 * SECOND
LEAP_DAY = 19_782 * DAY
"""2024-02-29, 00:00 UTC."""
START = LEAP_DAY - 250 * SECOND
PUBLICATIONS = 600

BASKET = (
    Source("kraken", "kraken", weight=0.9),
    Source("coinbase", "coinbase", "USD", 0.7),
    Source("coinbase-intl", "coinbase", "USDT", 0.7),
    Source("bitstamp", "bitstamp", "USD", 1.0, upstream="shared"),
    Source("gemini", "gemini", "USD", 0.8, upstream="shared"),
    Source("okx", "okx", "USDT", 1.1),
    Source("bybit", "bybit", "USDC", 1.2),
    Source("idle", "idle", weight=0.0),
    Source("gateio", "gateio", "USDC", 0.655),
    Source("lmax", "lmax", weight=1.3),
)


def rates():
    """Return what the dollar tokens are worth: not quite a dollar, and not the same all along."""
    at = START + np.arange(-5, PUBLICATIONS, 7) * SECOND
    return {
        "USDT": Rate(at, at, 1.001 + 0.002 * np.sin(np.arange(len(at)) / 9)),
        "USDC": Rate(at, at, 0.998 + 0.001 * np.cos(np.arange(len(at)) / 7)),
    }


def times():
    """Return a publication every second."""
    return START + np.arange(PUBLICATIONS) * SECOND


def rough(seed, level=64_000.0):
    """Return the quotes of one run: true moves, a flat stretch, losses of the quorum, and every kind of garbage, each in its time."""
    draw = np.random.Generator(np.random.Philox(seed))
    rows = []
    price = level
    for second in range(-3, PUBLICATIONS - 1):
        price *= 1.0 if 150 <= second < 200 else float(np.exp(2e-4 * draw.normal()))
        price *= {205: 3.0, 330: 0.25}.get(second, 1.0)
        for s, source in enumerate(BASKET):
            if not is_silent(second, s):
                rows.append(_row(draw, second, s, source, price, flat=150 <= second < 200))
                if draw.uniform() < 0.05:
                    rows.append(rows[-1])
    rows = [row for row in rows if row is not None]
    order = np.argsort([row[0] for row in rows], kind="stable")
    columns = list(zip(*[rows[k] for k in order], strict=True))
    names = ("receive_time", "event_time", "source", "price", "bid", "ask", "volume")
    return Quotes.from_columns(**dict(zip(names, columns, strict=True)))


def is_silent(second, s):
    """Say who says nothing: all but two in two windows, all but two pairs that are not independent in one, all in one, and one or two here and there."""
    if any(begin <= second < begin + 75 for begin in (50, 360)):
        return s not in (0, 5) and second % 60 != 59
    if 250 <= second < 325:
        return s not in (1, 2, 3, 4)
    return 450 <= second < 530 or (s == 3 and 130 <= second < 240) or (s == 9 and 100 <= second < 300)


def _row(draw, second, s, source, price, *, flat):
    worth = {"USD": 1.0, "USDT": 1.001, "USDC": 0.998}[source.quote]
    said = price / worth * (1.0 if flat else float(np.exp(1e-4 * draw.normal())))
    received = START + second * SECOND + int(draw.integers(0, 999_990))
    event = received - int(draw.integers(0, 40_000)) * (draw.uniform() < 0.9)
    if flat:
        event = START + second * SECOND
    if second < 0 and s == 2:
        said *= 1.5
    volume = float(draw.exponential(2.0))
    spread = 1e-4
    if not flat and second % 11 == s % 11:
        kind = int(draw.integers(0, 15))
        factor = {0: 1.2, 1: 0.8, 2: 1e3, 3: 1e-3, 4: -1.0, 5: 0.0, 6: np.nan, 7: 1.02}.get(kind, 1.0)
        said *= factor
        event += {8: 3_600 * SECOND, 9: 300_000, 10: -90 * SECOND, 11: -SECOND * 5 // 2}.get(kind, 0)
        spread = -0.01 if kind == 12 else spread
        volume = {13: np.nan, 14: 0.0}.get(kind, volume)
    bid, ask = said * (1 - spread), said * (1 + spread)
    if draw.uniform() < 0.01:
        bid = np.nan
    return received, max(event, 0), s, said, bid, ask, volume
