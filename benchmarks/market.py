"""The market that everything is measured on: what the sources bring to each publication, and the same as quotes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from indexlab.market.levels import Levels
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source

SILENCE_US = 10_000_000
INTERVAL_US = SILENCE_US + 1_000_000
"""Between publications: a source that says nothing before one is silent for too long."""
START_US = 1_700_000_000_000_000
NOISE = 2e-4
STALE = 0.02
OUT = 0.01
SEVERAL_OUT = 0.1
ABSENT = 6
LEVELS = 5


class Panel(NamedTuple):
    """Arrays [rows, sources], C-contiguous: price, age in microseconds, and why (0: may count, 6: was never there)."""

    price: np.ndarray
    age: np.ndarray
    why: np.ndarray


def panel(rows: int, sources: int = 8, seed: int = 1) -> Panel:
    """A walk that all sources see through noise of 2 bp; 2 % of the cells are silent, in 1 % of the rows a source is 8 % off, in a tenth of these two are."""
    chance = np.random.Generator(np.random.Philox(seed))
    truth = 20_000.0 * np.exp(np.cumsum(chance.normal(0.0, 3e-5, rows)))
    price = truth[:, None] * (1.0 + chance.normal(0.0, NOISE, (rows, sources)))
    age = chance.integers(0, SILENCE_US // 2, (rows, sources), dtype=np.int64)
    age[chance.random((rows, sources)) < STALE] += SILENCE_US
    hit = np.flatnonzero(chance.random(rows) < OUT)
    first = chance.integers(0, sources, len(hit))
    price[hit, first] *= 1.08
    two = chance.random(len(hit)) < SEVERAL_OUT
    price[hit[two], (first[two] + 1) % sources] *= 0.92
    why = np.zeros((rows, sources), dtype=np.int8)
    why[: rows // 100, sources - 1] = ABSENT
    return Panel(price, age, why)


def repeated(part: Panel, times: int) -> Panel:
    return Panel(*(np.tile(array, (times, 1)) for array in part))


def weights(sources: int) -> np.ndarray:
    """Unequal weights with a sum of at most 1."""
    given = 1.0 + np.arange(sources) % 5
    return given / (2.0 * given.sum())


def basket(sources: int, own: str = "") -> tuple[Source, ...]:
    """So many sources, and then perhaps the venue's own."""
    others = tuple(Source(id=f"s{k}", venue=f"v{k}", weight=float(1 + k % 5)) for k in range(sources))
    return (*others, Source(id=own, venue=own)) if own else others


def times(rows: int) -> np.ndarray:
    return START_US + INTERVAL_US * np.arange(1, rows + 1, dtype=np.int64)


def quotes(part: Panel) -> Quotes:
    """Say each live cell once, its age before its publication: sampled at `times` this gives the panel again (a silent source brings its last price)."""
    said = (part.why == 0) & (part.age <= SILENCE_US)
    row, source = np.nonzero(said)
    at = times(len(part.price))[row] - part.age[said]
    order = np.argsort(at, kind="stable")
    price = part.price[said][order]
    half = price * 1e-5
    return Quotes.from_columns(
        receive_time=at[order], source=source[order], price=price, bid=price - half, ask=price + half, volume=1.0 + (at[order] % 1_000) / 100.0
    )


def rich(said: Quotes) -> Quotes:
    """The same with what only some methodologies need: a confidence, a trade's size, and five levels a side, a basis point apart."""
    rows, depth = len(said), np.arange(1, LEVELS + 1)
    prices = said.price[:, None] * (1.0 + np.concatenate((-depth, depth)) * 1e-4)
    counts = np.full(rows, LEVELS, dtype=np.int32)
    sizes = 1.0 + np.arange(prices.size) % 7
    book = Levels(np.arange(rows, dtype=np.int64) * 2 * LEVELS, counts, counts, prices.ravel(), sizes)
    return said.with_columns(confidence=said.price * 5e-5, trade_size=0.5 + said.volume % 1.0, book=book)
