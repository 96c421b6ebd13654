"""The compiled loop beside plain C, plain Python and polars: the same rules (binance-2020), the same arrays, the same results, one core each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from benchmarks import expressions, limit, market, plain
from benchmarks.ours import Call, on_panel

MILLION = 1_000_000


def _assert_same(found, expected):
    """Statuses and reasons are equal, numbers to 1e-12."""
    for one, other in zip(found, expected, strict=True):
        if other.dtype == np.int8:
            np.testing.assert_array_equal(one, other)
        else:
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def bench_beside_c(side_by_side, book, tmp_path):
    """A million rows beside limit.c; and what a sort without branches would make of that, for eight sources."""
    rows, sources = book.size(MILLION), 8
    panel, given = market.panel(rows, sources), market.weights(sources)
    kernel = on_panel(panel)
    if limit.compiler() is None:
        book.notes.append("no C compiler (cc) was found: nothing was measured beside limit.c")
        book.ratio("kernel_over_c", None)
        book.row("the kernel", side_by_side(9, kernel=kernel)["kernel"], rows=rows, sources=sources)
        return
    outs = [tuple(np.empty_like(array) for array in kernel.out) for _ in range(2)]
    libraries = [limit.built(tmp_path), limit.built(tmp_path, "NETWORK")]
    loops = [lambda library=library, out=out: limit.call(library, given, panel, out) for library, out in zip(libraries, outs, strict=True)]
    seconds = side_by_side(9, kernel=kernel, c=loops[0], network=loops[1])
    for out in outs:
        _assert_same(kernel.out, out)
    c_ns = book.row("limit.c, sorts by insertion", seconds["c"], rows=rows, sources=sources)
    network_ns = book.row("limit.c, sorts by a network for eight", seconds["network"], rows=rows, sources=sources, against=(c_ns, "limit.c"))
    kernel_ns = book.row("the kernel", seconds["kernel"], rows=rows, sources=sources, against=(c_ns, "limit.c"))
    book.ratio("kernel_over_c", kernel_ns / c_ns)
    book.beside(kernel_over_c_with_network=kernel_ns / network_ns)


def bench_beside_plain_python(side_by_side, book):
    """100 000 rows beside the textbook rule in plain floats."""
    rows, sources = book.size(100_000), 8
    panel, given = market.panel(rows, sources), market.weights(sources)
    kernel, lists = on_panel(panel), (given.tolist(), *(array.tolist() for array in panel))
    seconds = side_by_side(5, kernel=kernel, plain=lambda: plain.determine(*lists))
    _assert_same([np.array(column) for column in plain.determine(*lists)], kernel.out)
    kernel_ns = book.row("the kernel", seconds["kernel"], rows=rows, sources=sources)
    plain_ns = book.row("plain Python", seconds["plain"], rows=rows, sources=sources, against=(kernel_ns, "the kernel"))
    book.ratio("plain_over_kernel", plain_ns / kernel_ns)


def bench_beside_polars(side_by_side, book):
    """200 000 rows beside polars expressions: that for any number of sources (the ratio), and one written out for exactly eight, a sorting network."""
    rows, sources = book.size(200_000), 8
    panel, given = market.panel(rows, sources), market.weights(sources).tolist()
    wide, kernel = expressions.frame(panel), on_panel(panel)
    ways = {"network": expressions.ranked_by_network, "lists": expressions.ranked_by_list}
    seconds = side_by_side(5, kernel=kernel, **{name: lambda way=way: expressions.determine(given, wide, way) for name, way in ways.items()})
    for way in ways.values():
        _assert_same(expressions.arrays(expressions.determine(given, wide, way), sources), kernel.out)
    kernel_ns = book.row("the kernel", seconds["kernel"], rows=rows, sources=sources)
    stated = {"rows": rows, "sources": sources, "against": (kernel_ns, "the kernel"), "beside": f"{expressions.cores()} thread"}
    network_ns = book.row("polars, sorts by a network for eight", seconds["network"], **stated)
    lists_ns = book.row("polars, sorts lists", seconds["lists"], **stated)
    book.ratio("polars_over_kernel", lists_ns / kernel_ns)
    book.beside(polars_network_for_eight_over_kernel=network_ns / kernel_ns)


@pytest.mark.parametrize("sources", [4, 8, 16, 32, 64])
def bench_sources(side_by_side, book, sources):
    rows = book.size(200_000)
    book.row("the kernel, by sources", side_by_side(5, kernel=on_panel(market.panel(rows, sources)))["kernel"], rows=rows, sources=sources)


@pytest.mark.parametrize("rows", [10_000, 100_000, MILLION, 10 * MILLION])
def bench_rows(side_by_side, book, rows):
    """Ten million rows are a million, ten times over: nothing but the first pass over memory could tell."""
    part = market.panel(book.size(min(rows, MILLION)))
    panel = market.repeated(part, max(1, rows // MILLION))
    seconds = side_by_side(3 if rows > MILLION else 9, kernel=on_panel(panel))
    book.row("the kernel, by rows", seconds["kernel"], rows=len(panel.price), sources=8)


def bench_two_cores(side_by_side, book):
    """Two threads over half of the rows each, beside one over all."""
    rows = book.size(2 * MILLION) // 2 * 2
    panel = market.panel(rows)
    halves = [on_panel(market.Panel(*(array[part] for array in panel))) for part in (slice(rows // 2), slice(rows // 2, rows))]
    one = on_panel(panel)
    with ThreadPoolExecutor(2) as threads:
        seconds = side_by_side(9, one=one, two=lambda: list(threads.map(Call.__call__, halves)))
    one_ns = book.row("the kernel, one thread", seconds["one"], rows=rows, sources=8)
    two_ns = book.row("the kernel, two threads", seconds["two"], rows=rows, sources=8, against=(one_ns, "one thread"))
    book.ratio("two_cores_speedup", one_ns / two_ns)
