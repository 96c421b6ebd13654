"""One typed door to Numba, so that strict types reach through it and every compiled function is cached the same way."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast

import numba
from numba.core import config

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled", "inlined"]

_PACKAGE: Final = Path(__file__).parent.parent


@cache
def _cache_folder(rooms: tuple[str, ...]) -> str:
    """Return a folder for compiled code that is named after all sources that may be in it: Numba itself would miss a change in another file.

    It lies beside the package where that may be written, else where the user's caches lie ("": Numba finds its own place).
    """
    digest = hashlib.sha256()
    for room in rooms:
        for path in sorted((_PACKAGE / room).glob("*.py")):
            content = path.read_bytes()
            # who compiles, and whose constants are compiled in
            if b"market.compiled" in content or path.stem.startswith(("kernel", "rules", "compiled", "states", "switches", "memory")):
                digest.update(path.name.encode() + content)
    name = f"kernels-{digest.hexdigest()[:16]}"
    for place in (_PACKAGE / "__pycache__", Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "indexlab"):
        try:
            (place / name).mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(place / name, os.W_OK):
            return str(place / name)
    return ""


_ROOMS: Final = {"margin": ("market", "margin")}
"""Whose sources may be compiled into a room's functions, where it is not all of the other rooms': neighbours do not call one another."""
_OTHERS: Final = ("market", "index", "targets/planted")

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function with Numba: cached on disk, strict IEEE arithmetic (no fastmath: the same bits everywhere), NaN allowed, threads let run beside it."""
    return _compiled(function, inline=False)


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that is called at every publication and makes no arrays: it becomes part of each compiled function that calls it.

    Numba then counts no references to the arrays that are handed on, which would cost more than the work itself.
    """
    return _compiled(function, inline=True)


def _compiled(function: Callable[P, R], *, inline: bool) -> Callable[P, R]:
    usual = config.CACHE_DIR  # type: ignore[attr-defined] # a setting that Numba makes as it loads
    room = [*function.__module__.split("."), ""][1]
    config.CACHE_DIR = usual or _cache_folder(_ROOMS.get(room, _OTHERS))  # type: ignore[attr-defined]
    try:
        options: dict[str, Any] = {"_nrt": not inline}  # counts of references: an option without a type
        return cast("Callable[P, R]", numba.njit(cache=True, error_model="numpy", nogil=True, forceinline=inline, **options)(function))
    finally:
        config.CACHE_DIR = usual  # type: ignore[attr-defined]
