"""duplicate: a message arrives twice, the second right after the first and the same in everything.

It happened: in rippled the same source, listed twice, counted twice.
Source: https://github.com/XRPLF/rippled/issues/6583
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import Change, Copies, Fault, chosen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    touched = chosen(stream, rows, spec)
    return Change(rows[:0], copies=Copies(touched, stream.quotes.receive_time[touched]))


FAULT = Fault("duplicate", "delivery", "messages arrive twice", sized=False, apply=_apply, scale="the share of the messages in the window that arrive twice")
