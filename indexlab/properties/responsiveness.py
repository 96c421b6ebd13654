"""`responsiveness`: a true move of the market reaches the index at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexlab.market.units import format_duration
from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import price_text, value_text
from indexlab.properties.words import held_for, range_over, windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run

__all__ = ["PROPERTY", "Move", "enough_live", "followed", "true_moves"]

_LEAST_MOVE = 0.01
_LARGEST_FACTOR = 100.0 * (1 + 1e-3)
_REST = 1e-3
_SHARE, _BASE = 0.1, 2e-3
"""A market is at rest again where the median of its live prices has stayed within 10 bp, or half of the share, over the tracking lag."""
_MOST_STARTS = 24


class Move(NamedTuple):
    """A true move: from publication `start` to `shown`, where the last live source has shown it."""

    start: int
    shown: int
    factor: float


def check(run: Run) -> Outcome:
    """Judge the clean run after each move that all live sources have shown, as long as the market then rests."""
    middle, unrest, found = run.once(true_moves)
    met, worst, breach, factor = False, 0.0, None, 1.0
    for move in found:
        premise, behind, late = followed(run, move, middle, unrest)
        if not premise.any():
            continue
        met = True
        if float(behind[premise].max()) > worst:
            worst, factor = float(behind[premise].max()), move.factor
        if late.any() and breach is None:
            breach = _breach(run, move, int(np.argmax(late)), middle, worst)
    share = f"{worst:.2%}" if np.isfinite(worst) else "all"
    text = f"{share} of a move by {factor - 1:+.2%} not followed after «max_tracking_lag»" if worst else "every move followed in full after «max_tracking_lag»"
    return Outcome(
        1, int(met), int(breach is not None), breach, Extreme(worst, "ratio", text, CLEAN) if met else None, "the market never made a move of 1 % and rested"
    )


def true_moves(run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64], list[Move]]:
    """Return of the clean run: the median of its live prices and by how much it has moved over the tracking lag, [times] each, and its true moves."""
    middle = _median_of_live(run)
    return middle, _unrest(run, middle), _moves(run, middle)


def followed(
    run: Run, move: Move, middle: NDArray[np.float64], unrest: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.bool_]]:
    """Say of one move, [times]: where an index that follows is owed, which share of the move it is behind by there, and where that is too much."""
    value = run.clean.value[0]
    due = run.times >= run.times[move.shown] + run.expect.max_tracking_lag
    # what lies among the prices of the last «max_tracking_lag» is then near enough, however long that is
    rest = unrest <= max(_REST, _SHARE / 2 * abs(1.0 - 1.0 / move.factor))
    premise = due & rest & enough_live(run) & (np.abs(middle / middle[move.shown] - 1.0) < _LEAST_MOVE / 2)
    allowed = _SHARE * np.abs(middle - middle[move.start]) + _BASE * middle
    with np.errstate(invalid="ignore", over="ignore"):
        behind = np.where(np.isnan(value), np.inf, np.abs(value - middle)) / np.maximum(np.abs(middle - middle[move.start]), 1e-300)
        late = premise & (np.isnan(value) | (np.abs(value - middle) > allowed))
    return np.asarray(premise), np.asarray(behind), np.asarray(late)


def enough_live(run: Run) -> NDArray[np.bool_]:
    """Say where the clean run surely has «min_sources» live sources, [times], and has had them for «max_recovery» since it last lost them."""
    enough = run.clean.counted(run.clean.surely_live)[0] >= run.expect.min_sources
    # a target has that long to take sources back that had all gone stale: `quorum` judges it
    lost = ~enough & (np.cumsum(enough) > 0)
    recovered = held_for(run.times, ~lost, run.expect.max_recovery) | (np.cumsum(lost) == 0)
    return np.asarray(enough & recovered & ~run.clean.near_limit[0])


def _median_of_live(run: Run) -> NDArray[np.float64]:
    """Return the median of the live prices of the clean run, [times]; NaN where none is live."""
    live = np.where(run.clean.live[0], run.clean.price[0] * run.worth, np.nan)
    middle = np.full(len(run.times), np.nan)
    some = ~np.isnan(live).all(axis=1)
    middle[some] = np.nanmedian(live[some], axis=1)
    return middle


def _unrest(run: Run, middle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by which share the median of the live prices has moved over the tracking lag, [times]; infinite where the live prices are not together."""
    low, high = windows(run.times, run.expect.max_tracking_lag, 0)
    lowest, highest = range_over(middle, low, high)
    live, price = run.clean.live[0], run.clean.price[0] * run.worth
    with np.errstate(invalid="ignore"):
        together = (~live | (np.abs(price / middle[:, None] - 1.0) <= 2 * _REST)).all(axis=1)
        return np.where(together & np.isfinite(lowest), highest / lowest - 1.0, np.inf)


def _moves(run: Run, middle: NDArray[np.float64]) -> list[Move]:
    """Return the true moves of the clean run, at most 24 of them: at least 1 %, within «max_lead» and a few publications, by every live source."""
    span = run.expect.max_lead + 4 * run.expect.interval
    ahead = np.searchsorted(run.times, run.times + span, side="right") - 1
    with np.errstate(invalid="ignore", over="ignore"):
        ratio = middle[ahead] / middle
        starts = np.flatnonzero((ratio >= 1 + _LEAST_MOVE) | (ratio <= 1 - _LEAST_MOVE))
    found = []
    for start in starts[:_MOST_STARTS]:
        shown = _shown_by_all(run, int(start), int(ahead[start]), up=bool(ratio[start] > 1))
        if shown is not None:
            factor = float(middle[shown] / middle[start])
            if 1 / _LARGEST_FACTOR <= factor <= _LARGEST_FACTOR:
                found.append(Move(int(start), shown, factor))
    return found


def _shown_by_all(run: Run, start: int, last: int, *, up: bool) -> int | None:
    live, price = run.clean.live[0], run.clean.price[0]
    sources = live[start]
    if int(sources.sum()) < run.expect.min_sources:
        return None
    part = slice(start + 1, last + 1)
    with np.errstate(invalid="ignore", over="ignore"):
        ratio = price[part][:, sources] / price[start, sources]
    moved = ((ratio >= 1 + _LEAST_MOVE) if up else (ratio <= 1 - _LEAST_MOVE)) & live[part][:, sources]
    all_moved = moved.all(axis=1)
    return start + 1 + int(np.argmax(all_moved)) if all_moved.any() else None


def _breach(run: Run, move: Move, at: int, middle: NDArray[np.float64], size: float) -> Breach:
    after = format_duration(int(run.times[at] - run.times[move.shown]))
    sentence = f"{after} after every live source had shown a true move of {move.factor - 1:+.2%} the index has not followed."
    promised = f"within a tenth of the move plus 20 bp after max_tracking_lag = {format_duration(run.expect.max_tracking_lag)}"
    seen = f"index {value_text(run.clean_trace, at)}, median of the live prices {price_text(float(middle[at]))}"
    return Breach(CLEAN, at, size, sentence, promised, seen, "median of live", what="lost" if run.clean.missing[0, at] else "late")


PROPERTY = Property(
    id="responsiveness",
    statement="from «max_tracking_lag» after the last live source has shown a true move of at least 1 %, the index is within a tenth of it plus"
    " 20 bp of the median of the live prices",
    check=check,
    hurt="Backpack's step cap of 0.25 % a second lets a crash reach the index late; Venus 2022-05-12: a price stood at its lower bound of"
    " 0.107 while the market was at 0.01",
    premise="every live source has shown a move of 1 % or more within «max_lead» and four publications, the market then rests, and since a loss of the quorum"
    " «max_recovery» has passed",
    measure="the largest share of a move by which the index is behind after «max_tracking_lag»",
    example="""five sources go from 100 to 110 at 12:00:40; the target moves by at most 0.1 % a publication
12:00:43   index 100.3003, median of the live prices 110
2s after every live source had shown a true move of +10.00% the index has not followed.
promised: within a tenth of the move plus 20 bp after max_tracking_lag = 2s""",
)
