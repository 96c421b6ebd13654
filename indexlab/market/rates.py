"""Rates: what one unit of a quote currency was worth in the index's currency, as it was heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from indexlab.market.columns import check_arrival, check_length, check_times, number_column, whole_column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Rate", "Rates"]


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
