"""From what a person asks of `margin paths` to the comparison."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from indexlab.margin.liquidation_cost import stepped, usual_depth
from indexlab.margin.liquidation_paths import PATHS, Setting
from indexlab.margin.opening import opened, usual_notional
from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.units import ratio
from indexlab.report.margin_paths import paths_view

if TYPE_CHECKING:
    from indexlab.margin.opening import Side
    from indexlab.margin.rules import VenueRules
    from indexlab.report.margin_paths import PathsView

__all__ = ["PathsAsked", "asked_paths"]

_TIMES: Final = 100


class PathsAsked(NamedTuple):
    """What a person says: the position, and what the scenarios are drawn from."""

    contract: str | None
    notional: float | None
    price: float
    scenarios: int
    seed: int
    volatility: str
    depth: float | None
    fund: str


def asked_paths(rules: VenueRules, side: Side, leverage: float, chosen: tuple[str, ...], asked: PathsAsked) -> PathsView:
    """Return the comparison; the position is a whole number of lots. Raises InputError."""
    for path in chosen:
        if path not in PATHS:
            problem = f'is no path, was "{path}"'
            raise InputError(problem, key="path", remedy=did_you_mean(path, list(PATHS)) or f"write one of {', '.join(PATHS)}")
    traded = rules.contracts[0] if asked.contract is None else rules.contract(asked.contract)
    worth = _TIMES * usual_notional(traded) if asked.notional is None else asked.notional
    account = opened(rules, traded, side, leverage, notional=worth, price=asked.price)
    if traded.lot:
        size = stepped(abs(account.size), traded.lot)
        if not size:
            problem = f"must be at least a lot of {traded.lot:g} contracts, was {worth:g}"
            raise InputError(problem, key="notional")
        account = msgspec.structs.replace(account, size=size if side == "long" else -size)
    return paths_view(rules, account, side, leverage, _setting(asked, usual_depth(traded)), notional=worth, paths=chosen)


def _setting(asked: PathsAsked, usual: float) -> Setting:
    depth = usual if asked.depth is None else asked.depth
    if not (math.isfinite(depth) and depth > 0):
        problem = f"must be a finite number above 0, was {depth:g}"
        raise InputError(problem, key="depth")
    volatility, fund = ratio(asked.volatility, key="volatility", high=100.0), ratio(asked.fund, key="fund", high=1000.0)
    return Setting(scenarios=asked.scenarios, seed=asked.seed, volatility=volatility, depth=depth, fund=fund)
