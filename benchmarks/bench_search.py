"""What a person waits for: rows determined and twins judged a second. Figures to look at; nothing is asserted about time."""

from __future__ import annotations

from indexlab.audit.judge import Judge
from indexlab.audit.sweep import STEPS
from indexlab.audit.work import Job, Unit, do_unit
from indexlab.audit.workers import Workers
from indexlab.index import engine, reference
from indexlab.index.catalogue import preset
from indexlab.market.synthetic import synthesise
from indexlab.properties.registry import find_property, properties
from indexlab.scenarios.baskets import drawn_basket
from indexlab.scenarios.expect import Expect
from indexlab.scenarios.grids import Point, factors, twin
from indexlab.scenarios.recipes import World
from indexlab.scenarios.scenario import Batch, Scenario
from indexlab.scenarios.shapes import market_for
from indexlab.targets.resolve import open_target

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


def bench_swept_twins(side_by_side, book):
    """A batch of a sweep, end to end: faults, index and a rack of 64 accounts over 8 sources and 60 publications, held against both control properties."""
    target = open_target("preset:plain-median")
    market = market_for(Expect(), "calm", 60, seed=3)
    count = book.size(1_000)
    points = [Point(k % SOURCES, factors()[k % len(factors())], 20 * market.interval, 40 * market.interval) for k in range(count)]
    batch = Batch(Scenario(sources=drawn_basket(SOURCES, 1), market=market), tuple(twin(point, market.start) for point in points))
    judge = Judge(target, target.describe(), Expect(), tuple(find_property(name) for name in ("single-source", "margin-stability")))
    seconds = side_by_side(15, judged=lambda: judge.judge(batch, 0, 0))
    assert judge.judge(batch, 0, 0).properties["margin-stability"].premise_met == count
    best = book.row("twins of a sweep: faults, index, rack and judgement, each", seconds["judged"], rows=count, sources=SOURCES)
    book.others["twins_a_second_and_core"] = round(1e9 / best)


def bench_search_on_two_cores(side_by_side, book):
    """Sixteen sweeps on one worker process and on two, the processes started beforehand."""
    names = tuple(prop.id for prop in properties())
    job = Job("preset:binance-2020", "bench", "", ("price",), ("index",), World(Expect(), None, book=False, twins=24), names, 0, sparing=False)
    units = [Unit("sweep", 0, 1, STEPS * place) for place in range(book.size(16, least=4))]
    pools = {"one": Workers(1), "two": Workers(2)}

    def done(pool):
        return sum(part.scenarios for part in pool.in_order(do_unit, job, units, stop=lambda: False, hurry=lambda: False))

    try:
        seconds = side_by_side(5, **{name: (lambda pool=pool: done(pool)) for name, pool in pools.items()})
        one = book.row("sweeps on one core", seconds["one"], rows=done(pools["one"]))
        two = book.row("sweeps on two cores", seconds["two"], rows=done(pools["two"]))
    finally:
        for pool in pools.values():
            pool.close(at_once=True)
    book.others["search_two_cores_speedup"] = round(one / two, 3)


def bench_twins_judged(side_by_side, book):
    """Four batches of 24 twins, all properties, in this process."""
    names = tuple(prop.id for prop in properties())
    job = Job("preset:binance-2020", "bench", "", ("price",), ("index",), World(Expect(), None, book=False, twins=24), names, 0, sparing=False)
    seconds = side_by_side(5, judged=lambda: do_unit(job, Unit("built-in", 0, 4, 0)))
    tally = do_unit(job, Unit("built-in", 0, 4, 0))
    assert tally.scenarios == 4 * 25
    book.row("twins judged by all properties, each", seconds["judged"], rows=tally.scenarios)
