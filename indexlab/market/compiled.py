"""One typed door to Numba, so that strict types reach through it and every compiled function is cached the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled"]

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function with Numba: cached on disk, strict IEEE arithmetic (no fastmath: the same bits everywhere), NaN allowed.

    A compiled function may call another one only from its own module: Numba's cache does not notice a change in another file.
    """
    return cast("Callable[P, R]", numba.njit(cache=True, error_model="numpy")(function))
