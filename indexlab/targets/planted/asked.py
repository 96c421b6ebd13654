"""Requests with one thing wrong: what a target reads before any rule is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.market.quotes import Quotes
    from indexlab.market.rates import Rate
    from indexlab.targets.target import Request

__all__ = ["CHANGES"]


def single_prices(request: Request) -> Request:
    """Keep prices in single precision."""
    quotes = request.quotes
    with np.errstate(over="ignore"):
        columns = {name: getattr(quotes, name).astype(np.float32).astype(np.float64) for name in ("price", "bid", "ask")}
    return replace(request, quotes=quotes.with_columns(**columns))


def millisecond_times(request: Request) -> Request:
    """Cut event times to whole milliseconds."""
    return replace(request, quotes=request.quotes.with_columns(event_time=request.quotes.event_time // 1_000 * 1_000))


def rates_inverted(request: Request) -> Request:
    """Divide by the rates."""
    with np.errstate(divide="ignore"):
        return _with_rates(request, lambda rate: replace(rate, price=1.0 / rate.price))


def rates_squared(request: Request) -> Request:
    """Convert twice."""
    return _with_rates(request, lambda rate: replace(rate, price=rate.price * rate.price))


def rates_frozen(request: Request) -> Request:
    """Keep the first rate."""
    return _with_rates(request, lambda rate: replace(rate, price=np.full(len(rate), rate.price[0] if len(rate) else np.nan)))


def rates_of_the_first(request: Request) -> Request:
    """Take the rate of the first currency for all."""
    if not request.rates:
        return request
    first = next(iter(request.rates.values()))
    return replace(request, rates=dict.fromkeys({source.quote for source in request.basket}, first))


def without_prefixed(request: Request) -> Request:
    """Leave out whose id begins with another's."""
    ids = [source.id for source in request.basket]
    extra = [s for s, name in enumerate(ids) if any(name != other and name.startswith(other) for other in ids)]
    return replace(request, quotes=request.quotes.without_sources(extra)) if extra else request


def merged_by_prefix(request: Request) -> Request:
    """Let sources whose ids begin with the same word share the place of the first of them."""
    begins = [source.id.split("-")[0] for source in request.basket]
    place = np.array([begins.index(begin) for begin in begins], dtype=np.int32)
    return replace(request, quotes=request.quotes.with_columns(source=place[request.quotes.source]))


def without_same_price(request: Request) -> Request:
    """Drop a message with the price of the one before it."""
    return replace(request, quotes=_without_repeats(request.quotes, "price"))


def without_same_time(request: Request) -> Request:
    """Drop a message with the event time of the one before it."""
    return replace(request, quotes=_without_repeats(request.quotes, "event_time"))


def zero_weight_is_one(request: Request) -> Request:
    """Take a weight of 0 for one that was not given."""
    return replace(request, basket=tuple(msgspec.structs.replace(source, weight=source.weight or 1.0) for source in request.basket))


def _without_repeats(quotes: Quotes, name: str) -> Quotes:
    column = getattr(quotes, name)
    keep = np.ones(len(quotes), dtype=np.bool_)
    keep[1:] = column[1:] != column[:-1]
    return quotes if keep.all() else quotes.take(keep)


def _with_rates(request: Request, change: Callable[[Rate], Rate]) -> Request:
    if not request.rates:
        return request
    return replace(request, rates={currency: change(rate) for currency, rate in request.rates.items()})


CHANGES: Final[dict[str, Callable[[Request], Request]]] = {
    change.__name__: change
    for change in (
        single_prices,
        millisecond_times,
        rates_inverted,
        rates_squared,
        rates_frozen,
        rates_of_the_first,
        without_prefixed,
        merged_by_prefix,
        without_same_price,
        without_same_time,
        zero_weight_is_one,
    )
}
"""By name: what a request is replaced with."""
