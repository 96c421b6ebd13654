"""`partial-move`: while some have shown a true move and others not yet, an index is on one side, on the other, or between them, or says that it is not sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexlab.index.determination import OK
from indexlab.market.rates import factors
from indexlab.market.units import format_bp, format_duration
from indexlab.properties.property import Breach, Extreme, Occasion, Outcome, Property
from indexlab.properties.responsiveness import Move, enough_live, followed, true_moves
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import price_text, value_text
from indexlab.properties.words import displacement, range_over

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]

_SHOWN = 0.01
_UNMET = "no true move was shown by one source after another"


class _Meanwhile(NamedTuple):
    """The publications from the first source's move to «max_tracking_lag» after the last one's, and the hull of the live prices of both sides there."""

    at: NDArray[np.intp]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    outside: NDArray[np.float64]
    breaches: NDArray[np.bool_]


def check(run: Run) -> Outcome:
    """Judge the clean run while a move is shown by some sources and not yet by others, and, from the tracking lag on, as `responsiveness` does."""
    middle, unrest, found = run.once(true_moves)
    enough = enough_live(run)
    met, worst, breach = False, 0.0, None
    for move in found:
        if not _one_after_another(run, move):
            continue
        meanwhile = _meanwhile(run, move, enough)
        met = met or len(meanwhile.at) > 0
        worst = max(worst, float(meanwhile.outside.max(initial=0.0)))
        _, _, late = followed(run, move, middle, unrest)
        if breach is None and meanwhile.breaches.any():
            breach = _outside(run, move, meanwhile)
        if breach is None and late.any():
            breach = _late(run, move, int(np.argmax(late)), middle)
    text = f"{format_bp(worst)} outside the prices of both sides of a move"
    return Outcome(1, int(met), int(breach is not None), breach, Extreme(worst, "ratio", text, CLEAN) if met else None, _UNMET)


def _one_after_another(run: Run, move: Move) -> bool:
    """Say whether at some publication some live sources have shown the move and others have not."""
    live, price = run.clean.live[0], run.clean.price[0]
    sources = live[move.start]
    part = price[move.start + 1 : move.shown][:, sources]
    with np.errstate(invalid="ignore", over="ignore"):
        shown = np.abs(part / price[move.start, sources] - 1.0) >= _SHOWN
    return bool((shown.any(axis=1) & ~shown.all(axis=1)).any())


def _meanwhile(run: Run, move: Move, enough: NDArray[np.bool_]) -> _Meanwhile:
    expect, times = run.expect, run.times
    end = int(np.searchsorted(times, times[move.shown] + expect.max_tracking_lag, side="left"))
    at = np.arange(move.start + 1, end)
    at = at[(run.clean_trace.status[at] == OK) & ~run.clean.missing[0, at] & enough[at]]
    lowest, highest = _both_sides(run, int(times[move.start]) - expect.max_tracking_lag, at)
    value = run.clean.value[0, at]
    slack = np.maximum(expect.same_ratio * np.abs(value), expect.tick)
    breaches = (value < lowest - slack) | (value > highest + slack)
    return _Meanwhile(at, lowest, highest, displacement(value, lowest, highest), breaches)


def _both_sides(run: Run, since: int, at: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the hull of all prices that were live at `since`, or have come from then on, up to each publication of `at`."""
    first = max(int(np.searchsorted(run.times, since, side="right")) - 1, 0)
    price = np.where(run.clean.live[0], run.clean.price[0] * run.worth, np.nan)
    low, high = range_over(price, np.full(len(at), first), at + 1)
    quotes = run.clean_trace.quotes.take(run.clean.valid[0])
    begin = int(np.searchsorted(quotes.receive_time, since, side="left"))
    worth = factors(run.rates, run.basket, quotes.receive_time)[np.arange(len(quotes)), quotes.source]
    columns = [getattr(quotes, name) * worth for name in ("price", "bid", "ask") if name in run.uses or name == "price"]
    until = np.searchsorted(quotes.receive_time, run.times[at], side="right")
    lowest, highest = range_over(np.column_stack(columns), np.full(len(at), begin), until)
    return np.minimum(low.min(axis=1), lowest.min(axis=1)), np.maximum(high.max(axis=1), highest.max(axis=1))


def _outside(run: Run, move: Move, meanwhile: _Meanwhile) -> Breach:
    number = int(np.argmax(meanwhile.breaches))
    at, size = int(meanwhile.at[number]), float(meanwhile.outside[number])
    moved = f"a true move of {move.factor - 1:+.2%}"
    sentence = f"while the sources show {moved} one after another the index lies {format_bp(size)} outside their prices before and after it, and is called ok."
    promised = "between the lowest and the highest live price of both sides, or not ok"
    hull = f"prices from {price_text(float(meanwhile.lowest[number]))} to {price_text(float(meanwhile.highest[number]))}"
    return Breach(CLEAN, at, size, sentence, promised, f"index {value_text(run.clean_trace, at)}, {hull}", "lowest price", what="outside")


def _late(run: Run, move: Move, at: int, middle: NDArray[np.float64]) -> Breach:
    after = format_duration(int(run.times[at] - run.times[move.shown]))
    sentence = f"{after} after the last of the sources has shown a true move of {move.factor - 1:+.2%}, one after another, the index has not followed."
    promised = f"within a tenth of the move plus 20 bp after max_tracking_lag = {format_duration(run.expect.max_tracking_lag)}"
    seen = f"index {value_text(run.clean_trace, at)}, median of the live prices {price_text(float(middle[at]))}"
    return Breach(CLEAN, at, abs(move.factor - 1.0), sentence, promised, seen, "median of live", what="lost" if run.clean.missing[0, at] else "late")


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    return occasion.too_few(2, "one after another")


PROPERTY = Property(
    id="partial-move",
    statement="sources show a true move one after another within «max_lead»: until «max_tracking_lag» after the last of them the index lies in the hull of the"
    " live prices of both sides or is not ok, and from then on follows as `responsiveness` says",
    check=check,
    applies=applies,
    hurt="BitMEX 2019-05-17: Bitstamp fell by 18 % eleven minutes before the other source of two, and the mean of both liquidated about 250 million USD"
    " (https://www.financemagnates.com/cryptocurrency/news/bitcoin-flash-crash-causes-200m-liquidation-on-bitmex/)",
    occasion="baskets of two sources or more",
    premise="some live sources have shown a true move of 1 % or more, and others show it within «max_lead» and four publications",
    measure="the largest relative distance of an index that is called ok from the prices of both sides",
    example="""a and b go from 100 to 110 at 12:00:40, c and d a second later, e last; the target extrapolates its last step
12:00:42   index 120, prices from 100 to 110
while the sources show a true move of +10.00% one after another the index lies 909.1 bp outside their prices before and after it, and is called ok.
promised: between the lowest and the highest live price of both sides, or not ok""",
)
