"""replay: an old stretch is sent again: each message of the window is followed at once by one from before it, with its old event time.

The k-th message of a source inside is followed by the k-th of as many before its window (from the first again where there were fewer). It stands for
consumers that reconnect and are given a queue's backlog a second time; who lets the last received message win goes back in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Change, Copies, Fault, is_chosen
from indexlab.faults.schedule import by_window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    touched = is_chosen(stream, rows, spec)
    said = np.full(len(rows), -1, dtype=np.intp)
    for places, source, start in by_window(stream, rows, spec):
        before = np.flatnonzero((stream.quotes.source == source) & (stream.undisturbed < start))
        if len(before):
            said[places] = np.resize(before[-len(places) :], len(places))
    touched &= said >= 0
    return Change(rows[:0], copies=Copies(said[touched], stream.quotes.receive_time[rows[touched]]))


FAULT = Fault(
    "replay",
    "frozen",
    "an old stretch is sent again among the new messages",
    sized=False,
    apply=_apply,
    scale="the share of the messages in the window that an old one follows",
)
