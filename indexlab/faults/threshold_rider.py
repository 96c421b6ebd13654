"""threshold-rider: one venue's price rides the edge of a band: an epsilon inside it, or to and fro across it. The size is the band (1.05 for 5 %).

By the seed, modulo 3: 0 stays just inside, 1 changes every half period between just inside above and just inside below, 2 is half of each period just inside
and half just outside. Epsilon is a millionth of the band, the period 2 to 20 s by the seed. It stands for who knows the published rules and pushes as far
as they let him, and for sources that a rule without hysteresis throws out and takes back again and again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.fault import Fault
from indexlab.faults.scaling import scaled_prices
from indexlab.faults.schedule import into_window
from indexlab.faults.sizes import intensity_of_factor, value_factor
from indexlab.market.seeds import derive
from indexlab.market.units import MILLISECOND, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.faults.fault import Change, Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]

_EPSILON = 1e-6


def period_us(seed: int) -> int:
    """Return the period, whole milliseconds from 2 to 20 s."""
    return 2 * SECOND + derive("threshold-rider", seed) % 18_001 * MILLISECOND


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    band = value_factor(spec.intensity) - 1.0
    inside, outside = 1.0 + band * (1 - _EPSILON), 1.0 + band * (1 + _EPSILON)
    first_half = into_window(stream, rows, spec) % period_us(spec.seed) * 2 < period_us(spec.seed)
    up = spec.direction == "up"
    if spec.seed % 3 == 0:
        return scaled_prices(stream, rows, _edge(inside, up=up))
    other = _edge(inside, up=not up) if spec.seed % 3 == 1 else _edge(outside, up=up)
    return scaled_prices(stream, rows, np.where(first_half, _edge(inside, up=up), other))


def _edge(factor: float, *, up: bool) -> float:
    # the lower edge is as far from 1 as the upper one; a band that reaches down to 0 has none, and the inverse serves
    return factor if up else 2.0 - factor if factor < 1.9 else 1.0 / factor


FAULT = Fault(
    "threshold-rider",
    "market",
    "an epsilon inside a band, or to and fro across it",
    sized=True,
    apply=_apply,
    directed=True,
    scale="the band, 10^(12 * intensity) (0.00177 is 5 %), above or below; how it is ridden, the seed says",
    example=intensity_of_factor(1.008),
)
