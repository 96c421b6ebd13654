"""The clean twin of an incident: the same quotes, with each broken source saying what another says, or the median of those that are not broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.audit.incident_plan import OTHERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from indexlab.market.quotes import Quotes
    from indexlab.market.source import Basket

__all__ = ["clean_quotes"]


def clean_quotes(quotes: Quotes, basket: Basket, clean: Mapping[str, str]) -> Quotes:
    """Return the quotes of the clean twin: as many, at the same times; where nobody else has said anything yet a price stays as it was.

    A book around a broken price is taken away: bid and ask are null where the price was replaced.
    """
    place = {source.id: position for position, source in enumerate(basket)}
    price, bid, ask = quotes.price.copy(), quotes.bid.copy(), quotes.ask.copy()
    sound = [position for name, position in place.items() if name not in clean]
    for broken, says in clean.items():
        rows = np.flatnonzero(quotes.source == place[broken])
        those = sound if says == OTHERS else [place[says]]
        said = np.stack([_as_of(quotes, position, quotes.receive_time[rows]) for position in those])
        known = ~np.isnan(said).all(axis=0)
        rows = rows[known]
        price[rows] = np.nanmedian(said[:, known], axis=0)
        bid[rows] = ask[rows] = np.nan
    return quotes.with_columns(price=price, bid=bid, ask=ask)


def _as_of(quotes: Quotes, position: int, moments: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the last price of a source received at or before each moment, NaN where there is none."""
    mine = (quotes.source == position) & (quotes.price > 0)
    received, price = quotes.receive_time[mine], quotes.price[mine]
    row = np.searchsorted(received, moments, side="right") - 1
    if not len(received):
        return np.full(len(moments), np.nan)
    return np.where(row >= 0, price[row], np.nan)
