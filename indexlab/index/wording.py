"""What each key of a declaration means, in words: one sentence a key, for the value that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.market.units import format_duration, format_ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.index.rules import Declaration

__all__ = ["INPUT_KEYS", "QUORUM_KEYS", "REST_KEYS", "THROWN_OUT_KEYS", "has_meaning", "meaning"]

INPUT_KEYS: Final = ("input.price", "staleness.clock", "validity.accept", "weights.kind")
THROWN_OUT_KEYS: Final = (
    "validity.invalid",
    "validity.max_ahead",
    "staleness.silence",
    "staleness.at_limit",
    "outlier.rule",
    "outlier.reference",
    "outlier.comparison",
    "outlier.several",
    "outlier.from_sources",
)
REST_KEYS: Final = ("aggregation.rule", "aggregation.even", "aggregation.tie", "rounding.tick")
QUORUM_KEYS: Final = ("quorum.ok_from", "quorum.below")

_PRICE: Final = {
    "last": "each source brings the price of its newest valid observation, whatever its book says",
    "mid": "each source brings (bid + ask) / 2 of its newest valid observation; without a book its price stands in; half a book, or a crossed one, is invalid",
}
_CLOCK: Final = {
    "event": "newest is by event time, and age is counted from it; what arrives late never replaces what is newer",
    "receive": "newest is what was received last, and age is counted from its receipt",
}
_AT_LIMIT: Final = {"live": "an age of exactly the limit still counts", "stale": "an age of exactly the limit counts no more"}
_ACCEPT: Final = {
    "positive": "what is null, zero or negative is no price",
    "finite": "any finite number is a price, zero and negative too; null is none",
}
_INVALID: Final = {
    "ignore": "an invalid observation is ignored, as if it had not come",
    "exclude": "an invalid observation puts its source out until its next valid one",
}
_COMPARISON: Final = {">": "a price at exactly the end of the band is inside", ">=": "a price at exactly the end of the band is outside"}
_SEVERAL: Final = {
    "each": "several outside at once are treated each by itself",
    "median": "with more than one outside, the index is the median of all live sources instead",
}
_RULE: Final = {
    "weighted-mean": "the index is the {mean}",
    "median": "the index is the median, unweighted",
    "weighted-median": "the index is the weighted median: the lowest price at which the cumulative weight reaches half",
    "drop-highest-and-lowest": "one highest and one lowest price are taken away, and the index is the {mean} of the rest (of fewer than three, of all)",
}
_TIE: Final = {
    "lower": "where the cumulative weight is exactly half, that price is taken",
    "upper": "where the cumulative weight is exactly half, the next price is taken",
    "mean": "where the cumulative weight is exactly half, the mean of that price and the next is taken",
}
_BELOW: Final = {
    "halt": "with fewer there is no value (halted)",
    "hold": "with fewer the last value is published again (held); without one there is none (halted)",
    "degrade": "with fewer the same rules are applied to those that are left (degraded); with none there is no value (halted)",
}
_MODE: Final = {"half-even": "to the nearest, halves to even", "half-up": "to the nearest, halves up", "down": "down", "up": "up"}


def meaning(declaration: Declaration, key: str) -> str:
    """Return the sentence for one dotted key and its value in this declaration."""
    return _SENTENCES[key](declaration)


def has_meaning(declaration: Declaration, key: str) -> bool:
    """Say whether a key has a meaning beside the others of this declaration."""
    rule = declaration.aggregation.rule
    if key.startswith("outlier.") and key != "outlier.rule":
        return declaration.outlier.rule != "none"
    return {
        "staleness.at_limit": declaration.staleness.silence_us is not None,
        "weights.kind": rule != "median",
        "aggregation.even": rule == "median",
        "aggregation.tie": rule == "weighted-median",
    }.get(key, True)


def _silence(declaration: Declaration) -> str:
    limit = declaration.staleness.silence_us
    if limit is None:
        return "a source never goes stale, however long it is silent"
    return f"a source counts no more once its newest valid observation is older than {format_duration(limit)}"


def _outlier(declaration: Declaration) -> str:
    outlier = declaration.outlier
    if outlier.rule == "none":
        return "no price is too far from the others to count"
    action = "takes no part" if outlier.rule == "drop" else "is moved to the end of that band"
    return f"a price more than {format_ratio(outlier.band)} from the median {action}"


def _from_sources(declaration: Declaration) -> str:
    least = declaration.outlier.from_sources
    return "this is done with any number of live sources" if least == 1 else f"this is done from {least} live sources on"


def _weights(declaration: Declaration) -> str:
    if declaration.weights.kind == "equal":
        return "all sources weigh the same"
    named = ", ".join(f"{name} {weight:g}" for name, weight in declaration.weights.fixed.items())
    given = f"sources weigh what the basket gives them{f' ({named} by these rules)' if named else ''}"
    return f"{given}, divided by the sum over those that take part; weight 0 is absence"


def _aggregation(declaration: Declaration) -> str:
    return _RULE[declaration.aggregation.rule].format(mean="mean" if declaration.weights.kind == "equal" else "weighted mean")


def _even(declaration: Declaration) -> str:
    even, unit = declaration.aggregation.even, declaration.aggregation.unit
    taken = {
        "mean": "the mean of the middle two",
        "floor": f"the mean of the middle two, rounded down to a multiple of {unit:g}",
        "away-from-zero": f"the mean of the middle two, rounded away from zero to a multiple of {unit:g}",
        "lower": "the lower of the middle two",
        "upper": "the upper of the middle two",
    }[even]
    return f"of an even count it is {taken}"


def _ok_from(declaration: Declaration) -> str:
    least = declaration.quorum.ok_from
    return f"the status is ok with at least {least} live source{'s' if least > 1 else ''}"


def _rounding(declaration: Declaration) -> str:
    rounding = declaration.rounding
    return "the value is not rounded" if rounding is None else f"the value is rounded {_MODE[rounding.mode]}, to multiples of {rounding.tick:g}"


_SENTENCES: Final[dict[str, Callable[[Declaration], str]]] = {
    "input.price": lambda declaration: _PRICE[declaration.input.price],
    "staleness.silence": _silence,
    "staleness.clock": lambda declaration: _CLOCK[declaration.staleness.clock],
    "staleness.at_limit": lambda declaration: _AT_LIMIT[declaration.staleness.at_limit],
    "validity.accept": lambda declaration: _ACCEPT[declaration.validity.accept],
    "validity.invalid": lambda declaration: _INVALID[declaration.validity.invalid],
    "validity.max_ahead": lambda declaration: (
        f"an observation whose event time is more than {format_duration(declaration.validity.max_ahead_us)} ahead of its receipt is invalid"
    ),
    "outlier.rule": _outlier,
    "outlier.reference": lambda _: "the median is of all live sources, the suspect among them, unweighted",
    "outlier.comparison": lambda declaration: _COMPARISON[declaration.outlier.comparison],
    "outlier.several": lambda declaration: _SEVERAL[declaration.outlier.several],
    "outlier.from_sources": _from_sources,
    "weights.kind": _weights,
    "aggregation.rule": _aggregation,
    "aggregation.even": _even,
    "aggregation.tie": lambda declaration: _TIE[declaration.aggregation.tie],
    "rounding.tick": _rounding,
    "quorum.ok_from": _ok_from,
    "quorum.below": lambda declaration: _BELOW[declaration.quorum.below],
}
