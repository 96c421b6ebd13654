"""What is measured in a process of its own: the memory of a long streamed run, and the first call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks import market

HERE = Path(__file__).parent.parent
PIECES, PUBLICATIONS = 10, 128_000


def _said_by(module, *arguments):
    """Run a module of this folder as a user's process would run, polars on all cores; return what it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "POLARS_MAX_THREADS"}
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)], cwd=HERE, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def _write_quotes(folder, pieces, publications):
    """Ten million quotes, a piece at a time, then as one file; return it and how many quotes there are."""
    for number in range(pieces):
        part = market.quotes(market.panel(publications, seed=number))
        later = market.INTERVAL_US * publications * number
        columns = {name: getattr(part, name) for name in ("receive_time", "event_time", "source", "price", "bid", "ask", "volume")}
        frame = pl.DataFrame(columns).with_columns(pl.col("receive_time", "event_time") + later)
        frame.write_parquet(folder / f"{number:02}.parquet", compression="lz4", row_group_size=1 << 17)
    whole = folder / "quotes.parquet"
    pl.scan_parquet(sorted(folder.glob("[0-9]*.parquet"))).sink_parquet(whole, compression="lz4", row_group_size=1 << 17)
    return whole, pl.scan_parquet(whole).select(pl.len()).collect().item()


def bench_streamed(benchmark, book, tmp_path):
    """Ten million quotes of eight sources in a Parquet file become determinations in another."""
    publications = book.size(PUBLICATIONS)
    quotes, count = _write_quotes(tmp_path, PIECES, publications)
    out = tmp_path / "determinations.parquet"
    said = benchmark.pedantic(_said_by, ("stream_child", quotes, out, PIECES * publications), rounds=1)
    assert pl.scan_parquet(out).select(pl.len()).collect().item() == PIECES * publications
    book.others["peak_mib_10m_rows"] = round(said["peak_mib"], 1)
    book.row("streamed, Parquet to Parquet, a quote", [said["seconds"]], rows=count, sources=8, beside=f"{said['peak_mib']:,.0f} MiB at most")


def bench_first_call(benchmark, book):
    """A fresh process with a warm cache: Numba's own import, what comes after it until the first determination, and compilations."""
    said = []
    benchmark.pedantic(lambda: said.append(_said_by("first_call_child")), rounds=5, warmup_rounds=1)
    said = said[1:]
    compilations = int(np.max([one["compilations"] for one in said]))
    book.row("fresh process: import numba", [one["numba"] for one in said])
    book.row("fresh process: then, to the first determination", [one["rest"] for one in said], beside=f"{compilations} compilations")
    book.row("fresh process: of this, the call itself", [one["call"] for one in said])
    book.others["first_call"] = {
        "compilations": compilations,
        **{name: round(float(np.median([one[name] for one in said])), 3) for name in ("numba", "rest", "call")},
    }
