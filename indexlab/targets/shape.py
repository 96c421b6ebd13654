"""The shape of an answer: lists of numbers and of words, checked strictly, with the place of the first thing that is wrong.

Every check raises TargetFailure("misfit", ...) with one line: `status[3] must be one of ok, degraded, held, halted, was "fine"`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
import numpy as np

from indexlab.market.errors import TargetFailure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["JSONObject", "as_list", "as_object", "as_text", "misfit", "numbers", "numbers_by_source", "shown", "words", "words_by_source"]

JSONObject: TypeAlias = dict[str, object]
_LONGEST_SHOWN: Final = 60
_NUMBERS: Final = {int, float}
_NUMBERS_OR_NULL: Final = {int, float, type(None)}


def misfit(where: str, rule: str) -> TargetFailure:
    """Return the failure for an answer that does not fit the protocol."""
    return TargetFailure("misfit", f"{where} {rule}")


def shown(value: object) -> str:
    """Return a value as JSON on one line, cut to what a person reads."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, int) and abs(value) >= 10**_LONGEST_SHOWN:
        return "a whole number of more than 60 digits"
    text = msgspec.json.encode(value).decode() if not isinstance(value, int) or isinstance(value, bool) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def as_object(value: object, where: str) -> JSONObject:
    """Return the value as a JSON object."""
    if not isinstance(value, dict):
        raise misfit(where, f"must be an object, {'is missing' if value is None else f'was {shown(value)}'}")
    return value


def as_text(value: object, where: str) -> str:
    """Return the value as a text that is not empty and at most 200 characters long."""
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise misfit(where, f"must be a text of 1 to 200 characters, was {shown(value)}")
    return value


def as_list(value: object, where: str, length: int, unit: str) -> list[object]:
    """Return the value as a list of exactly `length` entries, one for each `unit`."""
    if not isinstance(value, list):
        raise misfit(where, f"must be a list, {'is missing' if value is None else f'was {shown(value)}'}")
    if len(value) != length:
        raise misfit(where, f"must have {length} entries, one for each {unit}, has {len(value)}")
    return value


def numbers(value: object, where: str, length: int, unit: str, *, nullable: bool) -> NDArray[np.float64]:
    """Return a list of finite numbers as float64 [length]; NaN for null, where null is allowed."""
    entries = as_list(value, where, length, unit)
    allowed = _NUMBERS_OR_NULL if nullable else _NUMBERS
    if not set(map(type, entries)) <= allowed:
        at = next(i for i, entry in enumerate(entries) if type(entry) not in allowed)
        raise misfit(f"{where}[{at}]", f"must be a number{' or null' if nullable else ''}, was {shown(entries[at])}")
    try:
        return np.array(entries, dtype=np.float64)
    except OverflowError:
        at = next(i for i, entry in enumerate(entries) if isinstance(entry, int) and not _fits_double(entry))
        raise misfit(f"{where}[{at}]", "must fit a double-precision number, is too large") from None


def words(value: object, where: str, length: int, unit: str, known: Sequence[str]) -> NDArray[np.int8]:
    """Return a list of words as their positions in `known`, int8 [length]."""
    entries = as_list(value, where, length, unit)
    code: dict[object, int] = {word: i for i, word in enumerate(known)}
    try:
        codes = list(map(code.get, entries))
    except TypeError:  # an object or a list among them
        codes = [code.get(entry) if isinstance(entry, str) else None for entry in entries]
    if None in codes:
        at = codes.index(None)
        raise misfit(f"{where}[{at}]", f"must be one of {', '.join(known)}, was {shown(entries[at])}")
    return np.array(codes, dtype=np.int8)


def numbers_by_source(value: object, where: str, shape: tuple[int, int], *, nullable: bool) -> NDArray[np.float64]:
    """Return a list of lists of numbers as float64 of `shape` [times, sources]."""
    rows = as_list(value, where, shape[0], "time")
    filled = [numbers(row, f"{where}[{i}]", shape[1], "source", nullable=nullable) for i, row in enumerate(rows)]
    return np.array(filled, dtype=np.float64).reshape(shape)


def words_by_source(value: object, where: str, shape: tuple[int, int], known: Sequence[str]) -> NDArray[np.int8]:
    """Return a list of lists of words as their positions in `known`, int8 of `shape` [times, sources]."""
    rows = as_list(value, where, shape[0], "time")
    filled = [words(row, f"{where}[{i}]", shape[1], "source", known) for i, row in enumerate(rows)]
    return np.array(filled, dtype=np.int8).reshape(shape)


def _fits_double(entry: int) -> bool:
    try:
        float(entry)
    except OverflowError:
        return False
    return True
