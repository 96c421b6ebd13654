"""The accounts beside a batch: those of the scenario, or a rack around the clean index; in a tenth of the scenarios one that holds accounts of all modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.margin.contract import BTCUSDT
from indexlab.margin.rack import build_rack, rack_from_accounts
from indexlab.margin.thresholds import has_one_border
from indexlab.market.seeds import derive

if TYPE_CHECKING:
    from indexlab.margin.contract import Contract
    from indexlab.margin.ladder import Ladder
    from indexlab.margin.rack import Rack
    from indexlab.margin.rules import VenueRules
    from indexlab.properties.run import Run

__all__ = ["rack_of"]

_MIXED_EVERY: Final = 10


def rack_of(run: Run, rules: VenueRules | None, *, plain: bool) -> Rack | Ladder | None:
    """Return the accounts of a run, None where the clean index never had a value.

    They are those of BTCUSDT's example, or of `rules` where the plan names a venue: of its first contract whose tiers do not jump as the price moves.
    `plain`: isolated accounts alone, and fewer of them, as a target with a margin engine of its own is asked about at every publication.
    """
    accounts = run.batch.base.accounts
    value = run.clean.value[0]
    known = np.flatnonzero(~np.isnan(value) & (value > 0))
    contract = _contract(rules)
    by = rules if rules is not None and contract in rules.contracts else None
    if accounts and all(account.mode == "isolated" for account in accounts):
        return rack_from_accounts(accounts, contract, rules=by)
    if not len(known):
        return None
    if accounts:
        from indexlab.margin.mixed_rack import mixed_rack_from_accounts

        return mixed_rack_from_accounts(accounts, float(value[known[0]]), rules)
    first = min((twin.first for twin in run.twins if twin.first is not None), default=None)
    begun = known if first is None else known[run.times[known] >= first]
    price = float(value[begun[0] if len(begun) else known[-1]])
    seed = derive("mixed-rack", int(run.times[0]), len(run.basket))
    # a rack of all modes answers to one price alone, and where a rule makes the mark, it is not the one that collateral is worth
    if not plain and run.mark is None and seed % _MIXED_EVERY == 0:
        from indexlab.margin.mixed_rack import build_mixed_rack

        return build_mixed_rack(price, run.expect.margin_headroom, rules, seed)
    rack = build_rack(price, run.expect.margin_headroom, contract, rules=by)
    # pairs stand side by side: those at the promise's border, and every fourth of the rest
    return rack.take([place for place, name in enumerate(rack.ids) if " edge" in name or place // 2 % 4 == 0]) if plain else rack


def _contract(rules: VenueRules | None) -> Contract:
    """Return the contract whose isolated accounts make the rack."""
    for contract in () if rules is None else rules.contracts:
        if has_one_border(contract):
            return contract
    return BTCUSDT
