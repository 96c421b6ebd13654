"""Importing indexlab or its pytest plugin, or asking for help, loads none of the heavy libraries: a person waits for none of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.tree import HERE

HEAVY = {"numpy", "numba", "llvmlite", "polars", "scipy", "hypothesis", "ccxt", "altair", "vl_convert", "jinja2"}
HELP = "import sys; sys.argv = ['indexlab', {}]; from indexlab.cli import main; main()"
STARTS = {
    "import indexlab": "import indexlab",
    "the pytest plugin": "import indexlab.pytest_plugin",
    "indexlab --help": HELP.format("'--help'"),
    "indexlab audit --help": HELP.format("'audit', '--help'"),
    "indexlab --version": HELP.format("'--version'"),
}


def heavy_libraries_loaded_by(code: str) -> set[str]:
    """Run the code in a Python of its own and read from its import times what it loaded."""
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], cwd=HERE, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "indexlab" in loaded or "json" in loaded, "nothing was recorded"
    return loaded & HEAVY


@pytest.mark.parametrize("code", STARTS.values(), ids=STARTS.keys())
def test_a_start_loads_no_heavy_library(code: str) -> None:
    assert heavy_libraries_loaded_by(code) == set()


LATE = """
import json, sys
def late():
    import numpy.linalg
late()
for name in [name for name in sys.modules if name.startswith("numpy")]:
    del sys.modules[name]
"""


def test_a_heavy_library_is_seen_where_it_is_loaded_late_and_dropped_again() -> None:
    assert heavy_libraries_loaded_by(LATE) == {"numpy"}
