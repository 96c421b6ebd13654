"""Contradictions inside one declaration: keys that have no meaning beside others, or that say two things of the same, are refused, both named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from indexlab.index.rules import Declaration
    from indexlab.market.errors import InputError
    from indexlab.market.toml_table import Table

__all__ = ["check_consistent"]

_OVER_TIME: Final = ("vwap", "tvwap", "trades")
_INPUT_OF: Final = {"votes": "confidence", "order-book": "book", "partitions": "trades"}
"""The aggregations that only one input feeds."""


def check_consistent(declaration: Declaration, sections: Mapping[str, Table]) -> None:
    """Raise InputError for the first key that contradicts another; `sections` are the tables as they were read."""
    _check_input(declaration, sections["input"])
    _check_conversion(declaration, sections["conversion"])
    _check_staleness(declaration, sections["staleness"])
    _check_limits(declaration, sections)
    _check_outlier(declaration, sections["outlier"])
    _check_few(declaration, sections["outlier"])
    if declaration.reinclusion is not None:
        _check_reinclusion(declaration, sections["reinclusion"])
    _check_weights(declaration, sections["weights"])
    _check_aggregation(declaration, sections["aggregation"], sections["book"])
    _check_guard(declaration, sections["guard"])
    _check_quorum(declaration, sections["quorum"])


def _idle(table: Table, key: str, beside: str, remedy: str) -> InputError:
    return table.problem(key, f"has no meaning with {beside}", remedy)


def _refuse_idle(table: Table, keys: Iterable[str], beside: str, remedy: str) -> None:
    for key in keys:
        if table.has(key):
            raise _idle(table, key, beside, remedy)


def _check_input(declaration: Declaration, table: Table) -> None:
    given = declaration.input
    if given.price in _OVER_TIME and not given.window_us:
        raise table.problem("window", f'must be given with input.price = "{given.price}"', 'write window = "10m"')
    if given.price not in _OVER_TIME:
        _refuse_idle(table, ("window", "least_size"), f'input.price = "{given.price}"', 'write price = "vwap", "tvwap" or "trades", or leave it out')
    if given.price != "tvwap":
        _refuse_idle(table, ("least_time_weight",), f'input.price = "{given.price}"', 'write price = "tvwap", or leave it out')


def _check_conversion(declaration: Declaration, table: Table) -> None:
    conversion, rule = declaration.conversion, declaration.aggregation.rule
    if conversion.rate == "peg" and not conversion.peg:
        raise table.problem("peg", 'must be given with conversion.rate = "peg"', "write [conversion.peg] and USDT = 1.0")
    if conversion.rate == "none":
        _refuse_idle(table, ("peg", "silence", "missing", "band", "outside"), 'conversion.rate = "none"', 'write rate = "same-round", or leave it out')
    if conversion.rate == "peg":
        _refuse_idle(table, ("silence", "missing", "band", "outside"), 'conversion.rate = "peg"', 'write rate = "same-round", or leave it out')
    if conversion.missing == "peg" and not conversion.peg:
        raise table.problem("missing", 'must have a table conversion.peg to be "peg"', "write [conversion.peg] and USDT = 1.0")
    if conversion.band > 0 and not conversion.peg:
        raise table.problem("band", "must have a table conversion.peg: it is around the peg", "write [conversion.peg] and USDT = 1.0")
    if table.has("outside") and conversion.band <= 0:
        raise _idle(table, "outside", "no conversion.band", 'write band = "1%", or leave it out')
    if (conversion.rate != "none" or conversion.inverted) and rule in {"order-book", "partitions"}:
        key = "rate" if conversion.rate != "none" else "inverted"
        raise _idle(table, key, f'aggregation.rule = "{rule}"', "its books and trades are in the index's currency")
    if conversion.inverted and rule == "votes":
        raise _idle(table, "inverted", 'aggregation.rule = "votes"', "leave it out")


def _check_staleness(declaration: Declaration, table: Table) -> None:
    staleness = declaration.staleness
    if staleness.silence_us is None:
        if staleness.remove_after_us is None and table.has("at_limit"):
            raise _idle(table, "at_limit", "no staleness.silence", 'write silence = "60s", or leave it out')
        if table.has("action"):
            raise _idle(table, "action", "no staleness.silence", 'write silence = "60s", or leave it out')
    if staleness.silence_us == 0 and staleness.at_limit == "stale":
        raise table.problem("silence", 'must be above 0 with staleness.at_limit = "stale", was "0s"', "no source could ever be live")
    if staleness.silence_us is not None and staleness.remove_after_us is not None:
        if staleness.action == "drop":
            raise _idle(table, "remove_after", 'staleness.action = "drop"', 'write action = "hold" or "weight-0", or leave it out')
        if staleness.remove_after_us <= staleness.silence_us:
            raise table.problem("remove_after", "must be longer than staleness.silence", "a source is held first, and removed after that")


def _check_limits(declaration: Declaration, sections: Mapping[str, Table]) -> None:
    for name, limit in (("latency", declaration.latency.limit_us), ("unchanged", declaration.unchanged.limit_us)):
        if limit is None:
            _refuse_idle(sections[name], ("at_limit", "action"), f"no {name}.limit", 'write limit = "5s", or leave it out')
    if declaration.unchanged.limit_us == 0:
        raise sections["unchanged"].problem("limit", 'must be above 0, was "0s"', "no source could ever be live")


def _check_outlier(declaration: Declaration, table: Table) -> None:
    outlier = declaration.outlier
    if outlier.rule == "none":
        keys = ("band", "sigmas", "several", "comparison", "from_sources", "reference", "several_from", "drop_beyond", "exempt_share", "all_out")
        _refuse_idle(table, (*keys, "by_quote", "by_asset"), 'outlier.rule = "none"', 'write rule = "drop" or "clamp", or leave it out')
        return
    if not table.has("band") and not outlier.sigmas:
        raise table.problem("band", f'must be given with outlier.rule = "{outlier.rule}"', 'write band = "5%"')
    if outlier.sigmas:
        if table.has("band"):
            raise table.problem("sigmas", "says a second time what outlier.band says", "leave one of them out")
        if outlier.reference != "mean" or outlier.rule not in {"drop", "weight-0"}:
            raise _idle(table, "sigmas", f'outlier.reference = "{outlier.reference}" and outlier.rule = "{outlier.rule}"', 'write "mean" and "drop"')
    elif table.has("deviation"):
        raise _idle(table, "deviation", "no outlier.sigmas", "write sigmas = 2, or leave it out")
    _check_several(declaration, table)


def _check_several(declaration: Declaration, table: Table) -> None:
    outlier = declaration.outlier
    if table.has("several_from") and outlier.several == "each":
        raise _idle(table, "several_from", 'outlier.several = "each"', 'write several = "median", or leave it out')
    if table.has("drop_beyond"):
        if outlier.rule != "clamp":
            raise _idle(table, "drop_beyond", f'outlier.rule = "{outlier.rule}"', 'write rule = "clamp", or leave it out')
        if outlier.drop_beyond <= outlier.band:
            raise table.problem("drop_beyond", "must be wider than outlier.band", "what is beyond it is dropped, what is between the two is clamped")
    if table.has("by_asset") and not declaration.methodology.asset and not outlier.by_asset:
        raise table.problem("by_asset", "must name at least one asset", 'write by_asset = { BTC = "1%" }')
    if table.has("all_out") and outlier.rule not in {"drop", "weight-0"} and not outlier.drop_beyond:
        raise _idle(table, "all_out", f'outlier.rule = "{outlier.rule}"', 'write rule = "drop", or leave it out')
    if "own" in {outlier.rule, outlier.reference} and not declaration.own.source:
        raise table.problem("rule" if outlier.rule == "own" else "reference", 'must have own.source to be "own"', 'write [own] and source = "ID"')


def _check_few(declaration: Declaration, table: Table) -> None:
    for name, few in (("two", declaration.outlier.two), ("one", declaration.outlier.one)):
        if few is None:
            continue
        inner = table.table(name)
        if few.rule == "none":
            _refuse_idle(inner, ("band", "comparison", "reference"), f'outlier.{name}.rule = "none"', "leave it out")
        elif not inner.has("band"):
            raise inner.problem("band", f'must be given with outlier.{name}.rule = "{few.rule}"', 'write band = "5%"')
        if "own" in {few.rule, few.reference} and not declaration.own.source:
            raise inner.problem("rule" if few.rule == "own" else "reference", 'must have own.source to be "own"', 'write [own] and source = "ID"')
        if name == "one" and few.rule != "none" and few.reference not in {"last-index", "own", "median-with-last-index"}:
            raise inner.problem("reference", f'compares one source with itself, was "{few.reference}"', 'write "last-index" or "own"')


def _check_reinclusion(declaration: Declaration, table: Table) -> None:
    back, outlier = declaration.reinclusion, declaration.outlier
    if back is None:
        return
    drops = outlier.rule in {"drop", "weight-0"} or outlier.drop_beyond > 0
    if back.applies_to != "stale" and not drops:
        raise _idle(table, "applies_to", f'outlier.rule = "{outlier.rule}"', 'write outlier.rule = "drop", or applies_to = "stale"')
    if back.band is not None and drops and not outlier.sigmas and back.applies_to != "stale":
        widest = max(outlier.band, outlier.drop_beyond, *outlier.by_quote.values(), *outlier.by_asset.values())
        if back.band > widest:
            raise table.problem("band", "must not be wider than outlier.band: who comes back would go out again", "write a narrower one")
    if back.band is None and (outlier.sigmas or not outlier.band):
        raise table.problem("band", "must be given where there is no outlier.band", 'write band = "2%"')
    if back.strikes and not (back.out_for_us or back.strikes_within_us):
        raise table.problem("strikes", "must have reinclusion.strikes_within", 'write strikes_within = "30m"')
    if back.strikes > 8:
        raise table.problem("strikes", f"must be at most 8, was {back.strikes}")
    if table.has("strikes_within") and not back.strikes:
        raise _idle(table, "strikes_within", "no reinclusion.strikes", "write strikes = 4, or leave it out")


def _check_weights(declaration: Declaration, table: Table) -> None:
    weights, rule = declaration.weights, declaration.aggregation.rule
    kind = weights.kind
    if kind == "equal" and table.has("fixed"):
        raise _idle(table, "fixed", 'weights.kind = "equal"', 'write kind = "fixed"')
    if kind != "equal" and rule in {"median", "votes", "order-book", "partitions"}:
        raise _idle(table, "kind", f'aggregation.rule = "{rule}"', 'did you mean "weighted-median"?' if rule == "median" else "leave it out")
    if kind == "volume" and not weights.window_us:
        raise table.problem("window", 'must be given with weights.kind = "volume"', 'write window = "24h"')
    if kind != "volume":
        _refuse_idle(table, ("window", "refresh"), f'weights.kind = "{kind}"', 'write kind = "volume", or leave it out')
    if kind == "traded" and declaration.input.price not in {"vwap", "tvwap", "cross"}:
        raise _idle(table, "kind", f'input.price = "{declaration.input.price}"', 'write price = "vwap", "tvwap" or "cross"')
    if kind == "equal" and table.has("cap"):
        raise _idle(table, "cap", 'weights.kind = "equal"', "leave it out")
    if weights.cap <= 0:
        raise table.problem("cap", "must be above 0, was 0", 'write cap = "30%"')


def _check_aggregation(declaration: Declaration, table: Table, book: Table) -> None:
    aggregation = declaration.aggregation
    rule = aggregation.rule
    wanted = _INPUT_OF.get(rule)
    if wanted is not None and declaration.input.price != wanted:
        raise table.problem("rule", f'must have input.price = "{wanted}" to be "{rule}", was "{declaration.input.price}"', f'write price = "{wanted}"')
    if rule not in {"median", "votes"} and table.has("even"):
        raise _idle(table, "even", f'aggregation.rule = "{rule}"', 'write rule = "median", or leave it out')
    if rule not in {"weighted-median", "partitions"} and table.has("tie"):
        raise _idle(table, "tie", f'aggregation.rule = "{rule}"', 'write rule = "weighted-median", or leave it out')
    if aggregation.even not in ("floor", "away-from-zero") and table.has("unit"):
        raise _idle(table, "unit", f'aggregation.even = "{aggregation.even}"', 'write even = "floor" or "away-from-zero", or leave it out')
    if rule == "trimmed-mean" and not 0 < aggregation.trim < 0.5:
        raise table.problem("trim", f'must be above 0 and below a half with aggregation.rule = "trimmed-mean", was {aggregation.trim:g}', 'write trim = "20%"')
    if rule != "trimmed-mean":
        _refuse_idle(table, ("trim",), f'aggregation.rule = "{rule}"', 'write rule = "trimmed-mean", or leave it out')
    if rule not in {"trimmed-mean", "drop-highest-and-lowest"}:
        _refuse_idle(table, ("trim_from",), f'aggregation.rule = "{rule}"', "leave it out")
    if aggregation.trim_from < 3:
        raise table.problem("trim_from", f"must be at least 3, was {aggregation.trim_from}", "of two, both would go")
    if rule != "partitions":
        _refuse_idle(table, ("partitions",), f'aggregation.rule = "{rule}"', 'write rule = "partitions", or leave it out')
    if rule != "order-book":
        keys = ("spacing", "depth", "at_least", "trim", "sigmas", "max_spread", "decay", "steps")
        usable = ("spacing",) if declaration.input.price == "book" else ()
        _refuse_idle(book, (key for key in keys if key not in usable), f'aggregation.rule = "{rule}"', 'write rule = "order-book", or leave it out')


def _check_guard(declaration: Declaration, table: Table) -> None:
    guard = declaration.guard
    if table.has("action") and guard.step <= 0:
        raise _idle(table, "action", "no guard.step", 'write step = "25%", or leave it out')
    if guard.latching and (guard.step <= 0 or guard.action != "halt"):
        raise _idle(table, "latching", 'no guard.step with guard.action = "halt"', "leave it out")
    if guard.own_band > 0 and not declaration.own.source:
        raise table.problem("own_band", "must have own.source: it is around the venue's own last price", 'write [own] and source = "ID"')


def _check_quorum(declaration: Declaration, table: Table) -> None:
    quorum = declaration.quorum
    if quorum.below not in {"degrade", "mean"} and quorum.below != "hold":
        _refuse_idle(table, ("least",), f'quorum.below = "{quorum.below}"', 'write below = "degrade", or leave it out')
    if quorum.below == "own" and not declaration.own.source:
        raise table.problem("below", 'must have own.source to be "own"', 'write [own] and source = "ID"')
    if table.has("least") and quorum.least > quorum.ok_from:
        raise table.problem(
            "least", f"must not be above quorum.ok_from = {quorum.ok_from}, was {quorum.least}", "it says how few are enough for a degraded value"
        )
