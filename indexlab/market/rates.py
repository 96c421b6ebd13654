"""Rates: what one unit of a quote currency was worth in the index's currency, as it was heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from indexlab.market.columns import check_arrival, check_length, check_times, number_column, whole_column

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from indexlab.market.source import Basket

__all__ = ["Rate", "Rates", "factors"]


@dataclass(frozen=True, slots=True, eq=False)
class Rate:
    """The price of one unit of a currency in the index's, as columns of equal length, sorted by receive time, ties in order of arrival.

    `receive_time` and `event_time` are int64 microseconds, `price` float64 with NaN for null.
    """

    receive_time: NDArray[np.int64]
    event_time: NDArray[np.int64]
    price: NDArray[np.float64]

    def __len__(self) -> int:
        """Return how many times the rate was heard."""
        return len(self.receive_time)

    def equals(self, other: Rate) -> bool:
        """Say whether both are the same to the bit (NaN equals NaN)."""
        return all(getattr(self, name).tobytes() == getattr(other, name).tobytes() for name in ("receive_time", "event_time", "price"))

    @classmethod
    def from_columns(cls, *, receive_time: ArrayLike, price: ArrayLike, event_time: ArrayLike | None = None, name: str = "", file: object = None) -> Rate:
        """Validate columns once, on the way in; `name` (a currency) stands before the column in an error. A missing event time is the receive time.

        Raises InputError with the column, the row and the value.
        """
        before = f"rates.{name}." if name else ""
        received = whole_column(receive_time, f"{before}receive_time", file)
        event = received if event_time is None else whole_column(event_time, f"{before}event_time", file)
        number = number_column(price, f"{before}price", file)
        check_length(len(event), len(received), f"{before}event_time", file)
        check_length(len(number), len(received), f"{before}price", file)
        check_times(received, f"{before}receive_time", file)
        check_times(event, f"{before}event_time", file)
        check_arrival(received, f"{before}receive_time", file)
        return cls(received, event, number)


Rates: TypeAlias = Mapping[str, Rate]
"""By quote currency; a currency without an entry is taken as the index's own."""


def factors(rates: Rates | None, basket: Basket, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what one unit of each source's quote currency was worth in the index's at each time, float64 [times, sources].

    It is the newest rate received at or before the time that is finite and above 0, NaN where there is none yet, and 1 for a currency without rates.
    """
    worth = np.ones((len(times), len(basket)))
    for currency, rate in (rates or {}).items():
        places = [place for place, source in enumerate(basket) if source.quote == currency]
        if not places:
            continue
        usable = np.isfinite(rate.price) & (rate.price > 0)
        received, price = rate.receive_time[usable], np.concatenate((rate.price[usable], [np.nan]))
        newest = np.searchsorted(received, times, side="right") - 1
        worth[:, places] = price[newest][:, None]
    return worth
