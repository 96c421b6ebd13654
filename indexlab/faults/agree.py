"""agree: the chosen sources agree with one another on a wrong price: each says what the first listed one said last, off by one factor.

Where the first one has not spoken yet, a source's own price counts. It happened: on 2024-01-10 Liqwid's price came over CoinGecko, and that from one broken
interface; aggregators and venues with one upstream are one source.
Source: https://gov.liqwid.finance/t/1464
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Change, Fault
from indexlab.faults.scaling import scaled_prices
from indexlab.faults.sizes import intensity_of_factor, value_factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    led = np.flatnonzero(stream.quotes.source == spec.sources[0])
    latest = np.searchsorted(led, rows, side="right") - 1
    said = np.where(latest >= 0, led[latest], rows) if len(led) else rows
    factor = value_factor(spec.intensity, spec.direction)
    return _at(scaled_prices(stream, said, factor), rows)


def _at(change: Change, rows: NDArray[np.intp]) -> Change:
    return Change(rows, change.values, book=change.book)


FAULT = Fault(
    "agree",
    "shared",
    "the chosen sources say the same wrong price",
    sized=True,
    apply=_apply,
    directed=True,
    scale="the factor 10^(12 * intensity), up or down (0.025 doubles the price)",
    example=intensity_of_factor(1.008),
)
