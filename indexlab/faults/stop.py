"""stop: the source's messages no longer arrive; at intensity 1 it falls silent.

It happened: on 2019-06-24 one of Synthetix' three price feeds was already down when another went wrong, and the mean of two was published.
Source: https://blog.synthetix.io/response-to-oracle-incident/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.faults.fault import Change, Fault, chosen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexlab.faults.fault import Stream
    from indexlab.faults.spec import FaultSpec

__all__ = ["FAULT"]


def _apply(stream: Stream, rows: NDArray[np.intp], spec: FaultSpec) -> Change:
    return Change(chosen(stream, rows, spec), dropped=True)


FAULT = Fault("stop", "silence", "no more messages", sized=False, apply=_apply, scale="the share of the messages in the window that are lost")
