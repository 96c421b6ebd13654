"""Faults that raise, that give nothing; and a number where a fault should be."""

import numpy as np

from indexlab.faults.fault import Change, Fault, Stream
from indexlab.faults.spec import FaultSpec


def raising(stream: Stream, rows: np.ndarray, spec: FaultSpec) -> Change:
    message = "the cable is not long enough"
    raise RuntimeError(message)


def nothing(stream: Stream, rows: np.ndarray, spec: FaultSpec) -> None:
    return None


RAISING = Fault("raising-fault", "value", "it raises", sized=False, apply=raising)
NONE = Fault("none-fault", "value", "it gives nothing", sized=False, apply=nothing)
NUMBER = 7
