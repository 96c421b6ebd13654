"""A declaration: published rules as data, read strictly from a TOML file.

The file has one table for each section of `indexlab.index.rules`, and besides: `[assumed]`, a dotted key = the reason why its value is assumed, for what the
venue does not publish; `[expect]`, what this methodology promises, with the plan's keys and `waive`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from indexlab.index.checks import check_consistent
from indexlab.index.choices import CHOICES
from indexlab.index.rules import (
    Aggregation,
    Blend,
    Book,
    Conversion,
    Declaration,
    FewRule,
    Guard,
    Input,
    Latency,
    Methodology,
    Outlier,
    Own,
    Quorum,
    Reinclusion,
    Rounding,
    Staleness,
    Unchanged,
    Validity,
    Weights,
)
from indexlab.market.errors import did_you_mean
from indexlab.market.toml_table import read_text, root_table
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexlab.index import rules
    from indexlab.market.toml_table import Table

__all__ = ["KEYS", "Declaration", "load_declaration", "parse_declaration"]


_FEW = ("rule", "reference", "band", "comparison")
_LEAVES = {
    "methodology": ("id", "name", "venue", "date", "url", "grade", "summary", "retrieved", "asset"),
    "input": ("price", "window", "least_time_weight", "least_size", "max_uncertainty"),
    "conversion": ("rate", "peg", "inverted", "silence", "missing", "band", "outside"),
    "staleness": ("silence", "clock", "at_limit", "action", "remove_after"),
    "latency": ("limit", "at_limit", "action"),
    "unchanged": ("limit", "at_limit", "action"),
    "validity": ("accept", "invalid", "max_ahead"),
    "outlier": (
        "rule", "reference", "band", "comparison", "several", "from_sources", "sigmas", "deviation", "several_from", "drop_beyond", "exempt_share", "all_out",
        "by_quote", "by_asset", *(f"{few}.{key}" for few in ("two", "one") for key in _FEW),
    ),
    "reinclusion": (
        "band", "comparison", "reference", "held_for", "at_limit", "alone", "out_for", "strikes", "strikes_within", "applies_to",
    ),
    "weights": ("kind", "fixed", "window", "refresh", "cap"),
    "aggregation": ("rule", "even", "unit", "tie", "trim", "trim_from", "partitions"),
    "book": ("spacing", "depth", "at_least", "trim", "sigmas", "max_spread", "decay", "steps"),
    "guard": ("smoothing", "step", "action", "latching", "own_band"),
    "blend": ("from", "at", "over", "every"),
    "quorum": ("ok_from", "below", "least", "then", "counts", "weight_share"),
    "own": ("source",),
    "rounding": ("tick", "mode"),
}  # fmt: skip
KEYS = tuple(f"{section}.{key}" for section, keys in _LEAVES.items() for key in keys)
"""Every dotted key of a declaration, besides the free tables `assumed` and `expect`."""


def load_declaration(path: str | Path) -> Declaration:
    """Read a declaration from a TOML file; raises InputError with file, key, value and remedy."""
    return parse_declaration(read_text(path), file=Path(path))


def parse_declaration(text: str, *, file: str | Path | None = None) -> Declaration:
    """Read a declaration from TOML text; `file` is named in errors. Raises InputError."""
    root = root_table(text, CHOICES, file=file, what="declaration")
    sections = {name: root.table(name) for name in (*_LEAVES, "assumed", "expect")}
    declaration = Declaration(
        methodology=_methodology(sections["methodology"], Path(file).stem if file is not None else "unnamed"),
        input=_input(sections["input"]),
        conversion=_conversion(sections["conversion"]),
        staleness=_staleness(sections["staleness"]),
        latency=_latency(sections["latency"]),
        unchanged=_unchanged(sections["unchanged"]),
        validity=_validity(sections["validity"]),
        outlier=_outlier(sections["outlier"]),
        reinclusion=_reinclusion(sections["reinclusion"]) if root.has("reinclusion") else None,
        weights=_weights(sections["weights"]),
        aggregation=_aggregation(sections["aggregation"]),
        book=_book(sections["book"]),
        guard=_guard(sections["guard"]),
        blend=_blend(sections["blend"]) if root.has("blend") else None,
        quorum=_quorum(sections["quorum"]),
        own=Own(sections["own"].text("source")),
        rounding=_rounding(sections["rounding"]) if root.has("rounding") else None,
        assumed=_assumed(sections["assumed"]),
        expect=sections["expect"].raw(),
        stated=tuple(key for name in _LEAVES for key in _stated(sections[name])),
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
        asset=table.text("asset"),
    )


def _stated(table: Table) -> Iterator[str]:
    for key in table.stated():
        inner = table.inside(key.rpartition(".")[2]) if key in ("outlier.two", "outlier.one") else ()
        yield from inner or (key,)


def _input(table: Table) -> Input:
    return Input(
        price=cast("rules.Price", table.word("price")),
        window_us=table.duration("window"),
        least_time_weight=table.ratio("least_time_weight"),
        least_size=table.number("least_size", 0.0, low=0.0),
        max_uncertainty=table.ratio("max_uncertainty", 1.0),
    )


def _conversion(table: Table) -> Conversion:
    peg = table.table("peg")
    return Conversion(
        rate=cast("rules.Rates", table.word("rate")),
        peg={name: peg.number(name, 0.0, above=0.0) for name in peg.raw()},
        inverted=table.names("inverted"),
        silence_us=table.duration("silence"),
        missing=cast("rules.Missing", table.word("missing")),
        band=table.ratio("band"),
        outside=cast("rules.Outside", table.word("outside")),
    )


def _staleness(table: Table) -> Staleness:
    return Staleness(
        silence_us=table.duration("silence"),
        clock=cast("rules.Clock", table.word("clock")),
        at_limit=cast("rules.AtLimit", table.word("at_limit")),
        action=cast("rules.Action", table.word("action")),
        remove_after_us=table.duration("remove_after"),
    )


def _latency(table: Table) -> Latency:
    return Latency(table.duration("limit"), cast("rules.AtLimit", table.word("at_limit")), cast("rules.Action", table.word("action")))


def _unchanged(table: Table) -> Unchanged:
    return Unchanged(table.duration("limit"), cast("rules.AtLimit", table.word("at_limit")), cast("rules.Action", table.word("action")))


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
        sigmas=table.number("sigmas", 0.0, low=0.0),
        deviation=cast("rules.Deviation", table.word("deviation")),
        several_from=table.count("several_from", 2),
        drop_beyond=table.ratio("drop_beyond"),
        exempt_share=table.ratio("exempt_share", 1.0),
        all_out=cast("rules.AllOut", table.word("all_out")),
        by_quote=_ratios(table.table("by_quote")),
        by_asset=_ratios(table.table("by_asset")),
        two=_few(table, "two"),
        one=_few(table, "one"),
    )


def _ratios(table: Table) -> dict[str, float]:
    return {name: table.ratio(name) for name in table.raw()}


def _few(outer: Table, name: str) -> FewRule | None:
    if not outer.has(name):
        return None
    table = outer.table(name)
    found = FewRule(
        rule=cast("rules.OutlierRule", table.word("rule")),
        reference=cast("rules.Reference", table.word("reference")),
        band=table.ratio("band"),
        comparison=cast("rules.Comparison", table.word("comparison")),
    )
    table.close()
    return found


def _reinclusion(table: Table) -> Reinclusion:
    return Reinclusion(
        band=table.ratio("band") if table.has("band") else None,
        comparison=cast("rules.Within", table.word("comparison")),
        reference=cast("rules.ReadmittedBy", table.word("reference")),
        held_for_us=table.duration("held_for") or 0,
        at_limit=cast("rules.AtEnd", table.word("at_limit")),
        alone=table.ratio("alone") if table.has("alone") else None,
        out_for_us=table.duration("out_for") or 0,
        strikes=table.count("strikes", 0, low=0),
        strikes_within_us=table.duration("strikes_within") or 0,
        applies_to=cast("rules.Readmitted", table.word("applies_to")),
    )


def _weights(table: Table) -> Weights:
    kind = cast("rules.WeightKind", table.word("kind"))
    fixed = table.table("fixed")
    given = {name: fixed.number(name, 0.0, low=0.0) for name in fixed.raw()}
    if given and not any(weight > 0 for weight in given.values()):
        raise table.problem("fixed", "must have a sum above 0, was 0", "give at least one source a weight")
    return Weights(kind, given, table.duration("window"), table.duration("refresh") or 0, table.ratio("cap", 1.0))


def _aggregation(table: Table) -> Aggregation:
    return Aggregation(
        rule=cast("rules.AggregationRule", table.word("rule")),
        even=cast("rules.Even", table.word("even")),
        unit=table.number("unit", 1.0, above=0.0),
        tie=cast("rules.Tie", table.word("tie")),
        trim=table.ratio("trim"),
        trim_from=table.count("trim_from", 3),
        partitions=table.count("partitions", 12),
    )


def _book(table: Table) -> Book:
    return Book(
        spacing=table.number("spacing", 1.0, above=0.0),
        depth=table.ratio("depth", 0.05),
        at_least=table.count("at_least", 50),
        trim=table.ratio("trim", 0.01),
        sigmas=table.number("sigmas", 5.0, low=0.0),
        max_spread=table.ratio("max_spread", 0.005),
        decay=table.number("decay", 0.3, above=0.0),
        steps=table.count("steps", 1_000),
    )


def _guard(table: Table) -> Guard:
    return Guard(
        smoothing=table.count("smoothing", 0, low=0),
        step=table.ratio("step"),
        action=cast("rules.StepAction", table.word("action")),
        latching=table.flag("latching"),
        own_band=table.ratio("own_band"),
    )


def _blend(table: Table) -> Blend:
    for key in ("from", "at", "over"):
        if not table.has(key):
            raise table.problem(key, "must be given where there is a table [blend]", 'write from = "kucoin-2024", at = 2025-12-01T07:00:00Z, over = "900s"')
    over = table.duration("over")
    if not over:
        raise table.problem("over", "must be a duration above 0", 'write over = "900s"')
    return Blend(table.text("from"), table.moment("at"), over, table.duration("every") or 0)


def _quorum(table: Table) -> Quorum:
    return Quorum(
        ok_from=table.count("ok_from", 3),
        below=cast("rules.Below", table.word("below")),
        least=table.count("least", 1),
        then=cast("rules.Then", table.word("then")),
        counts=cast("rules.Counts", table.word("counts")),
        weight_share=table.ratio("weight_share"),
    )


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
