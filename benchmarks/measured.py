"""What was measured: rows, ratios, and the table and file they end in."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from statistics import median

import numba
from rich.console import Console
from rich.table import Table

from benchmarks.limit import compiler_version

LATEST = Path(__file__).with_name("latest.json")
RATIOS = ("kernel_over_c", "plain_over_kernel", "polars_over_kernel", "worst_preset_over_binance_2020", "short_runs_over_long", "two_cores_speedup")
PEAK = "peak_mib_10m_rows"


class Book:
    """Collects figures while the benchmarks run; `scale` below 1 makes everything smaller, to try things out."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.rows: list[dict[str, object]] = []
        self.ratios: dict[str, float | None] = {}
        self.others: dict[str, object] = {}
        self.notes: list[str] = []

    def size(self, rows: int, least: int = 100) -> int:
        return max(least, int(rows * self.scale))

    def row(
        self, what: str, seconds: list[float], *, rows: int = 1, sources: int | None = None, beside: str = "", against: tuple[float, str] | None = None
    ) -> float:
        """Note how long something took, a row of `rows`; return the least, in nanoseconds a row. `against` is another's least, and its name."""
        best, middle = (figure * 1e9 / rows for figure in (min(seconds), median(seconds)))
        if against is not None:
            beside = f"{best / against[0]:.2f} × {against[1]}" + (f", {beside}" if beside else "")
        figures = {"ns_per_row": _short(best), "median_ns_per_row": _short(middle), "rounds": len(seconds)}
        self.rows.append({"what": what, "sources": sources, "rows": rows, **figures, "beside": beside})
        return best

    def ratio(self, name: str, value: float | None) -> None:
        self.ratios[name] = None if value is None else round(value, 3)

    def beside(self, **ratios: float) -> None:
        """Note ratios that are of interest besides."""
        noted = self.others.setdefault("other_ratios", {})
        noted.update({name: round(value, 3) for name, value in ratios.items()})

    @property
    def is_whole(self) -> bool:
        return self.scale == 1 and set(RATIOS) <= self.ratios.keys() and {PEAK, "presets"} <= self.others.keys()

    def table(self) -> Table:
        table = Table("what")
        for name in ("sources", "rows", "a row, best", "median"):
            table.add_column(name, justify="right")
        table.add_column("beside")
        for row in self.rows:
            count, sources = ("", "") if row["rows"] == 1 else (f"{row['rows']:,}", str(row["sources"] or ""))
            table.add_row(str(row["what"]), sources, count, _figure(row["ns_per_row"]), _figure(row["median_ns_per_row"]), str(row["beside"]))
        return table

    def write(self) -> None:
        ratios = {name: self.ratios[name] for name in RATIOS}
        content = {"machine": machine(), "ratios": ratios, **self.others, "notes": self.notes, "rows": self.rows}
        LATEST.write_text(json.dumps(content, indent=1) + "\n")


def _short(figure: float) -> float | int:
    return round(figure, 1) if figure < 10_000 else round(figure)


def _figure(nanoseconds) -> str:
    return f"{nanoseconds / 1e6:,.0f} ms" if nanoseconds >= 1e6 else f"{nanoseconds:,} ns"


def machine() -> dict[str, object]:
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numba": numba.__version__,
        "cc": compiler_version(),
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return names[0] if names else platform.processor() or "unknown"


def show(book: Book) -> None:
    console = Console(width=160)
    console.print(book.table())
    for note in book.notes:
        console.print(note, highlight=False)
    if book.is_whole:
        book.write()
        console.print(f"wrote {LATEST.relative_to(Path.cwd())}" if LATEST.is_relative_to(Path.cwd()) else f"wrote {LATEST}")
    else:
        console.print("benchmarks/latest.json is left as it was: this was not the whole of it, at full size")
