"""crossed-book: bid and ask are mixed up, in the quote and in the levels: the bid is above the ask. The price is left alone.

A stream without a book is left alone. It stands for sides read from the wrong field, and for books put together from updates that do not belong together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Change, Fault, chosen
from indexlab.faults.scaling import sides_swapped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    quotes, touched = stream.quotes, chosen(stream, rows, spec)
    bid, ask = quotes.bid[touched], quotes.ask[touched]
    both = ~np.isnan(bid) & ~np.isnan(ask)
    book = None if quotes.book is None else sides_swapped(quotes.book.take(touched))
    return Change(touched, {"bid": np.where(both, ask, bid), "ask": np.where(both, bid, ask)}, book=book)


FAULT = Fault("crossed-book", "garbage", "the bid is above the ask", sized=False, apply=_apply)
