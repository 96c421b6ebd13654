"""lag: messages arrive late, with honest event times.

It happened: in umee's price feeder a venue was always four to six minutes late.
Source: https://github.com/umee-network/umee/issues/792
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import Change, Fault
from indexlab.faults.sizes import delay_us, intensity_of_delay
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    return Change(rows, {"receive_time": stream.quotes.receive_time[rows] + delay_us(spec.intensity)})


FAULT = Fault(
    "lag",
    "lag",
    "late, with honest event times",
    sized=True,
    apply=_apply,
    scale="the delay, from 0 to an hour on a logarithmic scale (0.5 is 1.9 s)",
    example=intensity_of_delay(4 * SECOND),
)
