"""Every preset beside binance-2020, and short runs beside a long one."""

from __future__ import annotations

from benchmarks import market
from benchmarks.ours import BINANCE, from_quotes, on_panel
from indexlab.index import engine
from indexlab.index.catalogue import preset, preset_names

APART = {"order-book", "votes", "partitions"}
RUNS, LENGTH = 4_096, 60


def bench_presets(side_by_side, book):
    """The compiled loop for each preset on one market, with what each needs made up; what reads books, votes or trades is stated apart."""
    rows, sources = book.size(100_000), 8
    quotes, times, basket = market.quotes(market.panel(rows, sources)), market.times(rows), market.basket(sources)
    declared = {name: preset(name) for name in preset_names()}
    seconds = side_by_side(7, **{name: from_quotes(declaration, basket, quotes, times) for name, declaration in declared.items()})
    base = min(seconds["binance-2020"]) / rows * 1e9
    ratios = {}
    for name, declaration in declared.items():
        rule = declaration.aggregation.rule
        ratios[name] = book.row(f"preset {name}", seconds[name], rows=rows, sources=sources, beside=rule if rule in APART else "") / base
    book.others["presets"] = {name: round(ratio, 3) for name, ratio in ratios.items()}
    book.ratio("worst_preset_over_binance_2020", max(ratio for name, ratio in ratios.items() if declared[name].aggregation.rule not in APART))


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
    short_kernel = book.row(f"{runs:,} short runs, the kernel", seconds["short_kernel"], rows=rows, sources=8)
    long_ns = book.row("one long run, from quotes", seconds["long"], rows=rows, sources=8)
    short_ns = book.row(f"{runs:,} short runs, from quotes", seconds["short"], rows=rows, sources=8)
    book.ratio("short_runs_over_long", short_ns / long_ns)
    book.beside(short_runs_over_long_kernel_alone=short_kernel / long_kernel)
