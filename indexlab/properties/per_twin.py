"""Counting by twin: what a check that goes from run to run found in each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.properties.property import ByTwin
from indexlab.properties.run import CLEAN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run

__all__ = ["PerTwin", "what_happened"]


class PerTwin:
    """Premises met, promises broken and the worst sizes of `count` broken twins; the clean run is counted nowhere here."""

    def __init__(self, count: int) -> None:
        """Begin with nothing judged."""
        self._met, self._broken = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
        self._size, self._what = np.zeros(count), [""] * count

    def judged(self, twin: int, size: float = 0.0, what: str = "") -> None:
        """Count a twin whose premise was met, with the worst size seen; `what` is one word for how it broke, "" where it did not."""
        if twin == CLEAN:
            return
        self._met[twin] = True
        self._size[twin] = max(self._size[twin], size)
        if what and not self._broken[twin]:
            self._broken[twin], self._what[twin] = True, what

    def told(self) -> ByTwin:
        """Return what was counted."""
        return ByTwin(self._met, self._broken, self._size, tuple(self._what))

    @staticmethod
    def of(met: NDArray[np.bool_], broken: NDArray[np.bool_], size: NDArray[np.float64] | None = None, what: str = "moved") -> ByTwin:
        """Return the same from arrays [twins] of a check that judges all twins at once and knows one kind of breach."""
        sizes = np.zeros(len(met)) if size is None else size
        return ByTwin(met, broken, np.where(met, np.nan_to_num(sizes, nan=0.0, posinf=np.inf), 0.0), tuple(what if each else "" for each in broken))


def what_happened(run: Run, twin: int, at: int, *, reference_missing: bool | None = None) -> str:
    """Return one word for a breach by value: "lost" where the run has no index there, "appeared" where what it is held against has none, else "moved".

    Without `reference_missing` it is held against the clean run.
    """
    stack, row = run.stack_of(twin)
    gone = bool(run.clean.missing[0, at]) if reference_missing is None else reference_missing
    if stack.missing[row, at]:
        return "lost"
    return "appeared" if gone else "moved"
