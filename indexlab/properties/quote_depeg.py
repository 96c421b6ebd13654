"""`quote-depeg`: a currency that loses its peg does not take the index with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.properties.bounded import bounded
from indexlab.properties.premise import enough_sources, single_source_premise
from indexlab.properties.property import Occasion, Outcome, Property
from indexlab.properties.tell import names, summed_up

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexlab.market.source import Basket
    from indexlab.properties.run import Run

__all__ = ["PROPERTY"]

_FAULT = "depeg"
_UNMET = "no quote currency of the basket lost its peg in all sources that use it while enough sources were live"


def check(run: Run) -> Outcome:
    """Hold every twin in which nothing happened but that a currency lost its peg against the range of the clean index."""
    lost = np.array([_lost(run, twin) for twin in range(len(run.twins))], dtype=bool).reshape(-1, 1)
    if not lost.any():
        nothing = np.zeros((len(run.twins), len(run.times)), dtype=bool)
        return summed_up(run, nothing, nothing, None, None, _UNMET)
    told = np.array([_told(run, twin) for twin in range(len(run.twins))], dtype=bool).reshape(-1, 1)
    live = run.broken.counted(run.broken.surely_live)
    premise = lost & np.where(told, _told_premise(run, live), single_source_premise(run))
    # who is told the rate has lost nobody: a source whose currency it can convert is not a broken one
    return bounded(run, premise, _UNMET, _subject, np.where(told, live, run.unbroken_live))


def _lost(run: Run, twin: int) -> bool:
    broken = run.twins[twin]
    quotes = _currencies(run, twin)
    users = frozenset(place for place, source in enumerate(run.basket) if source.quote in quotes)
    return _mixes(run.basket) and bool(broken.faults) and all(fault == _FAULT for fault in broken.faults) and users == broken.faulty


def _told(run: Run, twin: int) -> bool:
    rates = run.twin_rates[twin] if run.twin_rates else None
    return rates is not None and _currencies(run, twin) <= set(rates)


def _currencies(run: Run, twin: int) -> set[str]:
    return {run.basket[place].quote for place in run.twins[twin].faulty}


def _told_premise(run: Run, live: NDArray[np.int64]) -> NDArray[np.bool_]:
    enough = (run.clean.counted(run.clean.surely_live) >= run.expect.min_sources) & (live >= run.expect.min_sources)
    return np.asarray(enough & run.begun & ~run.clean.near_limit & ~run.broken.near_limit)


def _subject(run: Run, twin: int) -> str:
    currencies = " and ".join(sorted(_currencies(run, twin)))
    told = f" (the target was told what {currencies} is worth)" if _told(run, twin) else ""
    return f"the loss of peg of {currencies} in {names(run, run.twins[twin].faulty)}{told}"


def _mixes(basket: Basket) -> bool:
    return len({source.quote for source in basket}) > 1


def applies(occasion: Occasion) -> str:
    """Say why the property does not apply, or ""."""
    if not any(_mixes(basket) for basket in occasion.baskets) and (occasion.basket is not None or not occasion.converts):
        return "one quote currency in every basket"
    return enough_sources(occasion)


PROPERTY = Property(
    id="quote-depeg",
    statement="the loss of peg of a quote currency that only «faulty_sources» sources use displaces the index by at most «max_displacement», and, where rates"
    " are given, that of any",
    check=check,
    applies=applies,
    hurt="Binance 2025-10-10: USDe stood at 0.65 there and near par elsewhere, collateral priced by it was liquidated, about 283 million USD were paid"
    " back (https://coinheadlines.com/news/binance-compensates-users-for-depegged-tokens)",
    occasion="baskets that mix quote currencies",
    premise="as for `single-source`, with no fault but a loss of peg in all sources of a currency; where the target is told that currency's rate,"
    " for any number of them while «min_sources» are live",
    measure="the largest displacement by a loss of peg",
    example="""five sources of which c quotes in USDT, taken as dollars; at 12:00:20 USDT loses its peg, and c says 110 for 100
12:00:21   index 102, clean twin 100 (200.0 bp)
the loss of peg of USDT in c moved the index by 200.0 bp.
promised: displacement of at most max_displacement = 1%""",
)
