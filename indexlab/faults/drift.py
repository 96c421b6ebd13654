"""drift: the source's clock runs fast ("up") or slow ("down"): its event times are off by ever more, up to the size at the end of the window.

In a window without an end the size is reached after a minute, and grows on. It stands for machines whose clock nobody corrects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.clocks import shifted
from indexlab.faults.fault import Change, Fault
from indexlab.faults.schedule import into_window, span_us
from indexlab.faults.sizes import delay_us, intensity_of_delay
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    off = np.rint(delay_us(spec.intensity) * (into_window(stream, rows, spec) / span_us(spec))).astype(np.int64)
    return Change(rows, {"event_time": shifted(stream.quotes.event_time[rows], off if spec.direction == "up" else -off)})


FAULT = Fault(
    "drift",
    "clock",
    "event times off by ever more",
    sized=True,
    apply=_apply,
    directed=True,
    scale="how far the clock is off at the end of the window, from 0 to an hour on a logarithmic scale (0.5 is 1.9 s), up: ahead, down: behind",
    example=intensity_of_delay(8 * SECOND),
    example_direction="down",
)
