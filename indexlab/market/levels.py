"""Levels: the order books that came with observations, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from indexlab.market.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Levels", "Side"]

Side: TypeAlias = "Sequence[tuple[float, float]]"
"""One side of a book, as sent: (price, size) a level; NaN for null."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The books of so many rows; a row without any level has no book.

    `start` int64 [rows]; `bids` and `asks` int32 [rows], how many levels a side has; `price` and `size` float64 [levels], NaN for null. The bids of row r are
    price[start[r] : start[r] + bids[r]], in the order in which they were sent, its asks the next asks[r]. Rows may share levels, and levels may be nobody's.
    """

    start: NDArray[np.int64]
    bids: NDArray[np.int32]
    asks: NDArray[np.int32]
    price: NDArray[np.float64]
    size: NDArray[np.float64]

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.start)

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many levels each row has, both sides together, int64 [rows]."""
        return self.bids.astype(np.int64) + self.asks

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Levels:
        """Return the given rows, in the order given; the levels stay where they are."""
        return Levels(self.start[rows], self.bids[rows], self.asks[rows], self.price, self.size)

    def compact(self) -> Levels:
        """Return the same books with the levels of row after row and nothing else: `price[i]` then belongs to row `np.repeat(arange(rows), counts)[i]`."""
        counts = self.counts
        ends = np.cumsum(counts)
        start = ends - counts
        if len(self.price) == (ends[-1] if len(ends) else 0) and np.array_equal(start[counts > 0], self.start[counts > 0]):
            return Levels(start, self.bids, self.asks, self.price, self.size)
        at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(self.start - start, counts)
        return Levels(start, self.bids, self.asks, self.price[at], self.size[at])

    def scaled(self, factor: float | NDArray[np.float64]) -> Levels:
        """Return the books with every price times a factor, one for all or one for each row."""
        levels = self.compact()
        by_level = factor if isinstance(factor, float) else np.repeat(factor, levels.counts)
        return Levels(levels.start, levels.bids, levels.asks, levels.price * by_level, levels.size)

    def row(self, row: int) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """Return bids and asks of a row as (price, size)."""
        start, middle = int(self.start[row]), int(self.start[row] + self.bids[row])
        both = list(zip(self.price[start : middle + int(self.asks[row])].tolist(), self.size[start : middle + int(self.asks[row])].tolist(), strict=True))
        return both[: middle - start], both[middle - start :]

    def equals(self, other: Levels) -> bool:
        """Say whether both hold the same books to the bit (NaN equals NaN), however they are laid out."""
        mine, theirs = self.compact(), other.compact()
        return all(getattr(mine, name).tobytes() == getattr(theirs, name).tobytes() for name in ("bids", "asks", "price", "size"))

    @classmethod
    def empty(cls, rows: int) -> Levels:
        """Return so many rows without a book."""
        nothing = np.zeros(0)
        return cls(np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int32), np.zeros(rows, dtype=np.int32), nothing, nothing)

    @classmethod
    def concatenate(cls, parts: Sequence[Levels]) -> Levels:
        """Return all rows of all parts; parts that share their levels (runs of one market) go on sharing them."""
        if not parts:
            return cls.empty(0)
        stores: list[Levels] = []
        offsets: dict[tuple[int, int], int] = {}
        total = 0
        starts = []
        for part in parts:
            store = (id(part.price), id(part.size))
            if store not in offsets:
                offsets[store] = total
                stores.append(part)
                total += len(part.price)
            starts.append(part.start + offsets[store])
        price, size = (
            (stores[0].price, stores[0].size) if len(stores) == 1 else (np.concatenate([s.price for s in stores]), np.concatenate([s.size for s in stores]))
        )
        return cls(np.concatenate(starts), np.concatenate([part.bids for part in parts]), np.concatenate([part.asks for part in parts]), price, size)

    @classmethod
    def from_lists(cls, rows: Sequence[tuple[Side, Side] | None]) -> Levels:
        """Return the books of rows written out as (bids, asks); None is no book. Raises InputError where a level is no pair of numbers or not finite."""
        sides: list[tuple[Side, Side]] = [((), ()) if row is None else row for row in rows]
        bids = np.array([len(bid) for bid, _ in sides], dtype=np.int32)
        asks = np.array([len(ask) for _, ask in sides], dtype=np.int32)
        flat = [level for both in sides for side in both for level in side]
        try:
            pairs = np.array(flat, dtype=np.float64) if flat else np.zeros((0, 2))
        except (TypeError, ValueError):
            pairs = np.zeros(0)
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise InputError("must hold levels of a price and a size", key="book")
        counts = bids.astype(np.int64) + asks
        made = cls(np.cumsum(counts) - counts, bids, asks, np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1]))
        return made.checked(len(rows))

    def checked(self, rows: int, *, file: object = None) -> Levels:
        """Return the books once they are those of so many rows, each within the levels, and without an infinite number. Raises InputError."""
        if not len(self.start) == len(self.bids) == len(self.asks) == rows:
            raise InputError(f"must have as many entries as receive_time ({rows}), were {len(self.start)}", file=file, key="book")
        if len(self.price) != len(self.size):
            raise InputError(f"must have a size for each of {len(self.price)} prices, were {len(self.size)}", file=file, key="book")
        wrong = np.flatnonzero((self.bids < 0) | (self.asks < 0) | (self.start < 0) | (self.start + self.counts > len(self.price)))
        if len(wrong):
            raise InputError(f"must point at levels that are there, does not in row {wrong[0]}", file=file, key="book")
        levels = self.compact()
        infinite = np.flatnonzero(np.isinf(levels.price) | np.isinf(levels.size))
        if len(infinite):
            row = int(np.searchsorted(np.cumsum(levels.counts), infinite[0], side="right"))
            raise InputError(
                f"must hold finite numbers or nulls, was [{levels.price[infinite[0]]}, {levels.size[infinite[0]]}] in row {row}", file=file, key="book"
            )
        return self
