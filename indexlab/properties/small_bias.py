"""`small-bias`: a source that is a little wrong for long moves the index by no more than its own error, and no more after an hour than after a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from indexlab.market.units import SECOND, format_bp, format_duration, format_ratio
from indexlab.properties.per_twin import PerTwin
from indexlab.properties.property import Breach, Extreme, Occasion, Outcome, Property
from indexlab.properties.tell import names, say
from indexlab.properties.words import clean_range, displacement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]

_AGREE: Final = 1e-3
_LEAST_BIAS: Final = 1e-3
_SLACK: Final = 1e-4
_STEADY: Final = 1e-6
"""A bias is steady where it stays within this, relative to the price: rounding to digits aside, the same factor."""
_MINUTE: Final = 60 * SECOND
_HOUR: Final = 3600 * SECOND
_UNMET: Final = "no single source had a steady bias of 0.1 % to «max_displacement» while the others agreed within 10 bp"


class _Bias(NamedTuple):
    """One source's steady bias: its size, where it is judged [times], the spread of the others' prices there, how far the index is displaced."""

    size: float
    premise: NDArray[np.bool_]
    spread: NDArray[np.float64]
    moved: NDArray[np.float64]


def check(run: Run) -> Outcome:
    """Hold every twin with one steadily biased source against the size of its bias, and from an hour on against its first minute."""
    by_twin, breach, worst = PerTwin(len(run.twins)), None, None
    met = breached = 0
    lowest, highest, _, _ = clean_range(run.times, run.clean.value[0], run.expect.max_tracking_lag)
    for twin, place, off in _biased(run):
        bias = _bias(run, twin, place, off, lowest, highest)
        if bias is None:
            continue
        size = float(bias.moved[bias.premise].max())
        beyond = bias.premise & (bias.moved > bias.size + _SLACK)
        grown, first = _grown(run, twin, bias)
        what = "moved" if beyond.any() else "grown" if grown.any() else ""
        met, breached = met + 1, breached + bool(what)
        by_twin.judged(twin, size, what)
        if worst is None or size > worst.value:
            worst = Extreme(size, "ratio", f"{format_bp(size)} from the clean twin by a bias of {format_bp(bias.size)}", twin)
        if what and breach is None:
            breach = _breach(run, twin, int(np.argmax(beyond if beyond.any() else grown)), bias, first, what)
    return Outcome(len(run.twins), met, breached, breach, worst, _UNMET, by_twin.told())


def _biased(run: Run) -> Iterator[tuple[int, int, float]]:
    """Give the twins with one faulty source whose price is off by a small bias where it first is: twin, source, bias."""
    some = np.flatnonzero(run.faulty.sum(axis=1) == 1)
    if not len(some) or not len(run.times):
        return
    places = np.argmax(run.faulty[some], axis=1)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        off = np.abs(run.broken.price[some, :, places] / run.clean.price[0][:, places].T - 1.0)
    known = run.begun[some] & np.isfinite(off)
    sizes = off[np.arange(len(some)), np.argmax(known, axis=1)]
    least, largest = _LEAST_BIAS * (1.0 - _STEADY), run.expect.max_displacement * (1.0 + _STEADY)
    fits = known.any(axis=1) & (sizes >= least) & (sizes <= largest)
    for number in np.flatnonzero(fits).tolist():
        yield int(some[number]), int(places[number]), float(sizes[number])


def _bias(run: Run, twin: int, place: int, size: float, lowest: NDArray[np.float64], highest: NDArray[np.float64]) -> _Bias | None:
    begun = run.begun[twin]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        factor = run.broken.price[twin, :, place] / run.clean.price[0, :, place]
    # steady: the same factor from the first disturbed quote on, nothing else changed about the source
    same = ~begun | ((np.abs(np.abs(factor - 1.0) - size) <= _STEADY) & (run.broken.age[twin, :, place] == run.clean.age[0, :, place]))
    steady = begun & np.logical_and.accumulate(same)
    others = run.broken.surely_live[twin] & ~run.faulty[twin]
    price = run.broken.price[twin] * run.worth
    low, high = np.where(others, price, np.inf).min(axis=1), np.where(others, price, -np.inf).max(axis=1)
    enough = others.sum(axis=1) >= run.expect.min_sources
    with np.errstate(invalid="ignore", over="ignore"):
        spread = np.where(enough, high / low - 1.0, np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        # what rounding to a tick adds is no displacement
        moved = np.maximum(displacement(run.broken.value[twin], lowest, highest) - np.nan_to_num(run.expect.tick / np.abs(run.broken.value[twin])), 0.0)
    # a clean twin that has just lost its index says nothing of the one there is
    priced = ~run.broken.missing[twin] & ~run.clean.missing[0]
    premise = steady & enough & (spread <= _AGREE) & priced & ~run.broken.near_limit[twin] & ~run.clean.near_limit[0]
    return _Bias(size, premise, spread, moved) if premise.any() else None


def _grown(run: Run, twin: int, bias: _Bias) -> tuple[NDArray[np.bool_], float]:
    """Say where, from an hour on, the index is displaced by more than in the first minute, and by how much it was then.

    A target with memory has «max_recovery» to settle. Which price is the middle one changes with the others' own differences: their spread is no growth.
    """
    since = run.times - (run.twins[twin].first or 0)
    early = bias.premise & (since <= max(_MINUTE, run.expect.max_recovery))
    first = float(bias.moved[early].max(initial=0.0))
    late = bias.premise & (since >= _HOUR) & bool(early.any())
    with np.errstate(invalid="ignore"):
        return late & (bias.moved > first + _SLACK + bias.spread), first


def _breach(run: Run, twin: int, at: int, bias: _Bias, first: float, what: str) -> Breach:
    who, size = names(run, run.twins[twin].faulty), float(bias.moved[at])
    after = format_duration((int(run.times[at]) - (run.twins[twin].first or 0)) // SECOND * SECOND)
    if what == "moved":
        sentence = f"a steady bias of {format_bp(bias.size)} of {who} alone moved the index by {format_bp(size)}, more than the bias itself."
        promised = f"at most the bias and 1 bp: {format_bp(bias.size + _SLACK)}"
    else:
        grew = f"by {format_bp(first)} at first, and by {format_bp(size)} {after} after it began"
        sentence = f"a steady bias of {format_bp(bias.size)} of {who} alone moved the index {grew}."
        promised = "after an hour no more than after a minute (and 1 bp, and the spread of the others' prices)"
    seen = say(run.broken_traces[twin], run.clean_trace, at, "clean twin")
    return Breach(twin, at, size, sentence, promised, seen, "clean twin", run.clean_trace, what=what)


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    if occasion.expect.max_displacement < _LEAST_BIAS:
        return f"max_displacement = {format_ratio(occasion.expect.max_displacement)} leaves no bias between it and 0.1 %"
    return occasion.too_few(occasion.expect.min_sources + 1, "min_sources others beside the biased one")


PROPERTY = Property(
    id="small-bias",
    statement="in a market whose unbroken prices agree within 10 bp, a steady bias b of one source, from 0.1 % to «max_displacement», moves the index by at"
    " most b + 1 bp, and after an hour by no more than after a minute",
    check=check,
    applies=applies,
    hurt="Aave 2026-03-10: a rate that was 2.85 % too low for a while, inside every band, liquidated 34 accounts of about 26 million USD",
    occasion="baskets of more than «min_sources» sources; «max_displacement» of 0.1 % or more",
    premise="one source is off by the same factor from its first disturbed quote on, and «min_sources» unbroken live ones agree within 10 bp; after"
    " an hour, the spread of those is allowed for",
    measure="the largest displacement by a small bias",
    example="""five sources that say 100, an hour and more; a says 100.5, and the target goes a thousandth of the way to the highest price each minute
13:16:01   index 100.0296, clean twin 100 (3.0 bp)
a steady bias of 50.0 bp of a alone moved the index by 0.5 bp at first, and by 3.0 bp 1h after it began.
promised: after an hour no more than after a minute (and 1 bp, and the spread of the others' prices)""",
)
