"""What the rules give at a time: value, status, effective weights, and a reason for each source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DEGRADED", "HALTED", "HELD", "OK", "REASONS", "STATUSES", "Determinations"]

STATUSES: Final = ("ok", "degraded", "held", "halted")
"""By code 0 to 3: by the rules from enough sources; fewer than usual by a documented rule; an earlier value published again; no value."""
OK, DEGRADED, HELD, HALTED = range(4)
REASONS: Final = ("used", "clamped", "outlier", "stale", "invalid", "cooling", "absent")
"""By code 0 to 6: why a source counted, or did not."""


@dataclass(frozen=True, slots=True, eq=False)
class Determinations:
    """The determinations of one run at T publication times over N sources.

    `value` float64 [T], NaN where there is none; `status` int8 [T], a position in STATUSES. Where the target explains itself: `weight` [T, N] the
    effective weights, `used` [T, N] the price of each source as it entered (NaN: it did not), `reason` int8 [T, N], a position in REASONS. Where no new
    value was made (held, halted) ours give no weight and no price. `notes` is said once to the user.
    """

    value: NDArray[np.float64]
    status: NDArray[np.int8]
    weight: NDArray[np.float64] | None = None
    used: NDArray[np.float64] | None = None
    reason: NDArray[np.int8] | None = None
    notes: tuple[str, ...] = ()
    confidence: NDArray[np.float64] | None = None
