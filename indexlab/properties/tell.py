"""How findings say things: names of sources, prices, statuses, how far apart; and what most checks share when they report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from indexlab.index.determination import STATUSES
from indexlab.market.units import format_bp, format_duration
from indexlab.properties.property import ByTwin, Extreme, Outcome
from indexlab.properties.run import CLEAN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from indexlab.margin.account import Account
    from indexlab.properties.property import Breach
    from indexlab.properties.run import Run, Trace

__all__ = ["distance", "first_breach", "is_or_are", "names", "price_text", "say", "sided", "since_text", "summed_up", "value_text", "worst_of"]


def names(run: Run, positions: Iterable[int]) -> str:
    """Return the ids of sources as a person lists them."""
    ids = [run.basket[position].id for position in sorted(positions)]
    if len(ids) <= 1:
        return "".join(ids) or "no source"
    return f"{', '.join(ids[:-1])} and {ids[-1]}" if len(ids) <= 4 else f"{', '.join(ids[:3])} and {len(ids) - 3} more"


def is_or_are(positions: Iterable[int], one: str, many: str) -> str:
    """Return the verb that fits the number."""
    return one if len(list(positions)) == 1 else many


def price_text(value: float) -> str:
    """Return a price with the digits it deserves: 63933.7, 0.000123457, 1e+300."""
    if math.isnan(value):
        return "none"
    size = abs(value)
    if size != 0 and (size >= 1e9 or size < 1e-6):
        return f"{value:.6g}"
    digits = 2 if size >= 1000 else 8 - len(str(int(size)))
    text = f"{value:,.{digits}f}".replace(",", " ")
    return text.rstrip("0").rstrip(".") if "." in text else text


def value_text(trace: Trace, at: int) -> str:
    """Return the index at a publication, or the status that stands in for it."""
    status = STATUSES[trace.status[at]]
    if trace.missing[at]:
        return status if math.isnan(trace.value[at]) else f"{price_text(float(trace.value[at]))} ({status})"
    return price_text(float(trace.value[at])) + ("" if status == "ok" else f" ({status})")


def distance(one: float, other: float) -> str:
    """Return how far one value is from another."""
    if math.isnan(one) or math.isnan(other):
        return "no value"
    return format_bp(abs(one / other - 1)) if other else "without bound"


def say(trace: Trace, other: Trace, at: int, reference: str) -> str:
    """Return `index 63 933.7, with kraken absent 63 850.0 (13.1 bp)`."""
    gap = "" if trace.missing[at] or other.missing[at] else f" ({distance(float(trace.value[at]), float(other.value[at]))})"
    return f"index {value_text(trace, at)}, {reference} {value_text(other, at)}{gap}"


def sided(account: Account) -> str:
    """Return "a long account" or "a short account", and of one with several positions its name."""
    if account.mode != "isolated":
        return f"the {account.mode} account {account.id}"
    return f"a {'long' if account.size > 0 else 'short'} account"


def since_text(run: Run, at: int, moment: int) -> str:
    """Return how long before a publication something was, in whole units."""
    span = int(run.times[at]) - moment
    return format_duration(round(span / 1_000_000) * 1_000_000 if span >= 1_000_000 else span)


def first_breach(breaches: NDArray[np.bool_]) -> tuple[int, int] | None:
    """Return (run, publication) of the first breach of [runs, times] in the first run that has one."""
    hit = np.flatnonzero(breaches.any(axis=1))
    if not len(hit):
        return None
    run = int(hit[0])
    return run, int(np.argmax(breaches[run]))


def worst_of(values: NDArray[np.float64], premise: NDArray[np.bool_], unit: str, what: str) -> Extreme | None:
    """Return the largest value of [runs, times] where the premise held, as text; None where it never held."""
    if not premise.any():
        return None
    seen = np.where(premise, np.nan_to_num(values, nan=0.0, posinf=np.inf), -1.0)
    run, at = np.unravel_index(int(np.argmax(seen)), seen.shape)
    value = float(seen[run, at])
    return Extreme(value, unit, f"{format_bp(value)} {what}", int(run))


def summed_up(
    run: Run,
    premise: NDArray[np.bool_],
    breaches: NDArray[np.bool_],
    breach: Breach | None,
    worst: Extreme | None,
    unmet: str,
    sizes: NDArray[np.float64] | None = None,
    what: Callable[[int, int], str] | None = None,
) -> Outcome:
    """Return the outcome of a check over the broken twins, [runs, times].

    `sizes` [runs, times] are what was measured; `what(twin, at)` gives one word for a twin's first breach, where a check tells breaches apart.
    """
    met, broken = np.asarray(premise.any(axis=1)), np.asarray(breaches.any(axis=1))
    size = np.zeros(len(met)) if sizes is None else np.where(premise, np.nan_to_num(sizes, nan=0.0, posinf=np.inf), 0.0).max(axis=1, initial=0.0)
    words = None if what is None else tuple(what(twin, int(np.argmax(breaches[twin]))) if broken[twin] else "" for twin in range(len(met)))
    return Outcome(len(run.twins), int(met.sum()), int(broken.sum()), breach, worst, unmet, ByTwin(met, broken, size, words))


def which(twin: int) -> str:
    """Return how a twin is spoken of."""
    return "the clean run" if twin == CLEAN else "the run with faults"
