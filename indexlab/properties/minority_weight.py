"""`minority-weight`: less than half of the weight never sets a weighted median.

Nothing in the target protocol says how a target aggregates, so its answers decide: a target takes a weighted median where its clean index is one of the live
prices by the given weights (the lower, the upper, or the mean of both at a tie), at nine in ten of the publications at which that differs clearly from both
means and from the plain median, and there are ten of these. Where it hardly ever differs from the plain median (equal weights), the broken sources must be a
minority by number too. Where its clean index is something else, the property does not apply to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexlab.properties.per_twin import PerTwin
from indexlab.properties.premise import prices_compare
from indexlab.properties.property import Breach, Occasion, Outcome, Property
from indexlab.properties.tell import first_breach, is_or_are, names, price_text, summed_up, value_text, worst_of
from indexlab.properties.words import displacement, range_over, windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run

__all__ = ["PROPERTY", "weighted_medians"]

_SHARE = 0.9
_TELLING = 10
_ROUNDING = 1e-9
_UNMET = "no sources with less than half of the live weight were broken"
_NO_OCCASION = "the target takes no weighted median by the given weights"
_UNKNOWN = "nothing tells whether the target takes a weighted median"


def weighted_medians(price: NDArray[np.float64], weight: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and the upper weighted median of each row of `price` [rows, sources], by `weight` of the same shape; NaN where no weight is above 0.

    The lower is the lowest price at which the cumulative weight reaches half, the upper the lowest at which it exceeds half (to a relative 1e-9).
    """
    counts = np.isfinite(price) & (weight > 0)
    told = np.where(counts, price, np.inf)
    order = np.argsort(told, axis=1, kind="stable")
    ranked = np.take_along_axis(told, order, axis=1)
    running = np.cumsum(np.take_along_axis(np.where(counts, weight, 0.0), order, axis=1), axis=1)
    half = running[:, -1:] / 2.0
    rows = np.arange(len(price))
    lower = ranked[rows, np.argmax(running >= half * (1.0 - _ROUNDING), axis=1)]
    upper = ranked[rows, np.argmax(running > half * (1.0 + _ROUNDING), axis=1)]
    some = counts.any(axis=1)
    return np.where(some, lower, np.nan), np.where(some, upper, np.nan)


class _Kind(NamedTuple):
    """Whether the clean index is a weighted median, and whether it could as well be the unweighted one."""

    weighted: bool
    either: bool


def _kind_of_index(run: Run) -> _Kind | None:
    """Say what the clean index is; None where the run cannot tell it from a mean."""
    live, value = run.clean.surely_live[0], run.clean.value[0]
    price, weight = np.where(live, run.clean.price[0], np.nan), np.where(live, run.weights[None, :], 0.0)
    judged = live.any(axis=1) & (weight.sum(axis=1) > 0) & ~run.clean.near_limit[0] & ~np.isnan(value)
    if not judged.any():
        return None
    price, weight, value = price[judged], weight[judged], value[judged]
    lower, upper = weighted_medians(price, weight)
    candidates = (lower, upper, (lower + upper) / 2.0)

    def unlike(other: NDArray[np.float64]) -> NDArray[np.bool_]:
        # twice «the same» keeps apart what could be taken for both
        return np.asarray(np.all([_further(run, other, one, 2.0) for one in candidates], axis=0))

    telling = unlike(np.nansum(price * weight, axis=1) / weight.sum(axis=1)) & unlike(np.nanmean(price, axis=1))
    if telling.sum() < max(min(_TELLING, len(telling) // 2), 1):
        # a rule for a moment (several out at once: the median) says nothing of the rest
        return None
    hit = ~np.all([_further(run, value, one, 1.0) for one in candidates], axis=0)
    # by number there are three medians of an even count, too
    middle = weighted_medians(price, np.isfinite(price).astype(np.float64))
    apart_from_median = telling & np.all([unlike(one) for one in (*middle, (middle[0] + middle[1]) / 2.0)], axis=0)
    either = apart_from_median.sum() < max(min(_TELLING, len(telling) // 2), 1)
    return _Kind(bool(hit[telling if either else apart_from_median].mean() >= _SHARE), either)


def _further(run: Run, one: NDArray[np.float64], other: NDArray[np.float64], times: float) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(np.abs(one - other) > times * np.maximum(run.expect.same_ratio * np.abs(other), run.expect.tick))


def check(run: Run) -> Outcome:
    """Hold every broken twin, where the broken sources hold less than half of the live weight, against the unbroken live prices of the last «max_recovery»."""
    kind = _kind_of_index(run) if run.twins and prices_compare(run) else None
    if kind is None or not kind.weighted:
        reason = _UNKNOWN if kind is None else _NO_OCCASION
        return Outcome(len(run.twins), 0, unmet=reason, by_twin=PerTwin(len(run.twins)).told(), no_occasion=_NO_OCCASION if kind else "")
    premise = _premise(run)
    if kind.either:
        # an unweighted median owes nothing to a majority by number
        premise &= 2 * (run.broken.live & run.faulty[:, None, :]).sum(axis=2) < run.broken.live.sum(axis=2)
    others = run.broken.surely_live & ~run.faulty[:, None, :]
    told = np.where(others, run.broken.price, np.nan)
    nobody = np.isnan(told).all(axis=2)
    # a target with memory (a step guard, smoothing) gets there within «max_recovery»
    since, now = windows(run.times, run.expect.max_recovery, 0)
    lowest = range_over(np.where(nobody, np.nan, np.where(others, told, np.inf).min(axis=2)).T, since, now)[0].T
    highest = range_over(np.where(nobody, np.nan, np.where(others, told, -np.inf).max(axis=2)).T, since, now)[1].T
    value = run.broken.value
    beyond = displacement(value, lowest, highest)
    with np.errstate(invalid="ignore", over="ignore"):
        slack = np.maximum(run.expect.same_ratio * np.abs(value), run.expect.tick)
        breaches = premise & ((value < lowest - slack) | (value > highest + slack))
    place = first_breach(breaches)
    breach = None if place is None else _breach(run, *place, float(beyond[place]), (float(lowest[place]), float(highest[place])))
    worst = worst_of(beyond, premise, "ratio", "beyond the others' prices")
    return summed_up(run, premise, breaches, breach, worst, _UNMET, beyond, lambda *_: "moved")


def _premise(run: Run) -> NDArray[np.bool_]:
    live = run.broken.live
    total = live @ run.weights
    broken = (live & run.faulty[:, None, :]) @ run.weights
    # a source whose last word is invalid counts for some and not for others: the rest must be the majority either way
    sure = (run.broken.surely_live & ~run.faulty[:, None, :]) @ run.weights
    minority = (2.0 * broken < total * (1.0 - _ROUNDING)) & (broken < sure * (1.0 - _ROUNDING))
    return np.asarray(minority & (broken > 0) & (run.unbroken_live >= run.expect.min_sources) & run.begun & ~run.broken.near_limit & ~run.broken.missing)


def _breach(run: Run, twin: int, at: int, size: float, hull: tuple[float, float]) -> Breach:
    faulty = [place for place in sorted(run.twins[twin].faulty) if run.broken.live[twin, at, place]]
    share = float(run.weights[faulty].sum() / run.weights[run.broken.live[twin, at]].sum())
    sentence = f"{names(run, faulty)} with {share:.1%} of the live weight {is_or_are(faulty, 'sets', 'set')} a weighted median beyond what all others say."
    promised = "between the lowest and the highest price of the others, who hold more than half of the live weight"
    seen = f"index {value_text(run.broken_traces[twin], at)}, the others from {price_text(hull[0])} to {price_text(hull[1])}"
    return Breach(twin, at, size, sentence, promised, seen, "clean twin", run.clean_trace)


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    return occasion.too_few(occasion.expect.min_sources + 1, "min_sources unbroken ones beside a broken one")


PROPERTY = Property(
    id="minority-weight",
    statement="for a target that takes a weighted median: sources with less than half of the live weight never set it beyond the others' prices",
    check=check,
    applies=applies,
    hurt="StatsBase.jl pull 121, weightedstats #2 and collapse #448: weighted medians that went wrong over equal weights, a missing absolute value, a tie",
    occasion="a target whose clean index is the weighted median of the live prices by the given weights",
    premise="the broken live sources hold less than half of the live weight, and «min_sources» unbroken ones are live",
    measure="the largest relative distance of the index from the others' prices",
    example="""a says 100, b 100.5, c 101, d 101.5, e 102, by weights of 31, 20, 18, 16 and 15; b says 301.5 from 12:00:20 on, and the target does not sort
12:00:21   index 301.5, the others from 100 to 102
b with 20.0% of the live weight sets a weighted median beyond what all others say.
promised: between the lowest and the highest price of the others, who hold more than half of the live weight""",
)
