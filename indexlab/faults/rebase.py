"""rebase: a redenomination or split that one venue makes: prices by a whole number, volumes and sizes by its inverse.

"up": so many old units are one new one; "down": one old unit is so many new ones. It stands for tokens that are redenominated (1,000 to 1), and for
contracts quoted a thousand at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import Change, Fault
from indexlab.faults.scaling import scaled, scaled_prices
from indexlab.faults.sizes import intensity_of_factor, whole_factor
from indexlab.market.levels import Levels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    ratio = float(whole_factor(spec.intensity))
    prices, sizes = (ratio, 1 / ratio) if spec.direction == "up" else (1 / ratio, ratio)
    change, quotes = scaled_prices(stream, rows, prices), stream.quotes
    values = {**change.values, "volume": scaled(quotes.volume[rows], sizes)}
    if quotes.trade_size is not None:
        values["trade_size"] = scaled(quotes.trade_size[rows], sizes)
    book = change.book
    return Change(rows, values, book=book and Levels(book.start, book.bids, book.asks, book.price, scaled(book.size, sizes)))


FAULT = Fault(
    "rebase",
    "quote",
    "a redenomination or split",
    sized=True,
    apply=_apply,
    directed=True,
    scale="the whole number nearest to 10^(12 * intensity), at least 2, up or down (0.25 is 1,000)",
    example=intensity_of_factor(2.0),
)
