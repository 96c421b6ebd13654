"""freeze: the same price with fresh times, as from a cache: price, bid and ask stay what the source said last before the window.

It happened: in the exchange-rate canister a dead venue that repeated its last answer counted as a success.
Source: https://github.com/dfinity/exchange-rate-canister/pull/317
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import PRICES, Change, Fault, chosen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    touched = chosen(stream, rows, spec)
    row = _anchors(stream, rows, spec)[stream.quotes.source[touched]]
    return Change(touched, {name: getattr(stream.quotes, name)[row] for name in PRICES})


def _anchors(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> NDArray[np.intp]:
    """Return for each source the row it is frozen at: its last before the window, or its first inside where there is none before."""
    source = stream.quotes.source
    before = np.flatnonzero(stream.undisturbed < spec.start)
    anchors = np.zeros(int(source.max()) + 1, dtype=np.intp)
    anchors[source[rows[::-1]]] = rows[::-1]  # of repeated positions the last one written counts: the first row
    anchors[source[before]] = before
    return anchors


FAULT = Fault("freeze", "frozen", "the same price with fresh times, as from a cache", sized=False, apply=_apply)
