"""A declaration: published rules as data, read strictly from a TOML file.

The file has one table for each section of `indexlab.index.rules`, and besides: `[assumed]`, a dotted key = the reason why its value is assumed, for what the
venue does not publish; `[expect]`, what this methodology promises, with the plan's keys and `waive`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, cast

from indexlab.index.checks import check_consistent
from indexlab.index.reading import Table
from indexlab.index.rules import (
    Aggregation,
    Declaration,
    Input,
    Methodology,
    Outlier,
    Quorum,
    Rounding,
    Staleness,
    Validity,
    Weights,
)
from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    from indexlab.index import rules

__all__ = ["KEYS", "Declaration", "load_declaration", "parse_declaration"]


_LEAVES = {
    "methodology": ("id", "name", "venue", "date", "url", "grade", "summary", "retrieved"),
    "input": ("price",),
    "staleness": ("silence", "clock", "at_limit"),
    "validity": ("accept", "invalid", "max_ahead"),
    "outlier": ("rule", "reference", "band", "comparison", "several", "from_sources"),
    "weights": ("kind", "fixed"),
    "aggregation": ("rule", "even", "unit", "tie"),
    "quorum": ("ok_from", "below"),
    "rounding": ("tick", "mode"),
}
KEYS = tuple(f"{section}.{key}" for section, keys in _LEAVES.items() for key in keys)
"""Every dotted key of a declaration, besides the free tables `assumed` and `expect`."""


def load_declaration(path: str | Path) -> Declaration:
    """Read a declaration from a TOML file; raises InputError with file, key, value and remedy."""
    path = Path(path)
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        problem = "does not exist"
        raise InputError(problem, file=path) from None
    except UnicodeDecodeError:
        problem = "is not a text in UTF-8"
        raise InputError(problem, file=path) from None
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise InputError(problem, file=path) from None
    return parse_declaration(text, file=path)


def parse_declaration(text: str, *, file: str | Path | None = None) -> Declaration:
    """Read a declaration from TOML text; `file` is named in errors. Raises InputError."""
    try:
        root = Table(tomllib.loads(text), "", file)
    except tomllib.TOMLDecodeError as error:
        problem = f"is no valid TOML: {error}"
        raise InputError(problem, file=file or "declaration") from None
    sections = {name: root.table(name) for name in (*_LEAVES, "assumed", "expect")}
    declaration = Declaration(
        methodology=_methodology(sections["methodology"], Path(file).stem if file is not None else "unnamed"),
        input=Input(cast("rules.Price", sections["input"].word("price"))),
        staleness=_staleness(sections["staleness"]),
        validity=_validity(sections["validity"]),
        outlier=_outlier(sections["outlier"]),
        weights=_weights(sections["weights"]),
        aggregation=_aggregation(sections["aggregation"]),
        quorum=_quorum(sections["quorum"]),
        rounding=_rounding(sections["rounding"]) if root.has("rounding") else None,
        assumed=_assumed(sections["assumed"]),
        expect=sections["expect"].raw(),
        stated=tuple(key for name in _LEAVES for key in sections[name].stated()),
        file=None if file is None else str(file),
    )
    for table in (root, *sections.values()):
        table.close()
    check_consistent(declaration, sections)
    return declaration


def _methodology(table: Table, stem: str) -> Methodology:
    name = table.text("id", stem) or stem
    return Methodology(
        id=name,
        name=table.text("name", name) or name,
        venue=table.text("venue"),
        date=table.date("date"),
        url=table.text("url"),
        grade=cast("rules.Grade | None", table.choice("grade")),
        summary=" ".join(table.text("summary").split()),
        retrieved=table.date("retrieved"),
    )


def _staleness(table: Table) -> Staleness:
    return Staleness(
        silence_us=table.duration("silence"),
        clock=cast("rules.Clock", table.word("clock")),
        at_limit=cast("rules.AtLimit", table.word("at_limit")),
    )


def _validity(table: Table) -> Validity:
    ahead = table.duration("max_ahead", SECOND)
    if ahead is None:
        raise table.problem("max_ahead", 'must be a duration with its unit, was "none"', 'write "1s"')
    return Validity(cast("rules.Accept", table.word("accept")), cast("rules.Invalid", table.word("invalid")), ahead)


def _outlier(table: Table) -> Outlier:
    return Outlier(
        rule=cast("rules.OutlierRule", table.word("rule")),
        reference=cast("rules.Reference", table.word("reference")),
        band=table.ratio("band"),
        comparison=cast("rules.Comparison", table.word("comparison")),
        several=cast("rules.Several", table.word("several")),
        from_sources=table.count("from_sources", 1),
    )


def _weights(table: Table) -> Weights:
    kind = cast("rules.WeightKind", table.word("kind"))
    fixed = table.table("fixed")
    given = {name: fixed.number(name, 0.0, low=0.0) for name in fixed.raw()}
    if given and not any(weight > 0 for weight in given.values()):
        raise table.problem("fixed", "must have a sum above 0, was 0", "give at least one source a weight")
    return Weights(kind, given)


def _aggregation(table: Table) -> Aggregation:
    return Aggregation(
        rule=cast("rules.AggregationRule", table.word("rule")),
        even=cast("rules.Even", table.word("even")),
        unit=table.number("unit", 1.0, above=0.0),
        tie=cast("rules.Tie", table.word("tie")),
    )


def _quorum(table: Table) -> Quorum:
    return Quorum(table.count("ok_from", 3), cast("rules.Below", table.word("below")))


def _rounding(table: Table) -> Rounding:
    if not table.has("tick"):
        raise table.problem("tick", "must be given where there is a table [rounding]", "write tick = 0.01, or leave the table out")
    return Rounding(table.number("tick", 0.0, above=0.0), cast("rules.RoundingMode", table.word("mode")))


def _assumed(table: Table) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for key, given in _flat(table.raw(), ""):
        if key not in KEYS:
            raise table.problem(key, "names no key of a declaration", did_you_mean(key, KEYS))
        if not isinstance(given, str) or not given.strip():
            raise table.problem(key, f"must be the reason, as a text, was {given!r}")
        reasons[key] = " ".join(given.split())
    return reasons


def _flat(content: dict[str, object], prefix: str) -> list[tuple[str, object]]:
    pairs: list[tuple[str, object]] = []
    for key, given in content.items():
        name = f"{prefix}{key}"
        pairs.extend(_flat(given, f"{name}.") if isinstance(given, dict) else [(name, given)])
    return pairs
