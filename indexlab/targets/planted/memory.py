"""What the specimen is told and remembers: its rules, the messages of many runs, and its memory of one run, as the compiled code takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.index.rules import Declaration

__all__ = ["Memory", "Messages", "Method", "Space", "method_of", "new_memory", "new_space"]

NEVER: Final = 2**62
# of Memory.numbers
LAST, VALUES = 0, 1
# of Memory.counts
ANYBODY, TOTAL, SPOKE_LAST, BLANK, NEWS = 0, 1, 2, 3, 4
LOSSES_SO_FAR, IS_LOST, WAS_REACHED, HAD_VALUE, WAS_HELD, PUBLISHED, FIRST_DAY, SAW_NEGATIVE, NEGATIVE_BEFORE = 5, 6, 7, 8, 9, 10, 11, 12, 13
NO_RULE, DROP, CLAMP = 0, 1, 2
WEIGHTED_MEAN, MEDIAN, WEIGHTED_MEDIAN, TRIMMED = 0, 1, 2, 3
HALT, HOLD, DEGRADE = 0, 1, 2
LOWER, UPPER, MEAN = 0, 1, 2


class Method(NamedTuple):
    """The rules; ratios plain, times in microseconds, words as the numbers above."""

    mid: bool
    by_event: bool
    silence: int
    excludes: bool
    max_ahead: int
    rule: int
    band: float
    out_at_band: bool
    several_median: bool
    readmits: bool
    back_band: float
    held_for: int
    by_volume: bool
    window: int
    cap: float
    aggregation: int
    tie: int
    step: float
    ok_from: int
    below: int
    grouped: bool


def method_of(declaration: Declaration) -> Method:
    """Return the rules of a declaration; the specimen knows those that the bundled methods use, and no others."""
    outlier, weights, back = declaration.outlier, declaration.weights, declaration.reinclusion
    return Method(
        mid=declaration.input.price == "mid",
        by_event=declaration.staleness.clock == "event",
        silence=NEVER if declaration.staleness.silence_us is None else declaration.staleness.silence_us,
        excludes=declaration.validity.invalid == "exclude",
        max_ahead=declaration.validity.max_ahead_us,
        rule={"none": NO_RULE, "drop": DROP, "clamp": CLAMP}[outlier.rule],
        band=outlier.band,
        out_at_band=outlier.comparison == ">=",
        several_median=outlier.several == "median",
        readmits=back is not None,
        back_band=outlier.band if back is None or back.band is None else back.band,
        held_for=0 if back is None else back.held_for_us,
        by_volume=weights.kind == "volume",
        window=weights.window_us or 0,
        cap=weights.cap,
        aggregation={"weighted-mean": WEIGHTED_MEAN, "median": MEDIAN, "weighted-median": WEIGHTED_MEDIAN, "drop-highest-and-lowest": TRIMMED}[
            declaration.aggregation.rule
        ],
        tie={"lower": LOWER, "upper": UPPER, "mean": MEAN}[declaration.aggregation.tie],
        step=declaration.guard.step,
        ok_from=declaration.quorum.ok_from,
        below={"halt": HALT, "hold": HOLD, "degrade": DEGRADE}[declaration.quorum.below],
        grouped=declaration.quorum.counts != "sources",
    )


class Messages(NamedTuple):
    """The messages of runs one after another, [rows]; `taken` is room for the volume of each that counts."""

    receive: NDArray[np.int64]
    event: NDArray[np.int64]
    source: NDArray[np.int32]
    price: NDArray[np.float64]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    volume: NDArray[np.float64]
    taken: NDArray[np.float64]


class Memory(NamedTuple):
    """What is remembered of each source, [sources]; then, by the places above, of the run.

    `stamp` of the newest price by the declared clock (-1: none), its `event` time, `received` when it came, `heard` the last message of any kind; `state` 0
    absent, 1 live, 2 invalid, 3 out for good, 4 not a number; `messages` of the run, `fresh` since the last publication; `out` 0 never live, 1 in, 2 out;
    `right` since when right (-1: not); `outs` in a row; `high` and `low`: the volume in the window, in two doubles, `held`: of so many messages.
    """

    price: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    stamp: NDArray[np.int64]
    event: NDArray[np.int64]
    received: NDArray[np.int64]
    heard: NDArray[np.int64]
    state: NDArray[np.int64]
    messages: NDArray[np.int64]
    fresh: NDArray[np.int64]
    out: NDArray[np.int64]
    right: NDArray[np.int64]
    outs: NDArray[np.int64]
    held: NDArray[np.int64]
    numbers: NDArray[np.float64]
    counts: NDArray[np.int64]


def new_memory(n: int) -> Memory:
    """Return an empty memory for `n` sources."""
    return Memory(
        price=np.full(n, np.nan),
        high=np.zeros(n),
        low=np.zeros(n),
        stamp=np.full(n, -1),
        event=np.full(n, -1),
        received=np.full(n, -1),
        heard=np.full(n, -1),
        state=_zeros(n),
        messages=_zeros(n),
        fresh=_zeros(n),
        out=_zeros(n),
        right=np.full(n, -1),
        outs=_zeros(n),
        held=_zeros(n),
        numbers=np.full(2, np.nan),
        counts=_zeros(16),
    )


def _zeros(n: int) -> NDArray[np.int64]:
    return np.zeros(n, dtype=np.int64)


class Space(NamedTuple):
    """Working space: who takes part, in the order of the list and by price; prices as they enter; sorted ones; weights; and who is out, [sources + 1]."""

    pool: NDArray[np.int64]
    order: NDArray[np.int64]
    price: NDArray[np.float64]
    ranked: NDArray[np.float64]
    weight: NDArray[np.float64]
    is_out: NDArray[np.bool_]
    is_stale: NDArray[np.bool_]
    seen: NDArray[np.bool_]


def new_space(n: int) -> Space:
    """Return working space for `n` sources."""
    no = np.zeros(n + 1, dtype=np.bool_)
    return Space(_zeros(n + 1), _zeros(n + 1), np.zeros(n + 1), np.zeros(n + 1), np.zeros(n + 1), no, no.copy(), no.copy())
