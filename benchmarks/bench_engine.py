"""Every preset beside binance-2020, and short runs beside a long one."""

from __future__ import annotations

from msgspec import structs

from benchmarks import market
from benchmarks.ours import BINANCE, from_quotes, on_panel
from indexlab.index import engine
from indexlab.index.catalogue import preset, preset_names
from indexlab.index.rules import Own

APART = {"order-book", "votes", "partitions"}
RUNS, LENGTH = 4_096, 60


def _prepared(declaration, quotes, times, sources):
    """The compiled loop for one preset; where it asks for the venue's own price, the last source is that."""
    rule, quorum, guard = declaration.outlier, declaration.quorum, declaration.guard
    asks_own = "own" in {rule.rule, rule.reference, quorum.below} or guard.own_band > 0
    if asks_own:
        declaration = structs.replace(declaration, own=Own("own"))
    return from_quotes(declaration, market.basket(sources, "own" if asks_own else ""), quotes if asks_own else quotes.without_sources([sources]), times)


def bench_presets(side_by_side, book):
    """The compiled loop for each preset on one market, with what each needs made up; what reads books, votes or trades is stated apart, on fewer rows."""
    sources, rows = 8, {False: book.size(20_000), True: book.size(2_000)}
    panel = market.panel(rows[False], sources + 1)
    market_of = {few: (market.rich(market.quotes(market.Panel(*(array[:count] for array in panel)))), market.times(count)) for few, count in rows.items()}
    declared = {name: preset(name) for name in preset_names()}
    apart = {name for name, declaration in declared.items() if declaration.aggregation.rule in APART}
    seconds = side_by_side(9, **{name: _prepared(declaration, *market_of[name in apart], sources) for name, declaration in declared.items()})
    base = book.row(f"preset {BINANCE.methodology.id}", seconds[BINANCE.methodology.id], rows=rows[False], sources=sources)
    ratios = {name: min(taken) * 1e9 / rows[name in apart] / base for name, taken in seconds.items()}
    for name in sorted(ratios.keys() - {BINANCE.methodology.id}, key=ratios.__getitem__):
        said = f"{declared[name].aggregation.rule}, stated apart" if name in apart else ""
        book.row(f"preset {name}", seconds[name], rows=rows[name in apart], sources=sources, against=(base, BINANCE.methodology.id), beside=said)
    book.others["presets"] = {name: round(ratio, 3) for name, ratio in sorted(ratios.items())}
    book.ratio("worst_preset_over_binance_2020", max(ratio for name, ratio in ratios.items() if name not in apart))


def bench_short_runs(side_by_side, book):
    """4 096 runs of 60 publications beside one run of as many: the compiled loop, and the whole way from quotes to determinations."""
    runs = book.size(RUNS)
    rows = runs * LENGTH
    panel, basket = market.panel(rows), market.basket(8)
    long, times = market.quotes(panel), market.times(rows)
    pieces = [market.quotes(market.Panel(*(array[first : first + LENGTH] for array in panel))) for first in range(0, rows, LENGTH)]
    seconds = side_by_side(
        7,
        long_kernel=on_panel(panel),
        short_kernel=on_panel(panel, runs=runs),
        long=lambda: engine.determine(BINANCE, basket, long, times),
        short=lambda: engine.determine_batch(BINANCE, basket, pieces, times[:LENGTH], detail=True),
    )
    long_kernel = book.row("one long run, the kernel", seconds["long_kernel"], rows=rows, sources=8)
    short_kernel = book.row(f"{runs:,} short runs, the kernel", seconds["short_kernel"], rows=rows, sources=8, against=(long_kernel, "the long run"))
    long_ns = book.row("one long run, from quotes", seconds["long"], rows=rows, sources=8)
    short_ns = book.row(f"{runs:,} short runs, from quotes", seconds["short"], rows=rows, sources=8, against=(long_ns, "the long run"))
    book.ratio("short_runs_over_long", short_kernel / long_kernel)
    book.beside(short_runs_over_long_from_quotes=short_ns / long_ns)
