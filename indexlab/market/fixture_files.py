"""The files of a fixture's folder: found inside it, bounded in size, checked by their sums, and quotes.parquet read and written.

Polars is imported where it is used: whoever looks at a fixture's TOML alone does not wait for it.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from indexlab.market.errors import InputError
from indexlab.market.fixture_declaration import file_name_is_plain
from indexlab.market.quotes import COLUMNS, Quotes
from indexlab.market.tables import read_blocks, read_bytes, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl
    from numpy.typing import NDArray

    from indexlab.market.source import Basket

__all__ = [
    "FIXTURE_TOML",
    "LARGEST_FILE",
    "MOST_ROWS",
    "QUOTES_PARQUET",
    "RULES_TOML",
    "check_columns",
    "check_sum",
    "inside",
    "quotes_of_frame",
    "quotes_to_parquet",
    "read_checked",
    "read_quotes",
    "sha256_hex",
]

FIXTURE_TOML: Final = "fixture.toml"
QUOTES_PARQUET: Final = "quotes.parquet"
RULES_TOML: Final = "rules.toml"
MOST_ROWS: Final = 50_000_000
LARGEST_FILE: Final = 2 << 30
"""The largest file of a fixture that is read, in bytes (2 GiB)."""
_REMADE: Final = "fetch or import the fixture again; where the change was meant, put the new sum into fixture.toml"


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file of the fixture; a name or a link that leads out of the folder is an InputError."""
    path = folder / name
    if not file_name_is_plain(name):
        problem = f'must name a file of its own folder, was "{shown(name)}"'
        raise InputError(problem, file=folder / FIXTURE_TOML)
    try:
        there = path.resolve()
    except (OSError, RuntimeError) as error:  # a loop of links
        problem = f"cannot be followed ({error})"
        raise InputError(problem, file=path) from None
    if there.parent != folder.resolve():
        problem = "must lie in the fixture's folder, is a link that leads out of it"
        raise InputError(problem, file=path)
    return path


def sha256_hex(content: bytes) -> str:
    """Return the checksum of a file's content as fixture.toml states it."""
    return hashlib.sha256(content).hexdigest()


def read_checked(folder: Path, name: str, expected: str) -> bytes:
    """Return the content of a file of the fixture. Raises InputError where its sum is not the expected one."""
    path = inside(folder, name)
    content = read_bytes(path, LARGEST_FILE)
    _compare(sha256_hex(content), len(content), expected, path)
    return content


def check_sum(folder: Path, name: str, expected: str) -> Path:
    """Check a file of the fixture as `read_checked` does, without ever holding all of it; return its path."""
    path = inside(folder, name)
    digest, size = hashlib.sha256(), 0
    for block in read_blocks(path, LARGEST_FILE):
        digest.update(block)
        size += len(block)
    _compare(digest.hexdigest(), size, expected, path)
    return path


def _compare(found: str, size: int, expected: str, path: Path) -> None:
    if found != expected:
        problem = f"must have the sha256 {expected} that fixture.toml states, was {found} ({size} bytes)"
        raise InputError(problem, file=path, remedy=_REMADE)


def read_quotes(content: bytes, basket: Basket, *, start: int, end: int, file: object) -> Quotes:
    """Read the seven columns of quotes.parquet, sources by position or by id; every quote is received between start and end (microseconds).

    Raises InputError: not Parquet, cut, columns missing or of the wrong type, too many rows, times outside, back in time.
    """
    return quotes_of_frame(_read_frame(content, file), basket, start=start, end=end, file=file)


def quotes_of_frame(frame: pl.DataFrame, basket: Basket, *, start: int, end: int, file: object) -> Quotes:
    """Return the quotes of a frame that has the seven columns, checked as `read_quotes` says."""
    columns = {name: _column(frame, name, file) for name in COLUMNS if name != "source"}
    position = _positions(frame, basket, file)
    numbers: dict[str, Any] = {name: columns[name] for name in ("price", "bid", "ask", "volume")}
    quotes = Quotes.from_columns(
        receive_time=cast("NDArray[np.int64]", columns["receive_time"]),
        event_time=cast("NDArray[np.int64]", columns["event_time"]),
        source=position,
        **numbers,
        sources=len(basket),
        file=file,
    )
    outside = np.flatnonzero((quotes.receive_time < start) | (quotes.receive_time > end))
    if len(outside):
        problem = f"must lie between start and end ({start} to {end}, microseconds), was {quotes.receive_time[outside[0]]} in row {outside[0]}"
        raise InputError(problem, file=file, key="receive_time")
    return quotes


def quotes_to_parquet(quotes: Quotes) -> bytes:
    """Return quotes as the content of a quotes.parquet: seven columns, sources by position, NaN as null."""
    import polars as pl

    frame = pl.DataFrame({name: getattr(quotes, name) for name in COLUMNS}).with_columns(pl.col("price", "bid", "ask", "volume").fill_nan(None))
    into = io.BytesIO()
    frame.write_parquet(into, compression="zstd", compression_level=9)
    return into.getvalue()


def _read_frame(content: bytes, file: object) -> pl.DataFrame:
    import polars as pl

    if content[:4] != b"PAR1" or content[-4:] != b"PAR1":
        problem = f"must be a whole Parquet file, was {'cut short' if content[:4] == b'PAR1' else 'something else'} ({len(content)} bytes)"
        raise InputError(problem, file=file, remedy="fetch or import the fixture again")
    try:
        found = list(pl.read_parquet_schema(io.BytesIO(content)))
        rows = int(pl.scan_parquet(io.BytesIO(content)).select(pl.len()).collect().item())
        fits = not set(COLUMNS) - set(found) and rows <= MOST_ROWS
        frame = pl.read_parquet(io.BytesIO(content), columns=list(COLUMNS)) if fits else pl.DataFrame()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, OverflowError, MemoryError) as error:
        problem = f"must be a whole Parquet file, does not decode: {shown(str(error).splitlines()[0] if str(error) else type(error).__name__)}"
        raise InputError(problem, file=file, remedy="fetch or import the fixture again") from None
    check_columns(found, file)
    if max(rows, frame.height) > MOST_ROWS:
        problem = f"must not have more than {MOST_ROWS} rows, has {max(rows, frame.height)}"
        raise InputError(problem, file=file)
    return frame


def check_columns(found: Sequence[str], file: object) -> None:
    """Refuse a file that lacks one of the seven columns."""
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        problem = f"must have the columns {', '.join(COLUMNS)}, lacks {', '.join(missing)}"
        raise InputError(problem, file=file)


def _column(frame: pl.DataFrame, name: str, file: object) -> NDArray[np.generic]:
    import polars as pl

    column = frame.get_column(name)
    if name.endswith("_time"):
        if not column.dtype.is_integer():
            problem = f"must be whole microseconds (int64), was {column.dtype}"
            raise InputError(problem, file=file, key=name)
        return _whole(column, name, file)
    if column.dtype == pl.Null:
        return np.full(len(column), np.nan)
    if not column.dtype.is_numeric():
        problem = f"must be numbers (float64), was {column.dtype}"
        raise InputError(problem, file=file, key=name)
    return column.cast(float).to_numpy().astype(np.float64)


def _positions(frame: pl.DataFrame, basket: Basket, file: object) -> NDArray[np.int64]:
    import polars as pl

    column = frame.get_column("source")
    if column.dtype == pl.String:
        positions = {source.id: position for position, source in enumerate(basket)}
        for named in column.unique().to_list():
            if named not in positions:
                problem = f'must be a source of fixture.toml, was "{shown(str(named))}"'
                raise InputError(problem, file=file, key="source")
        column = column.replace_strict(positions, return_dtype=pl.Int64)
    elif not column.dtype.is_integer():
        problem = f"must be a position (int32) or an id (text), was {column.dtype}"
        raise InputError(problem, file=file, key="source")
    return _whole(column, "source", file)


def _whole(column: pl.Series, name: str, file: object) -> NDArray[np.int64]:
    import polars as pl

    if column.null_count():
        problem = f"must not be null, is in {column.null_count()} rows"
        raise InputError(problem, file=file, key=name)
    try:
        return column.cast(pl.Int64).to_numpy().astype(np.int64)
    except pl.exceptions.PolarsError:
        problem = f"must fit into int64, was {column.max()!r}"
        raise InputError(problem, file=file, key=name) from None
