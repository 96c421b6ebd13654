"""freeze-stamped: the same message again and again: the old price with its old event time, still sent, as from a dead process behind a live connection.

It happened: on 2022-05-12 the price of LUNA that Venus read stood still at 0.107 dollars while the market fell to about 0.01; 11.2 million were lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import Change, Fault, is_chosen
from indexlab.faults.freeze import anchors
from indexlab.faults.scaling import repeated_prices

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    touched = is_chosen(stream, rows, spec)
    said = anchors(stream, rows, spec)[touched]
    again = repeated_prices(stream, rows[touched], said)
    return Change(again.rows, {**again.values, "event_time": stream.quotes.event_time[said]}, book=again.book)


FAULT = Fault("freeze-stamped", "frozen", "the same price with the same old event time, still sent", sized=False, apply=_apply)
