"""When a target is given up: after so many failures in a row without one readable answer, so that an audit of a dead one ends soon.

Silence costs its whole time limit, and a flood of memory the whole machine, so that fewer of these are enough.
"""

from __future__ import annotations

from typing import Final

from indexlab.market.errors import TargetFailure

__all__ = ["FAILURES", "Streak"]

FAILURES: Final = 5
SILENCES: Final = 3
_DEAR: Final = ("timeout", "memory")
_ANSWERED: Final = ("error", "misfit", "wrong-id")
"""The failures that are answers all the same: the target lives, so they do not count towards giving up."""


class Streak:
    """The failures in a row of one target."""

    def __init__(self, most: int = FAILURES, most_silences: int = SILENCES) -> None:
        """None yet; so many are enough, or so many time-outs and floods of memory among them."""
        self._most, self._most_silences = most, most_silences
        self._silent = self._dear = 0
        self._last = ""

    @property
    def length(self) -> int:
        """How many there are."""
        return self._silent

    @property
    def is_enough(self) -> bool:
        """Say whether the target is not to be asked any more."""
        return self._silent >= self._most or self._dear >= self._most_silences

    def check(self) -> None:
        """Raise TargetFailure where the target is not to be asked any more."""
        if self.is_enough:
            raise TargetFailure("not-started", f"gave up after {self._silent} failures in a row, the last: {self._last}")

    def failed(self, failure: TargetFailure) -> None:
        """Count a failure, unless it is that there were enough of them."""
        if self.is_enough:
            return
        if failure.kind in _ANSWERED:
            self.ended()
            return
        self._last = failure.detail
        self._silent += 1
        self._dear += failure.kind in _DEAR

    def ended(self) -> None:
        """Forget them: it has answered, or is to start anew."""
        self._silent = self._dear = 0
