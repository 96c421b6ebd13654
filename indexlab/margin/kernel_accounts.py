"""The compiled loop of accounts of any mode: balance, maintenance margin and state of every account at every time, from marks and prices of assets alone.

The same sentences as the engine's (engine_money, engine_matrix), over columns: an account's legs and assets lie one after another. A matrix's shocks of price
and of volatility act on sums of their own, so that the worst row is the worst of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexlab.market.compiled import compiled, inlined

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["AccountColumns", "MatrixColumns", "Thresholds", "judge_accounts", "warm"]

_HEALTHY, _WARNING, _REDUCE_ONLY, _LIQUIDATION, _BANKRUPT, _FROZEN = 0, 1, 2, 3, 4, 5
_SAME = 2.0**-46
_NO_DIRECTION = 1e-9
_BLOCK = 256


class AccountColumns(NamedTuple):
    """Accounts as columns. Of each account: where its legs and assets begin (one entry more than accounts), collateral, mode, how many groups it has.

    Of each leg: column of marks, size * multiplier (quantity), value at entry, whether it is inverse, its asset within the account (-1: the currency itself),
    its group, first and last tier (one, where it hangs on the size), vega * size. Of each asset: column of prices, amount, ratio. Of each tier: end, rate,
    amount.
    """

    first_leg: NDArray[np.int64]
    first_asset: NDArray[np.int64]
    collateral: NDArray[np.float64]
    is_portfolio: NDArray[np.bool_]
    groups: NDArray[np.int64]
    mark: NDArray[np.int64]
    quantity: NDArray[np.float64]
    entry_value: NDArray[np.float64]
    is_inverse: NDArray[np.bool_]
    asset: NDArray[np.int64]
    group: NDArray[np.int64]
    first_tier: NDArray[np.int64]
    last_tier: NDArray[np.int64]
    vega: NDArray[np.float64]
    price: NDArray[np.int64]
    amount: NDArray[np.float64]
    ratio: NDArray[np.float64]
    tier_end: NDArray[np.float64]
    tier_rate: NDArray[np.float64]
    tier_amount: NDArray[np.float64]


class MatrixColumns(NamedTuple):
    """A scenario matrix; volatility shocks by their least and largest."""

    shocks: NDArray[np.float64]
    least_volatility: float
    largest_volatility: float
    hedge_rate: float
    offset: float
    stress: NDArray[np.float64]
    stress_share: float


class Thresholds(NamedTuple):
    """Where states begin: NaN where there is no such state. `fee` is a rate of the notional, 0 where none is added."""

    by_balance: bool
    warning: float
    reduce_only: float
    liquidation: float
    exclusive: bool
    fee: float
    idle_is_healthy: bool


@compiled
def _valued(
    quantity: float,
    entry_value: float,
    is_inverse: bool,  # noqa: FBT001 - a column's entry
    mark: NDArray[np.float64],
    value: NDArray[np.float64],
    profit: NDArray[np.float64],
    gross: NDArray[np.float64],
) -> None:
    """Write a leg's value at each mark, and add its profit and what that was summed from."""
    then = abs(entry_value)
    if is_inverse:
        for n in range(mark.shape[0]):
            value[n] = quantity / mark[n]
            profit[n] += entry_value - value[n]
            gross[n] += abs(value[n]) + then
    else:
        for n in range(mark.shape[0]):
            value[n] = quantity * mark[n]
            profit[n] += value[n] - entry_value
            gross[n] += abs(value[n]) + then


@inlined
def _tier(columns: AccountColumns, leg: int, notional: float) -> int:
    tier = int(columns.first_tier[leg])
    while tier < columns.last_tier[leg] and notional > columns.tier_end[tier] * (1.0 + _SAME):
        tier += 1
    return tier


@compiled
def _tiered(columns: AccountColumns, leg: int, value: NDArray[np.float64], price: NDArray[np.float64], fee: float, margin: NDArray[np.float64]) -> None:
    """Add a leg's maintenance margin; mostly all values stand in one tier."""
    least, most = np.inf, 0.0
    for n in range(value.shape[0]):
        notional = abs(value[n])
        least = min(least, notional)
        most = max(most, notional)
    tier = _tier(columns, leg, least)
    if tier == _tier(columns, leg, most):
        rate, amount = columns.tier_rate[tier] + fee, columns.tier_amount[tier]
        for n in range(value.shape[0]):
            margin[n] += price[n] * (abs(value[n]) * rate - amount)
        return
    for n in range(value.shape[0]):
        tier = _tier(columns, leg, abs(value[n]))
        margin[n] += price[n] * (abs(value[n]) * (columns.tier_rate[tier] + fee) - columns.tier_amount[tier])


@compiled
def _grouped(columns: AccountColumns, leg: int, value: NDArray[np.float64], price: NDArray[np.float64], fee: float, sums: NDArray[np.float64]) -> None:
    """Add a leg to its group's `sums` [6, times]: straight and inverse values, vega, long and short notional, fees."""
    kind, side = 1 if columns.is_inverse[leg] else 0, 3 if columns.quantity[leg] > 0 else 4
    vega = columns.vega[leg]
    for n in range(value.shape[0]):
        worth = price[n] * value[n]
        sums[kind, n] += worth
        sums[2, n] += price[n] * vega
        sums[side, n] += abs(worth)
        sums[5, n] += fee * abs(worth)


@compiled
def _risks(matrix: MatrixColumns, sums: NDArray[np.float64], risk: NDArray[np.float64], up: NDArray[np.float64], down: NDArray[np.float64]) -> None:
    """Write a group's risk at each time, and its largest losses upwards and downwards."""
    risk[:] = 0.0
    up[:] = 0.0
    down[:] = 0.0
    for k in range(matrix.shocks.shape[0]):
        shock = matrix.shocks[k]
        bent = shock / (1.0 + shock)
        directed = up if shock > 0 else down
        for n in range(risk.shape[0]):
            by_volatility = max(-matrix.least_volatility * sums[2, n], -matrix.largest_volatility * sums[2, n])
            loss = by_volatility - shock * sums[0, n] - bent * sums[1, n]
            risk[n] = max(risk[n], loss)
            if shock != 0:
                directed[n] = max(directed[n], loss)


@inlined
def _offsets(risk: NDArray[np.float64], direction: NDArray[np.float64], groups: int) -> float:
    """Return twice the smaller risk of every pair; both are sorted here, the largest risk first."""
    for n in range(1, groups):
        here, way, k = risk[n], direction[n], n
        while k > 0 and risk[k - 1] < here:
            risk[k], direction[k] = risk[k - 1], direction[k - 1]
            k -= 1
        risk[k], direction[k] = here, way
    waiting, twice = 0.0, 0.0
    for n in range(groups):
        if waiting * direction[n] < 0:
            twice += 2.0 * risk[n]
        waiting += direction[n]
    return twice


@compiled
def _by_matrix(
    matrix: MatrixColumns,
    sums: NDArray[np.float64],
    risks: NDArray[np.float64],
    pair: NDArray[np.float64],
    margin: NDArray[np.float64],
) -> None:
    """Write the maintenance margin of groups: `sums` [groups, 6, times]; `risks` [groups, 3, times] and `pair` [2, groups] are room to work in."""
    groups, times = sums.shape[0], sums.shape[2]
    margin[:] = 0.0
    for g in range(groups):
        _risks(matrix, sums[g], risks[g, 0], risks[g, 1], risks[g, 2])
        for n in range(times):
            margin[n] += risks[g, 0, n] + matrix.hedge_rate * min(sums[g, 3, n], sums[g, 4, n])
    if matrix.offset > 0 and groups > 1:
        for n in range(times):
            for g in range(groups):
                up, down = risks[g, 1, n], risks[g, 2, n]
                pair[0, g] = risks[g, 0, n]
                pair[1, g] = 0.0 if abs(up - down) <= _NO_DIRECTION * max(up, down) else 1.0 if up > down else -1.0
            margin[n] -= matrix.offset * _offsets(pair[0], pair[1], groups)
    for k in range(matrix.stress.shape[0]):
        shock = matrix.stress[k]
        bent = shock / (1.0 + shock)
        together = risks[0, 1]
        together[:] = 0.0
        for g in range(groups):
            for n in range(times):
                together[n] -= shock * sums[g, 0, n] + bent * sums[g, 1, n]
        for n in range(times):
            margin[n] = max(margin[n], matrix.stress_share * together[n])
    for g in range(groups):
        for n in range(times):
            margin[n] += sums[g, 5, n]


@inlined
def _reached(beyond: float, size: float, exclusive: bool) -> bool:  # noqa: FBT001 - a rule
    return beyond > _SAME * size if exclusive else beyond >= -_SAME * size


@compiled
def _judged(
    thresholds: Thresholds,
    balance: NDArray[np.float64],
    margin: NDArray[np.float64],
    gross: NDArray[np.float64],
    states: NDArray[np.int8],
    ratios: NDArray[np.float64],
) -> None:
    """Write states and ratios of one account; without branches, so that the processor takes several times at once."""
    exclusive = thresholds.exclusive
    for n in range(balance.shape[0]):
        have, need, of = balance[n], margin[n], gross[n]
        code = _HEALTHY
        # threshold * one against the other; there is never anything beyond a threshold of NaN
        if thresholds.by_balance:
            code = _WARNING if _reached(need - thresholds.warning * have, need + thresholds.warning * of, exclusive) else code
            code = _REDUCE_ONLY if _reached(need - thresholds.reduce_only * have, need + thresholds.reduce_only * of, exclusive) else code
            code = _LIQUIDATION if _reached(need - thresholds.liquidation * have, need + thresholds.liquidation * of, exclusive) else code
        else:
            code = _WARNING if _reached(thresholds.warning * need - have, thresholds.warning * need + of, exclusive) else code
            code = _REDUCE_ONLY if _reached(thresholds.reduce_only * need - have, thresholds.reduce_only * need + of, exclusive) else code
            code = _LIQUIDATION if _reached(thresholds.liquidation * need - have, thresholds.liquidation * need + of, exclusive) else code
        code = _BANKRUPT if _reached(-have, of, exclusive) else code
        code = _HEALTHY if thresholds.idle_is_healthy and need <= 0 else code
        known = have + need
        states[n] = _FROZEN if np.isnan(known) else code
        ratios[n] = need / have if have > _SAME * of else np.nan


@compiled
def judge_accounts(
    columns: AccountColumns,
    matrix: MatrixColumns,
    thresholds: Thresholds,
    marks: NDArray[np.float64],
    prices: NDArray[np.float64],
    states: NDArray[np.int8],
    ratios: NDArray[np.float64],
) -> None:
    """Write states and margin ratios [accounts, times] at marks [columns of marks, times] and prices of assets [columns of prices, times].

    NaN is no price, and in the ratios no ratio. The last column of prices is that of the currency itself: 1.
    """
    most = columns.mark.shape[0] + columns.price.shape[0] + 1
    room = np.empty((4, _BLOCK))
    won = np.empty((most, 2, _BLOCK))
    sums, risks, pair = np.empty((most, 6, _BLOCK)), np.empty((most, 3, _BLOCK)), np.empty((2, most))
    for start in range(0, marks.shape[1], _BLOCK):
        end = min(start + _BLOCK, marks.shape[1])
        count = end - start
        value, balance, margin, gross = room[0, :count], room[1, :count], room[2, :count], room[3, :count]
        for a in range(columns.collateral.shape[0]):
            first_asset, n_assets, groups = columns.first_asset[a], columns.first_asset[a + 1] - columns.first_asset[a], columns.groups[a]
            balance[:] = columns.collateral[a]
            gross[:] = abs(columns.collateral[a])
            margin[:] = 0.0
            won[:n_assets] = 0.0
            if columns.is_portfolio[a]:
                sums[:groups] = 0.0
            for leg in range(columns.first_leg[a], columns.first_leg[a + 1]):
                own = columns.asset[leg] < 0
                slot = 0 if own else columns.asset[leg]
                price = prices[prices.shape[0] - 1 if own else columns.price[first_asset + slot], start:end]
                profit, profit_gross = (balance, gross) if own else (won[slot, 0, :count], won[slot, 1, :count])
                mark = marks[columns.mark[leg], start:end]
                _valued(columns.quantity[leg], columns.entry_value[leg], columns.is_inverse[leg], mark, value, profit, profit_gross)
                if columns.is_portfolio[a]:
                    _grouped(columns, leg, value, price, thresholds.fee, sums[columns.group[leg], :, :count])
                else:
                    _tiered(columns, leg, value, price, thresholds.fee, margin)
            for k in range(n_assets):
                price, amount, ratio = prices[columns.price[first_asset + k], start:end], columns.amount[first_asset + k], columns.ratio[first_asset + k]
                for n in range(count):
                    worth = (amount + won[k, 0, n]) * price[n]
                    balance[n] += worth * ratio if worth > 0 else worth
                    gross[n] += (abs(amount) + won[k, 1, n]) * price[n]
            if columns.is_portfolio[a]:
                _by_matrix(matrix, sums[:groups, :, :count], risks[:groups, :, :count], pair, margin)
            _judged(thresholds, balance, margin, gross, states[a, start:end], ratios[a, start:end])


def warm() -> None:
    """Compile and cache the loop."""
    whole, real, flag = np.zeros(1, dtype=np.int64), np.ones(1), np.zeros(1, dtype=np.bool_)
    spans = np.array([0, 1])
    leg = (whole, real, real, flag, whole - 1, whole, whole, whole, real)
    columns = AccountColumns(spans, spans, real, flag, whole + 1, *leg, whole, real, real, real, real, real)
    matrix = MatrixColumns(real, 0.0, 0.0, 0.0, 0.0, real, 1.0)
    thresholds = Thresholds(by_balance=True, warning=0.8, reduce_only=np.nan, liquidation=1.0, exclusive=False, fee=0.0, idle_is_healthy=False)
    judge_accounts(columns, matrix, thresholds, np.ones((1, 1)), np.ones((1, 1)), np.empty((1, 1), dtype=np.int8), np.empty((1, 1)))
