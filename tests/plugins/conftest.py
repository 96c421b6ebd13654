"""Installs the packages of this folder as pip installs any package, each into a folder of its own, and runs indexlab in a process that sees one of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SMALL = """
from indexlab.audit.plan import Budget
from indexlab.cli import main
from tests.audit.audits import spending

with spending(Budget(batches=4, twins=3, shrink=60, seconds=1e9)):
    main(prog_name="indexlab")
"""
"""The command line with a small budget."""


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The folder of a package, installed without a network and without touching the environment that the tests run in."""
    folders = {}

    def install(source):
        if source not in folders:
            folders[source] = tmp_path_factory.mktemp(Path(source).name)
            pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "--quiet", "install", "--no-index", "--no-deps"]
            options = ["--no-build-isolation", "--no-cache-dir", "--no-compile", "--target", folders[source], source]
            subprocess.run([*pip, *options], check=True, capture_output=True, text=True)
        return folders[source]

    return install


@pytest.fixture
def beside(installed, tmp_path):
    """Run Python beside the package of a name (or in a folder)."""

    def run(package, *arguments):
        path = os.pathsep.join(map(str, (ROOT, installed(str(HERE / package)))))
        environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
        return subprocess.run([sys.executable, *map(str, arguments)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def indexlab(beside):
    """Run a command of indexlab beside a package."""
    return lambda package, *arguments: beside(package, "-m", "indexlab", *arguments)


@pytest.fixture
def audited(beside):
    """Audit beside a package, with a small budget and in one process."""
    return lambda package, *arguments: beside(package, "-c", SMALL, "audit", *arguments, "--jobs", 1, "--out", "run")
