"""A process of its own: how long until the first determination, and what was compiled on the way (nothing, once the cache is warm)."""

from __future__ import annotations

import json
from time import perf_counter


def main() -> None:
    start = perf_counter()
    from numba.core import event

    imported = perf_counter()
    with event.install_recorder("numba:compile") as compilations:
        from benchmarks import market
        from indexlab.index.catalogue import preset
        from indexlab.index.engine import determine

        panel = market.panel(4)
        quotes = market.quotes(panel)
        begun = perf_counter()
        determine(preset("binance-2020"), market.basket(8), quotes, market.times(4))
        done = perf_counter()
    print(json.dumps({"numba": imported - start, "rest": done - imported, "call": done - begun, "compilations": len(compilations.buffer) // 2}))


if __name__ == "__main__":
    main()
