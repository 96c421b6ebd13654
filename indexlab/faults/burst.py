"""burst: messages are held back and come all at once, at the end of each period of the size. Honest event times.

It stands for a stalled reader, or a gateway that flushes its buffer: after a silence a source says everything in one microsecond.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import Change, Fault
from indexlab.faults.schedule import into_window
from indexlab.faults.sizes import delay_us, intensity_of_delay
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    period = delay_us(spec.intensity)
    if period == 0:
        return Change(rows[:0])
    wait = period - into_window(stream, rows, spec) % period
    return Change(rows, {"receive_time": stream.quotes.receive_time[rows] + wait})


FAULT = Fault(
    "burst",
    "lag",
    "held back, then all at once",
    sized=True,
    apply=_apply,
    scale="the period at whose end all come, from 0 to an hour on a logarithmic scale (0.5 is 1.9 s)",
    example=intensity_of_delay(5 * SECOND),
)
