"""`common-mode`: sources that hang on one thing are one source."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from indexlab.index.determination import OK
from indexlab.market.panel import NEVER_US
from indexlab.properties.bounded import bounded
from indexlab.properties.independence import independent_of
from indexlab.properties.per_twin import PerTwin
from indexlab.properties.property import Breach, Extreme, Occasion, Outcome, Property
from indexlab.properties.run import CLEAN
from indexlab.properties.tell import names, value_text, which
from indexlab.properties.together import together
from indexlab.scenarios.baskets import independent, shared_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.market.source import Basket
    from indexlab.properties.run import Run, Stack

__all__ = ["PROPERTY"]

Groups: TypeAlias = "tuple[tuple[int, ...], ...]"

_ROUNDING = 1e-9
_UNMET = "no fault was in all sources that share a venue or an upstream while enough independent ones were live, and never were too few of those live"


def check(run: Run) -> Outcome:
    """Judge twins with one fault in all that share something by the bound of a single source, and every run by its number of independent live sources."""
    groups = shared_groups(run.basket)
    if not groups:
        return Outcome(1 + len(run.twins), 0, unmet="no sources share a venue or an upstream", by_twin=PerTwin(len(run.twins)).told())
    unbroken = independent_of(run.broken.surely_live & ~run.faulty[:, None, :], groups)
    return together(run, [bounded(run, _premise(run, groups), _UNMET, _subject, unbroken), _quorum(run, groups)], _UNMET)


def _premise(run: Run, groups: Groups) -> NDArray[np.bool_]:
    expect, live = run.expect, run.clean.surely_live[0]
    enough = independent_of(live, groups) >= max(expect.min_sources, 2 * expect.faulty_sources + 1)
    broken_weight = (run.faulty * run.weights) @ live.T.astype(np.float64)
    minority = 2.0 * broken_weight < (live @ run.weights)[None, :] * (1.0 - _ROUNDING)
    shared = np.array([_shared(run, twin, groups) for twin in range(len(run.twins))], dtype=bool).reshape(-1, 1)
    away = ~run.clean.near_limit & ~run.broken.near_limit
    return np.asarray(shared & enough[None, :] & minority & away & run.begun)


def _shared(run: Run, twin: int, groups: Groups) -> bool:
    """Say whether a twin's faults each lie in all sources that share a venue or an upstream, in at most «faulty_sources» groups, more than one source."""
    faulty = sorted(run.twins[twin].faulty)
    if len(faulty) < 2 or independent(run.basket, faulty) > run.expect.faulty_sources:
        return False
    number = run.numbers[twin] if twin < len(run.numbers) else twin
    sharing = _sharing(run.basket, groups)
    return all(set(fault.sources) in sharing for fault in run.batch.twins[number])


def _sharing(basket: Basket, groups: Groups) -> list[set[int]]:
    """Return the sets of sources that have the same venue, the same upstream, or hang together through others."""
    places: dict[tuple[str, str], set[int]] = {}
    for place, source in enumerate(basket):
        places.setdefault(("venue", source.venue), set()).add(place)
        if source.upstream is not None:
            places.setdefault(("upstream", source.upstream), set()).add(place)
    return [*places.values(), *(set(group) for group in groups)]


def _quorum(run: Run, groups: Groups) -> Outcome:
    by_twin, breach = PerTwin(len(run.twins)), None
    met = breached = publications = 0
    for stack, first in ((run.clean, CLEAN), (run.broken, 0)):
        live = independent_of(stack.live, groups)
        below = (live < run.expect.min_sources) & ~stack.near_limit
        heard = below & (stack.age < NEVER_US).any(axis=2)
        called = below & (stack.status == OK)
        publications += int(heard.sum())
        for row in np.flatnonzero((heard | called).any(axis=1)).tolist():
            broke = bool(called[row].any())
            met, breached = met + 1, breached + broke
            by_twin.judged(first + row, 0.0, "called-ok" if broke else "")
            if broke and breach is None:
                breach = _called_ok(run, stack, first + row, row, int(np.argmax(called[row])), int(live[row, np.argmax(called[row])]))
    worst = Extreme(0.0, "ratio", f"{publications} publications of a batch with too few independent sources", CLEAN) if met else None
    return Outcome(1 + len(run.twins), met, breached, breach, worst, _UNMET, by_twin.told())


def _called_ok(run: Run, stack: Stack, twin: int, row: int, at: int, live: int) -> Breach:
    trace, heard = run.trace(twin), np.flatnonzero(stack.live[row, at]).tolist()
    sentence = f"in {which(twin)} the index is called ok with {names(run, heard)} live, which are {live} independent source{'' if live == 1 else 's'}."
    promised = f"never ok below min_sources = {run.expect.min_sources} independent sources"
    seen = f"index {value_text(trace, at)}, {live} independent live"
    return Breach(twin, at, float(live), sentence, promised, seen, "clean twin", run.clean_trace, what="called-ok")


def _subject(run: Run, twin: int) -> str:
    faulty = sorted(run.twins[twin].faulty)
    venues = {run.basket[place].venue for place in faulty}
    upstreams = {run.basket[place].upstream for place in faulty}
    on = f"on {venues.pop()}" if len(venues) == 1 else f"fed by {next(iter(upstreams))}" if len(upstreams) == 1 and None not in upstreams else "one group"
    return f"the same fault in {names(run, faulty)}, all {on},"


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    if any(shared_groups(basket) for basket in occasion.baskets):
        return ""
    if occasion.basket is None and occasion.expect.independence:
        return ""
    return "no two sources share a venue or an upstream"


PROPERTY = Property(
    id="common-mode",
    statement="sources that share a venue or an upstream count as one: the same fault in all of them displaces the index by at most «max_displacement»,"
    " and below «min_sources» independent live sources no determination is ok",
    check=check,
    applies=applies,
    hurt="Binance 2025-10-10: both legs of the wBETH index lay in one exchange's books (https://coinpost.ai/ja/topics/52751); Liqwid 2024-01-10: an"
    " aggregator repeated what one broken interface said",
    occasion="baskets of the plan or a fixture with sources that share something; drawn ones where «independence» is set",
    premise="as for `single-source`, counting groups for sources, with the same fault in all that share a venue or an upstream; or fewer than"
    " «min_sources» groups are live",
    measure="the largest displacement by a fault in a group",
    example="""seven sources that say 100, a and b legs on one exchange; both say 110 from 12:00:20 on, and the target takes the mean
12:00:21   index 102.85714, clean twin 100 (285.7 bp)
the same fault in a and b, all on kraken, moved the index by 285.7 bp.
promised: displacement of at most max_displacement = 1%""",
)
