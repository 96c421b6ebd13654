"""Counting sources that share a venue or an upstream as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["independent_of"]


def independent_of(sources: NDArray[np.bool_], groups: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Return how many of the sources chosen are independent, [...] of [..., sources]: of each of `groups` (positions; they do not overlap) one counts."""
    count = sources.sum(axis=-1)
    for group in groups:
        count = count - np.maximum(sources[..., list(group)].sum(axis=-1) - 1, 0)
    return np.asarray(count, dtype=np.int64)
