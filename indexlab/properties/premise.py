"""The premise that several statements share: few enough faulty sources, enough live ones, nobody at the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.faults.registry import fault

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.property import Occasion
    from indexlab.properties.run import Run

__all__ = ["NO_FAULT_BIT", "enough_sources", "of_family", "one_sided", "prices_compare", "single_source_premise"]

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
    return run.once(_single_source_premise)


def _single_source_premise(run: Run) -> NDArray[np.bool_]:
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


def of_family(run: Run, family: str) -> NDArray[np.bool_]:
    """Say which broken twins [runs] had a fault of a family (volume, garbage, clock, and so on) among theirs."""
    return np.array([any(fault(name).family == family for name in twin.faults) for twin in run.twins], dtype=np.bool_)


def prices_compare(run: Run) -> bool:
    """Say whether what the sources say is in the index's currency: where the target is told rates, a price and the index are two units."""
    return not run.rates and not any(run.twin_rates)


def one_sided(run: Run, always: NDArray[np.bool_], never: NDArray[np.bool_], others: NDArray[np.int64] | None = None) -> NDArray[np.bool_]:
    """Say where [runs, times] a value is missing in one twin alone while enough unbroken sources (or `others`, [runs, times]) are live.

    `always` and `never` say of the clean twin whether it has a value throughout, or at no time, within the tracking lag: the instant of a change may shift.
    """
    lost = run.broken.missing & always[None, :]
    gained = ~run.broken.missing & never[None, :]
    return np.asarray((lost | gained) & ((run.unbroken_live if others is None else others) >= run.expect.min_sources))
