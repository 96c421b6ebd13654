"""The compiled loops of the rack: comparisons with borders that were solved beforehand, nothing else.

`signed` [4, A] are the border prices times the account's side, so that for long and short alike a state has begun where side * mark <= signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.market.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["count_headrooms", "count_states", "warm"]

_FROZEN = 5


@compiled
def count_states(mark: NDArray[np.float64], side: NDArray[np.float64], signed: NDArray[np.float64], out: NDArray[np.int8]) -> None:
    """Write the state code of each account at each mark, [marks, accounts]; NaN is no price."""
    for n in range(mark.shape[0]):
        if np.isnan(mark[n]):
            out[n, :] = _FROZEN
            continue
        for a in range(side.shape[0]):
            price = side[a] * mark[n]
            begun = np.int8(price <= signed[0, a]) + np.int8(price <= signed[1, a])
            out[n, a] = begun + np.int8(price <= signed[2, a]) + np.int8(price <= signed[3, a])


@compiled
def count_headrooms(
    mark: NDArray[np.float64], side: NDArray[np.float64], signed: NDArray[np.float64], against: NDArray[np.float64], in_favour: NDArray[np.float64]
) -> None:
    """Write the headrooms of each account at each mark, [marks, accounts]: inf where the state never changes that way, NaN without a price above 0."""
    for n in range(mark.shape[0]):
        if not (mark[n] > 0 and mark[n] < np.inf):
            against[n, :] = np.nan
            in_favour[n, :] = np.nan
            continue
        # every distance is worked out and then chosen from: without branches the processor takes several accounts at once
        inverse = 1.0 / mark[n]
        for a in range(side.shape[0]):
            price, per_price = side[a] * mark[n], side[a] * inverse
            warning, reduce_only = price <= signed[0, a], price <= signed[1, a]
            liquidation, bankrupt = price <= signed[2, a], price <= signed[3, a]
            to_warning = abs(signed[0, a] * per_price - 1.0)
            to_reduce_only = abs(signed[1, a] * per_price - 1.0)
            to_liquidation = abs(signed[2, a] * per_price - 1.0)
            to_bankrupt = abs(signed[3, a] * per_price - 1.0)
            worse = to_reduce_only if warning else to_warning
            worse = to_liquidation if reduce_only else worse
            worse = to_bankrupt if liquidation else worse
            against[n, a] = np.inf if bankrupt else worse
            better = to_warning if warning else np.inf
            better = to_reduce_only if reduce_only else better
            better = to_liquidation if liquidation else better
            in_favour[n, a] = to_bankrupt if bankrupt else better


def warm() -> None:
    """Compile and cache both loops, and those of accounts of other modes."""
    from indexlab.margin import kernel_accounts, kernel_ladder

    kernel_accounts.warm()
    kernel_ladder.warm()
    mark, side, signed = np.ones(1), np.ones(1), np.ones((4, 1))
    count_states(mark, side, signed, np.empty((1, 1), dtype=np.int8))
    count_headrooms(mark, side, signed, np.empty((1, 1)), np.empty((1, 1)))
