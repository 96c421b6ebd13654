"""Whether a forced reduction can be told: its account, its parties, its length. No arithmetic; both implementations begin with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from indexlab.margin.ledger import COUNTERPARTIES, FEES, FUND, VAULT
from indexlab.market.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from indexlab.margin.account import Account
    from indexlab.margin.case import LiquidationCase, MarginCase

__all__ = ["MOST_ROUNDS", "checked_liquidation"]

MOST_ROUNDS: Final = 100_000
"""How many rounds a case may last."""


def checked_liquidation(case: MarginCase) -> tuple[LiquidationCase, Account]:
    """Return the question and its account, where both can be told. Raises InputError by key."""
    asked = case.liquidation
    if asked is None:
        raise InputError("must be given", key="liquidation")
    account = next((one for one in case.accounts if one.id == asked.account), None)
    if account is None:
        problem, remedy = f'must be one of the accounts, was "{asked.account}"', did_you_mean(asked.account, [one.id for one in case.accounts])
        raise InputError(problem, key="liquidation.account", remedy=remedy)
    if account.mode != "isolated" or not account.size:
        problem = f'must be an isolated account with a position, "{account.id}" is not'
        raise InputError(problem, key="liquidation.account")
    names = [account.id, FUND, FEES, COUNTERPARTIES, VAULT, *(rival.account for rival in asked.rivals)]
    if len(set(names)) < len(names):
        problem = f'must have unique names, none of them "{FUND}", "{FEES}", "{COUNTERPARTIES}" or "{VAULT}"'
        raise InputError(problem, key="liquidation.rivals")
    for rival in asked.rivals:
        if not (math.isfinite(rival.size) and math.isfinite(rival.collateral) and math.isfinite(rival.entry_price) and rival.entry_price > 0):
            problem = f'must have finite figures and an entry price above 0, "{rival.account}" has not'
            raise InputError(problem, key="liquidation.rivals")
    if not math.isfinite(asked.fund):
        problem = f"must be a finite number, was {asked.fund}"
        raise InputError(problem, key="liquidation.fund")
    cool_down = case.rules.liquidation.cool_down_us
    if cool_down and (asked.end - asked.start) // cool_down > MOST_ROUNDS:
        problem = f"must be at most {MOST_ROUNDS} rounds of {cool_down} us after the start, was {asked.end}"
        raise InputError(problem, key="liquidation.end")
    return asked, account
