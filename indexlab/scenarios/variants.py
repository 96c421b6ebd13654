"""Transformations of a run that a right index does not notice, or notices in a known way: what metamorphic properties compare with.

Each is a pure function of quotes (and a seed), and says nothing about what will be asserted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from indexlab.market.panel import sample
from indexlab.market.quotes import MAX_AHEAD_US, Quotes, invalid_price, valid_book, valid_quotes
from indexlab.market.seeds import derive, event_uniform, stream
from indexlab.market.times import LATEST_US
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexlab.market.rates import Rates
    from indexlab.market.source import Basket

__all__ = [
    "DAY_US",
    "book_alone",
    "days_to_shift",
    "doubled",
    "jittered",
    "jittered_alike",
    "jittered_basket",
    "one_with_weight",
    "price_alone",
    "renumbered",
    "restamped",
    "scaled",
    "shifted",
    "shifted_rates",
    "shuffled",
    "with_late",
    "without_invalid",
    "without_weight",
]

DAY_US: Final = 86_400 * SECOND
_DOUBLED_SHARE = 0.3
_LATE_SHARE = 0.25
_NEAR_LARGEST = 1e307
_LATE_US = (1_000, 120_000_000)
_JITTER = 1e-9
_MOST_DAYS = 40_000
"""Shifts go a little over a century back or forth, past what 32-bit seconds can hold, as far as the range of times allows."""
_RESTAMPED_US = (1_000, 7_200_000_000)


def shuffled(n_sources: int, seed: int) -> tuple[int, ...]:
    """Return an order of the sources: entry k is the position whose source comes k-th; never the given order where there are two or more."""
    order = stream("source-order", seed).permutation(n_sources)
    if n_sources > 1 and bool(np.all(order == np.arange(n_sources))):
        order = np.roll(order, 1)
    return tuple(int(position) for position in order)


def renumbered(basket: Basket, quotes: Quotes, order: Sequence[int]) -> tuple[Basket, Quotes]:
    """Return the same run with its sources listed in another order; what belongs to a source goes with it."""
    place = np.empty(len(order), dtype=np.int32)
    place[np.asarray(order)] = np.arange(len(order), dtype=np.int32)
    return tuple(basket[position] for position in order), quotes.with_columns(source=place[quotes.source])


def doubled(quotes: Quotes, seed: int) -> Quotes:
    """Return the run with a third of its observations delivered twice, one right after the other."""
    again = event_uniform(derive("duplicates", seed), quotes.event_time, quotes.source) < _DOUBLED_SHARE
    if len(quotes) and not again.any():
        again[len(quotes) // 2] = True
    return quotes.take(np.repeat(np.arange(len(quotes)), np.where(again, 2, 1)))


def with_late(quotes: Quotes, times: NDArray[np.int64], n_sources: int, seed: int, *, uses_book: bool) -> tuple[Quotes, int]:
    """Return the run with late observations added, and how many: each is older, by event time, than the newest valid one of its source.

    They arrive at a publication time after everything received by then, carry a price (and book) up to a third off, and no volume.
    """
    if not len(quotes) or not len(times):
        return quotes, 0
    valid = valid_quotes(quotes, uses_book=uses_book)
    panel = sample(quotes, times, n_sources, valid, "event")
    draw = stream("late-data", seed)
    chosen = draw.random(panel.newest.shape) < _LATE_SHARE / max(1.0, n_sources / 4)
    if n_sources and len(times) and not chosen.any():
        chosen[len(times) // 2] = True
    # beside an invalid last word a late observation may rightly count as the next valid one
    at, source = np.nonzero(chosen & (panel.newest >= 0) & valid[panel.latest])
    newest = panel.newest[at, source]
    behind = np.exp(draw.uniform(np.log(_LATE_US[0]), np.log(_LATE_US[1]), len(at))).astype(np.int64)
    event = np.maximum(quotes.event_time[newest] - behind, 0)
    factor = np.exp(draw.uniform(-0.3, 0.3, len(at)))
    # a price near the largest number there is goes down: one that is none would be no late observation but an invalid one
    factor = np.where(np.abs(quotes.price[newest]) > _NEAR_LARGEST, np.minimum(factor, 1.0 / factor), factor)
    late = quotes.take(newest.astype(np.intp)).scaled(factor)
    nothing = np.full(len(at), np.nan)
    late = late.with_columns(
        receive_time=times[at], event_time=event, source=source.astype(np.int32), volume=nothing, trade_size=None if late.trade_size is None else nothing
    )
    late = late.take(event < quotes.event_time[newest])
    return Quotes.concatenate([quotes, late]), len(late)


def days_to_shift(quotes: Quotes, times: NDArray[np.int64], rates: Rates | None, seed: int) -> int | None:
    """Return a number of whole days, either way, by which all times of a run can be moved and stay times; None where there is none."""
    stamps = [quotes.receive_time, quotes.event_time, times]
    stamps += [column for rate in (rates or {}).values() for column in (rate.receive_time, rate.event_time)]
    stamps = [column for column in stamps if len(column)]
    if not len(quotes) or not len(times):
        return None
    lowest, highest = min(int(column.min()) for column in stamps), max(int(column.max()) for column in stamps)
    # the room on both sides, in whole days
    back, ahead = min(lowest // DAY_US, _MOST_DAYS), min((LATEST_US - highest) // DAY_US, _MOST_DAYS)
    draw = stream("time-shift", seed)
    forth = bool(draw.random() < 0.5)
    room = ahead if forth else back
    if room < 1:
        forth, room = not forth, back if forth else ahead
    if room < 1:
        return None
    # near and far shifts alike: the next day, another weekday, another year, another century
    days = min(int(np.exp(draw.uniform(0.0, np.log(room + 1.0)))), room)
    return days if forth else -days


def shifted(quotes: Quotes, days: int) -> Quotes:
    """Return the run with both clocks moved by whole days."""
    return quotes.with_columns(receive_time=quotes.receive_time + days * DAY_US, event_time=quotes.event_time + days * DAY_US)


def shifted_rates(rates: Rates | None, days: int) -> Rates | None:
    """Return the rates moved by the same days; None stays None."""
    if rates is None:
        return None
    by = days * DAY_US
    return {quote: replace(rate, receive_time=rate.receive_time + by, event_time=rate.event_time + by) for quote, rate in rates.items()}


def restamped(quotes: Quotes, seed: int) -> Quotes:
    """Return the run with other event times: each observation's lies up to two hours before its receipt; those invalid for being ahead stay as they are."""
    draw = event_uniform(derive("restamped", seed), quotes.receive_time, quotes.source)
    low, high = np.log(_RESTAMPED_US[0]), np.log(_RESTAMPED_US[1])
    behind = np.exp(low + (high - low) * draw).astype(np.int64)
    moved = np.maximum(quotes.receive_time - behind, 0)
    return quotes.with_columns(event_time=np.where(quotes.event_time - quotes.receive_time > MAX_AHEAD_US, quotes.event_time, moved))


def one_with_weight(basket: Basket, seed: int) -> int:
    """Return the position of one source that has a weight: which one does not depend on who else is in the basket, as long as it is there."""
    candidates = [position for position, source in enumerate(basket) if source.weight > 0]
    return min(candidates, key=lambda position: derive("weight-zero", seed, basket[position].id))


def without_weight(basket: Basket, position: int) -> Basket:
    """Return the basket with one source's given weight 0."""
    return tuple(msgspec.structs.replace(source, weight=0.0) if number == position else source for number, source in enumerate(basket))


def scaled(quotes: Quotes, factor: float) -> Quotes:
    """Return the run with every price and book times a factor; powers of two are exact."""
    return quotes.scaled(factor)


def jittered(quotes: Quotes, seed: int) -> Quotes:
    """Return the run with each observation's price and book moved by its own relative amount of up to 1e-9."""
    factor = 1.0 + _JITTER * (2.0 * event_uniform(derive("jitter", seed), quotes.event_time, quotes.source) - 1.0)
    return scaled_rows(quotes, factor)


def jittered_alike(quotes: Quotes, seed: int) -> Quotes:
    """Return the same, but what is said twice is still said twice: where price and book are those of another observation, they are moved by as much."""
    price, bid, ask = (np.ascontiguousarray(column).view(np.uint64) for column in (quotes.price, quotes.bid, quotes.ask))
    said = price ^ (bid << np.uint64(1)) ^ (ask << np.uint64(2))
    return scaled_rows(quotes, 1.0 + _JITTER * (2.0 * event_uniform(derive("jitter", seed), said.view(np.int64), np.zeros_like(quotes.source)) - 1.0))


def scaled_rows(quotes: Quotes, factor: NDArray[np.float64]) -> Quotes:
    """Return the run with each row's price and book times its own factor."""
    return quotes.scaled(factor)


def jittered_basket(basket: Basket, seed: int) -> Basket:
    """Return the basket with each weight moved by its own relative amount of up to 1e-9."""
    return tuple(
        msgspec.structs.replace(source, weight=source.weight * (1.0 + _JITTER * (2.0 * stream("jitter", seed, source.id).random() - 1.0))) for source in basket
    )


def without_invalid(quotes: Quotes, valid: NDArray[np.bool_]) -> Quotes:
    """Return the run as if its invalid observations had not come."""
    return quotes.take(valid)


def price_alone(quotes: Quotes) -> Quotes:
    """Return the run with bad books taken away and their prices left: the price alone beside a bad book."""
    bad = ~valid_book(quotes)
    return quotes.with_columns(bid=np.where(bad, np.nan, quotes.bid), ask=np.where(bad, np.nan, quotes.ask))


def book_alone(quotes: Quotes) -> Quotes:
    """Return the run with bad prices beside good books replaced by the middle of the book: the book alone beside a bad price."""
    bad = invalid_price(quotes.price) & valid_book(quotes)
    return quotes.with_columns(price=np.where(bad, (quotes.bid + quotes.ask) / 2, quotes.price))
