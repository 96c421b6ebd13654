"""A process of its own that determines from one Parquet file into another, and says how much memory that took at most.

python -m benchmarks.stream_child QUOTES OUT PUBLICATIONS
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from time import perf_counter

from benchmarks import market
from indexlab.index.catalogue import preset
from indexlab.index.stream import determine_parquet


def peak_mib() -> float:
    """The high-water mark of this program; ru_maxrss alone would carry over that of the process it was started from."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def main(quotes: str, out: str, publications: str) -> None:
    start = perf_counter()
    determine_parquet(preset("binance-2020"), market.basket(8), Path(quotes), market.times(int(publications)), Path(out))
    print(json.dumps({"seconds": perf_counter() - start, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
