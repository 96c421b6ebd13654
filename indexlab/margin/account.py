"""Accounts: isolated ones with one position (balance, maintenance margin, ratio and state at a mark price), cross and portfolio ones with several. No numpy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from indexlab.margin.contract import BTCUSDT, Contract, maintenance_margin
from indexlab.margin.states import BANKRUPT, DEFAULT_WARNING_RATIO, FROZEN, HEALTHY, LIQUIDATION, STATES, WARNING
from indexlab.market.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Account", "Asset", "Mode", "Position", "check_name", "checked_accounts"]

Mode: TypeAlias = Literal["isolated", "cross", "portfolio"]


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A position in one contract: `size` in contracts (base units where the multiplier is 1), above 0 long and below 0 short."""

    contract: str
    size: float
    entry_price: float


class Asset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So much of an asset as collateral; below 0 it is owed."""

    asset: str
    amount: float


class Account(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Positions with their collateral.

    - `isolated`: one position with its own `collateral`, in the contract's settlement currency, written in `size`, `entry_price`, `contract`: `size` in base
      units (or contracts), above 0 long and below 0 short.
    - `cross`: all of `positions` share `collateral` (in the settlement currency of the venue, StateRules.currency) and `assets`, each credited at its price
      after its haircut; `size` stays 0. `hedged`: a long and a short position of one contract stand beside each other, each with its own notional and tier;
      otherwise there is one of each contract.
    - `portfolio`: the same, with the venue's scenario matrix in place of tiers.
    """

    id: str
    size: float = 0.0
    entry_price: float = 0.0
    collateral: float = 0.0
    contract: str = "BTCUSDT"
    mode: Mode = "isolated"
    positions: tuple[Position, ...] = ()
    assets: tuple[Asset, ...] = ()
    hedged: bool = False

    @property
    def all_positions(self) -> tuple[Position, ...]:
        """Every position, whatever the mode."""
        return self.positions if self.mode != "isolated" else (Position(self.contract, self.size, self.entry_price),)

    def margin_balance(self, mark: float, contract: Contract = BTCUSDT) -> float:
        """Return collateral and unrealised profit: collateral + size * multiplier * (mark - entry)."""
        return self.collateral + self.size * contract.multiplier * (mark - self.entry_price)

    def maintenance_margin(self, mark: float, contract: Contract = BTCUSDT) -> float:
        """Return the maintenance margin of the notional at this mark."""
        return maintenance_margin(contract, abs(self.size) * contract.multiplier * mark)

    def margin_ratio(self, mark: float, contract: Contract = BTCUSDT) -> float | None:
        """Return maintenance margin over margin balance, None where the balance is 0 or less."""
        balance = self.margin_balance(mark, contract)
        return self.maintenance_margin(mark, contract) / balance if balance > 0 else None

    def state_code(self, mark: float | None, contract: Contract = BTCUSDT, warning_ratio: float = DEFAULT_WARNING_RATIO) -> int:
        """Return the state's position in STATES; None or NaN is no price."""
        if mark is None or math.isnan(mark):
            return FROZEN
        balance, maintenance = self.margin_balance(mark, contract), self.maintenance_margin(mark, contract)
        if balance <= 0:
            return BANKRUPT
        if maintenance >= balance:
            return LIQUIDATION
        return WARNING if maintenance >= warning_ratio * balance else HEALTHY

    def state(self, mark: float | None, contract: Contract = BTCUSDT, warning_ratio: float = DEFAULT_WARNING_RATIO) -> str:
        """Return the state's name."""
        return STATES[self.state_code(mark, contract, warning_ratio)]


def check_name(account: Account, seen: set[str], *, file: object = None) -> None:
    """Add the account's id to those seen. Raises InputError where it has none, or another account has it."""
    if not account.id or account.id in seen:
        problem = f'must be a unique name, was "{account.id}"' + (" twice" if account.id else "")
        raise InputError(problem, file=file, key="accounts.id")
    seen.add(account.id)


def checked_accounts(accounts: Iterable[Account], contract: Contract, *, file: object = None) -> tuple[Account, ...]:
    """Return the accounts where ids are unique, sizes not 0, entry prices above 0, everything finite, and all are of this contract. Raises InputError."""
    checked = tuple(accounts)
    seen: set[str] = set()
    for account in checked:
        check_name(account, seen, file=file)
        if account.contract != contract.id:
            problem = f'must be a known contract, was "{account.contract}" for "{account.id}"'
            raise InputError(problem, file=file, key="accounts.contract", remedy=did_you_mean(account.contract, [contract.id]))
        if not (math.isfinite(account.size) and account.size != 0):
            problem = f'must be a finite number that is not 0, was {account.size} for "{account.id}"'
            raise InputError(problem, file=file, key="accounts.size")
        if not (math.isfinite(account.entry_price) and account.entry_price > 0):
            problem = f'must be a finite number above 0, was {account.entry_price} for "{account.id}"'
            raise InputError(problem, file=file, key="accounts.entry_price")
        if not math.isfinite(account.collateral):
            problem = f'must be a finite number, was {account.collateral} for "{account.id}"'
            raise InputError(problem, file=file, key="accounts.collateral")
    return checked
