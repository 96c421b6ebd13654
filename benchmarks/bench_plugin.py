"""What the pytest plugin costs somebody who does not use it: an empty run of pytest with it and without, in turn, and what its import takes."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from statistics import median

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
IMPORT = "import pytest; import indexlab.pytest_plugin"
CUMULATIVE = re.compile(r"import time:\s*\d+ \|\s*(\d+) \|\s*indexlab(?:\.pytest_plugin)?$", re.MULTILINE)


def _cpu_seconds(command, folder):
    """Run a command and return the processor's seconds that it took: other work on the machine is not in them."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def bench_empty_run(benchmark, book, tmp_path):
    """An empty run of pytest: at most 50 ms more with the plugin."""
    taken = {"with": [], "without": []}

    def one_round():
        taken["with"].append(_cpu_seconds(PYTEST, tmp_path))
        taken["without"].append(_cpu_seconds((*PYTEST, "-p", "no:indexlab"), tmp_path))

    benchmark.pedantic(one_round, rounds=book.size(20, least=3), warmup_rounds=1)
    more = median(one - other for one, other in zip(taken["with"][1:], taken["without"][1:], strict=True))
    without = book.row("empty pytest run without the plugin (processor)", taken["without"][1:])
    book.row("empty pytest run with the plugin (processor)", taken["with"][1:], against=(without, "without"), beside=f"{more * 1e3:.1f} ms more in the median")
    book.others["plugin"] = {"more_ms": round(more * 1e3, 1), "ratio": round(median(taken["with"][1:]) / median(taken["without"][1:]), 3)}


def bench_import(benchmark, book):
    """Import the plugin where pytest is imported already."""
    taken = []

    def once():
        done = subprocess.run([sys.executable, "-X", "importtime", "-c", IMPORT], capture_output=True, text=True, check=True)
        taken.append(sum(int(found[1]) for found in CUMULATIVE.finditer(done.stderr)) / 1e6)

    benchmark.pedantic(once, rounds=book.size(20, least=3), warmup_rounds=1)
    book.row("import indexlab.pytest_plugin after pytest", taken[1:])
