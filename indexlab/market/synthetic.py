"""Synthetic markets: a true price, and venues around it, as a pure function of a few numbers and a seed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
import numpy as np

from indexlab.market.quotes import Quotes
from indexlab.market.seeds import stream
from indexlab.market.synthetic_columns import EXTRA_COLUMNS, with_columns
from indexlab.market.units import MILLISECOND, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EXTRA_COLUMNS", "JUMPS", "REGIMES", "Market", "Regime", "synthesise", "true_price"]

Regime: TypeAlias = Literal["calm", "trending", "volatile", "crash", "rally", "gap", "gap-open", "lead-lag"]
REGIMES: Final[tuple[Regime, ...]] = ("calm", "trending", "volatile", "crash", "rally", "gap", "gap-open", "lead-lag")
JUMPS: Final[tuple[Regime, ...]] = ("gap", "gap-open", "lead-lag")
"""The regimes whose true price moves at once: every venue then shows the new price within `lead`."""

_CALM: Final = 3e-5
"""Standard deviation of the true price over a second in a quiet market (about 17 % a year)."""
_VOLATILITY: Final = {"calm": _CALM, "trending": _CALM, "volatile": 10 * _CALM, "crash": 3 * _CALM, "rally": 3 * _CALM} | dict.fromkeys(JUMPS, _CALM)
_GRID_A_SPACING: Final = 4
_JITTER: Final = 0.4
"""Quotes come within this share of their regular spacing, so no silence exceeds 1.8 times `spacing`."""
_OFFSET: Final = 1.5e-4
_NOISE: Final = 2e-5


class Market(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The few numbers from which a market's quotes are made; times in microseconds.

    `move` is the factor by which the true price moves (1: not at all) from `move_at` after the start on, over `move_over` (0: at once, a
    gap). `spacing` is the longest regular time between quotes of a venue, `lead` the span within which the venues follow one another,
    `leader` the position of a venue that goes first. In a `flat` market
    every venue always says the same price. For `silence` before `move_at` no venue says anything, and after it all open again, within `lead`.
    In an `instant` market quotes happen and arrive exactly at publication times. `busiest` is the position of a venue that quotes every
    `busy_spacing`. The venues at the positions `mute` say nothing from `mute_from` after the start on. `columns` are those that are made
    beside the usual ones (confidence, trade_size, book: five levels a side).

    Regimes: a `gap` moves at once, all venues within `lead` of one another; in a `lead-lag` market one goes first and the others follow one by one, evenly
    over `lead`; a `gap-open` is a gap after a `silence`.
    """

    regime: Regime
    seed: int
    start: int
    interval: int
    publications: int
    price: float
    spacing: int
    lead: int
    move: float = 1.0
    move_at: int = 0
    move_over: int = 0
    leader: int | None = None
    book: bool = False
    flat: bool = False
    silence: int = 0
    instant: bool = False
    busiest: int | None = None
    busy_spacing: int = 0
    columns: tuple[str, ...] = ()
    mute: tuple[int, ...] = ()
    mute_from: int = 0

    @property
    def end(self) -> int:
        """The last publication time, microseconds."""
        return self.start + self.interval * self.publications

    def times(self) -> NDArray[np.int64]:
        """Return the publication times, one `interval` apart, the first one interval after the start."""
        return self.start + self.interval * np.arange(1, self.publications + 1, dtype=np.int64)


def true_price(market: Market, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the true price at each time (microseconds), whatever any venue says; before the start it stands still."""
    step = max(market.spacing // _GRID_A_SPACING, MILLISECOND)
    count = (market.end - market.start) // step + 2
    walk = stream("true-price", market.seed).standard_normal(count) * (_VOLATILITY[market.regime] * math.sqrt(step / SECOND))
    grid = market.start + step * np.arange(count + 1, dtype=np.int64)
    since = (times - market.start - market.move_at).astype(np.float64)
    progress = (since >= 0).astype(np.float64) if market.move_over == 0 else np.clip(since / market.move_over, 0.0, 1.0)
    shape = np.interp(times, grid, np.concatenate(([0.0], np.cumsum(walk)))) + math.log(market.move) * progress
    return np.asarray(market.price * np.exp(shape), dtype=np.float64)


def synthesise(market: Market, n_sources: int) -> Quotes:
    """Return the quotes of `n_sources` venues around the true price: each its own tick, spread, noise, rhythm, latency, lead or lag.

    Every venue quotes before the first publication (of an instant market: at it), and after a gap within `lead`; the clean market has no late, doubled or
    invalid observation.
    """
    draw = stream("venues", market.seed)
    spacing = np.maximum(market.spacing * np.exp(draw.uniform(math.log(0.2), 0.0, n_sources)), 2 * MILLISECOND)
    slowest = min(300 * MILLISECOND, market.interval / 4)
    latency = draw.uniform(min(5 * MILLISECOND, slowest), slowest, n_sources)
    behind = draw.uniform(0.0, market.lead, n_sources)
    offset = draw.uniform(-_OFFSET, _OFFSET, n_sources)
    half_spread = draw.uniform(5e-6, 1e-4, n_sources)
    tick = _ticks(market.price * min(market.move, 1.0), draw.integers(0, 3, n_sources))
    if market.regime == "lead-lag":
        behind = _one_after_another(market, n_sources)
    if market.leader is not None:
        behind[market.leader] = 0.0
    if market.busiest is not None and market.busy_spacing:
        spacing[market.busiest] = market.busy_spacing

    counts = np.ceil((market.end - market.start) / spacing).astype(np.int64) + 1
    source = np.repeat(np.arange(n_sources, dtype=np.int32), counts)
    turn = np.arange(len(source)) - np.repeat(np.cumsum(counts) - counts, counts)
    wobble = np.where(turn == 0, 0.0, draw.uniform(-_JITTER, _JITTER, len(source)))
    event = market.start + (draw.uniform(0.0, 0.3, n_sources)[source] * np.minimum(spacing, market.interval)[source]) + (turn + wobble) * spacing[source]
    if market.regime in JUMPS or market.silence:
        shown = market.start + market.move_at + behind
        heard = ~_silent(market, event, shown[source])
        source = np.concatenate([source[heard], np.arange(n_sources, dtype=np.int32)])
        event = np.concatenate([event[heard], shown])
    event = (event // MILLISECOND * MILLISECOND).astype(np.int64)
    received = event + np.maximum(latency[source] * draw.uniform(0.8, 1.2, len(source)), MILLISECOND).astype(np.int64) // MILLISECOND * MILLISECOND
    if market.instant:
        # the next publication at or after it; the venues of a gap keep their order by showing it at different publications
        event = market.start + np.maximum(-(-(event - market.start) // market.interval), 1) * market.interval
        received = event
    received = _in_turn(source, event, received)

    # `behind` is rounded down with the event time, or a venue would show the old price in its own quote of the gap
    seen = true_price(market, event - (behind[source] // MILLISECOND * MILLISECOND).astype(np.int64))
    middle = seen * (1.0 + offset[source] + _NOISE * draw.standard_normal(len(source)))
    if market.flat:
        middle = np.full(len(source), market.price)
        tick = np.full(n_sources, tick.min())
    price = _to_tick(middle, tick[source])
    volume = np.exp(draw.normal(-1.0, 1.0, len(source)))
    bid: NDArray[np.float64] = np.full(len(source), np.nan)
    ask = bid
    if market.book:
        bid = _to_tick(middle * (1.0 - half_spread[source]), tick[source])
        ask = np.maximum(_to_tick(middle * (1.0 + half_spread[source]), tick[source]), bid)
        price = np.clip(price, bid, ask)
    order = np.lexsort((event, source, received))
    made = Quotes(received, event, source, price, bid, ask, np.asarray(np.round(volume, 6), dtype=np.float64)).take(order)
    heard = _first_of_each_instant(made) & (made.receive_time <= market.end)
    if market.mute:
        heard &= ~np.isin(made.source, market.mute) | (made.event_time < market.start + market.mute_from)
    made = made.take(heard)
    return with_columns(made, market.columns, tick, half_spread, market.seed, even=market.flat)


def _one_after_another(market: Market, n_sources: int) -> NDArray[np.float64]:
    # the leader first, the others in an order of the seed, evenly over the lead
    order = stream("lead-lag", market.seed).permutation(n_sources)
    if market.leader is not None:
        order = np.concatenate(([market.leader], order[order != market.leader]))
    behind = np.empty(n_sources)
    behind[order] = market.lead * np.arange(n_sources) / max(n_sources - 1, 1)
    return behind


def _silent(market: Market, event: NDArray[np.float64], shown: NDArray[np.float64]) -> NDArray[np.bool_]:
    # nobody speaks in the silence, nor after it before its venue has opened
    if not market.silence:
        return np.zeros(len(event), dtype=bool)
    return (event >= market.start + market.move_at - market.silence) & (event < shown)


def _ticks(price: float, size: NDArray[np.int64]) -> NDArray[np.float64]:
    # a tick between a millionth and a hundred-thousandth of the price's power of ten: what venues have
    return np.asarray(10.0 ** (math.floor(math.log10(price)) - 6) * np.array([1.0, 5.0, 10.0])[size])


def _to_tick(price: NDArray[np.float64], tick: NDArray[np.float64]) -> NDArray[np.float64]:
    # dividing by the whole number of ticks a unit keeps the shortest decimal (50000.1, not 50000.100000000006)
    per_unit = np.round(1.0 / tick)
    counted = np.maximum(np.round(price / tick), 1.0)
    return np.asarray(np.where(tick < 1.0, counted / np.maximum(per_unit, 1.0), counted * tick))


def _in_turn(source: NDArray[np.int32], event: NDArray[np.int64], received: NDArray[np.int64]) -> NDArray[np.int64]:
    # one connection a venue: a message that is slower than the next one holds it up, and none overtakes another
    order = np.lexsort((received, event, source))
    arrival = received[order]
    for part in np.split(np.arange(len(order)), np.flatnonzero(np.diff(source[order])) + 1):
        arrival[part] = np.maximum.accumulate(arrival[part])
    in_turn = np.empty_like(received)
    in_turn[order] = arrival
    return in_turn


def _first_of_each_instant(quotes: Quotes) -> NDArray[np.bool_]:
    # one venue says one thing at one event time
    order = np.lexsort((quotes.receive_time, quotes.event_time, quotes.source))
    source, event = quotes.source[order], quotes.event_time[order]
    first = np.ones(len(quotes), dtype=bool)
    first[1:] = (source[1:] != source[:-1]) | (event[1:] != event[:-1])
    keep = np.empty(len(quotes), dtype=bool)
    keep[order] = first
    return keep
