"""gap: the source says nothing for one stretch of the window; its length is the intensity's share of it, its place comes from the seed.

It happened: on 2019-10-31 Coinbase Pro was away for some 75 minutes, during which Deribit's index took in a wrong price of another source.
Source: https://insights.deribit.com/exchange-updates/deribit-flash-crash-a-letter-from-the-founders/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import Change, Fault
from indexlab.faults.schedule import into_window, span_us
from indexlab.market.seeds import derive

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    length = span_us(spec)
    away = max(round(spec.intensity * length), 1)
    # a place in proportion to what is left: a longer gap then holds every shorter one
    begins = (length - away) * (derive("gap", spec.seed) % 1024) // 1024
    since = into_window(stream, rows, spec) - begins
    return Change(rows[(since >= 0) & (since < away)], dropped=True)


FAULT = Fault(
    "gap",
    "silence",
    "no messages for one stretch of the window",
    sized=False,
    apply=_apply,
    scale="the share of the window (of a minute where it has no end) that is silent; where in it, the seed says",
    example=0.4,
)
