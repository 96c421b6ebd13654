"""jitter: messages are late by ever other times; on one connection none overtakes another. Honest event times.

It stands for links and gateways under load: the delay of each message is drawn between none and the size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Change, Fault, uniform
from indexlab.faults.schedule import by_window
from indexlab.faults.sizes import delay_us, intensity_of_delay
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    drawn = uniform(stream, rows, spec, "jitter") * delay_us(spec.intensity)
    received = stream.quotes.receive_time[rows] + np.rint(drawn).astype(np.int64)
    for places, _, _ in by_window(stream, rows, spec):
        received[places] = np.maximum.accumulate(received[places])
    return Change(rows, {"receive_time": received})


FAULT = Fault(
    "jitter",
    "lag",
    "late by ever other times",
    sized=True,
    apply=_apply,
    scale="the longest delay, from 0 to an hour on a logarithmic scale (0.5 is 1.9 s)",
    example=intensity_of_delay(6 * SECOND),
)
