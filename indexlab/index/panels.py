"""From quotes to what the kernel reads: sampled prices, converted, with weights that may change from one publication to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from indexlab.index.bringing import bring
from indexlab.index.entering import Entered, enter
from indexlab.index.kernel_rules import BESIDE, INVALID, USED, Extra, no_extra
from indexlab.index.windows import by_source, volumes, window_prices
from indexlab.market.errors import InputError
from indexlab.market.levels import Levels
from indexlab.market.quotes import COLUMNS, OPTIONAL_COLUMNS, Quotes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexlab.index.bringing import Brought
    from indexlab.index.entering import Memory
    from indexlab.index.rules import Declaration
    from indexlab.market.rates import Rate, Rates
    from indexlab.market.source import Basket

__all__ = ["LAYOUT", "Carried", "Panel", "Static", "joined_runs", "own_position", "panel_of", "static_of"]

LAYOUT: Final = ("C", "W")
"""What the kernels are compiled for: a strided or read-only column is copied, else Numba would compile them anew for it."""


class Static(NamedTuple):
    """What does not change in a run, by source: given weights [1, sources] (scaled, capped), the band, and the group that it counts with."""

    weights: NDArray[np.float64]
    band: NDArray[np.float64]
    group: NDArray[np.int64]


class Carried(NamedTuple):
    """What is carried on from one piece of runs to the next: memory and sums of windows; `before` is the last publication (None: there was none).

    Of a single run, the first `heard` rows of its next piece are in the memory already: they are there for those rules that look at rows again.
    """

    memory: Memory
    sums: NDArray[np.float64]
    before: int | None = None
    heard: int = 0


class Panel(NamedTuple):
    """What the kernel reads of quotes; `weights` [1 or rows, sources]."""

    entered: Entered
    weights: NDArray[np.float64]
    extra: Extra


def static_of(declaration: Declaration, basket: Basket) -> Static:
    """Return what does not change. Raises InputError where the declaration does not fit the basket."""
    given = np.array(declaration.weights_for(basket), dtype=np.float64)[None, :]
    return Static(
        _scaled(_capped(given, declaration.weights.cap)),
        np.array([declaration.band_for(source) for source in basket], dtype=np.float64),
        np.array(declaration.groups_for(basket), dtype=np.int64),
    )


def own_position(declaration: Declaration, basket: Basket) -> int:
    """Return the position of the venue's own source, -1 where the basket has none."""
    return next((s for s, source in enumerate(basket) if source.id == declaration.own.source), -1)


def _scaled(given: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale weights row by row by a power of two, which loses no bit, to a sum of at most 1: then no weighted sum overflows."""
    _, exponent = np.frexp(given.max(axis=1, initial=0.0))
    return np.asarray(np.ldexp(given, -(exponent.astype(np.int64) + given.shape[1].bit_length())[:, None]), dtype=np.float64)


def _capped(given: NDArray[np.float64], cap: float) -> NDArray[np.float64]:
    """Bound each share by the cap and spread what is above over the others in proportion, again and again."""
    if cap >= 1:
        return given
    total = given.sum(axis=1, keepdims=True)
    share = np.divide(given, total, out=np.zeros_like(given), where=total > 0)
    counts = (share > 0).sum(axis=1, keepdims=True)
    full = np.zeros(share.shape, dtype=np.bool_)
    for _ in range(share.shape[1]):
        over = (share > cap * (1 + 1e-12)) & ~full
        if not over.any():
            break
        full |= over
        free = np.where(full, 0.0, share)
        room = 1.0 - cap * full.sum(axis=1, keepdims=True)
        rest = free.sum(axis=1, keepdims=True)
        spread = np.where(full, cap, np.divide(free * room, rest, out=np.zeros_like(free), where=rest > 0))
        share = np.where(over.any(axis=1, keepdims=True), spread, share)  # a row that is done keeps its bits, whatever other rows still need
    return np.asarray(np.where(cap * counts <= 1 + 1e-12, (share > 0).astype(np.float64), share), dtype=np.float64)


def panel_of(
    declaration: Declaration,
    basket: Basket,
    static: Static,
    runs: Sequence[Quotes],
    times: NDArray[np.int64],
    rates: Rates | None,
    carried: Carried,
) -> Panel:
    """Sample runs at `times`; memory and sums of `carried` are read before a run's first row and left as its last row left them."""
    n_sources = len(basket)
    joined, bounds = joined_runs(runs, n_sources, _columns_of(declaration))
    brought = bring(declaration, joined)
    unheard = bounds if carried.heard == 0 else np.array([carried.heard, len(joined)], dtype=np.int64)
    entered = enter(declaration, joined, brought.price, unheard, times, carried.memory)
    weights, traded = static.weights, None
    needs_rows = declaration.input.price in {"vwap", "tvwap"} or declaration.weights.kind == "volume"
    order, begins = by_source(joined.source, bounds, n_sources) if needs_rows else (bounds, bounds)
    if declaration.input.price in {"vwap", "tvwap"}:
        traded = np.zeros(entered.price.shape)
        own = own_position(declaration, basket)
        mine = entered.price[:, own].copy() if own >= 0 else None
        _windowed(declaration, joined, brought, times, order, begins, entered, traded)
        if mine is not None:
            entered.price[:, own] = mine
    elif declaration.weights.kind == "traded":
        traded = np.where(entered.newest >= 0, brought.size[entered.newest], 0.0) if len(brought.size) else np.zeros(entered.price.shape)
    if declaration.weights.kind == "volume":
        traded = np.zeros(entered.price.shape)
        volume = np.where(np.isnan(brought.price), 0.0, joined.volume)
        window, refresh = declaration.weights.window_us or 0, declaration.weights.refresh_us
        before = -1 if carried.before is None else carried.before - carried.before % refresh if refresh > 0 else carried.before
        volumes(order, begins, joined.receive_time, volume, times, window, refresh, before, carried.sums, traded)
    if traded is not None and declaration.weights.kind in {"volume", "traded"}:
        weights = _traded_weights(declaration, basket, traded, static)
    for s, source in enumerate(basket):
        if source.id in declaration.conversion.inverted:
            _invert(declaration, entered, weights, s)
    if declaration.conversion.rate != "none":
        _convert(declaration, basket, entered, weights, times, rates or {}, len(runs), carried.before)
    return Panel(entered, weights, _extra_of(declaration, joined, brought, entered, bounds, times))


def _columns_of(declaration: Declaration) -> tuple[str, ...]:
    """Return the columns that a methodology looks at: where runs are joined, the others need not be."""
    kind = declaration.input.price
    book = ("bid", "ask") if kind in {"mid", "median", "cross", "book", "confidence"} else ()
    sized = kind in {"vwap", "tvwap", "trades"} or declaration.weights.kind == "volume"
    return ("receive_time", "event_time", "source", "price", *book, *(("volume",) if sized else ()))


def joined_runs(runs: Sequence[Quotes], n_sources: int, columns: Sequence[str] = COLUMNS) -> tuple[Quotes, NDArray[np.int64]]:
    """Return runs one after another, as the kernels want them, and where each begins; `columns` are those that are looked at, the others may be anything.

    Raises InputError for a source that is none of so many.
    """
    bounds = np.zeros(len(runs) + 1, dtype=np.int64)
    np.cumsum([len(quotes) for quotes in runs], out=bounds[1:])
    together = runs[0] if len(runs) == 1 else _one_after_another(runs, columns)
    if len(together) and (int(together.source.min()) < 0 or int(together.source.max()) >= n_sources):
        problem = f"must be a position in the list of {n_sources} sources"
        raise InputError(problem, key="source")
    return together.with_columns(**{name: np.require(getattr(together, name), requirements=LAYOUT) for name in columns}), bounds


def _one_after_another(runs: Sequence[Quotes], wanted: Sequence[str]) -> Quotes:
    """Join runs without sorting them: each begins anew in time."""
    if not runs:
        return Quotes.empty()
    columns: dict[str, Any] = {name: np.concatenate([getattr(quotes, name) for quotes in runs]) for name in wanted}
    columns |= {name: np.broadcast_to(np.nan, len(columns["price"])) for name in COLUMNS if name not in columns}
    for name in OPTIONAL_COLUMNS:
        given = [getattr(quotes, name) for quotes in runs]
        if any(column is not None for column in given):
            columns[name] = np.concatenate([np.full(len(quotes), np.nan) if column is None else column for quotes, column in zip(runs, given, strict=True)])
    if any(quotes.book is not None for quotes in runs):
        columns["book"] = Levels.concatenate([Levels.empty(len(quotes)) if quotes.book is None else quotes.book for quotes in runs])
    return Quotes(**columns)


def _windowed(
    declaration: Declaration,
    joined: Quotes,
    brought: Brought,
    times: NDArray[np.int64],
    order: NDArray[np.int64],
    begins: NDArray[np.int64],
    entered: Entered,
    traded: NDArray[np.float64],
) -> None:
    given = declaration.input
    window_prices(
        order,
        begins,
        joined.receive_time,
        joined.event_time,
        brought.price,
        brought.size,
        times,
        given.window_us or 0,
        declaration.validity.max_ahead_us,
        given.least_time_weight,
        given.price == "tvwap",
        given.least_size,
        entered.price,
        entered.why,
        traded,
    )


def _traded_weights(declaration: Declaration, basket: Basket, traded: NDArray[np.float64], static: Static) -> NDArray[np.float64]:
    """Return weights by what was traded [rows, sources]; where nothing was, the basket's."""
    is_own = np.array([source.id == declaration.own.source for source in basket])
    mine = np.where(is_own, 0.0, traded)
    none = ~(mine > 0).any(axis=1)
    found = _scaled(_capped(mine, declaration.weights.cap))
    found[none] = static.weights[0]
    return np.ascontiguousarray(found) if len(found) > 1 else found


def _convert(
    declaration: Declaration,
    basket: Basket,
    entered: Entered,
    weights: NDArray[np.float64],
    times: NDArray[np.int64],
    rates: Rates,
    runs: int,
    before: int | None,
) -> None:
    """Multiply what entered by the rate of its currency, in place; who has none is invalid."""
    for currency in sorted({source.quote for source in basket}):
        factor = _factor(declaration, currency, rates.get(currency), times, before)
        if factor is None:
            continue
        factor = np.tile(factor, runs)
        for s, source in enumerate(basket):
            if source.quote == currency:
                with np.errstate(over="ignore", invalid="ignore"):
                    entered.price[:, s] *= factor
                _refuse(declaration, entered, weights, s)


def _invert(declaration: Declaration, entered: Entered, weights: NDArray[np.float64], s: int) -> None:
    """Turn the prices of one source over, in place."""
    price = entered.price[:, s]
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        entered.price[:, s] = np.where(price > 0, 1.0 / price, np.nan)
    _refuse(declaration, entered, weights, s)


def _refuse(declaration: Declaration, entered: Entered, weights: NDArray[np.float64], s: int) -> None:
    """Call a source invalid where it would count and has no price any more."""
    why, age = entered.why[:, s], np.maximum(entered.age[:, s], 0)
    staleness = declaration.staleness
    limits = [limit for limit in (staleness.silence_us if staleness.action == "drop" else None, staleness.remove_after_us) if limit is not None]
    live = ((why == USED) | (why == BESIDE)) & (weights[:, s] > 0)  # who weighs nothing is absent first
    if limits:
        live &= ~((age > min(limits)) | ((age == min(limits)) & (staleness.at_limit == "stale")))
    why[live & ~np.isfinite(entered.price[:, s])] = INVALID


def _factor(declaration: Declaration, currency: str, rate: Rate | None, times: NDArray[np.int64], before: int | None) -> NDArray[np.float64] | None:
    """Return what a price in a currency is multiplied with at each publication (NaN: nothing is known), or None where it is the index's own."""
    conversion = declaration.conversion
    peg = conversion.peg.get(currency)
    if rate is None and peg is None:
        return None
    if conversion.rate == "peg":
        return None if peg is None else np.full(len(times), peg)
    stand_in = peg if conversion.missing == "peg" and peg is not None else np.nan
    at = times if conversion.rate == "same-round" else np.concatenate(([-1 if before is None else before], times[:-1])).astype(np.int64)
    factor = np.full(len(times), np.nan)
    if rate is not None:
        good = np.isfinite(rate.price) & (rate.price > 0)
        received, price = rate.receive_time[good], rate.price[good]
        place = np.searchsorted(received, at, side="right") - 1
        if len(received):
            known = (place >= 0) & (at >= 0)
            if conversion.silence_us is not None:
                known &= at - received[np.maximum(place, 0)] <= conversion.silence_us
            factor = np.where(known, price[np.maximum(place, 0)], np.nan)
    factor = np.where(np.isnan(factor), stand_in, factor)
    if conversion.band > 0 and peg is not None:
        low, high = peg * (1 - conversion.band), peg * (1 + conversion.band)
        with np.errstate(invalid="ignore"):
            outside = (factor < low * (1 - 1e-12)) | (factor > high * (1 + 1e-12))
            factor = np.where(outside, np.clip(factor, low, high) if conversion.outside == "clamp" else np.nan, factor)
    return factor


def _extra_of(declaration: Declaration, joined: Quotes, brought: Brought, entered: Entered, bounds: NDArray[np.int64], times: NDArray[np.int64]) -> Extra:
    rule, n = declaration.aggregation.rule, entered.price.shape[1]
    extra = no_extra(n)
    if rule == "votes":
        known = len(joined) > 0
        wide = np.where(entered.newest >= 0, brought.confidence[entered.newest], np.nan) if known else np.full(entered.price.shape, np.nan)
        return extra._replace(confidence=wide)
    if rule == "order-book" and brought.levels is not None:
        levels = brought.levels
        return extra._replace(newest=entered.newest, start=levels.start, bids=levels.bids, asks=levels.asks, level_price=levels.price, level_size=levels.size)
    if rule == "partitions":
        window, ahead = declaration.input.window_us or 0, declaration.validity.max_ahead_us
        first, after = [], []
        for run in range(len(bounds) - 1):
            here = joined.receive_time[bounds[run] : bounds[run + 1]]
            first.append(bounds[run] + np.searchsorted(here, times - window - ahead, side="left"))
            after.append(bounds[run] + np.searchsorted(here, times, side="right"))
        size = np.where(brought.size < declaration.input.least_size, 0.0, brought.size)
        return extra._replace(
            event=joined.event_time, said=brought.price, size=size, source=joined.source,
            first=np.concatenate(first).astype(np.int64), after=np.concatenate(after).astype(np.int64),
        )  # fmt: skip
    return extra
