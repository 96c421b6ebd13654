"""Prices in other currencies: the rate that counts at a publication, and what it makes of what a source brings."""

from __future__ import annotations

import math
from bisect import bisect_right
from fractions import Fraction
from typing import TYPE_CHECKING

from indexlab.index.reference_inputs import Brought, Level
from indexlab.index.reference_numbers import exact, is_beyond

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexlab.index.rules import Declaration
    from indexlab.market.rates import Rate
    from indexlab.market.source import Source

__all__ = ["Converter"]


class Converter:
    """The rates of a run, and the declared way to use them."""

    def __init__(self, declaration: Declaration, rates: Mapping[str, Rate] | None) -> None:
        self._rules = declaration.conversion
        self._series = {currency: _Series(rate) for currency, rate in (rates or {}).items()}

    def convert(self, source: Source, brought: Brought, time: int, previous: int | None) -> Brought | None:
        """Return what a source brings in the index's currency at a publication, `previous` being the one before; None where that is missing or invalid."""
        if source.id in self._rules.inverted:
            if brought.price <= 0:
                return None
            brought = _inverted(brought)
        factor = self._factor(source.quote, time, previous)
        return None if factor is None else _times(brought, factor)

    def _factor(self, currency: str, time: int, previous: int | None) -> Fraction | None:
        peg = exact(self._rules.peg[currency]) if currency in self._rules.peg else None
        if self._rules.rate in {"none", "peg"}:
            return peg if self._rules.rate == "peg" and peg is not None else Fraction(1)
        if peg is None and currency not in self._series:
            return Fraction(1)
        rate = self._rate(currency, time if self._rules.rate == "same-round" else previous)
        if rate is None:
            return peg if self._rules.missing == "peg" else None
        return rate if peg is None or self._rules.band <= 0 else self._in_band(rate, peg)

    def _rate(self, currency: str, moment: int | None) -> Fraction | None:
        if currency not in self._series or moment is None:
            return None
        return self._series[currency].at(moment, self._rules.silence_us)

    def _in_band(self, rate: Fraction, peg: Fraction) -> Fraction | None:
        half = exact(self._rules.band) * peg
        if not is_beyond(rate, peg, half):
            return rate
        if self._rules.outside == "exclude":
            return None
        return peg + half if rate > peg else peg - half


class _Series:
    """The rates of one currency that are finite and above 0, in the order in which they were received."""

    def __init__(self, rate: Rate) -> None:
        pairs = zip(rate.receive_time.tolist(), rate.price.tolist(), strict=True)
        self._said = [(received, price) for received, price in pairs if math.isfinite(price) and price > 0]

    def at(self, moment: int, silence: int | None) -> Fraction | None:
        """Return the newest rate received at or before a moment, where it is not older than allowed."""
        known = bisect_right(self._said, moment, key=lambda pair: pair[0])
        if known == 0:
            return None
        received, price = self._said[known - 1]
        return None if silence is not None and moment - received > silence else exact(price)


def _inverted(brought: Brought) -> Brought:
    """Turn every price p into 1 / p: bids become asks, sizes stay, a confidence keeps its share of the price, a trade that is not above 0 is no trade."""
    price = brought.price
    return brought._replace(
        price=1 / price,
        confidence=None if brought.confidence is None else brought.confidence / price**2,
        bids=tuple(Level(1 / level.price, level.size) for level in brought.asks),
        asks=tuple(Level(1 / level.price, level.size) for level in brought.bids),
        trades=tuple(trade._replace(price=1 / trade.price) for trade in brought.trades if trade.price > 0),
    )


def _times(brought: Brought, factor: Fraction) -> Brought:
    return brought._replace(
        price=brought.price * factor,
        confidence=None if brought.confidence is None else brought.confidence * factor,
        bids=tuple(Level(level.price * factor, level.size) for level in brought.bids),
        asks=tuple(Level(level.price * factor, level.size) for level in brought.asks),
        trades=tuple(trade._replace(price=trade.price * factor) for trade in brought.trades),
    )
