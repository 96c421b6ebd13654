"""The compiled loops of ladders: how many of an account's prices a mark is above says which state it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.market.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["climb", "reach", "warm"]

_FROZEN = 5


@compiled
def climb(mark: NDArray[np.float64], start: NDArray[np.int64], price: NDArray[np.float64], code: NDArray[np.int8], out: NDArray[np.int8]) -> None:
    """Write the state code of each account at each mark, [marks, accounts]; NaN is no price.

    Account a's prices are price[start[a] : start[a + 1]], its codes one more, from code[start[a] + a] on.
    """
    for n in range(mark.shape[0]):
        if np.isnan(mark[n]):
            out[n, :] = _FROZEN
            continue
        for a in range(start.shape[0] - 1):
            passed = 0
            for place in range(start[a], start[a + 1]):
                passed += price[place] < mark[n]
            out[n, a] = code[start[a] + a + passed]


@compiled
def reach(
    mark: NDArray[np.float64],
    start: NDArray[np.int64],
    price: NDArray[np.float64],
    code: NDArray[np.int8],
    worse: NDArray[np.float64],
    better: NDArray[np.float64],
) -> None:
    """Write how far, as a ratio of the mark, the nearest worse and the nearest better state are, [marks, accounts]: inf where there is none."""
    for n in range(mark.shape[0]):
        if not (mark[n] > 0 and mark[n] < np.inf):
            worse[n, :] = np.nan
            better[n, :] = np.nan
            continue
        for a in range(start.shape[0] - 1):
            first, last = start[a], start[a + 1]
            passed = 0
            for place in range(first, last):
                passed += price[place] < mark[n]
            here = code[first + a + passed]
            worse[n, a] = np.inf
            better[n, a] = np.inf
            for place in range(first, last):
                # beyond a price below the mark lies the state below it, beyond one above the mark the state above it
                there = code[place + a] if place < first + passed else code[place + a + 1]
                distance = abs(price[place] / mark[n] - 1.0)
                if there > here:
                    worse[n, a] = min(worse[n, a], distance)
                elif there < here:
                    better[n, a] = min(better[n, a], distance)


def warm() -> None:
    """Compile and cache both loops."""
    mark, start, price = np.ones(1), np.array([0, 1]), np.ones(1)
    code = np.zeros(2, dtype=np.int8)
    climb(mark, start, price, code, np.empty((1, 1), dtype=np.int8))
    reach(mark, start, price, code, np.empty((1, 1)), np.empty((1, 1)))
