"""A case with many times in the compiled loop: what is not to be trusted becomes a missing price, and the persistence of a breach is counted afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.margin.batch import account_batch
from indexlab.margin.states import BANKRUPT, FROZEN, HEALTHY, LIQUIDATION, REDUCE_ONLY, WARNING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.margin.account import Account
    from indexlab.margin.account_rules import StateRules
    from indexlab.margin.case import MarginCase, Series

__all__ = ["judge_many"]


def judge_many(case: MarginCase) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return state codes and margin ratios (NaN: none) of a checked case, [times, accounts]."""
    names = {contract.underlying for contract in case.rules.contracts} | {rule.index for rule in case.rules.collateral if rule.index}
    index = {name: _column(series) for name, series in case.index.items()}
    trusted = {name: _trusted(case, index, name) for name in names}
    priced = {name: np.where(trusted[name], column, np.nan) for name, column in index.items() if name in trusted}
    mark = {name: _column(series) for name, series in case.mark.items()}
    short_mark = {name: _column(series) for name, series in case.short_mark.items()}
    codes, ratios = account_batch(case.accounts, case.rules).judge({**_nothing(case), **mark}, priced, short_mark)
    frozen = np.stack([~_trusted_by(case, account, trusted) for account in case.accounts], axis=1)
    codes, ratios = np.where(frozen, FROZEN, codes), np.where(frozen, np.nan, ratios)
    return _lasting(codes, case.rules.states).astype(np.int8), ratios


def _nothing(case: MarginCase) -> dict[str, NDArray[np.float64]]:
    """Return a missing mark of every contract, so that a case without marks has its times all the same."""
    return {contract.id: np.full(len(case.times), np.nan) for contract in case.rules.contracts}


def _column(series: Series) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in series], dtype=float)


def _trusted(case: MarginCase, index: dict[str, NDArray[np.float64]], name: str) -> NDArray[np.bool_]:
    """Return when an underlying may be relied on, [times]: it has an index, if it is in the case at all, and is neither held nor halted."""
    fine = np.ones(len(case.times), dtype=bool)
    if name in index:
        fine &= (index[name] > 0) & (index[name] < np.inf)
    if name in case.status:
        fine &= np.array([status not in {"held", "halted"} for status in case.status[name]], dtype=bool)
    return fine


def _trusted_by(case: MarginCase, account: Account, trusted: dict[str, NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Return when every underlying of an account's positions may be relied on, [times]; what prices its assets is NaN otherwise."""
    fine = np.ones(len(case.times), dtype=bool)
    for position in account.all_positions:
        if position.size:
            fine &= trusted[case.rules.contract(position.contract).underlying]
    return fine


def _lasting(codes: NDArray[np.int8], rules: StateRules) -> NDArray[np.int8]:
    """Return the states with a breach shown only from its `persistence`-th publication in a row on."""
    if rules.persistence <= 1:
        return codes
    before = REDUCE_ONLY if rules.reduce_only is not None else WARNING if rules.warning is not None else HEALTHY
    breached = (codes == LIQUIDATION) | (codes == BANKRUPT)
    place = np.arange(len(codes))[:, None]
    last_other = np.maximum.accumulate(np.where(breached, -1, place), axis=0)
    return np.where(breached & (place - last_other < rules.persistence), before, codes).astype(np.int8)
