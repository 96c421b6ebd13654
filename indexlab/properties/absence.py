"""What `silent-source`, `lagging-source` and `future-time` share: from a moment on, a run must look like the run in which its faulty sources are absent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.market.units import format_duration, format_ratio
from indexlab.properties.per_twin import PerTwin, what_happened
from indexlab.properties.property import Breach, Extreme, Outcome
from indexlab.properties.tell import is_or_are, names, price_text, say, since_text
from indexlab.properties.words import apart, clean_range, displacement, since_when

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from indexlab.properties.run import Run, Trace, Variation

__all__ = ["as_if_absent"]


def as_if_absent(run: Run, gone: Callable[[NDArray[np.intp]], NDArray[np.bool_]], verb: str, unmet: str, where: NDArray[np.bool_] | None = None) -> Outcome:
    """Compare each broken twin with the run in which its faulty sources are absent.

    `gone(columns)` says of all faulty sources together, [runs, times] given the rows of the twins, where they count as gone. From there on the twin is within
    «max_displacement» of the absent run, and the same from «max_recovery» later, as long as «min_sources» unbroken sources are live.
    `where` [runs, times] judges some publications alone.
    """
    absent = {variation.twin: variation for variation in run.of_kind("absent")}
    met, breached, first, worst, worst_twin = 0, 0, None, -1.0, 0
    by_twin = PerTwin(len(run.twins))
    for twin, variation in sorted(absent.items()):
        since = since_when(run.times, gone(np.array([twin]))[0])
        clear = (run.unbroken_live[twin] >= run.expect.min_sources) & ~run.broken.near_limit[twin]
        premise = (since >= 0) & clear if where is None else (since >= 0) & clear & where[twin]
        if not premise.any():
            continue
        met += 1
        moved, breaches = _held_against(run, twin, variation.trace, premise, since)
        if float(moved.max()) > worst:
            worst, worst_twin = float(moved.max()), twin
        what = ""
        if breaches.any():
            breached += 1
            at = int(np.argmax(breaches))
            what = what_happened(run, twin, at, reference_missing=bool(variation.trace.missing[at]))
            first = first or _breach(run, twin, at, float(moved[at]), variation, verb, what, strict=bool(since[at] >= run.expect.max_recovery))
        by_twin.judged(twin, float(moved.max()), what)
    extreme = Extreme(worst, "ratio", f"{worst * 1e4:,.1f} bp from the run without them".replace(",", " "), worst_twin) if met else None
    return Outcome(len(run.twins), met, breached, first, extreme, unmet, by_twin.told())


def _held_against(run: Run, twin: int, absent: Trace, premise: NDArray[np.bool_], since: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    value = run.broken.value[twin]
    reference = np.where(absent.missing, np.nan, absent.value)
    lowest, highest, always, never = clean_range(run.times, reference, run.expect.max_tracking_lag)
    far = displacement(value, lowest, highest) > run.expect.max_displacement
    one_sided = (np.isnan(value) & always) | (~np.isnan(value) & never)
    strict = since >= run.expect.max_recovery
    breaches = premise & (far | one_sided | (strict & apart(value, reference, run.expect)))
    with np.errstate(invalid="ignore", over="ignore"):
        moved = np.where(premise & (strict | far), np.nan_to_num(np.abs(value / reference - 1.0), posinf=np.inf), 0.0)
    return moved, breaches


def _breach(run: Run, twin: int, at: int, size: float, variation: Variation, verb: str, what: str, *, strict: bool) -> Breach:
    who, trace, faulty = names(run, variation.sources), run.broken_traces[twin], sorted(variation.sources)
    panel = run.broken.panels[twin]
    rows = [int(panel.newest[at, position]) for position in faulty]
    last = max((int(panel.quotes.event_time[row]) for row in rows if row >= 0), default=None)
    when = f"{since_text(run, at, last)} after the newest observation of {who}" if last is not None else f"without one observation of {who} in time"
    prices = [price_text(float(panel.quotes.price[row])) for row in rows if row >= 0]
    own = f" (price {prices[0]})" if len(prices) == 1 else ""
    sentence = (
        f"{when}, which {is_or_are(faulty, *verb.split('|'))}, {is_or_are(faulty, 'it', 'they')} still {is_or_are(faulty, 'sways', 'sway')} the index{own}."
    )
    promised = (
        f"no influence after max_age = {format_duration(run.expect.max_age)} (the same from max_recovery = {format_duration(run.expect.max_recovery)} later)"
        if strict
        else f"within max_displacement = {format_ratio(run.expect.max_displacement)} of their absence after max_age = {format_duration(run.expect.max_age)}"
    )
    reference = f"{who} absent"
    seen = say(trace, variation.trace, at, f"with {reference}")
    return Breach(twin, at, size, sentence[0].upper() + sentence[1:], promised, seen, reference, variation.trace, what=what)
