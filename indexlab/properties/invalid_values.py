"""`invalid-values`: what is no price is handled as if it had not come, or as absence, and always the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexlab.index.determination import Determinations
from indexlab.market.quotes import MAX_AHEAD_US
from indexlab.properties.per_twin import PerTwin, what_happened
from indexlab.properties.property import Breach, Extreme, Outcome, Property
from indexlab.properties.run import Trace
from indexlab.properties.tell import names, price_text, say
from indexlab.properties.words import apart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.properties.run import Run

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


def check(run: Run, where: NDArray[np.bool_] | None = None) -> Outcome:
    """Hold every twin with invalid observations against each way; one of them must fit throughout the run, or `where` [runs, times] says."""
    met = breached = 0
    first, worst, worst_twin = None, 0.0, 0
    by_twin = PerTwin(len(run.twins))
    for twin, (traces, some) in sorted(_told(run).items()):
        invalid = run.broken.invalid_now[twin] & run.faulty[twin][None, :]
        without = _without(invalid, run.faulty[twin], traces, some)
        judged = invalid if where is None else invalid & where[twin][:, None]
        if "removed" not in traces or not judged.any() or without is None or _ahead(run, twin):
            continue
        met += 1
        enough = run.unbroken_live[twin] >= run.expect.min_sources
        ways = [_exact(run, twin, kind, traces[kind], enough) for kind in ("removed", "price-alone", "book-alone") if kind in traces]
        ways += [_absent(run, twin, traces["removed"], invalid, without)] if without else []
        if where is not None:
            ways = [way._replace(breaches=way.breaches & where[twin], moved=np.where(where[twin], way.moved, 0.0)) for way in ways]
        best = min(ways, key=lambda way: (bool(way.breaches.any()), float(way.moved.max())))
        size, what = float(best.moved.max()), ""
        if size > worst:
            worst, worst_twin = size, twin
        if all(way.breaches.any() for way in ways):
            breached += 1
            at = int(np.argmax(best.breaches))
            what = what_happened(run, twin, at, reference_missing=bool(np.isnan(best.expected[at])))
            first = first or _breach(run, twin, at, best, what)
        by_twin.judged(twin, size, what)
    text = f"{worst * 1e4:,.1f} bp from the nearest way of handling it".replace(",", " ")
    extreme = Extreme(worst, "ratio", text, worst_twin) if met else None
    return Outcome(len(run.twins), met, breached, first, extreme, "no faulty source said anything invalid", by_twin.told())


def _told(run: Run) -> dict[int, tuple[dict[str, Trace], dict[frozenset[int], Trace]]]:
    """Return for each twin its variations by kind, and those in which some of its faulty sources are absent by which."""
    told: dict[int, tuple[dict[str, Trace], dict[frozenset[int], Trace]]] = {}
    for kind in ("removed", "absent", "price-alone", "book-alone"):
        for variation in run.of_kind(kind):
            told.setdefault(variation.twin, ({}, {}))[0][kind] = variation.trace
    for variation in run.of_kind("absent-some"):
        told.setdefault(variation.twin, ({}, {}))[1][variation.sources] = variation.trace
    return told


def _without(
    invalid: NDArray[np.bool_], faulty: NDArray[np.bool_], traces: dict[str, Trace], some: dict[frozenset[int], Trace]
) -> list[tuple[NDArray[np.bool_], Trace]] | None:
    """Return where which sources are invalid together, with the run in which exactly these are absent; None where one such run was not asked for.

    Sources that are invalid in turn need a run each; where all are invalid together or none is, the run without any of them will do.
    """
    patterns = patterns_of(invalid)
    found: list[tuple[NDArray[np.bool_], Trace]] = []
    for pattern in patterns[patterns.any(axis=1)]:
        together = frozenset(np.flatnonzero(pattern).tolist())
        trace = some.get(together, traces.get("absent") if bool((pattern == faulty).all()) else None)
        if trace is None:
            return [] if bool((pattern == faulty).all()) and len(patterns) <= 2 else None
        found.append(((invalid == pattern).all(axis=1), trace))
    return found


def patterns_of(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the different rows of [times, sources], in the order in which they first come: as a rule they are few, and most rows repeat the one before."""
    changed = np.append(np.ones(min(len(flags), 1), dtype=np.bool_), (flags[1:] != flags[:-1]).any(axis=1))
    first = {row.tobytes(): row for row in flags[changed][::-1]}
    return np.array(list(first.values())[::-1], dtype=np.bool_).reshape(-1, flags.shape[1])


def _ahead(run: Run, twin: int) -> bool:
    # what is invalid for its event time alone is no matter of prices: `future-time` judges it
    quotes = run.broken_traces[twin].quotes
    return bool((quotes.event_time - quotes.receive_time > MAX_AHEAD_US).any())


def _exact(run: Run, twin: int, kind: str, trace: Trace, enough: NDArray[np.bool_]) -> _Way:
    expected = np.where(trace.missing, np.nan, trace.value)
    value = run.broken.value[twin]
    breaches = apart(value, expected, run.expect) | (enough & (np.isnan(value) != np.isnan(expected)))
    return _Way(kind, expected, breaches, _moved(value, expected), trace)


def _absent(run: Run, twin: int, removed: Trace, invalid: NDArray[np.bool_], without: list[tuple[NDArray[np.bool_], Trace]]) -> _Way:
    value, status = np.where(removed.missing, np.nan, removed.value), removed.status.copy()
    for where, absent in without:
        value = np.where(where, np.where(absent.missing, np.nan, absent.value), value)
        status = np.where(where, absent.status, status).astype(np.int8)
    # a target with memory gets there within «max_recovery» of each change of its basket, and stays within «max_displacement» meanwhile
    changed = np.append(invalid[:1].any(axis=1), (invalid[1:] != invalid[:-1]).any(axis=1))
    last = np.maximum.accumulate(np.where(changed, np.arange(len(changed)), -1))
    settled = (last < 0) | (run.times - run.times[np.maximum(last, 0)] >= run.expect.max_recovery)
    mine = run.broken.value[twin]
    moved = _moved(mine, value)
    missing = np.isnan(mine) != np.isnan(value)
    # too few others: then this way says that there is no value, and a value is handled in another way
    breaches = missing | (moved > run.expect.max_displacement) | (settled & apart(mine, value, run.expect))
    return _Way("absent", value, breaches, moved, Trace(removed.quotes, Determinations(value, status)))


def _moved(value: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(np.nan_to_num(np.abs(value / expected - 1.0), posinf=np.inf))


def _breach(run: Run, twin: int, at: int, way: _Way, what: str) -> Breach:
    panel, trace = run.broken.panels[twin], run.broken_traces[twin]
    said = [position for position in sorted(run.twins[twin].faulty) if run.broken.invalid_now[twin, at, position]]
    who = names(run, run.twins[twin].faulty)
    last = panel.latest[at, said[0]] if said else -1
    price = "null" if last >= 0 and np.isnan(trace.quotes.price[last]) else price_text(float(trace.quotes.price[last])) if last >= 0 else ""
    subject = f"{who} said {price}, which is no price, and it" if price else f"an invalid observation of {who}"
    reference = "without the invalid" if way.kind != "absent" else f"{who} absent"
    sentence = f"{subject} changed the index."
    seen = say(trace, way.trace, at, reference)
    promised = "as if it had not come, or as if the source were absent, the same way throughout"
    return Breach(twin, at, float(way.moved[at]), sentence, promised, seen, reference, way.trace, what=what)


PROPERTY = Property(
    id="invalid-values",
    statement="null, zero or negative prices, a crossed book, an empty side are handled as if they had not come or as absence, the same way throughout a run",
    check=check,
    needs=("removed", "absent", "absent-some", "price-alone", "book-alone"),
    hurt="Paradex 2026-01-19: a price of 0 after a migration liquidated accounts within seconds (https://becausebitcoin.com/post/paradex-zero-btc-migration-bug-chain-rollback)",
    premise="a faulty source said something invalid, and of every set that was invalid at once a run without it was asked for",
    measure="the largest relative distance from the nearest way of handling it",
    example="""five sources that say 100; a says 0 from 12:00:20 on, and the target takes the mean of all
12:00:21   index 80, without the invalid 100 (20.0 %)
a said 0, which is no price, and it changed the index.
promised: as if it had not come, or as if the source were absent, the same way throughout""",
)
