"""The premise that several statements share: few enough faulty sources, enough live ones, nobody at the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.property import Occasion
    from indexlab.properties.run import Run

__all__ = ["NO_FAULT_BIT", "enough_sources", "one_sided", "single_source_premise"]

NO_FAULT_BIT = "no fault touched a quote while enough sources were live"
_ROUNDING = 1e-9


def enough_sources(occasion: Occasion) -> str:
    """Say why the promise about a broken source is never owed for the plan's basket, or ""."""
    expect = occasion.expect
    return occasion.too_few(max(expect.min_sources, 2 * expect.faulty_sources + 1), "a judgement on broken ones")


def single_source_premise(run: Run) -> NDArray[np.bool_]:
    """Say at which publications [runs, times] the promise about a broken source is owed.

    At most «faulty_sources» are faulty and have begun to be; max(«min_sources», 2 × «faulty_sources» + 1) sources are live in the clean
    twin, of whose given weight the broken ones hold less than half; no age is near the limit in either twin.
    """
    expect = run.expect
    live = run.clean.surely_live[0]
    enough = live.sum(axis=1) >= max(expect.min_sources, 2 * expect.faulty_sources + 1)
    few = run.faulty.sum(axis=1) <= expect.faulty_sources
    total = live @ run.weights
    broken_weight = (run.faulty * run.weights) @ live.T.astype(np.float64)
    # exactly half is not less than half, however the sum rounds (0.18 of 0.18 + 0.10 + 0.08)
    minority = 2.0 * broken_weight < total[None, :] * (1.0 - _ROUNDING)
    away = ~run.clean.near_limit & ~run.broken.near_limit
    return np.asarray(few[:, None] & enough[None, :] & minority & away & run.begun)


def one_sided(run: Run, always: NDArray[np.bool_], never: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say where [runs, times] a value is missing in one twin alone while enough unbroken sources are live.

    `always` and `never` say of the clean twin whether it has a value throughout, or at no time, within the tracking lag: the instant of a change may shift.
    """
    lost = run.broken.missing & always[None, :]
    gained = ~run.broken.missing & never[None, :]
    return np.asarray((lost | gained) & (run.unbroken_live >= run.expect.min_sources))
