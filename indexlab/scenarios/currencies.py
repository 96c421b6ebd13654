"""Currencies: what the quote currencies of a scenario were worth, written compactly, and what becomes of it where one loses its peg."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from indexlab.faults.inject import inject
from indexlab.market.errors import InputError
from indexlab.market.quotes import Quotes
from indexlab.market.rates import Rate, Rates
from indexlab.market.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexlab.faults.spec import FaultSpec
    from indexlab.market.source import Basket

__all__ = [
    "DEPEG",
    "WORTH",
    "CurrencyRate",
    "RateColumns",
    "expand_rates",
    "in_own_currency",
    "index_currency",
    "rates_for",
    "twin_rates",
    "written_out",
]

DEPEG: Final = "depeg"
"""The fault that a rate follows."""
WORTH: Final = {"USDT": 0.9996, "USDC": 1.0001, "FDUSD": 0.9989, "EUR": 1.0842, "GBP": 1.2715, "JPY": 0.0067, "TRY": 0.0305, "BTC": 50_000.0}
"""What a unit of a currency is worth where the index is in dollars; one that is not listed is worth 1."""


class RateColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A rate written out: columns of equal length as in the target protocol; a missing event time is the receive time."""

    receive_time: tuple[int, ...]
    price: tuple[float | None, ...]
    event_time: tuple[int, ...] | None = None


class CurrencyRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one unit of a quote currency is worth in the index's: `level`, heard every `spacing` (microseconds; 0: at every publication), or `columns`.

    A market's prices of sources in that currency are divided by `level`.
    """

    currency: str
    level: float = 1.0
    spacing: int = 0
    columns: RateColumns | None = None


def index_currency(basket: Basket) -> str:
    """Return the currency that an index over this basket is taken to be in: dollars where a source quotes in them, else the most common one."""
    counted = Counter(source.quote for source in basket)
    return "USD" if "USD" in counted else min(counted, key=lambda currency: (-counted[currency], currency))


def rates_for(basket: Basket) -> tuple[CurrencyRate, ...]:
    """Return a rate for each currency of a basket that is not the index's own."""
    own = index_currency(basket)
    others = sorted({source.quote for source in basket} - {own})
    return tuple(CurrencyRate(currency, WORTH.get(currency, 1.0) / WORTH.get(own, 1.0)) for currency in others)


def expand_rates(given: Sequence[CurrencyRate], times: NDArray[np.int64]) -> Rates | None:
    """Return the rates by currency over the publication times, the first heard before the first publication; None where none are given.

    Raises InputError for a currency given twice, a level that is no number above 0, a spacing that is below 0, and columns that are not right.
    """
    rates: dict[str, Rate] = {}
    for each in given:
        if each.currency in rates or not each.currency:
            problem = f'must name each currency once, was "{each.currency}"'
            raise InputError(problem, key="scenario.rates.currency")
        rates[each.currency] = _rate(each, times)
    return rates or None


def _check(each: CurrencyRate) -> None:
    if not (np.isfinite(each.level) and each.level > 0) or each.spacing < 0:
        problem = f"must have a level above 0 and a spacing of at least 0, were {each.level} and {each.spacing}"
        raise InputError(problem, key=f"scenario.rates.{each.currency}")


def _rate(each: CurrencyRate, times: NDArray[np.int64]) -> Rate:
    _check(each)
    if each.columns is not None:
        price = [np.nan if value is None else value for value in each.columns.price]
        return Rate.from_columns(receive_time=each.columns.receive_time, price=price, event_time=each.columns.event_time, name=each.currency)
    if not len(times):
        heard: NDArray[np.int64] = np.empty(0, dtype=np.int64)
    else:
        first, last = int(times[0]), int(times[-1])
        before = max(first - max(each.spacing, 1_000), 0)
        regular = np.arange(first, last + 1, each.spacing, dtype=np.int64) if each.spacing else np.unique(times)
        heard = np.concatenate((np.array([before], dtype=np.int64), regular))
    return Rate(heard, heard, np.full(len(heard), each.level))


def in_own_currency(quotes: Quotes, basket: Basket, given: Sequence[CurrencyRate]) -> Quotes:
    """Return quotes that were made in the index's currency in each source's own."""
    for each in given:
        _check(each)
    levels = {each.currency: each.level for each in given}
    if not any(levels.get(source.quote, 1.0) != 1.0 for source in basket):
        return quotes
    worth = np.array([levels.get(source.quote, 1.0) for source in basket])
    return quotes.scaled(1.0 / worth[quotes.source])


def twin_rates(rates: Rates | None, twins: Sequence[Sequence[FaultSpec]], basket: Basket) -> tuple[Rates | None, ...]:
    """Return the rates of each twin: the clean ones, but for a currency whose loss of peg hits every source that quotes in it.

    Such a rate follows the loss as the prices do: where they are multiplied by a factor, it is divided by it. Twins without one share the clean rates.
    """
    return tuple(rates if rates is None else _followed(rates, faults, basket) for faults in twins)


def _followed(rates: Rates, faults: Sequence[FaultSpec], basket: Basket) -> Rates:
    changed: dict[str, Rate] = {}
    for currency, rate in rates.items():
        users = {place for place, source in enumerate(basket) if source.quote == currency}
        mine = [
            msgspec.structs.replace(fault, sources=(0,), stagger=0)
            for fault in faults
            if fault.fault == DEPEG and fault.probability >= 1 and users and users <= set(fault.sources)
        ]
        if mine and len(rate):
            changed[currency] = _after(rate, mine, currency)
    return {**rates, **changed} if changed else rates


def _after(rate: Rate, faults: Sequence[FaultSpec], currency: str) -> Rate:
    # a unit of the index's currency in this one is a price like any other: what the fault makes of it is what it makes of the sources' prices
    nothing = np.full(len(rate), np.nan)
    with np.errstate(divide="ignore"):
        turned = Quotes(rate.receive_time, rate.event_time, np.zeros(len(rate), dtype=np.int32), 1.0 / rate.price, nothing, nothing, nothing)
    broken = inject(turned, faults, (Source(currency, currency),)).quotes
    with np.errstate(divide="ignore"):
        price = np.where(broken.price == turned.price, rate.price, 1.0 / broken.price) if len(broken) == len(turned) else 1.0 / broken.price
    return Rate(broken.receive_time, broken.event_time, price)


def written_out(given: Sequence[CurrencyRate], times: NDArray[np.int64]) -> tuple[CurrencyRate, ...]:
    """Return the same rates with what was heard written out."""
    rates = expand_rates(given, times) or {}
    return tuple(msgspec.structs.replace(each, spacing=0, columns=each.columns or _columns(rates[each.currency])) for each in given)


def _columns(rate: Rate) -> RateColumns:
    price = tuple(None if value != value else value for value in rate.price.tolist())  # noqa: PLR0124 - NaN is the one value unequal to itself
    event = None if np.array_equal(rate.event_time, rate.receive_time) else tuple(rate.event_time.tolist())
    return RateColumns(tuple(rate.receive_time.tolist()), price, event)
