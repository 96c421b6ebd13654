"""Whether the rules can judge a case's accounts: everything they name is there and fits. No arithmetic; both implementations begin with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from indexlab.margin.account import check_name
from indexlab.market.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexlab.margin.account import Account
    from indexlab.margin.case import MarginCase
    from indexlab.margin.rules import VenueRules

__all__ = ["checked_accounts_of", "checked_case"]


def checked_case(case: MarginCase) -> MarginCase:
    """Return the case where account ids are unique, contracts and assets known, figures finite and series as long as the times. Raises InputError by key."""
    checked_accounts_of(case.accounts, case.rules)
    for name in ("index", "mark", "status", "last", "short_mark"):
        for key, series in getattr(case, name).items():
            if len(series) != len(case.times):
                problem = f"must have an entry for each of the {len(case.times)} times, had {len(series)}"
                raise InputError(problem, key=f"{name}.{key}")
    return case


def checked_accounts_of(accounts: Iterable[Account], rules: VenueRules, *, file: object = None) -> tuple[Account, ...]:
    """Return accounts of any mode where ids are unique, contracts and assets known to the rules, and figures finite. Raises InputError by key."""
    checked = tuple(accounts)
    seen: set[str] = set()
    for account in checked:
        check_name(account, seen, file=file)
        try:
            _check_positions(account, rules)
            _check_assets(account, rules)
        except InputError as error:
            raise error.within(file) from None
    return checked


def _check_positions(account: Account, rules: VenueRules) -> None:
    seen: set[tuple[str, bool]] = set()
    for position in account.all_positions:
        rules.contract(position.contract)
        if not (math.isfinite(position.size) and math.isfinite(position.entry_price)):
            problem = f'must be finite numbers, were {position.size} and {position.entry_price} for "{account.id}"'
            raise InputError(problem, key="accounts.positions")
        if position.size and not position.entry_price > 0:
            problem = f'must be above 0, was {position.entry_price} for "{account.id}"'
            raise InputError(problem, key="accounts.entry_price")
        side = (position.contract, account.hedged and position.size < 0)
        if side in seen:
            problem = f'must hold one position of "{position.contract}"{" a side" if account.hedged else ""}, "{account.id}" holds two'
            remedy = None if account.hedged else "write hedged = true where long and short stand beside each other"
            raise InputError(problem, key="accounts.positions", remedy=remedy)
        seen.add(side)
    if not math.isfinite(account.collateral):
        problem = f'must be a finite number, was {account.collateral} for "{account.id}"'
        raise InputError(problem, key="accounts.collateral")
    if account.mode == "portfolio" and rules.matrix is None:
        problem = f'must not be "portfolio" where the venue has no [matrix], was for "{account.id}"'
        raise InputError(problem, key="accounts.mode", remedy='write "cross"')


def _check_assets(account: Account, rules: VenueRules) -> None:
    if account.mode == "isolated":
        return
    known = [rules.states.currency, *(rule.asset for rule in rules.collateral)]
    held = [rules.contract(position.contract).settlement for position in account.positions]
    for asset in account.assets:
        if not math.isfinite(asset.amount):
            problem = f'must be a finite number, was {asset.amount} of {asset.asset} for "{account.id}"'
            raise InputError(problem, key="accounts.assets")
        held.append(asset.asset)
    for name in held:
        if name not in known:
            problem = f'must be an asset with a collateral rule, was "{name}" for "{account.id}"'
            raise InputError(problem, key="accounts.assets", remedy=did_you_mean(name, known))
