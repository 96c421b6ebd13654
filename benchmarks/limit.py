"""limit.c, compiled for this machine into a temporary folder and called through ctypes."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.market import SILENCE_US

if TYPE_CHECKING:
    from benchmarks.market import Panel

SOURCE = Path(__file__).with_name("limit.c")
FLAGS = ("-O3", "-march=native", "-shared", "-fPIC")


def compiler() -> str | None:
    return shutil.which(os.environ.get("CC", "cc"))


def compiler_version() -> str | None:
    found = compiler()
    return None if found is None else subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


def built(folder: Path, *defined: str) -> ctypes.CDLL:
    """Compile; `defined` are macros. The compiler must be there."""
    library = folder / f"limit{''.join(defined)}.so"
    subprocess.run([compiler(), *FLAGS, *(f"-D{name}" for name in defined), "-o", library, SOURCE, "-lm"], check=True)
    return ctypes.CDLL(str(library))


def call(library: ctypes.CDLL, given: np.ndarray, panel: Panel, out: tuple[np.ndarray, ...]) -> None:
    """Fill value, status, weight, used and reason: the five arrays of `out`."""
    rows, sources = panel.price.shape
    counts = [ctypes.c_int64(number) for number in (rows, sources, SILENCE_US)]
    arrays = (given, *panel, np.full(1, np.nan), *out)
    library.limit(*counts, *(ctypes.c_void_p(array.ctypes.data) for array in arrays))
