"""A Parquet file of determinations that is written piece by piece and appears whole or not at all.

A row is a publication: `time` (int64 microseconds), `value` (float64, null where there is none), `status` (a word of STATUSES), with aggregation "votes"
`confidence` (float64, null where there is none), and then for each source in the basket's order `weight_ID` (float64, its effective weight), `used_ID`
(float64, the price that entered, null where none did) and `reason_ID` (a word of REASONS). Words are dictionaries (Enum in Polars).

Pieces lie in a hidden folder beside the file until all are there; it is removed in any case.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from indexlab.index.determination import REASONS, STATUSES
from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    import polars as pl
    from numpy.typing import NDArray

    from indexlab.index.determination import Determinations
    from indexlab.market.source import Basket

__all__ = ["DeterminationsFile"]

_CELLS_A_PART: Final = 1 << 20
"""So many cells (publications times sources) are gathered before they are written."""


class DeterminationsFile:
    """A context manager: `add` pieces inside of it; the file appears when its block is left without an error."""

    def __init__(self, path: Path, basket: Basket, *, votes: bool = False) -> None:
        """Name the file and what it is of; nothing is written yet."""
        self._path, self._ids, self._votes = Path(path), [source.id for source in basket], votes
        self._parts: list[Path] = []
        self._frames: list[pl.DataFrame] = []
        self._rows = 0

    def __enter__(self) -> Self:
        """Make the folder for pieces. Raises InputError where it cannot be made."""
        try:
            self._folder = Path(tempfile.mkdtemp(prefix=f".{self._path.name}-", dir=self._path.parent))
        except OSError as error:
            raise self._unwritable(error) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Put the pieces together, unless there was an error; remove the folder."""
        try:
            if error is None:
                self._finish()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, times: NDArray[np.int64], found: Determinations) -> None:
        """Add the determinations at these times, with their details. Raises InputError where they cannot be written."""
        self._frames.append(self._frame(times, found))
        self._rows += len(times)
        if self._rows * max(1, len(self._ids)) >= _CELLS_A_PART:
            self._flush()

    def _frame(self, times: NDArray[np.int64], found: Determinations) -> pl.DataFrame:
        import polars as pl

        columns: dict[str, pl.Series] = {"time": pl.Series(times, dtype=pl.Int64), "value": _numbers(found.value), "status": _words(found.status, STATUSES)}
        if self._votes:
            columns["confidence"] = _numbers(np.full(len(times), np.nan) if found.confidence is None else found.confidence)
        if found.weight is None or found.used is None or found.reason is None:
            problem = "determinations without details cannot be written"
            raise ValueError(problem)
        for s, name in enumerate(self._ids):
            columns[f"weight_{name}"] = _numbers(found.weight[:, s])
            columns[f"used_{name}"] = _numbers(found.used[:, s])
            columns[f"reason_{name}"] = _words(found.reason[:, s], REASONS)
        return pl.DataFrame(columns)

    def _flush(self) -> None:
        import polars as pl

        part = self._folder / f"{len(self._parts):06d}.parquet"
        try:
            pl.concat(self._frames).write_parquet(part, compression="lz4", statistics=False)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise self._unwritable(error) from None
        self._parts.append(part)
        self._frames, self._rows = [], 0

    def _finish(self) -> None:
        import polars as pl

        if self._frames:
            self._flush()
        made = self._folder / "made"
        try:
            pl.scan_parquet(self._parts, glob=False).sink_parquet(made, maintain_order=True)
            made.replace(self._path)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: Exception) -> InputError:
        said = str(getattr(error, "strerror", None) or error).splitlines()
        problem = f"cannot be written ({said[0] if said else type(error).__name__})"
        return InputError(problem, file=self._path, remedy="choose another place")


def _numbers(column: NDArray[np.float64]) -> pl.Series:
    import polars as pl

    return pl.Series(np.ascontiguousarray(column), dtype=pl.Float64).fill_nan(None)


def _words(codes: NDArray[np.int8], words: Sequence[str]) -> pl.Series:
    import polars as pl

    return pl.Series(words, dtype=pl.Enum(words)).gather(codes.astype(np.int64))
