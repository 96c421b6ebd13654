"""`no-flapping`: who swings around a threshold does not make the index swing with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.market.units import SECOND, format_ratio
from indexlab.properties.premise import enough_sources, single_source_premise
from indexlab.properties.property import Breach, Extreme, Occasion, Outcome, Property
from indexlab.properties.tell import first_breach, names, say, summed_up
from indexlab.properties.words import range_over, windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run

__all__ = ["PROPERTY", "variation"]

_MINUTE: Final = 60 * SECOND
_TURNS: Final = 4
"""Two swings to and fro within a minute: below that, a fault that comes and goes is no oscillation."""
_LEAST_SWING: Final = 1e-5
_TRUE_MOVE: Final = 0.01
_UNMET: Final = "no source swung to and fro twice within a minute while enough others were live and the market made no true move"


def variation(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum, up to each publication, of the relative changes of an index [..., times]; over a hole, the change from one value to the next."""
    known = ~np.isnan(value)
    places = np.maximum.accumulate(np.where(known, np.arange(value.shape[-1]), 0), axis=-1)
    carried = np.take_along_axis(value, places, axis=-1)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        steps = np.abs(np.diff(carried, axis=-1) / carried[..., :-1])
    steps = np.where(np.isfinite(steps), steps, 0.0)
    return np.concatenate((np.zeros((*value.shape[:-1], 1)), np.cumsum(steps, axis=-1)), axis=-1)


def check(run: Run) -> Outcome:
    """Measure by how much the index varies more than the clean twin's within each minute; judge it where the plan sets a limit."""
    if not run.twins or len(run.times) < 2:
        return summed_up(run, *(np.zeros((len(run.twins), len(run.times)), dtype=bool),) * 2, None, None, _UNMET)
    span = max(_MINUTE, run.expect.interval)
    back = np.searchsorted(run.times, run.times - span, side="left")
    premise = single_source_premise(run) & _swings(run, back) & _no_true_move(run, back)
    if not premise.any():
        return summed_up(run, premise, premise, None, None, _UNMET)
    broken, clean = variation(run.broken.value), variation(run.clean.value)
    # the instant of a true move may shift by the tracking lag: what the clean twin did just before or after the minute is its due too
    lag = run.expect.max_tracking_lag
    since, until = np.searchsorted(run.times, run.times - span - lag, side="left"), np.searchsorted(run.times, run.times + lag, side="right") - 1
    extra = np.maximum((broken - broken[:, back]) - (clean[:, until] - clean[:, since]), 0.0) * (_MINUTE / span)
    limit = run.expect.max_flapping
    breaches = premise & (extra > limit) if limit is not None else np.zeros_like(premise)
    place = first_breach(breaches)
    breach = None if place is None else _breach(run, *place, float(extra[place]))
    size = float(extra[premise].max())
    twin = int(np.argmax(np.where(premise, extra, -1.0).max(axis=1)))
    worst = Extreme(size, "ratio", f"{format_ratio(float(f'{size:.3g}'))} a minute of variation beyond the clean twin's", twin)
    return summed_up(run, premise, breaches, breach, worst, _UNMET, sizes=extra, what=lambda *_: "flapping")


def _no_true_move(run: Run, back: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Say where, [times], the clean index has not moved by 1 % within the tracking lag since `back`: which side of a move is the middle one is no flapping."""
    low, high = windows(run.times, run.expect.max_tracking_lag, run.expect.max_tracking_lag)
    lowest, highest = range_over(run.clean.value[0], low, high)
    with np.errstate(invalid="ignore"):
        moving = np.concatenate(([0], np.cumsum(~(highest <= lowest * (1.0 + _TRUE_MOVE)))))
    return np.asarray(moving[1:] == moving[back])


def _swings(run: Run, back: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Say where [runs, times] some faulty source has turned at least four times since `back`: between being there and not, or up and down."""
    found = np.zeros((len(run.twins), len(run.times)), dtype=bool)
    for rank in range(min(run.expect.faulty_sources, len(run.basket))):
        some = np.flatnonzero(run.faulty.sum(axis=1) > rank)
        if not len(some):
            break
        place = np.argsort(~run.faulty[some], axis=1, kind="stable")[:, rank]
        found[some] |= _turns(run, some, place, back) >= _TURNS
    return found


def _turns(run: Run, twins: NDArray[np.intp], place: NDArray[np.intp], back: NDArray[np.intp]) -> NDArray[np.int64]:
    there = run.broken.surely_live[twins, :, place]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        off = np.log(run.broken.price[twins, :, place] / run.clean.price[0][:, place].T)
    # a source that is not there stands below all that are
    off = np.where(there & np.isfinite(off), off, -1e3)
    moves = np.diff(off, axis=1)
    way = np.where(np.abs(moves) > _LEAST_SWING, np.sign(moves), 0.0).astype(np.int8)
    # the way of the last move before each: a turn is a move the other way
    last = np.maximum.accumulate(np.where(way != 0, np.arange(way.shape[1]), -1), axis=1)
    before = np.concatenate((np.full((len(twins), 1), -1), last[:, :-1]), axis=1)
    former = np.where(before >= 0, np.take_along_axis(way, np.maximum(before, 0), axis=1), 0)
    turned = np.cumsum((way != 0) & (former != 0) & (way != former), axis=1)
    turned = np.concatenate((np.zeros((len(twins), 1), dtype=np.int64), turned), axis=1)
    return np.asarray(turned - turned[:, back])


def _breach(run: Run, twin: int, at: int, extra: float) -> Breach:
    who = names(run, run.twins[twin].faulty)
    more = format_ratio(float(f"{extra:.3g}"))
    sentence = f"{who} alone swings, and the index varies by {more} a minute more than without that."
    promised = f"at most max_flapping = {format_ratio(run.expect.max_flapping or 0.0)} a minute beyond the clean twin"
    seen = say(run.broken_traces[twin], run.clean_trace, at, "clean twin")
    return Breach(twin, at, extra, sentence, promised, seen, "clean twin", run.clean_trace, what="flapping")


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    if occasion.expect.max_flapping is None:
        return "max_flapping unset: measured, not judged"
    return enough_sources(occasion)


PROPERTY = Property(
    id="no-flapping",
    statement="a source that oscillates around any threshold adds at most «max_flapping» a minute to the index's total variation beyond the clean twin's",
    check=check,
    applies=applies,
    hurt="an outlier rule without hysteresis: a source at the edge of the band is in and out with every tick, and the index jumps each time"
    " (BitMEX and CF Benchmarks take a source back only at a fraction of the band)",
    measured_always=True,
    occasion="judged where «max_flapping» is set; measured always",
    premise="as for `single-source`, with a faulty source that has turned four times within a minute (up and down, or there and gone), and no true move"
    " of 1 % meanwhile",
    measure="the largest variation a minute beyond the clean twin's: the sum of relative changes",
    example="""a says 100, b 100.5, c 101, d 101.5, e 102; a swings between 100 and 108, and the target drops who is 5 % from the median (max_flapping = 1 %)
12:00:29   index 101.25, clean twin 101 (24.8 bp)
a alone swings, and the index varies by 1.24% a minute more than without that.
promised: at most max_flapping = 1% a minute beyond the clean twin""",
)
