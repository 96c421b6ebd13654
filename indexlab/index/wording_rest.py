"""What is made of the rest, and what is done when too little is left, in words: aggregation, order book, guard, blend, rounding; quorum and own price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.index.wording_key import Key, Keys, counted
from indexlab.market.times import time_text
from indexlab.market.units import format_duration, format_ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.index.rules import Blend, Declaration

__all__ = ["QUORUM", "REST"]

_RULE: Final = {
    "weighted-mean": "the index is the {mean}",
    "median": "the index is the median, unweighted",
    "weighted-median": "the index is the weighted median: the lowest price at which the cumulative weight reaches half",
    "drop-highest-and-lowest": "one highest and one lowest price are taken away, and the index is the {mean} of the rest (of fewer than {trim_from}, of all)",
    "trimmed-mean": "{trim} of the prices are taken away at each end (rounded down to whole ones), and the index is the {mean} of the rest",
    "votes": "each source has three votes: its price, and its price less and plus its confidence; the index is the median of all votes",
    "order-book": "the books of all sources are put together, and the index is the mean of the middle prices at growing volume, the nearest weighing most",
    "partitions": "the window is cut into {partitions} equal parts, and the index is the mean over the parts of the median price weighted by size",
}
_NUMBERS: Final = {3: "three"}
_TIE: Final = {
    "lower": "where the cumulative weight is exactly half, that price is taken",
    "upper": "where the cumulative weight is exactly half, the next price is taken",
    "mean": "where the cumulative weight is exactly half, the mean of that price and the next is taken",
}
_BELOW: Final = {
    "halt": "with fewer there is no value (halted)",
    "hold": "with fewer the last value is published again (held); without one there is none (halted)",
    "degrade": "with fewer the same rules are applied to those that are left (degraded)",
    "mean": "with fewer the index is the plain mean of those that are left, without any outlier rule (degraded)",
    "own": "with fewer the index is the venue's own last price (degraded); without one there is none (halted)",
}
_THEN: Final = {"halt": "there is no value (halted)", "hold": "the last value is published again (held)"}
_COUNTS: Final = {
    "sources": "each source counts, whoever runs it and wherever its data comes from",
    "venues": "all sources of one venue count as one",
    "upstreams": "all sources that share a venue or an upstream count as one",
}
_MODE: Final = {
    "half-even": "to the nearest, halves to even",
    "half-up": "to the nearest, halves up",
    "half-down": "to the nearest, halves down",
    "down": "down",
    "up": "up",
}


def _has_rule(*rules: str) -> Callable[[Declaration], bool]:
    return lambda declaration: declaration.aggregation.rule in rules


def _aggregation(declaration: Declaration) -> str:
    aggregation = declaration.aggregation
    return _RULE[aggregation.rule].format(
        mean="mean" if declaration.weights.kind == "equal" else "weighted mean",
        trim=format_ratio(aggregation.trim),
        trim_from=_NUMBERS.get(aggregation.trim_from, aggregation.trim_from),
        partitions=aggregation.partitions,
    )


def _even(declaration: Declaration) -> str:
    even, unit = declaration.aggregation.even, declaration.aggregation.unit
    taken = {
        "mean": "the mean of the middle two",
        "floor": f"the mean of the middle two, rounded down to a multiple of {unit:.12g}",
        "away-from-zero": f"the mean of the middle two, rounded away from zero to a multiple of {unit:.12g}",
        "lower": "the lower of the middle two",
        "upper": "the upper of the middle two",
    }[even]
    return f"of an even count it is {taken}"


def _rounding(declaration: Declaration) -> str:
    rounding = declaration.rounding
    return "the value is not rounded" if rounding is None else f"the value is rounded {_MODE[rounding.mode]}, to multiples of {rounding.tick:.12g}"


# ------------------------------------------------------------------------------------------------------------------ order book


def _depth(declaration: Declaration) -> str:
    book = declaration.book
    return f"typical sizes are those of the levels within {format_ratio(book.depth)} of the best price, at least {counted(book.at_least, 'level')} a side"


def _size_cap(declaration: Declaration) -> str:
    book = declaration.book
    return f"no level counts with more than the mean of those sizes without {format_ratio(book.trim)} at each end, plus {book.sigmas:.12g} standard deviations"


_BOOK: Final[Keys] = {
    "book.spacing": Key(
        lambda declaration: f"volumes are looked at in steps of {declaration.book.spacing:.12g}",
        lambda declaration: declaration.aggregation.rule == "order-book" or declaration.input.price == "book",
    ),
    "book.depth": Key(_depth, _has_rule("order-book")),
    "book.at_least": Key(_depth, _has_rule("order-book"), "book.depth"),
    "book.trim": Key(_size_cap, _has_rule("order-book")),
    "book.sigmas": Key(_size_cap, _has_rule("order-book"), "book.trim"),
    "book.max_spread": Key(
        lambda declaration: f"the book is used as deep as ask and middle are at most {format_ratio(declaration.book.max_spread)} apart", _has_rule("order-book")
    ),
    "book.decay": Key(
        lambda declaration: f"the weight of a volume falls to 1/e over {format_ratio(declaration.book.decay)} of that depth", _has_rule("order-book")
    ),
    "book.steps": Key(lambda declaration: f"at most {counted(declaration.book.steps, 'step')} are looked at", _has_rule("order-book")),
}

# ------------------------------------------------------------------------------------------------------------------ guard and blend


def _smoothing(declaration: Declaration) -> str:
    over = declaration.guard.smoothing
    return f"the value is smoothed: an exponential mean over {counted(over, 'publication')}" if over else "the value is not smoothed"


def _step(declaration: Declaration) -> str:
    guard = declaration.guard
    if not guard.step:
        return "the value may be any distance from the last one"
    does = "is moved to the end of that band" if guard.action == "clamp" else "is not published (halted)"
    return f"a value more than {format_ratio(guard.step)} from the last one published {does}"


def _latching(declaration: Declaration) -> str:
    return "after that nothing is published any more" if declaration.guard.latching else "after that the next value is looked at anew"


def _own_band(declaration: Declaration) -> str:
    band = declaration.guard.own_band
    if not band:
        return "the value is not held to the venue's own last price"
    return f"the value is moved to within {format_ratio(band)} of the venue's own last price, where there is one"


def _of(words: Callable[[Blend], str]) -> Callable[[Declaration], str]:
    return lambda declaration: "these rules follow no older ones" if declaration.blend is None else words(declaration.blend)


def _blends(declaration: Declaration) -> bool:
    return declaration.blend is not None


def _blend(blend: Blend) -> str:
    at, whole, over = time_text(blend.at_us), time_text(blend.at_us + blend.over_us), format_duration(blend.over_us)
    return f"until {at} the rules of {blend.old} hold, from {whole} on these alone; for {over} between, the mean of both, moving from one to the other"


def _every(blend: Blend) -> str:
    return f"the share of the new rules changes every {format_duration(blend.every_us)}" if blend.every_us else "that share changes at every publication"


def _steps(declaration: Declaration) -> bool:
    return declaration.guard.step > 0


REST: Final[Keys] = {
    "aggregation.rule": Key(_aggregation),
    "aggregation.even": Key(_even, _has_rule("median", "votes")),
    "aggregation.unit": Key(_even, lambda declaration: declaration.aggregation.even in {"floor", "away-from-zero"}, "aggregation.even"),
    "aggregation.tie": Key(lambda declaration: _TIE[declaration.aggregation.tie], _has_rule("weighted-median", "partitions")),
    "aggregation.trim": Key(_aggregation, _has_rule("trimmed-mean"), "aggregation.rule"),
    "aggregation.trim_from": Key(_aggregation, _has_rule("drop-highest-and-lowest"), "aggregation.rule"),
    "aggregation.partitions": Key(_aggregation, _has_rule("partitions"), "aggregation.rule"),
    **_BOOK,
    "guard.smoothing": Key(_smoothing, lambda declaration: declaration.guard.smoothing > 0),
    "guard.step": Key(_step, _steps),
    "guard.action": Key(_step, _steps, "guard.step"),
    "guard.latching": Key(_latching, lambda declaration: _steps(declaration) and declaration.guard.action == "halt"),
    "guard.own_band": Key(_own_band, lambda declaration: declaration.guard.own_band > 0),
    "blend.from": Key(_of(_blend), _blends),
    "blend.at": Key(_of(_blend), _blends, "blend.from"),
    "blend.over": Key(_of(_blend), _blends, "blend.from"),
    "blend.every": Key(_of(_every), _blends),
    "rounding.tick": Key(_rounding),
    "rounding.mode": Key(_rounding, lambda declaration: declaration.rounding is not None, "rounding.tick"),
}


# ------------------------------------------------------------------------------------------------------------------ too little left


def _ok_from(declaration: Declaration) -> str:
    return f"the status is ok with at least {counted(declaration.quorum.ok_from, 'live source')}"


def _weight_share(declaration: Declaration) -> str:
    share = declaration.quorum.weight_share
    return (
        f"nor is it ok with less than {format_ratio(share)} of the basket's weight live" if share else "for that it does not matter how much weight they have"
    )


def _least(declaration: Declaration) -> str:
    quorum = declaration.quorum
    few = "none at all" if quorum.least == 1 else f"fewer than {quorum.least}"
    return f"with {few} {_THEN[quorum.then]}"


def _goes_on(declaration: Declaration) -> bool:
    return declaration.quorum.below in {"degrade", "mean"}


def _own(declaration: Declaration) -> str:
    source = declaration.own.source
    return f"the venue's own market is {source}: it takes no part but where a rule asks for it" if source else "the venue has no market of its own here"


QUORUM: Final[Keys] = {
    "quorum.counts": Key(lambda declaration: _COUNTS[declaration.quorum.counts], lambda declaration: declaration.quorum.counts != "sources"),
    "quorum.ok_from": Key(_ok_from),
    "quorum.weight_share": Key(_weight_share, lambda declaration: declaration.quorum.weight_share > 0),
    "quorum.below": Key(lambda declaration: _BELOW[declaration.quorum.below]),
    "quorum.least": Key(_least, _goes_on),
    "quorum.then": Key(_least, _goes_on, "quorum.least"),
    "own.source": Key(_own, lambda declaration: bool(declaration.own.source)),
}
