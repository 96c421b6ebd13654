"""What a declaration leaves open, in words: the rules that it does not state, each with what that means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.index.wording import INPUT_KEYS, QUORUM_KEYS, REST_KEYS, THROWN_OUT_KEYS, has_meaning, meaning
from indexlab.index.wording_outlier import THROWS_OUT, alone, together
from indexlab.index.wording_thrown_out import BACK_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indexlab.index.rules import Declaration

__all__ = ["open_rules"]

_ASKED_THOUGH_NOT_IN_FORCE = ("conversion.rate", "latency.limit", "unchanged.limit", "quorum.counts")
"""Rules that venues have and that are easily forgotten: their absence is said too."""


def open_rules(declaration: Declaration) -> Iterator[tuple[str, str]]:
    """Give each key (or table) that is not stated and bears on the index, with what that means."""
    yield from _provenance(declaration)
    yield from _keys(declaration, INPUT_KEYS)
    yield from _keys(declaration, THROWN_OUT_KEYS)
    yield from _few(declaration)
    yield from _coming_back(declaration)
    yield from _keys(declaration, REST_KEYS)
    if not _states(declaration, "guard"):
        yield "guard", "a value is published however far it is from the last one and from the venue's own market, and it is not smoothed"
    yield from _keys(declaration, QUORUM_KEYS)


def _states(declaration: Declaration, table: str) -> bool:
    return any(key == table or key.startswith(f"{table}.") for key in declaration.stated)


def _provenance(declaration: Declaration) -> Iterator[tuple[str, str]]:
    for key, consequence in (
        ("methodology.date", "nobody can tell which version of the rules this is"),
        ("methodology.url", "nobody can compare it with what was published"),
    ):
        if key not in declaration.stated:
            yield key, consequence
    if declaration.outlier.by_asset and not declaration.methodology.asset:
        yield "methodology.asset", "no band of outlier.by_asset applies"


def _keys(declaration: Declaration, keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    once = "book" if declaration.aggregation.rule == "order-book" and not _states(declaration, "book") else None
    for key in keys:
        if key in declaration.stated or (once and key.startswith("book.") and key != "book.spacing"):
            continue
        if once and key == "book.spacing":
            yield "book", "; ".join(meaning(declaration, name) for name in REST_KEYS if name.startswith("book."))
        elif has_meaning(declaration, key) or key in _ASKED_THOUGH_NOT_IN_FORCE:
            yield key, meaning(declaration, key)


def _few(declaration: Declaration) -> Iterator[tuple[str, str]]:
    """Say what becomes of two sources, and of one, where a value can come of so few and no rule says it."""
    quorum = declaration.quorum
    least = min(quorum.ok_from, quorum.least if quorum.below == "degrade" else quorum.ok_from)
    if declaration.outlier.two is None and least <= 2:
        yield "outlier.two", together(declaration)
    if declaration.outlier.one is None and least <= 1:
        yield "outlier.one", alone(declaration)


def _coming_back(declaration: Declaration) -> Iterator[tuple[str, str]]:
    if declaration.reinclusion is not None:
        return
    if declaration.outlier.rule in THROWS_OUT or declaration.outlier.drop_beyond:
        yield "reinclusion", BACK_AT_ONCE
    elif declaration.staleness.silence_us is not None and declaration.staleness.action != "hold":
        yield "reinclusion", "a source that was silent counts again with its next valid observation, whatever that says"
