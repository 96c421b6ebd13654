"""reorder-across-sources: messages of different sources change places: one arrives just after another source's that was sent next.

Nothing but the order of arrival changes. Of the chosen sources' messages in order of arrival every other one may be held up behind the next,
where that is another source's. It happened: in the exchange-rate canister it depended on the order of arrival which of two sources counted.
Source: https://github.com/dfinity/exchange-rate-canister/pull/318
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Change, Fault, is_chosen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    quotes = stream.quotes
    received, source = quotes.receive_time[rows], quotes.source[rows]
    earlier, later = np.arange(0, len(rows) - 1, 2), np.arange(1, len(rows), 2)
    swapped = is_chosen(stream, rows[earlier], spec) & (source[earlier] != source[later])
    # not behind what comes at that very time from its own source: no source's own messages change places
    following = np.append(received, np.iinfo(np.int64).max)[later + 1]
    swapped &= following > received[later]
    late = earlier[swapped]
    return Change(rows[late], {"receive_time": received[later[swapped]] + 1})


FAULT = Fault(
    "reorder-across-sources",
    "delivery",
    "messages of different sources change places",
    sized=False,
    apply=_apply,
    scale="the share of the pairs of neighbouring messages that change places; it takes two sources",
)
