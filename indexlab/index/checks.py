"""Contradictions inside one declaration: keys that have no meaning beside others are refused, both named."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexlab.index.reading import Table
    from indexlab.index.rules import Declaration
    from indexlab.market.errors import InputError

__all__ = ["check_consistent"]


def check_consistent(declaration: Declaration, sections: Mapping[str, Table]) -> None:
    """Raise InputError for the first key that contradicts another; `sections` are the tables as they were read."""
    _check_outlier(declaration, sections["outlier"])
    _check_staleness(declaration, sections["staleness"])
    _check_weights(declaration, sections["weights"])
    _check_aggregation(declaration, sections["aggregation"])


def _idle(table: Table, key: str, beside: str, remedy: str) -> InputError:
    return table.problem(key, f"has no meaning with {beside}", remedy)


def _check_outlier(declaration: Declaration, table: Table) -> None:
    outlier = declaration.outlier
    if outlier.rule != "none":
        if not table.has("band"):
            raise table.problem("band", f'must be given with outlier.rule = "{outlier.rule}"', 'write band = "5%"')
        return
    for key in ("band", "several", "comparison", "from_sources", "reference"):
        if table.has(key):
            raise _idle(table, key, 'outlier.rule = "none"', 'write rule = "drop" or "clamp", or leave it out')


def _check_staleness(declaration: Declaration, table: Table) -> None:
    staleness = declaration.staleness
    if staleness.silence_us is None and table.has("at_limit"):
        raise _idle(table, "at_limit", "no staleness.silence", 'write silence = "60s", or leave it out')
    if staleness.silence_us == 0 and staleness.at_limit == "stale":
        raise table.problem("silence", 'must be above 0 with staleness.at_limit = "stale", was "0s"', "no source could ever be live")


def _check_weights(declaration: Declaration, table: Table) -> None:
    kind, rule = declaration.weights.kind, declaration.aggregation.rule
    if kind == "equal" and table.has("fixed"):
        raise _idle(table, "fixed", 'weights.kind = "equal"', 'write kind = "fixed"')
    if kind == "fixed" and rule == "median":
        raise _idle(table, "kind", 'aggregation.rule = "median"', 'did you mean "weighted-median"?')


def _check_aggregation(declaration: Declaration, table: Table) -> None:
    aggregation = declaration.aggregation
    if aggregation.rule != "median" and table.has("even"):
        raise _idle(table, "even", f'aggregation.rule = "{aggregation.rule}"', 'write rule = "median", or leave it out')
    if aggregation.rule != "weighted-median" and table.has("tie"):
        raise _idle(table, "tie", f'aggregation.rule = "{aggregation.rule}"', 'write rule = "weighted-median", or leave it out')
    if aggregation.even not in ("floor", "away-from-zero") and table.has("unit"):
        raise _idle(table, "unit", f'aggregation.even = "{aggregation.even}"', 'write even = "floor" or "away-from-zero", or leave it out')
