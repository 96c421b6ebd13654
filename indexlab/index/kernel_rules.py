"""A declaration as the compiled engine reads it: words are small integers, and what is constant in the loops is written here once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, cast, get_type_hints

import numpy as np

from indexlab.index import rules as words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexlab.index.rules import Declaration, FewRule, Outlier

__all__ = ["Extra", "Few", "Rules", "few_of", "no_extra", "rules_of"]

TIE: Final = words.TIE
BORDER: Final = words.BORDER
BORDER_RELATIVE: Final = words.BORDER_RELATIVE
LARGEST_COUNT: Final = words.LARGEST_COUNT
NEVER: Final = 2**62
OK, DEGRADED, HELD, HALTED = 0, 1, 2, 3
USED, CLAMPED, OUTLIER, STALE, INVALID, COOLING, ABSENT = range(7)
BESIDE: Final = 7
"""Why a source is stale and yet in the reference; written out as STALE."""
VALUE, HOLD_LAST, NO_VALUE, OWN_PRICE, HALT_NOW, INSTEAD = range(6)
"""What came of the rules at one publication."""

NO_RULE, DROP, CLAMP, MEDIAN_INSTEAD, RULE_HOLD, RULE_HALT, RULE_OWN = range(7)
BY_MEDIAN, BY_MEAN, BY_MEDIAN_OF_OTHERS, BY_MEAN_OF_OTHERS, BY_WEIGHTED_MEDIAN, BY_LAST, BY_MEDIAN_WITH_LAST, BY_NEIGHBOUR, BY_OWN = range(9)
EACH, SEVERAL_MEDIAN, SEVERAL_KEEP, SEVERAL_HOLD, SEVERAL_HALT = range(5)
WEIGHTED_MEAN, MEDIAN, WEIGHTED_MEDIAN, TRIMMED, VOTES, ORDER_BOOK, PARTITIONS = range(7)
MEAN, FLOOR, AWAY, LOWER, UPPER = range(5)
BELOW_HALT, BELOW_HOLD, BELOW_DEGRADE, BELOW_MEAN, BELOW_OWN = range(5)
HALF_EVEN, HALF_UP, DOWN, UP, HALF_DOWN = range(5)

OUTLIER_RULES: Final = {
    "none": NO_RULE, "drop": DROP, "weight-0": DROP, "clamp": CLAMP, "median": MEDIAN_INSTEAD, "hold": RULE_HOLD, "halt": RULE_HALT, "own": RULE_OWN,
}  # fmt: skip
REFERENCES: Final = {
    "median": BY_MEDIAN, "mean": BY_MEAN, "median-of-others": BY_MEDIAN_OF_OTHERS, "mean-of-others": BY_MEAN_OF_OTHERS,
    "weighted-median": BY_WEIGHTED_MEDIAN, "last-index": BY_LAST, "median-with-last-index": BY_MEDIAN_WITH_LAST, "neighbour": BY_NEIGHBOUR, "own": BY_OWN,
}  # fmt: skip
SEVERAL: Final = {"each": EACH, "median": SEVERAL_MEDIAN, "keep": SEVERAL_KEEP, "hold": SEVERAL_HOLD, "halt": SEVERAL_HALT}
AGGREGATIONS: Final = {
    "weighted-mean": WEIGHTED_MEAN, "median": MEDIAN, "weighted-median": WEIGHTED_MEDIAN, "drop-highest-and-lowest": TRIMMED, "trimmed-mean": TRIMMED,
    "votes": VOTES, "order-book": ORDER_BOOK, "partitions": PARTITIONS,
}  # fmt: skip
MIDDLES: Final = {"mean": MEAN, "floor": FLOOR, "away-from-zero": AWAY, "lower": LOWER, "upper": UPPER}
BELOW: Final = {"halt": BELOW_HALT, "hold": BELOW_HOLD, "degrade": BELOW_DEGRADE, "mean": BELOW_MEAN, "own": BELOW_OWN}
ROUNDINGS: Final = {"half-even": HALF_EVEN, "half-up": HALF_UP, "down": DOWN, "up": UP, "half-down": HALF_DOWN}


class Few(NamedTuple):
    """An outlier rule: the main one, that for two or that for one; `band` below 0: each source has its own, and `sigmas` above 0 counts instead of bands."""

    rule: int
    reference: int
    band: float
    out_at_band: bool
    sigmas: float


class Rules(NamedTuple):
    """A declaration as the kernel reads it: words are small integers, numbers are in the units of the declaration."""

    silence_us: int
    stale_at_limit: bool
    stale_is_beside: bool
    remove_us: int
    has_two: bool
    has_one: bool
    several: int
    several_from: int
    from_sources: int
    sample_deviation: bool
    drop_beyond: float
    exempt_share: float
    keeps_all: bool
    readmits_outliers: bool
    readmits_stale: bool
    back_band: float
    back_inside: bool
    back_by_all: bool
    held_for_us: int
    back_at_limit: bool
    alone_band: float
    out_for_us: int
    strikes: int
    strikes_within_us: int
    aggregation: int
    even: int
    unit: float
    tie: int
    trim: float
    trim_from: int
    partitions: int
    window_us: int
    smoothing: float
    step: float
    step_halts: bool
    latches: bool
    own_band: float
    own: int
    own_silence_us: int
    ok_from: int
    below: int
    least: int
    then_holds: bool
    few_hold: bool
    varied: bool
    grouped: bool
    weight_share: float
    tick: float
    rounding: int
    sorts: bool
    spacing: float
    depth: float
    at_least: int
    book_trim: float
    book_sigmas: float
    max_spread: float
    decay: float
    steps: int


class Extra(NamedTuple):
    """What only some aggregations look at; arrays without rows where they do not.

    `confidence` and `newest` (the row of the observation) [rows, sources]; of the observations their levels (`start`, `bids`, `asks` into `level_price` and
    `level_size`), event times, prices (NaN: invalid), sizes and sources; and from which observation on to which a publication looks (`first`, `after`) [rows].
    """

    confidence: NDArray[np.float64]
    newest: NDArray[np.int64]
    start: NDArray[np.int64]
    bids: NDArray[np.int32]
    asks: NDArray[np.int32]
    level_price: NDArray[np.float64]
    level_size: NDArray[np.float64]
    event: NDArray[np.int64]
    said: NDArray[np.float64]
    size: NDArray[np.float64]
    source: NDArray[np.int32]
    first: NDArray[np.int64]
    after: NDArray[np.int64]


_KINDS: Final = {int: np.int64, float: np.float64, bool: np.bool_}


@cache
def _layout(kind: type[NamedTuple]) -> np.dtype[np.void]:
    return np.dtype([(name, _KINDS[given]) for name, given in get_type_hints(kind).items()], align=True)


def _packed(kind: type[NamedTuple], values: Sequence[tuple[object, ...]]) -> NDArray[np.void]:
    """Return records of a kind: compiled functions get a pointer to them, where a tuple of so many numbers would be copied at each call."""
    return np.array(list(values), dtype=_layout(kind)).view(np.recarray)


def no_extra(n_sources: int) -> Extra:
    """Return an Extra without anything."""
    floats, longs, ints = np.empty(0), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
    shape = (0, n_sources)
    return Extra(np.empty(shape), np.empty(shape, dtype=np.int64), longs, ints, ints, floats, floats, longs, floats, floats, ints, longs, longs)


def rules_of(declaration: Declaration, own: int = -1) -> Rules:
    """Return the rules of a declaration as a record of small numbers; `own` is the position of the venue's own source in the basket (-1: none)."""
    return cast("Rules", _packed(Rules, [tuple(_rules_of(declaration, own))])[0])


def few_of(declaration: Declaration) -> NDArray[np.void]:
    """Return the outlier rules as records: the main one, that for two and that for one."""
    outlier = declaration.outlier
    return _packed(Few, [tuple(_main_of(outlier)), tuple(_few_of(outlier.two)), tuple(_few_of(outlier.one))])


def _rules_of(declaration: Declaration, own: int) -> Rules:
    staleness, outlier, aggregation, rounding = declaration.staleness, declaration.outlier, declaration.aggregation, declaration.rounding
    quorum, guard, book, back = declaration.quorum, declaration.guard, declaration.book, declaration.reinclusion or words.Reinclusion()
    readmits = declaration.reinclusion is not None
    limit = NEVER if staleness.silence_us is None else staleness.silence_us
    remove = NEVER if staleness.remove_after_us is None else staleness.remove_after_us
    return Rules(
        silence_us=remove if staleness.action == "hold" else min(limit, remove),
        stale_at_limit=staleness.at_limit == "stale",
        stale_is_beside=staleness.action == "weight-0",
        remove_us=remove,
        has_two=outlier.two is not None,
        has_one=outlier.one is not None,
        several=SEVERAL[outlier.several],
        several_from=outlier.several_from,
        from_sources=outlier.from_sources,
        sample_deviation=outlier.deviation == "sample",
        drop_beyond=outlier.drop_beyond,
        exempt_share=outlier.exempt_share,
        keeps_all=outlier.all_out == "keep",
        readmits_outliers=readmits and back.applies_to != "stale",
        readmits_stale=readmits and back.applies_to != "outlier",
        back_band=-1.0 if back.band is None else back.band,
        back_inside=back.comparison == "<",
        back_by_all=back.reference == "all",
        held_for_us=back.held_for_us,
        back_at_limit=back.at_limit == "back",
        alone_band=-1.0 if back.alone is None else back.alone,
        out_for_us=back.out_for_us,
        strikes=back.strikes,
        strikes_within_us=back.strikes_within_us,
        aggregation=AGGREGATIONS[aggregation.rule],
        even=MIDDLES[aggregation.even],
        unit=aggregation.unit,
        tie=MIDDLES[aggregation.tie],
        trim=-1.0 if aggregation.rule == "drop-highest-and-lowest" else aggregation.trim,
        trim_from=aggregation.trim_from,
        partitions=aggregation.partitions,
        window_us=declaration.input.window_us or 0,
        smoothing=2.0 / (guard.smoothing + 1) if guard.smoothing else 0.0,
        step=guard.step,
        step_halts=guard.action == "halt",
        latches=guard.latching,
        own_band=guard.own_band,
        own=own,
        own_silence_us=limit,
        ok_from=quorum.ok_from,
        below=BELOW[quorum.below],
        least=quorum.least,
        then_holds="hold" in {quorum.below, quorum.then},
        few_hold=quorum.below == "hold" or (quorum.below in {"degrade", "mean"} and quorum.then == "hold"),
        varied=declaration.weights.kind in {"volume", "traded"},
        grouped=quorum.counts != "sources",
        weight_share=quorum.weight_share,
        tick=0.0 if rounding is None else rounding.tick,
        rounding=HALF_EVEN if rounding is None else ROUNDINGS[rounding.mode],
        sorts=outlier.rule != "none" or outlier.two is not None or outlier.one is not None or aggregation.rule in {"median", "weighted-median"},
        spacing=book.spacing,
        depth=book.depth,
        at_least=book.at_least,
        book_trim=book.trim,
        book_sigmas=book.sigmas,
        max_spread=book.max_spread,
        decay=book.decay,
        steps=book.steps,
    )


def _main_of(outlier: Outlier) -> Few:
    return Few(OUTLIER_RULES[outlier.rule], REFERENCES[outlier.reference], -1.0, outlier.comparison == ">=", outlier.sigmas)


def _few_of(few: FewRule | None) -> Few:
    if few is None:
        return Few(NO_RULE, BY_MEDIAN, 0.0, out_at_band=False, sigmas=0.0)
    return Few(OUTLIER_RULES[few.rule], REFERENCES[few.reference], few.band, few.comparison == ">=", 0.0)
