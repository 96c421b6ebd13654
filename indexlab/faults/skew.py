"""skew: the source's clock is off: its event times are ahead of the truth ("up") or behind it ("down") by the size.

It happened: in ojo's price feeder candles from the future were averaged in; pyth-client left out publishers whose clocks were slightly ahead.
Source: https://github.com/ojo-network/price-feeder/issues/91, https://github.com/pyth-network/pyth-client/issues/73
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.clocks import shifted
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
    off = delay_us(spec.intensity)
    return Change(rows, {"event_time": shifted(stream.quotes.event_time[rows], off if spec.direction == "up" else -off)})


FAULT = Fault(
    "skew",
    "clock",
    "event times ahead or behind",
    sized=True,
    apply=_apply,
    directed=True,
    scale="how far the clock is off, from 0 to an hour on a logarithmic scale (0.5 is 1.9 s), up: ahead, down: behind",
    example=intensity_of_delay(6 * SECOND),
    example_direction="down",
)
