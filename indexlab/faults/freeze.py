"""freeze: the same price with fresh times, as from a cache: price, bid and ask stay what the source said last before the window.

It happened: in the exchange-rate canister a dead venue that repeated its last answer counted as a success.
Source: https://github.com/dfinity/exchange-rate-canister/pull/317
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Fault, is_chosen
from indexlab.faults.scaling import repeated_prices
from indexlab.faults.schedule import by_window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Change, Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT", "anchors"]


def anchors(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> NDArray[np.intp]:
    """Return for each row the row it is frozen at: its source's last before the window, or the first inside where there is none before."""
    frozen_at = np.empty(len(rows), dtype=np.intp)
    for places, source, start in by_window(stream, rows, spec):
        before = np.flatnonzero((stream.quotes.source == source) & (stream.undisturbed < start))
        frozen_at[places] = before[-1] if len(before) else rows[places[0]]
    return frozen_at


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    touched = is_chosen(stream, rows, spec)
    return repeated_prices(stream, rows[touched], anchors(stream, rows, spec)[touched])


FAULT = Fault("freeze", "frozen", "the same price with fresh times, as from a cache", sized=False, apply=_apply)
