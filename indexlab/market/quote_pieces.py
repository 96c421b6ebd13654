"""Quotes from a Parquet file of any size, piece by piece: never more of it in memory than a piece of so many rows."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

from indexlab.market import fixture_files
from indexlab.market.columns import refuse
from indexlab.market.errors import InputError
from indexlab.market.fixture_files import check_columns, quotes_of_frame
from indexlab.market.quotes import COLUMNS
from indexlab.market.tables import shown
from indexlab.market.times import LATEST_US

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from indexlab.market.quotes import Quotes
    from indexlab.market.source import Basket

__all__ = ["ROWS_AT_ONCE", "quote_pieces"]

ROWS_AT_ONCE: Final = 1 << 19
"""Rows of a piece, 30 MB of columns."""
_MAGIC: Final = b"PAR1"
_REMEDY: Final = "fetch or import the fixture again"


def quote_pieces(path: Path, basket: Basket, *, rows_at_once: int = ROWS_AT_ONCE, start: int = 0, end: int = LATEST_US) -> Iterator[Quotes]:
    """Give the rows of a Parquet file with the seven columns of a fixture's quotes.parquet in pieces of `rows_at_once`, in their order.

    Sources are given by position or by id; every quote is received between start and end (microseconds). Raises InputError that names the file, before the
    first piece where it is no whole Parquet file, has too many rows or lacks columns, with the piece concerned where values are not right.
    """
    if rows_at_once < 1:
        problem = f"must be at least 1, was {rows_at_once}"
        raise InputError(problem, key="rows_at_once")
    _check_whole(path)
    rows = _count(path)
    last = start
    for first in range(0, rows, rows_at_once):
        try:
            quotes = quotes_of_frame(_slice(path, first, rows_at_once), basket, start=start, end=end, file=path)
            refuse(quotes.receive_time[:1] < last, quotes.receive_time, "must not go back in time", "receive_time", path)
        except InputError as error:
            if not first:
                raise
            problem = f"{error.problem}, counted from row {first}"
            raise InputError(problem, file=error.file, key=error.key, remedy=error.remedy) from None
        last = int(quotes.receive_time[-1]) if len(quotes) else last
        yield quotes


def _check_whole(path: Path) -> None:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            problem = "must be a plain file"
            raise InputError(problem, file=path)
        with path.open("rb") as opened:
            begins = opened.read(len(_MAGIC))
            opened.seek(max(0, status.st_size - len(_MAGIC)))
            ends = opened.read(len(_MAGIC))
    except FileNotFoundError:
        problem = "does not exist"
        raise InputError(problem, file=path) from None
    except (OSError, ValueError) as error:
        problem = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        raise InputError(problem, file=path) from None
    if begins != _MAGIC or ends != _MAGIC:
        problem = f"must be a whole Parquet file, was {'cut short' if begins == _MAGIC else 'something else'} ({status.st_size} bytes)"
        raise InputError(problem, file=path, remedy=_REMEDY)


def _count(path: Path) -> int:
    """Return how many rows there are. Raises InputError where there are too many, or columns are missing."""
    import polars as pl

    try:
        lazy = pl.scan_parquet(path, glob=False)
        found = lazy.collect_schema().names()
        rows = int(lazy.select(pl.len()).collect().item())
    except _errors() as error:
        raise _undecodable(path, error) from None
    check_columns(found, path)
    if rows > fixture_files.MOST_ROWS:
        problem = f"must not have more than {fixture_files.MOST_ROWS} rows, has {rows}"
        raise InputError(problem, file=path)
    return rows


def _slice(path: Path, first: int, rows: int) -> pl.DataFrame:
    import polars as pl

    try:
        return pl.scan_parquet(path, glob=False).select(COLUMNS).slice(first, rows).collect()
    except _errors() as error:
        raise _undecodable(path, error) from None


def _errors() -> tuple[type[BaseException], ...]:
    import polars as pl

    return (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, OverflowError, MemoryError)


def _undecodable(path: Path, error: BaseException) -> InputError:
    problem = f"must be a whole Parquet file, does not decode: {shown(str(error).splitlines()[0] if str(error) else type(error).__name__)}"
    return InputError(problem, file=path, remedy=_REMEDY)
