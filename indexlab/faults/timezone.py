"""timezone: event times off by whole hours: local time taken for UTC, ahead ("up", east) or behind ("down", west).

It stands for venues that write local times without an offset: the event times of a source in Tokyo are then nine hours ahead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.clocks import shifted
from indexlab.faults.fault import Change, Fault
from indexlab.faults.sizes import whole_hours
from indexlab.market.units import MINUTE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    off = whole_hours(spec.intensity) * 60 * MINUTE
    return Change(rows, {"event_time": shifted(stream.quotes.event_time[rows], off if spec.direction == "up" else -off)})


FAULT = Fault(
    "timezone",
    "clock",
    "event times off by whole hours",
    sized=True,
    apply=_apply,
    directed=True,
    scale="by how many hours: 14 * intensity, rounded up; up: ahead, down: behind",
    example=9 / 14,
    example_direction="down",
)
