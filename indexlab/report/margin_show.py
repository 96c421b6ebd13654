"""A venue's margin rules as a person reads them, for `indexlab margin show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.margin.exact import exact
from indexlab.market.units import format_ratio
from indexlab.report.grid import aligned, wrapped
from indexlab.report.margin_show_rules import fees_lines, figure, funding_lines, liquidation_lines, mark_lines, matrix_lines, state_lines
from indexlab.report.plain import plain
from indexlab.report.words import count_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexlab.margin.contract import Contract, Tier
    from indexlab.margin.rules import VenueRules

__all__ = ["figure", "tier_jumps", "venue_rows", "venue_text"]

_WIDTH: Final = 100
_INDENT: Final = 2
_GRADES: Final = {
    "P": "P, the venue's own page or source code",
    "M": "M, the venue's text through a mirror",
    "S": "S, press",
    "D": "D, derived here",
}
_KINDS: Final = {
    "linear": "linear: profit in the quote currency",
    "inverse": "inverse: profit in one over the price",
    "quanto": "quanto: profit in another currency",
}
_MOST_CONTRACTS: Final = 12


def venue_rows(venues: Iterable[VenueRules]) -> list[tuple[str, ...]]:
    """Return a row a venue: id, date, grade of the evidence, name, contracts, how many keys are assumed."""
    rows: list[tuple[str, ...]] = []
    for rules in venues:
        venue, traded = rules.venue, count_of(len(rules.contracts), "contract")
        rows.append((venue.id, venue.date, venue.grade or "-", venue.name, traded, f"{len(rules.assumed)} assumed"))
    return rows


def venue_text(rules: VenueRules) -> str:
    """Return all that decides what happens to an account, a section each."""
    parts = [_head(rules), *(_contract(rules, contract) for contract in rules.contracts[:_MOST_CONTRACTS])]
    left = len(rules.contracts) - _MOST_CONTRACTS
    if left > 0:
        parts.append(["", f"and {left} contracts more: {', '.join(plain(contract.id) for contract in rules.contracts[_MOST_CONTRACTS:])}"])
    parts += [
        _section("States", state_lines(rules)),
        _section("Collateral", _collateral(rules)),
        _section("Portfolio margin", matrix_lines(rules)),
        _section("Mark price", mark_lines(rules.mark)),
        _section("Funding", funding_lines(rules.funding)),
        _section("Liquidation", liquidation_lines(rules.liquidation)),
        _section("Fees", fees_lines(rules.fees)),
        _section("Assumed", [f"{plain(key)}: {plain(why)}" for key, why in rules.assumed.items()] or ["nothing"]),
    ]
    return "\n".join(line for part in parts for line in part)


def tier_jumps(contract: Contract) -> list[tuple[float, float]]:
    """Return (border, by how much the maintenance margin jumps there) of whole-position tiers measured by notional; the jump of a position just beyond it."""
    jumps = []
    for below, above in zip(contract.tiers, contract.tiers[1:], strict=False):
        border = below.up_to_notional
        if contract.tier_rule == "whole-position" and border is not None and above.maintenance_rate > below.maintenance_rate:
            jumps.append((border, float(exact(border) * (exact(above.maintenance_rate) - exact(below.maintenance_rate)))))
    return jumps


def _head(rules: VenueRules) -> list[str]:
    venue = rules.venue
    rows = [("date", venue.date), ("source", venue.url), ("evidence", _GRADES.get(venue.grade, "not graded")), ("read on", venue.retrieved)]
    lines = [f"{plain(venue.id)}: {plain(venue.name)}", *(f"  {name:<10}{plain(text) or 'not given'}" for name, text in rows)]
    return [*lines, *(["", *wrapped(plain(venue.summary), _WIDTH)] if venue.summary else [])]


def _section(title: str, lines: Iterable[str]) -> list[str]:
    folded = [line for each in lines for line in _folded(each)]
    return ["", title, *folded] if folded else []


def _folded(text: str) -> list[str]:
    if len(text) <= _WIDTH - _INDENT:
        return [(" " * _INDENT + text).rstrip()]
    first, *rest = wrapped(text, _WIDTH - 2 * _INDENT)
    return [" " * _INDENT + first, *(" " * 2 * _INDENT + line for line in rest)]


def _contract(rules: VenueRules, contract: Contract) -> list[str]:
    unit = contract.quote if contract.kind == "inverse" else contract.underlying
    traded = "" if contract.kind == "quanto" else f" {plain(unit)}"
    facts = [
        _KINDS[contract.kind] + ("" if contract.kind == "linear" else f", settled in {plain(contract.settlement)}"),
        f"a contract is {figure(contract.multiplier)}{traded}" + (f" ({plain(contract.settlement)} a unit of the price)" if contract.kind == "quanto" else ""),
    ]
    if contract.tick or contract.lot:
        facts.append(", ".join(f"{name} {figure(value)}" for name, value in (("tick", contract.tick), ("lot", contract.lot)) if value))
    return _section(
        f"{plain(contract.id)} ({plain(contract.underlying)})", ["; ".join(facts), *_tier_rule(contract), *_table(contract), *_notes(rules, contract)]
    )


def _tier_rule(contract: Contract) -> list[str]:
    measure = "contracts" if contract.tier_measure == "contracts" else f"notional in {plain(contract.settlement)}"
    if len(contract.tiers) == 1:
        return []
    if contract.tier_rule == "marginal":
        return [f"tiers by {measure}; maintenance margin = notional * rate - amount, continuous at the borders"]
    return [f"tiers by {measure}; the rate of the tier counts for the whole position"]


def _table(contract: Contract) -> list[str]:
    head = ("up to", "leverage", "initial", "maintenance", "amount" if contract.tier_rule == "marginal" else "jump at its end")
    jumps = dict(tier_jumps(contract))
    rows = [head, *(_tier(tier, contract, jumps) for tier in contract.tiers)]
    return [line[_INDENT:] for line in aligned(rows, right=frozenset(range(5)), indent=2 * _INDENT)]


def _tier(tier: Tier, contract: Contract, jumps: dict[float, float]) -> tuple[str, ...]:
    end = tier.up_to_notional
    if contract.tier_rule == "marginal":
        last = figure(tier.maintenance_amount)
    elif end in jumps:
        # measured by contracts, what it comes to hangs on the price
        last = f"+{figure(jumps[end])}" if contract.tier_measure == "notional" else "yes"
    else:
        last = "-"
    leverage = f"{1 / tier.initial_rate:.4g}x" if tier.initial_rate > 0 else "-"
    return ("no end" if end is None else figure(end), leverage, format_ratio(tier.initial_rate), format_ratio(tier.maintenance_rate), last)


def _notes(rules: VenueRules, contract: Contract) -> list[str]:
    notes = []
    if tier_jumps(contract):
        what = "a price that carries the notional over a border" if contract.tier_measure == "notional" else "a trade that carries the position over a border"
        notes.append(
            f"note: the maintenance margin jumps at the borders: {what} changes the rate of the whole position, so that"
            " a wrong price may liquidate by the tier alone"
            if contract.tier_measure == "notional"
            else f"note: the maintenance margin jumps at the borders: {what} changes the rate of all of it; the price alone does not"
        )
    if contract.open_interest is not None:
        scaled = contract.open_interest
        notes.append(
            f"the initial rate grows with the open interest, from {figure(scaled.lower)} to 100% at {figure(scaled.upper)} {plain(contract.quote)}:"
            " it is measured at the index, so that a wrong price changes it for everybody"
        )
    if contract.vega and rules.matrix is not None:
        notes.append(f"gains {figure(contract.vega)} a contract where implied volatility rises by 1")
    return notes


def _collateral(rules: VenueRules) -> list[str]:
    if not rules.collateral:
        return [f"{plain(rules.states.currency)} alone"]
    rows = [("asset", "counts", "priced by", "at least")]
    for rule in rules.collateral:
        priced = f"index of {plain(rule.index)}" if rule.index else f"1 {plain(rules.states.currency)}"
        rows.append((plain(rule.asset), format_ratio(rule.ratio), priced, "-" if rule.floor is None else figure(rule.floor)))
    return [*aligned(rows), "a haircut never helps a debt: what is owed counts in full"]
