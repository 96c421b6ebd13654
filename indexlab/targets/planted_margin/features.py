"""What a venue's rules have, by name: where a defect changes anything at all. No numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.margin.contract import Contract
    from indexlab.margin.funding_rules import FundingRule
    from indexlab.margin.rules import VenueRules

__all__ = ["FEATURES", "has"]


def _any(test: Callable[[Contract], object]) -> Callable[[VenueRules], bool]:
    return lambda rules: any(test(contract) for contract in rules.contracts)


def _funding(test: Callable[[FundingRule], object]) -> Callable[[VenueRules], bool]:
    return lambda rules: rules.funding is not None and bool(test(rules.funding))


_LARGE_PREMIUM: Final = 0.01
"""A cap that takes a larger premium than this is out of reach: nothing shows that it is there."""
FEATURES: Final[dict[str, Callable[[VenueRules], bool]]] = {
    "amounts": _any(lambda one: any(tier.maintenance_amount for tier in one.tiers)),
    "tiers": _any(lambda one: len(one.tiers) > 1),
    "whole-position": _any(lambda one: len(one.tiers) > 1 and one.tier_rule == "whole-position"),
    "by-notional": _any(lambda one: len(one.tiers) > 1 and one.tier_measure == "notional"),
    "by-contracts": _any(lambda one: len(one.tiers) > 1 and one.tier_measure == "contracts"),
    "inverse": _any(lambda one: one.kind == "inverse"),
    "quanto": _any(lambda one: one.kind == "quanto"),
    "multiplier": _any(lambda one: one.multiplier != 1),
    "scaled-tiers": _any(lambda one: len(one.tiers) > 1 and one.tier_measure == "notional" and one.multiplier != 1),
    "open-interest": _any(lambda one: one.open_interest is not None),
    "initial-rates": _any(lambda one: any(tier.initial_rate != tier.maintenance_rate for tier in one.tiers)),
    "vega": _any(lambda one: one.vega),
    "two-contracts": lambda rules: len(rules.contracts) > 1,
    "two-of-one": lambda rules: len({one.underlying for one in rules.contracts}) < len(rules.contracts),
    "collateral": lambda rules: any(rule.asset != rules.states.currency for rule in rules.collateral),
    "haircut": lambda rules: any(rule.ratio < 1 for rule in rules.collateral),
    "indexed": lambda rules: any(rule.index for rule in rules.collateral),
    "indexed-apart": lambda rules: bool({rule.index for rule in rules.collateral if rule.index} - {one.underlying for one in rules.contracts}),
    "floor": lambda rules: any(rule.floor is not None for rule in rules.collateral),
    "matrix": lambda rules: rules.matrix is not None,
    "stress": lambda rules: (
        rules.matrix is not None and rules.matrix.stress_share * max(map(abs, rules.matrix.stress), default=0) > max(map(abs, rules.matrix.price_shocks))
    ),
    "stress-share": lambda rules: rules.matrix is not None and bool(rules.matrix.stress) and rules.matrix.stress_share != 1,
    "offset": lambda rules: rules.matrix is not None and rules.matrix.offset > 0,
    "hedge-rate": lambda rules: rules.matrix is not None and rules.matrix.hedge_rate > 0,
    "volatility": lambda rules: rules.matrix is not None and any(rules.matrix.volatility_shocks),
    "initial-factor": lambda rules: rules.matrix is not None and rules.matrix.initial_factor != 1,
    "warning": lambda rules: rules.states.warning is not None,
    "reduce-only": lambda rules: rules.states.reduce_only is not None,
    "persistent": lambda rules: rules.states.persistence > 1,
    "worse": lambda rules: rules.states.at_border == "worse",
    "better": lambda rules: rules.states.at_border == "better",
    "fee-required": lambda rules: rules.states.liquidation_fee and rules.fees.liquidation > 0,
    "fee-not-required": lambda rules: not rules.states.liquidation_fee and rules.fees.liquidation > 0,
    "by-ratio": lambda rules: rules.states.measure == "maintenance/balance",
    "by-two-ratios": lambda rules: rules.states.measure == "maintenance/balance" and (rules.states.warning or rules.states.reduce_only) is not None,
    "idle": lambda rules: rules.states.idle_is_healthy,
    "not-idle": lambda rules: not rules.states.idle_is_healthy,
    "strict": lambda rules: rules.mark.strict != "none",
    "taker-fee": lambda rules: rules.fees.taker > 0,
    "liquidation-fee": lambda rules: rules.fees.liquidation > 0,
    "closing-fee": lambda rules: rules.fees.taker + rules.fees.liquidation > 0,
    "funding": lambda rules: rules.funding is not None,
    "cap": _funding(lambda rule: 0 < rule.cap <= _LARGE_PREMIUM * rule.interval_us / rule.base_interval_us),
    "damped": _funding(lambda rule: rule.clamp > 0),
    "interest": _funding(lambda rule: rule.interest),
    "one-interval": _funding(lambda rule: not rule.shorter_interval_us),
    "other-interval": _funding(lambda rule: rule.interval_us != rule.base_interval_us or rule.shorter_interval_us),
    "plain-average": _funding(lambda rule: rule.averaging == "plain"),
    "linear-average": _funding(lambda rule: rule.averaging == "linear"),
    "trailing-window": _funding(lambda rule: rule.averaging == "trailing" and rule.window_us != rule.interval_us),
    "calm": _funding(lambda rule: rule.shorter_interval_us and 0 < rule.calm_slots <= 4),
    "late-window": _funding(lambda rule: rule.window_late_us),
    "rounded-rate": _funding(lambda rule: rule.rounding != "none"),
    "remainder-fund": _funding(lambda rule: rule.remainder == "fund"),
    "remainder-largest": _funding(lambda rule: rule.remainder == "largest"),
    "shorter": _funding(lambda rule: rule.shorter_interval_us and rule.cap <= _LARGE_PREMIUM * rule.interval_us / rule.base_interval_us),
    "funding-inverse": lambda rules: rules.funding is not None and any(one.kind == "inverse" for one in rules.contracts),
    "rounds": lambda rules: rules.liquidation.path in {"incremental-tier", "incremental-fraction"} and rules.liquidation.cool_down_us > 0,
    "by-fraction": lambda rules: rules.liquidation.path == "incremental-fraction",
    "by-tier": lambda rules: rules.liquidation.path == "incremental-tier",
    "partial": lambda rules: rules.liquidation.path in {"ioc-takeover", "incremental-tier", "incremental-fraction"},
    "auction": lambda rules: rules.liquidation.path == "dutch-auction",
    "backstop": lambda rules: rules.liquidation.path == "backstop",
    "adl": lambda rules: rules.liquidation.adl != "none" and rules.liquidation.path != "incremental-fraction",
    "lots": _any(lambda one: one.lot > 0),
}
"""By name, whether a venue's rules have it."""


def has(rules: VenueRules, needs: tuple[str, ...]) -> bool:
    """Return whether the rules have every feature. Raises KeyError for an unknown one."""
    return all(FEATURES[name](rules) for name in needs)
