"""What a person waits for: rows determined and twins judged a second. Figures to look at; nothing is asserted about time."""

from __future__ import annotations

from indexlab.audit.work import Job, Unit, do_unit
from indexlab.index import engine, reference
from indexlab.index.catalogue import preset
from indexlab.market.synthetic import synthesise
from indexlab.properties.registry import properties
from indexlab.scenarios.baskets import drawn_basket
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.recipes import World
from indexlab.scenarios.shapes import market_for

SOURCES = 8


def _run(publications: int):
    market = market_for(Expect(), "volatile", publications, seed=1)
    return drawn_basket(SOURCES, 1), synthesise(market, SOURCES), market.times()


def bench_engine_rows(side_by_side, book):
    """100 000 publications of binance-2020 over eight sources, from quotes to determinations with weights and reasons."""
    basket, quotes, times = _run(book.size(100_000))
    seconds = side_by_side(7, engine=lambda: engine.determine(preset("binance-2020"), basket, quotes, times))
    book.row("the engine, from quotes (synthetic market)", seconds["engine"], rows=len(times), sources=SOURCES)


def bench_reference_rows(side_by_side, book):
    """300 publications of the same by the textbook, in exact arithmetic."""
    basket, quotes, times = _run(300)
    seconds = side_by_side(5, reference=lambda: reference.determine(preset("binance-2020"), basket, quotes, times))
    book.row("the textbook, exact (synthetic market)", seconds["reference"], rows=len(times), sources=SOURCES)


def bench_twins_judged(side_by_side, book):
    """Four batches of 24 twins, all properties, in this process."""
    names = tuple(prop.id for prop in properties())
    job = Job("preset:binance-2020", "bench", "", ("price",), ("index",), World(Expect(), None, book=False, twins=24), names, 0, sparing=False)
    seconds = side_by_side(5, judged=lambda: do_unit(job, Unit("built-in", 0, 4, 0)))
    tally = do_unit(job, Unit("built-in", 0, 4, 0))
    assert tally.scenarios == 4 * 25
    book.row("twins judged by all properties, each", seconds["judged"], rows=tally.scenarios)
