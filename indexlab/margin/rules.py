"""A venue's margin rules as data: what is in its TOML file. Both implementations follow the sentences of the sections' own modules. No numpy."""

from __future__ import annotations

import msgspec

from indexlab.margin.account_rules import CollateralRule, FeeRules, MatrixRule, StateRules
from indexlab.margin.contract import Contract
from indexlab.margin.funding_rules import FundingRule
from indexlab.margin.liquidation_rules import LiquidationRule
from indexlab.margin.mark_rules import MarkRule
from indexlab.market.errors import InputError, did_you_mean

__all__ = ["Venue", "VenueRules"]


class Venue(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whose rules they are, of when, and where they were read; `grade` is the evidence: P primary page or source code, M mirror, S press, D derived."""

    id: str
    name: str = ""
    date: str = ""
    url: str = ""
    grade: str = ""
    retrieved: str = ""
    summary: str = ""


class VenueRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that decides what happens to an account: a section each. `assumed` is a dotted key = why, for what the venue does not publish."""

    venue: Venue
    contracts: tuple[Contract, ...]
    states: StateRules = StateRules()
    collateral: tuple[CollateralRule, ...] = ()
    matrix: MatrixRule | None = None
    fees: FeeRules = FeeRules()
    mark: MarkRule = MarkRule()
    funding: FundingRule | None = None
    liquidation: LiquidationRule = LiquidationRule()
    assumed: dict[str, str] = msgspec.field(default_factory=dict)

    def contract(self, name: str) -> Contract:
        """Return a contract by its id. Raises InputError with the nearest id."""
        for contract in self.contracts:
            if contract.id == name:
                return contract
        problem = f'is no contract of {self.venue.id}, was "{name}"'
        raise InputError(problem, key="contract", remedy=did_you_mean(name, [contract.id for contract in self.contracts]))
