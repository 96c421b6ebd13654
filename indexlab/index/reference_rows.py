"""One determination of the textbook, a run of them, and the blend of two runs."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexlab.index.determination import REASONS, STATUSES, Determinations
from indexlab.index.reference_numbers import as_double

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexlab.index.rules import Blend

__all__ = ["Row", "as_arrays", "blended"]


class Row(NamedTuple):
    """One determination: the value before it becomes a double, and source by source weight, price (None: did not enter) and reason."""

    value: Fraction | None
    status: str
    weights: list[Fraction]
    used: list[Fraction | None]
    reasons: list[str]
    confidence: Fraction | None = None


def blended(blend: Blend, time: int, old: Row, new: Row) -> Row:
    """Return what is published at a time on the way from an old methodology to a new one."""
    if time < blend.at_us:
        return old
    if time >= blend.at_us + blend.over_us or old.value is None:
        return new
    if new.value is None:
        return new._replace(value=old.value, status=old.status)
    elapsed = time - blend.at_us
    if blend.every_us:
        elapsed = elapsed // blend.every_us * blend.every_us
    share = Fraction(elapsed, blend.over_us)
    worse = max(old.status, new.status, key=STATUSES.index)
    return new._replace(value=old.value + share * (new.value - old.value), status=worse)


def as_arrays(rows: Sequence[Row], n_sources: int, notes: tuple[str, ...], *, has_confidence: bool) -> Determinations:
    """Round a run to doubles."""
    shape = (len(rows), n_sources)
    return Determinations(
        value=_doubles([row.value for row in rows]),
        status=np.array([STATUSES.index(row.status) for row in rows], dtype=np.int8),
        weight=_doubles([weight for row in rows for weight in row.weights]).reshape(shape),
        used=_doubles([price for row in rows for price in row.used]).reshape(shape),
        reason=np.array([REASONS.index(reason) for row in rows for reason in row.reasons], dtype=np.int8).reshape(shape),
        notes=notes,
        confidence=_doubles([row.confidence for row in rows]) if has_confidence else None,
    )


def _doubles(numbers: Sequence[Fraction | None]) -> NDArray[np.float64]:
    return np.array([math.nan if number is None else as_double(number) for number in numbers], dtype=np.float64)
