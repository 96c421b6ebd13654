"""Answers with one thing wrong: what a target says after every rule was followed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from indexlab.index.determination import HALTED, OK, Determinations
from indexlab.market.errors import TargetFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexlab.targets.target import Outcome, Request

__all__ = ["CHANGES"]

_DAY_US: Final = 86_400_000_000
_USED: Final = 0


def always_ok(_: Request, found: Determinations, __: int) -> Outcome:
    """Call every value ok."""
    return replace(found, status=np.where(np.isnan(found.value), found.status, OK).astype(np.int8))


def unrepeatable(_: Request, found: Determinations, number: int) -> Outcome:
    """Differ by a billionth from one answer to the next."""
    return replace(found, value=found.value * (1.0 + 1e-9 * (number % 7)))


def zero_for_none(_: Request, found: Determinations, __: int) -> Outcome:
    """Publish 0 where there is no value."""
    return _filled(found, np.where(np.isnan(found.value), 0.0, found.value))


def nan_is_ok(_: Request, found: Determinations, __: int) -> Outcome:
    """Say ok where there is no value."""
    return _filled(found, found.value)


def last_for_ever(_: Request, found: Determinations, __: int) -> Outcome:
    """Publish the last value as ok where there is none."""
    place = np.maximum.accumulate(np.where(np.isnan(found.value), -1, np.arange(len(found.value))))
    value = np.where(place >= 0, found.value[np.maximum(place, 0)], np.nan) if len(found.value) else found.value
    return replace(found, value=value, status=np.where(np.isnan(found.value) & ~np.isnan(value), OK, found.status).astype(np.int8))


def late_by_30(_: Request, found: Determinations, __: int) -> Outcome:
    """Publish what was determined 30 publications before."""
    return _late(found, 30)


def late_by_one(_: Request, found: Determinations, __: int) -> Outcome:
    """Publish what was determined one publication before."""
    return _late(found, 1)


def doubled(_: Request, found: Determinations, __: int) -> Outcome:
    """Publish twice the value."""
    return replace(found, value=found.value * 2.0)


def month_ends(request: Request, found: Determinations, _: int) -> Outcome:
    """Publish nothing from the 29th of a month on."""
    days = (request.times // _DAY_US).astype("datetime64[D]")
    of_month = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    return _silenced(found, of_month >= 28)


def leap_day(request: Request, found: Determinations, _: int) -> Outcome:
    """Fail on the 29th of February."""
    days = np.unique(request.times // _DAY_US).astype("datetime64[D]").astype(str)
    return _failure("ValueError: day is out of range for month") if any(day.endswith("-02-29") for day in days.tolist()) else found


def crash_without_price(_: Request, found: Determinations, __: int) -> Outcome:
    """Fail where there is nothing to make a value of after there was one, or nothing at all."""
    return _failure("IndexError: list index out of range") if bool(np.any(np.isnan(found.value) | (found.status >= 2))) else found


def crash_at_null(request: Request, found: Determinations, _: int) -> Outcome:
    """Fail at a null price that is not the price of a book."""
    quotes = request.quotes
    no_price = np.isnan(quotes.price) & (np.isnan(quotes.bid) | np.isnan(quotes.ask))
    return _failure("TypeError: unsupported operand type(s) for +: 'float' and 'NoneType'") if bool(no_price.any()) else found


def crash_at_ten(request: Request, found: Determinations, _: int) -> Outcome:
    """Fail with ten sources and more."""
    return _failure("IndexError: list index out of range") if len(request.basket) >= 10 else found


def explained_by_the_first(_: Request, found: Determinations, __: int) -> Outcome:
    """Show the price of the first source that has one as everybody's."""
    if found.used is None:
        return found
    has = ~np.isnan(found.used)
    first = np.take_along_axis(found.used, np.argmax(has, axis=1)[:, None], axis=1)
    return replace(found, used=np.where(has, first * 1.001, found.used))


def explained_equal(_: Request, found: Determinations, __: int) -> Outcome:
    """Show every source with the same weight, whether it counts or not."""
    if found.weight is None:
        return found
    return replace(found, weight=np.full(found.weight.shape, 1.0 / max(1, found.weight.shape[1])))


def explained_all_used(_: Request, found: Determinations, __: int) -> Outcome:
    """Call every source used."""
    return found if found.reason is None else replace(found, reason=np.full_like(found.reason, _USED))


def explained_shifted(_: Request, found: Determinations, __: int) -> Outcome:
    """Show the reason of the source before."""
    return found if found.reason is None else replace(found, reason=np.roll(found.reason, 1, axis=1))


def _filled(found: Determinations, value: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Determinations:
    return replace(found, value=value, status=np.where(np.isnan(found.value), OK, found.status).astype(np.int8))


def _late(found: Determinations, publications: int) -> Determinations:
    n = len(found.value)
    gone = min(publications, n)
    value = np.concatenate((np.full(gone, np.nan), found.value[: n - gone]))
    status = np.concatenate((np.full(gone, HALTED, dtype=np.int8), found.status[: n - gone]))
    return Determinations(value, status, notes=found.notes)


def _silenced(found: Determinations, where: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Determinations:
    if not where.any():
        return found
    return Determinations(np.where(where, np.nan, found.value), np.where(where, HALTED, found.status).astype(np.int8), notes=found.notes)


def _failure(words: str) -> TargetFailure:
    return TargetFailure("error", words)


CHANGES: Final[dict[str, Callable[[Request, Determinations, int], Outcome]]] = {
    change.__name__: change
    for change in (
        always_ok,
        unrepeatable,
        zero_for_none,
        nan_is_ok,
        last_for_ever,
        late_by_30,
        late_by_one,
        doubled,
        month_ends,
        leap_day,
        crash_without_price,
        crash_at_null,
        crash_at_ten,
        explained_by_the_first,
        explained_equal,
        explained_all_used,
        explained_shifted,
    )
}
"""By name: what an answer is replaced with, from the request, the answer and how many were given before."""
