"""`explanation`: what a target says of an index is how that index came about.

A target with memory (smoothing, a step guard) gets to the weighted sum within «max_recovery»: till then its index lies among the sums since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from indexlab.index.determination import OK, REASONS, STATUSES
from indexlab.market.quotes import MAX_AHEAD_US
from indexlab.market.units import format_bp
from indexlab.properties.metamorphic import changed_word
from indexlab.properties.per_twin import PerTwin
from indexlab.properties.premise import prices_compare
from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import price_text, say, value_text, which
from indexlab.properties.words import apart, range_over, windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run, Stack, Trace, Variation

__all__ = ["PROPERTY"]

_NEAR: Final = 1e-4
"""A source within 1 bp of the index is no outlier."""
_NO_OCCASION: Final = "the target gives no weights with prices, and no reasons"
_USED, _CLAMPED, _OUTLIER, _STALE = (REASONS.index(reason) for reason in ("used", "clamped", "outlier", "stale"))


class _Found(NamedTuple):
    """One kind of contradiction: at which publications, of which source (-1: of none), how large."""

    what: str
    where: NDArray[np.bool_]
    source: NDArray[np.intp]


def check(run: Run) -> Outcome:
    """Hold the explained answers against what they explain, against the plan's view of who is live, and against the answers without an explanation."""
    met = breached = asked = 0
    first, worst, worst_twin = None, 0.0, CLEAN
    by_twin = PerTwin(len(run.twins))
    for variation in run.of_kind("explained"):
        asked += 1
        answer = variation.trace.answer
        if answer.reason is None and (answer.weight is None or answer.used is None):
            continue
        met += 1
        sums = _sums(variation.trace)
        size = _distance(variation.trace, sums)
        if size > worst:
            worst, worst_twin = size, variation.twin
        found = next((each for each in _contradictions(run, variation, sums) if each.where.any()), None)
        if found is not None:
            breached += 1
            first = first or _breach(run, variation, found, sums)
        by_twin.judged(variation.twin, size, "" if found is None else found.what)
    extreme = Extreme(worst, "ratio", f"{format_bp(worst)} between the weighted sum and the index", worst_twin) if met else None
    unmet = _NO_OCCASION if asked else "no run was asked for with an explanation"
    return Outcome(asked, met, breached, first, extreme, unmet, by_twin.told(), _NO_OCCASION if asked and not met else "")


def _sums(trace: Trace) -> NDArray[np.float64] | None:
    """Return the sum of weight times used price, [times]; a source without weight counts nothing, whatever price it has."""
    weight, used = trace.answer.weight, trace.answer.used
    if weight is None or used is None:
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(np.where(weight == 0, 0.0, weight * used).sum(axis=1))


def _distance(trace: Trace, sums: NDArray[np.float64] | None) -> float:
    if sums is None:
        return 0.0
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        away = np.where(trace.status == OK, np.abs(sums / trace.value - 1.0), 0.0)
    return float(np.nan_to_num(away, nan=np.inf, posinf=np.inf).max(initial=0.0))


def _contradictions(run: Run, variation: Variation, sums: NDArray[np.float64] | None) -> list[_Found]:
    trace, nobody = variation.trace, np.full(len(run.times), -1)
    plain = run.trace(variation.twin)
    otherwise = (plain.status != trace.status) | (np.isnan(plain.value) != np.isnan(trace.value)) | apart(trace.value, plain.value, run.expect)
    found = [_Found("another-answer", otherwise, nobody)]
    if sums is not None:
        found.append(_Found("sum", _unlike(run, trace, sums), nobody))
    if trace.answer.reason is not None:
        found += [_Found(what, np.asarray(where.any(axis=1)), np.argmax(where, axis=1)) for what, where in _wrong_reasons(run, variation).items()]
    return found


def _unlike(run: Run, trace: Trace, sums: NDArray[np.float64]) -> NDArray[np.bool_]:
    since, now = windows(run.times, run.expect.max_recovery, 0)
    lowest, highest = range_over(sums, since, now)
    return np.asarray((trace.status == OK) & (np.isnan(sums) | apart(np.clip(trace.value, lowest, np.maximum(lowest, highest)), trace.value, run.expect)))


def _wrong_reasons(run: Run, variation: Variation) -> dict[str, NDArray[np.bool_]]:
    """Return by reason where [times, sources] it contradicts the plan's view; nobody is judged whose age is near the limit."""
    stack, row = run.stack_of(variation.twin)
    trace, age = variation.trace, stack.age[row]
    # how far ahead an event time may lie is the target's own affair: beyond what the plan takes for valid some take it, and call it used
    near = (np.abs(age - run.expect.max_age) < run.expect.age_margin) | _ahead_now(stack, row)
    live, reason = stack.live[row], trace.answer.reason
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        close = np.abs(stack.price[row] / trace.value[:, None] - 1.0) <= _NEAR
    valued = ((trace.status == OK) & prices_compare(run))[:, None]
    wrong = {
        "used": (reason == _USED) & ~live & ~near,
        "clamped": (reason == _CLAMPED) & ~live & ~near,
        "stale": (reason == _STALE) & stack.surely_live[row] & ~near,
        "outlier": (reason == _OUTLIER) & stack.surely_live[row] & ~near & close & valued,
    }
    return {what: np.asarray(where) for what, where in wrong.items()}


def _ahead_now(stack: Stack, row: int) -> NDArray[np.bool_]:
    panel = stack.panels[row]
    ahead = np.append(panel.quotes.event_time - panel.quotes.receive_time > MAX_AHEAD_US, False)
    return np.asarray(ahead[panel.latest])


def _breach(run: Run, variation: Variation, found: _Found, sums: NDArray[np.float64] | None) -> Breach:
    at, trace, plain = int(np.argmax(found.where)), variation.trace, run.trace(variation.twin)
    where, twin = which(variation.twin), variation.twin
    if found.what == "another-answer":
        sentence = f"in {where} the answer with an explanation is another than the answer without."
        word = changed_word(plain, trace, at)
        return Breach(
            twin, at, 1.0, sentence, "the same answer, explained or not", say(plain, trace, at, "explained"), "explained", trace, what=f"explained-{word}"
        )
    if found.what == "sum" and sums is not None:
        said = price_text(float(sums[at]))
        sentence = f"in {where} the weights and prices given do not add up to the index: {said} and {value_text(trace, at)}."
        promised = "the sum of weight times used price is the index where the status is ok"
        return Breach(twin, at, _distance(trace, sums), sentence, promised, f"index {value_text(trace, at)}, sum {said}", "explained", trace, what="sum")
    stack, row = run.stack_of(twin)
    source = int(found.source[at])
    truth = {
        "stale": "it is live",
        "outlier": f"its price {price_text(float(stack.price[row, at, source]))} is within 1 bp of the index",
    }.get(found.what, "it is not live")
    sentence = f'in {where} the reason given for {run.basket[source].id} is "{found.what}", and {truth}.'
    promised = f"no reason that contradicts the run; the status is {STATUSES[trace.status[at]]}"
    seen = f'index {value_text(trace, at)}, {run.basket[source].id} "{found.what}"'
    return Breach(twin, at, 1.0, sentence, promised, seen, "explained", trace, what=found.what)


PROPERTY = Property(
    id="explanation",
    statement="where a target gives weights and used prices and the status is ok, their sum is the index; no reason contradicts the run",
    check=check,
    needs=("explained",),
    hurt="pyth-observer pull 51: one component's confidence was shown as the aggregate's; exchange-rate-canister pull 322: an inverted venue skewed the"
    " rate unseen",
    occasion="a target that gives weights with prices, or reasons",
    premise="an answer with an explanation",
    measure="the largest relative distance between the sum of weight times used price and the index",
    example="""a says 100, b 100.5, c 101, d 101.5, e 102; a stops at 12:00:20, and the target gives the reason used for every source
12:00:32   index 101.25, a "used"
in the run with faults the reason given for a is "used", and it is not live.
promised: no reason that contradicts the run; the status is ok""",
)
