"""Warming compiles every kernel signature that the engine uses, and says nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np

from indexlab.index import entering, kernel, warm
from indexlab.index.catalogue import preset, preset_names
from indexlab.index.engine import determine
from indexlab.market.quotes import COLUMNS, Quotes
from indexlab.market.source import Source


def test_after_warming_no_preset_compiles_anything(capsys):
    warm.main()
    compiled = (kernel.determine_rows, entering._enter)
    before = [len(function.signatures) for function in compiled]
    quotes = Quotes.from_columns(receive_time=[0, 1], source=[0, 1], price=[100.0, 101.0], bid=[1.0, 1.0], ask=[2.0, 2.0])
    for name in preset_names():
        for detail in (False, True):
            determine(preset(name), (Source("a", "a"), Source("b", "b")), quotes, np.array([1]), detail=detail)
    views = [np.repeat(getattr(quotes, name), 2)[::2] for name in COLUMNS]
    for view in views:
        view.flags.writeable = False
    determine(preset("thalex"), (Source("a", "a"), Source("b", "b")), Quotes(*views), np.array([1, 1, 2])[::2])
    assert [len(function.signatures) for function in compiled] == before
    assert capsys.readouterr() == ("", "")


FRESH = """
import numpy as np
from indexlab.index import entering, kernel, windows
from indexlab.index.catalogue import preset
from indexlab.index.engine import determine
from indexlab.market.quotes import Quotes
from indexlab.market.source import Source
quotes = Quotes.from_columns(receive_time=[0, 1], source=[0, 1], price=[100.0, 101.0])
for name in ("binance-2020", "bitget-2025", "ojo", "pyth", "cf-brti"):
    determine(preset(name), (Source("a", "a"), Source("b", "b")), quotes, np.array([1], dtype=np.int64))
functions = (kernel.determine_rows, entering._enter, windows.volumes, windows.window_prices)
print(sum(sum(function.stats.cache_misses.values()) for function in functions), sum(sum(function.stats.cache_hits.values()) for function in functions))
"""


def test_the_second_process_compiles_nothing(tmp_path):
    """Compilations are counted by what the cache did not have; a cache of its own makes sure that the first process has filled it, and nobody else."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    counts = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, timeout=300, check=False, env=environment)
        assert done.returncode == 0, done.stderr[-2000:]
        counts.append(tuple(map(int, done.stdout.split())))
    assert counts[0][0] >= 4
    assert counts[1][0] == 0
    assert counts[1][1] >= 4
