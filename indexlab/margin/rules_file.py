"""Venue files: margin rules read strictly from TOML, one file a venue, and the bundled ones by name.

`[venue]`, `[[contract]]` with its `tiers`, `[states]`, `[[collateral]]`, `[matrix]`, `[fees]`, `[mark]`, `[funding]`, `[liquidation]` and `[assumed]`, a dotted
key = the reason why its value is assumed. Adding a venue is adding one file; its name without `.toml` is the venue's name.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import msgspec

from indexlab.margin import account_rules, contract, funding_rules, liquidation_rules, mark_rules
from indexlab.margin.contract import Contract, OpenInterest, Tier, checked_contract
from indexlab.margin.exact import exact
from indexlab.margin.rules import Venue, VenueRules
from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.toml_table import read_text, root_table

if TYPE_CHECKING:
    from indexlab.market.toml_table import Table

__all__ = ["KEYS", "load_venue", "next_amount", "parse_venue", "venue", "venue_names", "venue_path"]

_BUNDLED: Final = Path(__file__).parent / "venues"
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "venue.grade": ("P", "M", "S", "D"),
    "contract.kind": ("linear", "inverse", "quanto"),
    "contract.tier_rule": ("marginal", "whole-position"),
    "contract.tier_measure": ("notional", "contracts"),
    **account_rules.CHOICES,
    **mark_rules.CHOICES,
    **funding_rules.CHOICES,
    **liquidation_rules.CHOICES,
}
_SECTIONS: Final[dict[str, type[msgspec.Struct]]] = {
    "venue": Venue,
    "contract": Contract,
    "states": account_rules.StateRules,
    "collateral": account_rules.CollateralRule,
    "matrix": account_rules.MatrixRule,
    "fees": account_rules.FeeRules,
    "mark": mark_rules.MarkRule,
    "funding": funding_rules.FundingRule,
    "liquidation": liquidation_rules.LiquidationRule,
}
KEYS: Final = tuple(f"{section}.{field.name.removesuffix('_us')}" for section, kind in _SECTIONS.items() for field in msgspec.structs.fields(kind))
"""Every dotted key of a venue file, besides the free table `assumed`."""


@cache
def venue_names() -> tuple[str, ...]:
    """Return the names of the bundled venues, sorted."""
    return tuple(sorted(path.stem for path in _BUNDLED.glob("*.toml")))


def venue_path(name: str) -> Path:
    """Return the file of a bundled venue; raises InputError with the nearest name."""
    if name not in venue_names():
        problem = f'is no venue, was "{name}"'
        raise InputError(problem, key="venue", remedy=did_you_mean(name, venue_names()))
    return _BUNDLED / f"{name}.toml"


@cache
def venue(name: str) -> VenueRules:
    """Return a bundled venue's rules; raises InputError for an unknown name (with the nearest)."""
    return load_venue(venue_path(name))


def load_venue(path: str | Path) -> VenueRules:
    """Read a venue's rules from a TOML file; raises InputError with file, key, value and remedy."""
    return parse_venue(read_text(path), file=Path(path))


def parse_venue(text: str, *, file: str | Path | None = None) -> VenueRules:
    """Read a venue's rules from TOML text; `file` is named in errors. Raises InputError."""
    root = root_table(text, _CHOICES, file=file, what="venue rules")
    names = ("venue", "states", "matrix", "fees", "mark", "funding", "liquidation", "assumed")
    sections = {name: root.table(name) for name in names}
    contracts, collateral = root.tables("contract"), root.tables("collateral")
    rules = VenueRules(
        venue=_venue(sections["venue"], Path(file).stem if file is not None else "unnamed"),
        contracts=tuple(_contract(table) for table in contracts),
        states=account_rules.read_states(sections["states"]),
        collateral=account_rules.read_collateral(collateral),
        matrix=account_rules.read_matrix(sections["matrix"]) if root.has("matrix") else None,
        fees=account_rules.read_fees(sections["fees"]),
        mark=mark_rules.read_mark(sections["mark"]),
        funding=funding_rules.read_funding(sections["funding"]) if root.has("funding") else None,
        liquidation=liquidation_rules.read_liquidation(sections["liquidation"]),
        assumed=_assumed(sections["assumed"]),
    )
    for table in (root, *sections.values(), *collateral):
        table.close()
    ids = [one.id for one in rules.contracts]
    if not ids or len(set(ids)) < len(ids):
        problem = "must name at least one contract" if not ids else f"must have unique ids, were {', '.join(ids)}"
        raise InputError(problem, file=file, key="contract.id")
    return rules


def _venue(table: Table, stem: str) -> Venue:
    name = table.text("id", stem) or stem
    return Venue(
        id=name,
        name=table.text("name", name) or name,
        date=table.date("date"),
        url=table.text("url"),
        grade=table.choice("grade") or "",
        retrieved=table.date("retrieved"),
        summary=" ".join(table.text("summary").split()),
    )


def _contract(table: Table) -> Contract:
    name = table.text("id")
    if not name:
        raise table.problem("id", "must be given")
    if len(name.splitlines()) > 1:
        raise table.problem("id", "must be a name on one line")
    try:
        return checked_contract(_read_contract(table, name), file=table.file)
    except InputError as error:
        raise _called(error, "contract.", f"{name}.") from None


def _read_contract(table: Table, name: str) -> Contract:
    quote = table.text("quote", "USDT")
    made = Contract(
        id=name,
        underlying=table.text("underlying", "BTC"),
        tiers=tuple(_tiers(table)),
        kind=cast("contract.Kind", table.word("kind")),
        multiplier=table.number("multiplier", 1.0, above=0.0),
        tick=table.number("tick", 0.0, low=0.0),
        lot=table.number("lot", 0.0, low=0.0),
        quote=quote,
        settlement=table.text("settlement", quote),
        unit=table.number("unit", 1e-8, above=0.0),
        tier_rule=cast("contract.TierRule", table.word("tier_rule")),
        tier_measure=cast("contract.TierMeasure", table.word("tier_measure")),
        open_interest=_open_interest(table.table("open_interest")) if table.has("open_interest") else None,
        vega=table.number("vega", 0.0),
    )
    table.close()
    return made


def _tiers(table: Table) -> list[Tier]:
    """Read tiers; an amount that is not written is what makes the maintenance margin continuous, or 0 for whole-position tiers."""
    marginal = table.word("tier_rule") == "marginal"
    tiers: list[Tier] = []
    for row in table.tables("tiers"):
        try:
            tiers.append(_tier(row, tiers[-1] if tiers else Tier(0.0, 0.0, 0.0, 0.0), marginal=marginal))
        except InputError as error:
            raise _called(error, "contract.tiers.", f"contract.tiers[{len(tiers)}].") from None
    return tiers


def _tier(row: Table, below: Tier, *, marginal: bool) -> Tier:
    initial, rate = row.ratio("initial_rate", 1.0), row.ratio("maintenance_rate")
    usual = next_amount(below, rate) if marginal else 0.0
    end = row.number("up_to_notional", 0.0, above=0.0) if row.has("up_to_notional") else None
    tier = Tier(end, initial, rate, row.number("maintenance_amount", usual))
    row.close()
    return tier


def next_amount(below: Tier, rate: float) -> float:
    """Return the amount of a tier above `below` with which the maintenance margin does not jump at the border between them."""
    step = exact(below.up_to_notional or 0.0) * (exact(rate) - exact(below.maintenance_rate))
    return float(step + exact(below.maintenance_amount))


def _called(error: InputError, kind: str, name: str) -> InputError:
    """Return the error with the one that is meant in place of its kind: BTCUSDT.tiers[2].initial_rate."""
    key = error.key or ""
    return InputError(error.problem, file=error.file, key=name + key[len(kind) :] if key.startswith(kind) else key, remedy=error.remedy)


def _open_interest(table: Table) -> OpenInterest:
    found = OpenInterest(table.number("lower", 0.0, low=0.0), table.number("upper", 0.0, low=0.0))
    table.close()
    return found


def _assumed(table: Table) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for key in table.raw():
        if key not in KEYS:
            raise table.problem(key, "names no key of a venue file", did_you_mean(key, KEYS))
        reasons[key] = " ".join(table.text(key).split())
        if not reasons[key]:
            raise table.problem(key, "must be the reason, was empty", "say what is not published, and what stands for it")
    return reasons
