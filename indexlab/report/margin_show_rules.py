"""The rules of states, mark, funding, liquidation and fees in words, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.market.units import format_duration, format_ratio
from indexlab.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.account_rules import FeeRules
    from indexlab.margin.funding_rules import FundingRule
    from indexlab.margin.liquidation_rules import LiquidationRule
    from indexlab.margin.mark_rules import MarkRule
    from indexlab.margin.rules import VenueRules

__all__ = ["fees_lines", "figure", "funding_lines", "liquidation_lines", "mark_lines", "matrix_lines", "state_lines"]

_MARKS: Final = {
    "index": "the index itself",
    "funding-basis": "index * (1 + funding rate * time to the next funding / interval)",
    "average-basis": "index + average of (mid - index)",
    "median-of-three": "the median of index * (1 + funding rate * time to funding / interval), index + average of (mid - index), and the last trade",
    "hyperliquid": "the median of index + average of (mid - index), the median of bid, ask and last, and the median of other venues' perpetuals",
}
_PATHS: Final = {
    "market": "one market order for all of it; what the book cannot fill the fund takes over at the bankruptcy price",
    "ioc-takeover": "one immediate-or-cancel order not beyond the bankruptcy price, until the account is safe; what is left the fund takes over",
    "incremental-tier": "down a tier at a time, until the account is safe or in the first tier; then as a market order",
    "incremental-fraction": "a fraction of the position a round, until the account is safe",
    "dutch-auction": "an auction whose price falls until a taker has it",
    "backstop": "market orders while there is equity; below that a vault takes position and collateral",
}
_AVERAGES: Final = {"plain": "mean of the samples", "linear": "mean in which the i-th sample weighs i", "trailing": "trailing mean"}


def figure(value: float) -> str:
    """Write an amount with thin groups and the digits it has: 1 200 000, 0.001."""
    return (f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:,.8g}").replace(",", " ")


def state_lines(rules: VenueRules) -> list[str]:
    """Say where each state begins, and in which one an account exactly at the border is."""
    states = rules.states
    falls = states.measure == "balance/maintenance"
    worse = states.at_border == "worse"
    sign = ("<=" if worse else "<") if falls else (">=" if worse else ">")
    maintenance = "maintenance margin" + (" (with the liquidation fee)" if states.liquidation_fee else "")
    measured = f"balance / {maintenance}" if falls else f"{maintenance} / balance"
    found = [("warning", states.warning), ("reduce-only", states.reduce_only), ("liquidation", states.liquidation)]
    lines = [f"{name:<13}" + ("the venue has no such state" if value is None else f"{measured} {sign} {format_ratio(value)}") for name, value in found]
    lines += [
        f"{'bankrupt':<13}balance {'<=' if worse else '<'} 0",
        f"{'frozen':<13}the price is not trusted: no liquidation, no withdrawal, no new risk",
        f"an account exactly at a border is in the {states.at_border} state",
    ]
    if states.persistence > 1:
        lines.append(f"liquidation only after {states.persistence} publications in a row")
    if states.idle_is_healthy:
        lines.append("an account without a position is healthy whatever its balance")
    return [*lines, f"counted in {plain(states.currency)}"]


def matrix_lines(rules: VenueRules) -> list[str]:
    """Say the scenario matrix; nothing where the venue has none."""
    matrix = rules.matrix
    if matrix is None:
        return []
    lines = [
        f"prices move by {_shocks(matrix.price_shocks)}",
        f"volatility moves by {_shocks(matrix.volatility_shocks)}",
        "maintenance margin is what the worst of them costs, underlying by underlying",
    ]
    if matrix.hedge_rate:
        lines.append(f"{format_ratio(matrix.hedge_rate)} of what a long and a short of one underlying offset is added")
    if matrix.offset:
        lines.append(f"{format_ratio(matrix.offset)} of what two underlyings offset is taken off")
    if matrix.stress:
        lines.append(f"at least {format_ratio(matrix.stress_share)} of the loss when all move together by {_shocks(matrix.stress)}")
    return [*lines, f"initial margin is {matrix.initial_factor:g} times that"]


def _shocks(shocks: Sequence[float]) -> str:
    return ", ".join(f"{'+' if shock > 0 else ''}{format_ratio(shock)}" for shock in shocks)


def mark_lines(rule: MarkRule) -> list[str]:
    """Say how the mark comes from the index."""
    lines = [_MARKS[rule.rule]]
    if rule.window_us:
        how = "exponential, time constant" if rule.average == "decaying" else "mean over"
        every = f", a sample each {format_duration(rule.sample_us)}" if rule.sample_us else ""
        lines.append(f"average: {how} {format_duration(rule.window_us)}{every}")
    if rule.rule == "hyperliquid":
        lines.append(f"where two of the three exist, a decaying average over {format_duration(rule.two_inputs_window_us)} of bid, ask and last is the third")
    if rule.impact_notional:
        lines.append(f"mids are of the prices at which {figure(rule.impact_notional)} can be traded")
    if rule.band:
        lines.append(f"kept within {format_ratio(rule.band)} of the index; where it is, it is flagged as saturated")
    if rule.strict == "worse-of-twap":
        lines.append(f"margin takes the worse of the mark and its average over {format_duration(rule.twap_window_us)}")
    if rule.strict == "stable-price":
        each = f", at most once in {format_duration(rule.stable_every_us)}" if rule.stable_every_us else ""
        longest = f", counting no more than {format_duration(rule.stable_longest_us)} of the time since" if rule.stable_longest_us else ""
        lines.append(f"margin takes the worse of the mark and a price that moves by at most {format_ratio(rule.stable_growth)} a second{each}{longest}")
    if rule.max_step:
        lines.append(f"it moves by at most {format_ratio(rule.max_step)} a second")
    return lines


def funding_lines(rule: FundingRule | None) -> list[str]:
    """Say who pays whom, when and how much."""
    if rule is None:
        return ["none"]
    window = f" over {format_duration(rule.window_us)}" if rule.averaging == "trailing" else ""
    lines = [f"every {format_duration(rule.interval_us)}" + (f", shifted by {format_duration(rule.offset_us)}" if rule.offset_us else "")]
    clamp = f" + clamp(interest - premium, {format_ratio(rule.clamp)})" if rule.clamp else ""
    lines.append(f"rate = premium{clamp} per {format_duration(rule.base_interval_us)}; interest {format_ratio(rule.interest)}")
    lines.append(f"premium: premium index, {_AVERAGES[rule.averaging]}{window}")
    if rule.cap:
        lines.append(f"kept within {format_ratio(rule.cap)} an interval")
    if rule.rounding != "none":
        lines.append(f"rounded to {rule.rate_decimals} digits, {rule.rounding}")
    to = "the insurance fund" if rule.remainder == "fund" else "the largest position"
    lines.append(f"paid on the notional at the {rule.price}; what rounding leaves over goes to {to}")
    if rule.window_late_us:
        lines.append(f"a position opened less than {format_duration(rule.window_late_us)} after the slot pays too")
    if rule.shorter_interval_us:
        back = f", back after {rule.calm_slots} slots at {format_ratio(rule.calm_rate)} or less" if rule.calm_slots else ""
        lines.append(f"every {format_duration(rule.shorter_interval_us)} once the rate stood at its cap{back}")
    return lines


def liquidation_lines(rule: LiquidationRule) -> list[str]:
    """Say how a position is reduced by force."""
    lines = [f"{rule.path}: {_PATHS[rule.path]}"]
    if rule.path in {"incremental-fraction", "backstop"}:
        limits = [f"{word} {figure(value)}" for word, value in (("at least", rule.least_notional), ("at most", rule.most_notional)) if value]
        lines.append(", ".join([f"{format_ratio(rule.fraction)} of it a round", *limits]))
        if rule.fraction_above:
            lines.append(f"all of it where its notional is at or below {figure(rule.fraction_above)}")
        if rule.fraction_rounds:
            lines.append(f"all of it from round {rule.fraction_rounds + 1} on")
        if rule.fillable_spread:
            times = "" if rule.fillable_adjustment == 1 else f"{rule.fillable_adjustment:g} times "
            most = f"{format_ratio(rule.fillable_spread)} of the maintenance margin, times {times}the share of it that is missing"
            lines.append(f"not beyond the fillable price, where what is lost since the mark is {most}")
    if rule.path == "incremental-tier" and rule.tiers_a_round > 1:
        lines.append(f"{rule.tiers_a_round} tiers a round")
    if rule.cool_down_us:
        lines.append(f"a round each {format_duration(rule.cool_down_us)}")
    if rule.path == "dutch-auction":
        lines.append(f"from {rule.auction_start:g} to {rule.auction_end:g} times the mark in {format_duration(rule.auction_us)}")
    if rule.path == "backstop":
        lines.append(f"the vault takes over where equity is below {rule.backstop_below:.4g} times the maintenance margin")
    order = "by profit ratio times effective leverage, the largest first" if rule.adl == "profit-times-leverage" else "nobody"
    return [*lines, f"what the fund lacks is taken from the other side: {order}"]


def fees_lines(rule: FeeRules) -> list[str]:
    """Say what a trade costs."""
    return [f"taker {format_ratio(rule.taker)}, maker {format_ratio(rule.maker)}; a forced reduction {format_ratio(rule.liquidation)} besides"]
