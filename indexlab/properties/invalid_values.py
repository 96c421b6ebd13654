"""`invalid-values`: what is no price is handled as if it had not come, or as absence, and always the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.tell import names, price_text, say
from indexlab.properties.words import apart, since_when

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run, Trace

__all__ = ["PROPERTY", "WAYS"]

WAYS = ("removed", "absent-while-invalid", "price-alone", "book-alone")
"""As if it had not come; as if the source were absent until its next valid observation; the price alone beside a bad book; the book alone
beside a bad price."""


class _Way(NamedTuple):
    kind: str
    expected: NDArray[np.float64]
    breaches: NDArray[np.bool_]
    moved: NDArray[np.float64]
    trace: Trace


def check(run: Run) -> Outcome:
    """Hold every twin with invalid observations against each way; one of them must fit throughout the run."""
    kinds: dict[int, dict[str, Trace]] = {}
    for kind in ("removed", "absent", "price-alone", "book-alone"):
        for variation in run.of_kind(kind):
            kinds.setdefault(variation.twin, {})[kind] = variation.trace
    met = breached = 0
    first, worst, worst_twin = None, 0.0, 0
    for twin, traces in sorted(kinds.items()):
        invalid = run.broken.invalid_now[twin] & run.faulty[twin][None, :]
        enough = run.unbroken_live[twin] >= run.expect.min_sources
        # where several sources are invalid in turn no run stands for their absence: such a twin is not judged
        if "removed" not in traces or not invalid.any() or not _all_or_none(invalid, run.faulty[twin]):
            continue
        met += 1
        ways = _ways(run, twin, traces, invalid, enough)
        best = min(ways, key=lambda way: (bool(way.breaches.any()), float(way.moved.max())))
        if float(best.moved.max()) > worst:
            worst, worst_twin = float(best.moved.max()), twin
        if all(way.breaches.any() for way in ways):
            breached += 1
            first = first or _breach(run, twin, best)
    text = f"{worst * 1e4:,.1f} bp from the nearest way of handling it".replace(",", " ")
    return Outcome(
        len(run.twins),
        met,
        breached,
        first,
        Extreme(worst, "ratio", text, worst_twin) if met else None,
        "no faulty source said anything invalid",
    )


def _ways(run: Run, twin: int, traces: dict[str, Trace], invalid: NDArray[np.bool_], enough: NDArray[np.bool_]) -> list[_Way]:
    ways = [_exact(run, twin, kind, traces[kind], enough) for kind in ("removed", "price-alone", "book-alone") if kind in traces]
    if "absent" in traces:
        ways.append(_absent(run, twin, traces, np.asarray(invalid.any(axis=1))))
    return ways


def _all_or_none(invalid: NDArray[np.bool_], faulty: NDArray[np.bool_]) -> bool:
    # the absent run leaves out all faulty sources together, so it can stand in only where they are invalid together
    count = invalid.sum(axis=1)
    return bool(np.all((count == 0) | (count == faulty.sum())))


def _exact(run: Run, twin: int, kind: str, trace: Trace, enough: NDArray[np.bool_]) -> _Way:
    expected = np.where(trace.missing, np.nan, trace.value)
    value = run.broken.value[twin]
    breaches = apart(value, expected, run.expect) | (enough & (np.isnan(value) != np.isnan(expected)))
    return _Way(kind, expected, breaches, _moved(value, expected), trace)


def _absent(run: Run, twin: int, traces: dict[str, Trace], out: NDArray[np.bool_]) -> _Way:
    removed, absent = traces["removed"], traces["absent"]
    expected = np.where(out, np.where(absent.missing, np.nan, absent.value), np.where(removed.missing, np.nan, removed.value))
    value = run.broken.value[twin]
    # a target with memory gets there within «max_recovery» of each change of its basket, and stays within «max_displacement» meanwhile
    settled = np.where(out, since_when(run.times, out), since_when(run.times, ~out)) >= run.expect.max_recovery
    settled |= ~np.logical_or.accumulate(out)
    moved = _moved(value, expected)
    missing = np.isnan(value) != np.isnan(expected)
    # too few others: then this way says that there is no value, and a value is handled in another way
    breaches = missing | (moved > run.expect.max_displacement) | (settled & apart(value, expected, run.expect))
    return _Way("absent", expected, breaches, moved, absent)


def _moved(value: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(np.nan_to_num(np.abs(value / expected - 1.0), posinf=np.inf))


def _breach(run: Run, twin: int, way: _Way) -> Breach:
    at = int(np.argmax(way.breaches))
    panel, trace = run.broken.panels[twin], run.broken_traces[twin]
    said = [position for position in sorted(run.twins[twin].faulty) if run.broken.invalid_now[twin, at, position]]
    who = names(run, run.twins[twin].faulty)
    last = panel.latest[at, said[0]] if said else -1
    price = "null" if last >= 0 and np.isnan(trace.quotes.price[last]) else price_text(float(trace.quotes.price[last])) if last >= 0 else ""
    what = f"{who} said {price}, which is no price, and it" if price else f"an invalid observation of {who}"
    reference = "without the invalid" if way.kind != "absent" else f"{who} absent"
    sentence = f"{what} changed the index."
    seen = say(trace, way.trace, at, reference)
    return Breach(
        twin, at, float(way.moved[at]), sentence, "as if it had not come, or as if the source were absent, the same way throughout", seen, reference, way.trace
    )


PROPERTY = Property(
    id="invalid-values",
    statement="null, zero or negative prices, a crossed book, an empty side are handled as if they had not come or as absence, the same way throughout a run",
    check=check,
    needs=("removed", "absent", "price-alone", "book-alone"),
    hurt="Paradex 2026-01-19: a price of 0 after a migration liquidated accounts within seconds (https://becausebitcoin.com/post/paradex-zero-btc-migration-bug-chain-rollback)",
)
