"""flash-crash: one thin book is really swept and recovers: it falls in the first tenth of the window, then comes back, its volume up to ten times the usual.

The way down is even in logarithm, the way back fast at first and ever slower, all but whole at the end of the window (of a minute where it
has no end). "up" sweeps the asks. It happened: on 2024-03-18 bitcoin fell from about 67,400 to 8,900 dollars on BitMEX' spot market in two minutes and was
back within ten; no index took part.
Source: https://www.coindesk.com/markets/2024/03/19/bitcoin-flash-crashed-to-89k-on-bitmex/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Change, Fault
from indexlab.faults.scaling import scaled, scaled_prices
from indexlab.faults.schedule import progress
from indexlab.faults.sizes import intensity_of_factor, value_factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]

_SWEPT_BY = 0.1
_MORE_VOLUME = 9.0


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    share = progress(stream, rows, spec)
    # six half-lives to come back: 1/64 of the way is left at the end
    depth = np.where(share < _SWEPT_BY, share / _SWEPT_BY, 0.5 ** (6 * (share - _SWEPT_BY) / (1 - _SWEPT_BY)))
    change = scaled_prices(stream, rows, value_factor(spec.intensity, spec.direction) ** depth)
    volume = scaled(stream.quotes.volume[rows], 1 + _MORE_VOLUME * depth)
    return Change(rows, {**change.values, "volume": volume}, book=change.book)


FAULT = Fault(
    "flash-crash",
    "market",
    "one thin book is swept and recovers",
    sized=True,
    apply=_apply,
    directed=True,
    scale="the factor at the worst moment, 10^(12 * intensity), up or down (0.025 is twice or half)",
    example=intensity_of_factor(1.01),
    example_direction="down",
)
