"""out-of-order: messages of one source overtake one another: a message arrives just after the one that was sent next. Honest event times.

It stands for feeds over several connections or datagrams; who lets the last received message win goes back to an older price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import Change, Fault, is_chosen
from indexlab.faults.schedule import by_window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    quotes = stream.quotes
    received = quotes.receive_time[rows].copy()
    touched = is_chosen(stream, rows, spec)
    for places, _, _ in by_window(stream, rows, spec):
        # every other message may be overtaken by the next: were all of them late, all would be in order again
        earlier, later = places[0 : len(places) - 1 : 2], places[1::2]
        late = touched[earlier]
        received[earlier[late]] = quotes.receive_time[rows[later[late]]] + 1
    return Change(rows, {"receive_time": received})


FAULT = Fault(
    "out-of-order",
    "lag",
    "a message arrives after the one that was sent next",
    sized=False,
    apply=_apply,
    scale="the share of the pairs of messages in the window that change places",
)
