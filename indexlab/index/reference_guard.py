"""What is done with a value before it is published: `guard`, then `rounding`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from indexlab.index.reference_numbers import exact, is_beyond, is_value, rounded

if TYPE_CHECKING:
    from fractions import Fraction

    from indexlab.index.rules import Declaration

__all__ = ["Guard", "Guarded"]


class Guarded(NamedTuple):
    """A value as it may be published, and the exponential mean behind it; `value` None: `is_halted` by a step, or none that can be one."""

    value: Fraction | None
    smoothed: Fraction
    is_halted: bool = False


@dataclass
class Guard:
    """The guard over a run: the exponential mean, and whether a step has halted it for good."""

    declaration: Declaration
    smoothed: Fraction | None = None
    is_latched: bool = False

    def check(self, value: Fraction, last: Fraction | None, own: Fraction | None) -> Guarded:
        """Smooth, limit and round a value; the guard remembers nothing of it before `keep`."""
        smoothed = self._smooth(value)
        stepped = self._step(smoothed, last)
        if stepped is None:
            return Guarded(None, smoothed, is_halted=True)
        final = rounded(self.declaration, self._near_own(stepped, own))
        return Guarded(final if is_value(final) else None, smoothed)

    def keep(self, guarded: Guarded) -> None:
        """Remember what a publication came to."""
        if guarded.value is not None:
            self.smoothed = guarded.smoothed
        self.is_latched = self.is_latched or (guarded.is_halted and self.declaration.guard.latching)

    def _smooth(self, value: Fraction) -> Fraction:
        over = self.declaration.guard.smoothing
        if over == 0 or self.smoothed is None:
            return value
        return self.smoothed + (value - self.smoothed) * 2 / (over + 1)

    def _step(self, value: Fraction, last: Fraction | None) -> Fraction | None:
        guard = self.declaration.guard
        if guard.step <= 0 or last is None:
            return value
        limit = exact(guard.step) * last
        if not is_beyond(value, last, limit):
            return value
        if guard.action == "halt":
            return None
        return last + limit if value > last else last - limit

    def _near_own(self, value: Fraction, own: Fraction | None) -> Fraction:
        if self.declaration.guard.own_band <= 0 or own is None:
            return value
        half = exact(self.declaration.guard.own_band) * abs(own)
        return min(max(value, own - half), own + half)
