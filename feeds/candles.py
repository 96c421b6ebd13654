"""One candle file: its content, plain or gzip by what it holds and not by its name, and its rows, checked one by one."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import zlib
from array import array
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from indexlab.market.errors import InputError, did_you_mean
from indexlab.market.tables import read_bytes, shown
from indexlab.market.times import LATEST_US, time_text
from indexlab.market.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["LARGEST_TEXT", "MINUTE_S", "MOST_ROWS", "Candles", "parse_candles", "read_content"]

MINUTE_S: Final = 60
LARGEST_TEXT: Final = 256 << 20
"""The largest candle file that is read, in bytes after decompression (256 MiB)."""
MOST_ROWS: Final = 5_000_000
_GZIP: Final = b"\x1f\x8b"
_NEEDED: Final = ("ts", "close", "volume")
_LATEST_S: Final = LATEST_US // SECOND - MINUTE_S


class Candles(NamedTuple):
    """The rows of one file: `ts` int64 unix seconds, the start of the minute, strictly rising; `close` and `volume` float64."""

    ts: NDArray[np.int64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]


def read_content(path: Path) -> tuple[str, str]:
    """Return the text of a candle file, and the sha256 of the file as it lies there. Raises InputError: missing, empty, cut, too large, no text."""
    content = read_bytes(path, LARGEST_TEXT)
    digest = hashlib.sha256(content).hexdigest()
    if content[:2] == _GZIP:
        content = _unpacked(content, path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"must be CSV text (UTF-8) or gzip of it, is not at byte {error.start}"
        raise InputError(problem, file=path) from None
    if not text.strip():
        problem = "must hold candles, is empty"
        raise InputError(problem, file=path)
    return text, digest


def _unpacked(content: bytes, path: Path) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            plain = packed.read(LARGEST_TEXT + 1)
    except EOFError:
        problem = f"must be a whole gzip file, is cut short ({len(content)} bytes)"
        raise InputError(problem, file=path, remedy="fetch it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        problem = f"must be a whole gzip file, does not unpack: {error}"
        raise InputError(problem, file=path, remedy="fetch it again") from None
    if len(plain) > LARGEST_TEXT:
        problem = f"must not unpack to more than {LARGEST_TEXT} bytes"
        raise InputError(problem, file=path)
    return plain


def parse_candles(text: str, *, file: object) -> Candles:
    """Read the rows of a candle file. Raises InputError that names the line and the value."""
    reader = csv.reader(io.StringIO(text))
    ts, close, volume = array("q"), array("d"), array("d")
    try:
        at = _places(next(reader, []), file)
        for row, moment, price, traded in _rows(reader, at, file):
            if ts and moment <= ts[-1]:
                rule = "repeats" if moment == ts[-1] else "must not go back in time: it follows"
                problem = f"{rule} {time_text(ts[-1] * SECOND)}, was {moment} ({time_text(moment * SECOND)}) in line {row}"
                raise InputError(problem, file=file, key="ts")
            ts.append(moment)
            close.append(price)
            volume.append(traded)
            if len(ts) > MOST_ROWS:
                problem = f"must not have more than {MOST_ROWS} rows"
                raise InputError(problem, file=file)
    except csv.Error as error:
        problem = f"must be CSV, does not read in line {reader.line_num}: {error}"
        raise InputError(problem, file=file) from None
    if not ts:
        problem = "must hold candles, has a header alone"
        raise InputError(problem, file=file)
    return Candles(np.array(ts, dtype=np.int64), np.array(close), np.array(volume))


def _places(header: list[str], file: object) -> tuple[int, int, int]:
    names = [name.strip() for name in header]
    for name in _NEEDED:
        if names.count(name) != 1:
            problem = f"must have one column {name}, has {shown(','.join(names)) or 'none'}"
            near = did_you_mean(name, [found for found in names if found not in _NEEDED])
            remedy = "the first line must be ts,open,high,low,close,volume,trades"
            raise InputError(problem, file=file, remedy=f"{remedy}; {near}" if near and near.startswith("did") else remedy)
    first, second, third = (names.index(name) for name in _NEEDED)
    return first, second, third


def _rows(reader: Iterator[list[str]], at: tuple[int, int, int], file: object) -> Iterator[tuple[int, int, float, float]]:
    ts_at, close_at, volume_at = at
    least = max(at) + 1
    for number, row in enumerate(reader, start=2):
        if len(row) < least:
            if not row:
                continue
            problem = f"must have at least {least} columns like the header, has {len(row)} in line {number}"
            raise InputError(problem, file=file)
        moment, price, traded = _second(row[ts_at]), _number(row[close_at]), _number(row[volume_at])
        if moment is None:
            problem = f"must be the start of a minute in unix seconds, was {shown(repr(row[ts_at]))} in line {number}"
            raise InputError(problem, file=file, key="ts", remedy="divide milliseconds by 1000" if row[ts_at][-3:] == "000" and len(row[ts_at]) > 11 else None)
        if price is None or price <= 0:
            problem = f"must be a finite number above 0, was {shown(repr(row[close_at]))} in line {number}"
            raise InputError(problem, file=file, key="close")
        if traded is None or traded < 0:
            problem = f"must be a finite number of at least 0, was {shown(repr(row[volume_at]))} in line {number}"
            raise InputError(problem, file=file, key="volume")
        yield number, moment, price, traded


def _second(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        return None
    moment = int(text)
    return moment if moment % MINUTE_S == 0 and moment <= _LATEST_S else None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None
