"""unit: event times in another unit: nanoseconds or less taken for microseconds ("up"), milliseconds or seconds taken for them ("down").

The seed says whether they are off by 10^3 (even) or 10^6 (odd). It stands for the commonest slip with venues' times, which come in s, ms, µs and ns alike: a
quote is from 1970, or from a far future (times end in 2255 here).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.clocks import multiplied
from indexlab.faults.fault import Change, Fault, chosen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    touched = chosen(stream, rows, spec)
    times, off = stream.quotes.event_time[touched], 1_000_000 if spec.seed % 2 else 1_000
    return Change(touched, {"event_time": multiplied(times, off) if spec.direction == "up" else times // off})


FAULT = Fault("unit", "clock", "event times in another unit", sized=False, apply=_apply, directed=True, example_direction="down", example_seed=0)
