"""Margin states in plain Python: what a person writes who wants to be done, lean, with floats, lists and dictionaries."""

from __future__ import annotations


def isolated_states(accounts, contract, marks, warning_ratio):
    """[marks][accounts] state codes of isolated accounts with one position each."""
    rows = []
    for mark in marks:
        row = []
        for account in accounts:
            balance = account.collateral + account.size * (mark - account.entry_price)
            if balance <= 0:
                row.append(4)
                continue
            maintenance = _tiered(contract.tiers, abs(account.size) * mark)
            row.append(3 if maintenance >= balance else 1 if maintenance >= warning_ratio * balance else 0)
        rows.append(row)
    return rows


def shared_states(accounts, rules, marks, indices):
    """[times][accounts] state codes of cross and portfolio accounts of linear and inverse contracts; marks by contract, indices by name, lists over time."""
    times = range(len(next(iter(marks.values()))))
    contracts = {contract.id: contract for contract in rules.contracts}
    collateral = {rule.asset: rule for rule in rules.collateral}
    return [[_shared(account, rules, contracts, collateral, marks, indices, n) for account in accounts] for n in times]


def _shared(account, rules, contracts, collateral, marks, indices, n):
    amounts = {}
    for asset in account.assets:
        amounts[asset.asset] = amounts.get(asset.asset, 0.0) + asset.amount
    balance, maintenance, groups = account.collateral, 0.0, {}
    for position in account.positions:
        contract, mark = contracts[position.contract], marks[position.contract][n]
        quantity = position.size * contract.multiplier
        if contract.kind == "inverse":
            value = quantity / mark
            profit = quantity / position.entry_price - value
        else:
            value = quantity * mark
            profit = value - quantity * position.entry_price
        price = 1.0
        if contract.settlement == rules.states.currency:
            balance += profit
        else:
            price = indices[collateral[contract.settlement].index][n]
            amounts[contract.settlement] = amounts.get(contract.settlement, 0.0) + profit
        if account.mode == "portfolio":
            group = groups.setdefault(contract.underlying, [0.0, 0.0, 0.0, 0.0])
            group[1 if contract.kind == "inverse" else 0] += price * value
            group[2 if value > 0 else 3] += price * abs(value)
        else:
            maintenance += price * _tiered(contract.tiers, abs(value))
    for name, amount in amounts.items():
        worth = amount * indices[collateral[name].index][n]
        balance += worth * collateral[name].ratio if worth > 0 else worth
    if account.mode == "portfolio":
        maintenance = _by_matrix(rules.matrix, groups.values())
    if balance <= 0:
        return 4
    return 3 if maintenance >= balance else 1 if maintenance >= rules.states.warning * balance else 0


def _tiered(tiers, notional):
    for tier in tiers:
        if tier.up_to_notional is None or notional <= tier.up_to_notional:
            return notional * tier.maintenance_rate - tier.maintenance_amount
    return None


def _by_matrix(matrix, groups):
    total, risks = 0.0, []
    for straight, inverse, long, short in groups:
        risk = up = down = 0.0
        for shock in matrix.price_shocks:
            loss = -shock * straight - shock / (1 + shock) * inverse
            risk = max(risk, loss)
            if shock > 0:
                up = max(up, loss)
            elif shock < 0:
                down = max(down, loss)
        total += risk + matrix.hedge_rate * min(long, short)
        risks.append((risk, 0 if abs(up - down) <= 1e-9 * max(up, down) else 1 if up > down else -1))
    waiting = 0
    for risk, direction in sorted(risks, reverse=True):
        if waiting * direction < 0:
            total -= 2 * matrix.offset * risk
        waiting += direction
    stress = max(0.0, *(sum(-shock * straight - shock / (1 + shock) * inverse for straight, inverse, _, _ in groups) for shock in matrix.stress))
    return max(total, matrix.stress_share * stress)
