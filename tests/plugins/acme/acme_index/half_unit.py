"""half-unit: the price is that of half a coin, as when a venue changes its contract's size over lunch."""

import numpy as np

from indexlab.faults.fault import PRICES, Change, Fault, Stream, chosen
from indexlab.faults.spec import FaultSpec


def apply(stream: Stream, rows: np.ndarray, spec: FaultSpec) -> Change:
    """Halve price, bid and ask of the share `spec.intensity` of the rows; nothing else is ours to touch."""
    touched = chosen(stream, rows, spec)
    return Change(touched, {name: getattr(stream.quotes, name)[touched] / 2.0 for name in PRICES})


FAULT = Fault("half-unit", "unit", "the price is that of half a coin", sized=False, apply=apply)
