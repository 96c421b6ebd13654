"""Fills the kernel cache, so that no audit waits for a compiler: `python -m indexlab.index.warm`."""

from __future__ import annotations

import numpy as np

from indexlab.index.catalogue import preset, preset_names
from indexlab.index.engine import determine
from indexlab.market.panel import sample
from indexlab.market.quotes import Quotes, valid_quotes
from indexlab.market.source import Source

__all__ = ["main"]


def main() -> None:
    """Run every compiled function of this floor and below once, with the types that it is called with; print nothing."""
    quotes = Quotes.from_columns(receive_time=[0, 1], source=[0, 1], price=[100.0, 101.0])
    times = np.array([1], dtype=np.int64)
    for clock in ("event", "receive"):
        sample(quotes, times, 2, valid_quotes(quotes, uses_book=False), clock)
    for name in preset_names():  # between them they call everything
        determine(preset(name), (Source("a", "a"), Source("b", "b")), quotes, times)


if __name__ == "__main__":
    main()
