"""thin: messages come less often: an even share of them is left out, as where a venue throttles or merges its updates.

It stands for conflated feeds: under load venues send every n-th update of a market, so a source is alive, and older than it seems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Change, Fault
from indexlab.faults.schedule import by_window
from indexlab.market.seeds import derive

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    lost = np.zeros(len(rows), dtype=np.bool_)
    phase = derive("thin", spec.seed) % 1024 / 1024
    for places, _, _ in by_window(stream, rows, spec):
        counted = np.floor(np.arange(len(places) + 1) * spec.intensity + phase)
        lost[places] = counted[1:] > counted[:-1]
    return Change(rows[lost], dropped=True)


FAULT = Fault(
    "thin",
    "silence",
    "messages come less often",
    sized=False,
    apply=_apply,
    scale="the share of each source's messages in the window that are left out, evenly spread",
    example=0.7,
)
