"""Collects what the benchmarks measure, prints one table at the end and writes latest.json."""

from __future__ import annotations

import gc
import os
from time import perf_counter

import pytest

os.environ["POLARS_MAX_THREADS"] = "1"  # read when polars is first imported: one core each, side by side

from benchmarks.measured import Book, show

BOOK = pytest.StashKey[Book]()


def pytest_addoption(parser):
    parser.addoption("--scale", type=float, default=1.0, help="share of the full sizes, to try a benchmark out (nothing is written then)")


def pytest_configure(config):
    config.stash[BOOK] = Book(config.getoption("--scale"))


def pytest_terminal_summary(terminalreporter, config):
    if config.stash[BOOK].rows:
        terminalreporter.ensure_newline()
        show(config.stash[BOOK])


@pytest.fixture
def book(request):
    return request.config.stash[BOOK]


@pytest.fixture
def side_by_side(benchmark):
    """Run contestants in turn, round by round, so that whatever slows the machine slows them all; give each one's seconds."""

    def run(rounds, **contestants):
        seconds = {name: [] for name in contestants}

        def one_round():
            for name, contestant in contestants.items():
                start = perf_counter()
                contestant()
                seconds[name].append(perf_counter() - start)

        gc.collect()
        gc.disable()  # who makes many objects is not to pay for those that lie about here
        try:
            benchmark.pedantic(one_round, rounds=rounds, iterations=1, warmup_rounds=1)
        finally:
            gc.enable()
        return {name: taken[1:] for name, taken in seconds.items()}

    return run
