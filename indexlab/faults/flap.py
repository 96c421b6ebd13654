"""flap: rapid connect and disconnect; within each period of some seconds the source is away first, then there again.

The period, 2 to 10 s, is drawn from the seed, the same for all sources of one spec (a link that they share). It stands for venues
under load, which drop connections and take them back; a rule that takes a source back without hysteresis follows it in and out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import Change, Fault
from indexlab.faults.schedule import into_window
from indexlab.market.seeds import derive
from indexlab.market.units import MILLISECOND, SECOND

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]

_SHORTEST_US = 2 * SECOND
_LONGEST_US = 10 * SECOND


def period_us(seed: int) -> int:
    """Return the period of connecting and disconnecting, whole milliseconds from 2 to 10 s."""
    steps = (_LONGEST_US - _SHORTEST_US) // MILLISECOND
    return _SHORTEST_US + derive("flap", seed) % (steps + 1) * MILLISECOND


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    period = period_us(spec.seed)
    into_period = into_window(stream, rows, spec) % period
    return Change(rows[into_period < spec.intensity * period], dropped=True)


FAULT = Fault(
    "flap",
    "silence",
    "rapid connect and disconnect",
    sized=False,
    apply=_apply,
    scale="the share of each period (2 to 10 s, from the seed) that the source is away",
    example=0.5,
)
