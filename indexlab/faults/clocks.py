"""Changing event times the way clock faults do: they stay moments, from 1970 to the last one that counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.market.times import LATEST_US

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["multiplied", "shifted"]


def shifted(times: NDArray[np.int64], by: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return times + by, microseconds, at least 0 and at most LATEST_US."""
    moved: NDArray[np.int64] = np.clip(times + by, 0, LATEST_US)
    return moved


def multiplied(times: NDArray[np.int64], factor: int) -> NDArray[np.int64]:
    """Return times * factor, at most LATEST_US."""
    return np.minimum(times, LATEST_US // factor) * factor + np.where(times > LATEST_US // factor, LATEST_US % factor, 0)
