"""drop: messages are lost on the way, each by itself.

It stands for datagrams and for queues that overflow. To lose whole runs of them, give the spec a `burst`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import Change, Fault, chosen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    return Change(chosen(stream, rows, spec), dropped=True)


FAULT = Fault("drop", "delivery", "messages are lost", sized=False, apply=_apply, scale="the share of the messages in the window that are lost", example=0.5)
