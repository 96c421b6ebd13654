"""Columns as they come in: whole numbers, numbers with null as NaN, and the refusal that names the first wrong row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexlab.market.errors import InputError
from indexlab.market.times import LATEST_US

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["check_arrival", "check_length", "check_times", "number_column", "refuse", "whole_column"]


def whole_column(given: ArrayLike, name: str, file: object) -> NDArray[np.int64]:
    """Return a list of whole numbers as int64; raises InputError."""
    column = np.asarray(given)
    if column.size == 0:
        return np.zeros(0, dtype=np.int64)
    if column.ndim != 1 or not np.issubdtype(column.dtype, np.integer):
        problem = f"must be a list of whole numbers, was {column.dtype}"
        raise InputError(problem, file=file, key=name)
    return column.astype(np.int64)


def number_column(given: ArrayLike, name: str, file: object) -> NDArray[np.float64]:
    """Return a list of finite numbers as float64, NaN for null; raises InputError."""
    try:
        column = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        problem = "must be a list of numbers or nulls"
        raise InputError(problem, file=file, key=name) from None
    if column.ndim != 1:
        problem = f"must be a list of numbers or nulls, has {column.ndim} dimensions"
        raise InputError(problem, file=file, key=name)
    refuse(np.isinf(column), column, "must be finite or null", name, file)
    return column


def check_length(length: int, n: int, name: str, file: object) -> None:
    """Hold a column's length against that of the receive times."""
    if length != n:
        problem = f"must have as many entries as receive_time ({n}), were {length}"
        raise InputError(problem, file=file, key=name)


def check_times(times: NDArray[np.int64], name: str, file: object) -> None:
    """Refuse what is no moment of ours."""
    refuse((times < 0) | (times > LATEST_US), times, f"must be microseconds since 1970 up to {LATEST_US}", name, file)


def check_arrival(received: NDArray[np.int64], name: str, file: object) -> None:
    """Refuse receive times that go back."""
    if len(received) > 1:
        back = np.concatenate(([False], received[1:] < received[:-1]))
        refuse(back, received, "must not go back in time", name, file)


def refuse(bad: NDArray[np.bool_], column: NDArray[np.generic], rule: str, name: str, file: object) -> None:
    """Raise InputError with the rule, the value and the row where the first is bad."""
    rows = np.flatnonzero(bad)
    if len(rows):
        problem = f"{rule}, was {column[rows[0]]} in row {rows[0]}"
        raise InputError(problem, file=file, key=name)
