"""relabelled-lag: messages arrive late and are stamped as new, so that no age shows it.

It happened: on 2026-03-10 a ratio and a time that did not belong together put Aave's price of wstETH off by -2.85 %.
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
    delay, quotes = delay_us(spec.intensity), stream.quotes
    return Change(rows, {"receive_time": quotes.receive_time[rows] + delay, "event_time": quotes.event_time[rows] + delay})


FAULT = Fault(
    "relabelled-lag",
    "lag",
    "late, stamped as new",
    sized=True,
    apply=_apply,
    scale="the delay, from 0 to an hour on a logarithmic scale (0.5 is 1.9 s)",
    example=intensity_of_delay(4 * SECOND),
)
